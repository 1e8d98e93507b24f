#!/usr/bin/env bash
# slurm-node.sh up|down FOLDER: a Slurm cluster of this one machine, with munge, in FOLDER. `up` writes FOLDER/slurm.conf,
# which SLURM_CONF is to name; `down` ends the processes that it started. For tests: as root, without control groups.
set -euo pipefail
folder=$(cd "$2" && pwd)

case "$1" in
  up)
    host=$(hostname -s)
    port=$((20000 + RANDOM % 10000))
    mkdir -p "$folder"/{state,spool,log}
    chmod 755 "$folder"
    # Stand-ins for two GPUs: Slurm asks that they are device files.
    for number in 0 1; do [ -e "$folder/gpu$number" ] || mknod "$folder/gpu$number" c 1 3; done
    (umask 077 && head -c 128 /dev/urandom >"$folder/munge.key")
    munged --force --socket="$folder/munge.socket" --key-file="$folder/munge.key" \
      --pid-file="$folder/munged.pid" --log-file="$folder/log/munged.log" --seed-file="$folder/munge.seed"
    cat >"$folder/gres.conf" <<CONF
Name=gpu File=$folder/gpu[0-1]
CONF
    cat >"$folder/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
SlurmctldPort=$port
SlurmdPort=$((port + 1))
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
KillWait=20
JobRequeue=1
GresTypes=gpu
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 RealMemory=2000 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
    export SLURM_CONF=$folder/slurm.conf
    slurmctld -f "$SLURM_CONF"
    slurmd -f "$SLURM_CONF" -N "$host"
    for _ in $(seq 100); do
      sinfo --noheader --format=%t 2>/dev/null | grep -q idle && exit 0
      sleep 0.3
    done
    echo "error: the node is not idle; see $folder/log" >&2
    exit 1
    ;;
  down)
    for name in slurmd slurmctld munged; do
      [ -s "$folder/$name.pid" ] && kill "$(cat "$folder/$name.pid")" 2>/dev/null || true
    done
    ;;
  *)
    echo "slurm-node.sh up|down FOLDER" >&2
    exit 64
    ;;
esac
