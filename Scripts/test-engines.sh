#!/usr/bin/env bash
# test-engines.sh [slurm] [ray]: studies with checkpoints on real engines, whose workers are stopped while they run. Slurm
# and munge are Debian's, a cluster of this one machine in a temporary folder (as root); Ray is installed in an
# environment of its own. The store is a SQLite file that all workers share.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
tool=$(realpath "${OUTERLOOP_COMMAND:-.build/debug/outerloop}")
[ -x "$tool" ] || { echo "error: $tool is not built: swift build" >&2; exit 1; }
engines=${*:-slurm ray}
export PYTHONPATH=$root/Python/src
work=$(mktemp -d)
# What is quoted in scripts is quoted well.
study="$work/it's a \"study\""
mkdir "$study"
cd "$study"

states() { "$tool" trials --study "$1" --store "$1.db" --json | python3 -c '
import collections, json, sys
print(*[t["state"] for t in json.load(sys.stdin)])'; }

# Waits up to two minutes until a command holds.
await() {
  local _
  for _ in $(seq 240); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.5
  done
  echo "error: waited in vain for: $*" >&2
  return 1
}
trained() { [ "$(wc -l <"$1")" -ge "$2" ]; }
complete() { [ "$(states "$1" | tr ' ' '\n' | sort | uniq -c | tr -s ' ')" = " $2 complete" ]; }
check() {
  "$tool" trials --study "$1" --store "$1.db" --json >"$1.json"
  python3 "$root/Tests/Engines/check.py" "$1.json" "$2" "$1.txt" "$3"
}

slurm() {
  local missing=() package job pids
  for package in slurmctld slurmd slurm-client munge; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    [ "$(id -u)" = 0 ] || { echo "error: install ${missing[*]}, and run this as root" >&2; exit 1; }
    DEBIAN_FRONTEND=noninteractive apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
  mkdir "$work/slurm"
  bash "$root/Scripts/slurm-node.sh" up "$work/slurm"
  trap 'bash "$root/Scripts/slurm-node.sh" down "$work/slurm"' EXIT
  export SLURM_CONF=$work/slurm/slurm.conf

  echo "slurm: four trials by two jobs; one is queued again by Slurm, one by its script"
  job=$("$tool" tune --study slurm --store slurm.db --param 'lr=log(1e-3, 1)' --minimize loss --epochs 15 \
    --scheduler none --trials 4 --seed 1 --gpus 1 --grace 10s --on slurm:workers=2,memory=200MB \
    -- python3 "$root/Tests/Engines/train.py" "$study/slurm.txt" | cut -d' ' -f2)
  await trained slurm.txt 8
  squeue --array
  scontrol requeue "${job}_0"
  scancel --batch --signal=USR1 "${job}_1"
  # Slurm lets jobs wait for a while before it starts them again.
  await sh -c "squeue --noheader --array --states=PENDING --format=%i | grep -q ${job}_1"
  for task in 0 1; do await scontrol update "JobId=${job}_$task" StartTime=now; done
  await trained slurm.txt 25
  echo "slurm: all jobs are cancelled, and the study is launched again"
  "$tool" launch slurm --study slurm --store slurm.db --cancel
  await sh -c '[ -z "$(squeue --noheader)" ]'
  states slurm
  "$tool" launch slurm --study slurm --store slurm.db --workers 2 --gpus 1 --memory 200MB
  await complete slurm 4
  check slurm 15 3
  # Each job has a GPU of its own.
  cut -d' ' -f3 slurm.txt | sort | uniq -c

  echo "slurm: a trial is a job step of two ranks, of which the first reports"
  "$tool" tune --study ranks --store ranks.db --param 'lr=float(0, 1)' --minimize loss --trials 2 --seed 1 \
    --on slurm:workers=1,memory=200MB,sbatch=--ntasks=2 -- srun --ntasks=2 --overlap python3 "$root/Tests/Engines/ranks.py"
  await complete ranks 2
  grep -q 'rank 1 of 2' ranks.trials/ranks/0/log.txt
  "$tool" trials --study ranks --store ranks.db --json | python3 -c '
import json, sys
for trial in json.load(sys.stdin): assert trial["values"]["loss"] == trial["params"]["lr"], trial'
  await sh -c '[ -z "$(squeue --noheader)" ]'
  bash "$root/Scripts/slurm-node.sh" down "$work/slurm"
  trap - EXIT
}

ray() {
  sh "$root/Benchmarks/peers/install.sh" ray
  local bin=$root/Benchmarks/peers/ray/.venv/bin port=$((30000 + RANDOM % 2000)) launcher worker cluster
  export RAY_DEDUP_LOGS=0 RAY_USAGE_STATS_ENABLED=0 RAY_AUTH_MODE=disabled
  "$bin/ray" start --head --block --port="$port" --num-cpus=2 --num-gpus=2 --include-dashboard=false \
    --disable-usage-stats >"$work/ray.log" 2>&1 &
  cluster=$!
  trap 'kill "$cluster"' EXIT
  await "$bin/ray" status --address="127.0.0.1:$port"
  echo "ray: three trials by two tasks; the process of one task is killed"
  "$tool" tune --study ray --store ray.db --param 'lr=log(1e-3, 1)' --minimize loss --epochs 30 --scheduler none \
    --trials 3 --seed 1 --on "ray:workers=2,python=$bin/python,address=127.0.0.1:$port" --cpus 1 --gpus 1 --lease 10s \
    -- python3 "$root/Tests/Engines/train.py" "$study/ray.txt" &
  launcher=$!
  await trained ray.txt 8
  # The process of a task is the parent of its worker.
  worker=$(pgrep -f "worker --study ray --store" | head -1)
  kill -KILL "$(ps -o ppid= -p "$worker" | tr -d ' ')"
  wait "$launcher"
  complete ray 3
  check ray 30 1
  # Each task has a GPU of its own.
  cut -d' ' -f3 ray.txt | sort | uniq -c
  kill "$cluster"
  wait "$cluster" || true
  trap - EXIT
}

for engine in $engines; do "$engine"; done
cd "$root"
rm -rf "$work"
