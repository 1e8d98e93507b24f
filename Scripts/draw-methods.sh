#!/usr/bin/env bash
# draw-methods.sh: draws the pictures of Documentation/methods, by the command itself: laboratory experiments for
# estimators, small studies for samplers and schedulers. Takes some minutes with the release build.
#
# OUTERLOOP_COMMAND names the command (default .build/release/outerloop). Arguments name groups: estimators samplers
# schedulers (default: all). Look at what it draws.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
outerloop=$(realpath "${OUTERLOOP_COMMAND:-.build/release/outerloop}")
pictures=$root/Documentation/methods/pictures
mkdir -p "$pictures"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
groups=${*:-estimators samplers schedulers}

# draw EXPERIMENT FIGURE NAME
draw() {
  [ -d "$1" ] || "$outerloop" lab "$1" --quick --out "$1" >"$1.txt" 2>&1
  cp "$1/$2.svg" "$pictures/$3.svg"
}

# study NAME PLOT ARGUMENTS...: a study of that name, and one plot of it. With ONCE the program is started for each trial,
# so that a signal stops it.
study() {
  local name=$1 plot=$2 persistent=(--persistent)
  shift 2
  if [ -n "${ONCE:-}" ]; then persistent=(); fi
  "$outerloop" tune -q --store studies.db --study "$name" --seed 1 "${persistent[@]}" "$@" >"$name.txt" 2>&1
  "$outerloop" plot --store studies.db --study "$name" "$plot" --out "$name" >/dev/null 2>&1
  cp "$name/$plot.svg" "$pictures/$name.svg"
}

if [[ $groups == *estimators* ]]; then
  draw rfho-trace memory reverse
  draw rfho-trace time forward
  draw short-horizon losses truncated
  draw toy-orders loss one-step
  draw toy-drmad learning-rate drmad
  draw implicit-table cosine implicit
  draw implicit-table neumann implicit-neumann
  draw hoag suboptimality hoag
  draw reversible schedule reversible
  draw toy-hypernetwork slope hypernetwork
  draw noisy-labels accuracy greedy
  draw estimators error-cost-60 estimators
fi

if [[ $groups == *samplers* ]]; then
  # Branin's function: three minima of 0.3979.
  cat >branin.py <<'END'
import json, math, sys

for line in sys.stdin:
    params = json.loads(line)["params"]
    x, y = params["x"], params["y"]
    bend = y - 0.1292 * x * x + 1.5915 * x - 6
    print(json.dumps({"loss": bend * bend + 9.6021 * math.cos(x) + 10}))
    print('{"done": true}', flush=True)
END
  # Objectives whose Pareto front is a part of a sphere.
  cat >sphere.py <<'END'
import json, math, sys

for line in sys.stdin:
    params = json.loads(line)["params"]
    x = [params[f"x{i}"] for i in range(5)]
    radius = 1 + sum((v - 0.5) ** 2 for v in x[2:])
    a, b = x[0] * math.pi / 2, x[1] * math.pi / 2
    three = [math.cos(a) * math.cos(b), math.cos(a) * math.sin(b), math.sin(a)]
    f, g, h = (0.3 + radius * value for value in three)
    print(json.dumps({"f": f, "g": g, "h": h, "loss": 0.3 + radius * math.cos(a), "size": h}))
    print('{"done": true}', flush=True)
END
  for sampler in random sobol grid:resolution=8 tpe gp cmaes catcma de auto; do
    study "${sampler%%:*}" rank --param 'x=float(-5, 10)' --param 'y=float(0, 15)' --minimize loss \
      --sampler "$sampler" --trials 64 -- python3 branin.py
  done
  variables=()
  for i in 0 1 2 3 4; do variables+=(--param "x$i=float(0, 1)"); done
  study nsga2 front "${variables[@]}" --minimize loss --minimize size --sampler nsga2 --trials 300 -- python3 sphere.py
  study nsga3 front-3d "${variables[@]}" --minimize f --minimize g --minimize h --sampler nsga3 --trials 300 \
    -- python3 sphere.py
fi

if [[ $groups == *schedulers* ]]; then
  # Curves that fall towards a level, which depends on the learning rate. PAUSE is what an epoch takes.
  cat >curve.py <<'END'
import json, math, os, random, sys, time

for line in [open(os.environ["OUTERLOOP_TRIAL"]).read()] if "ONCE" in os.environ else sys.stdin:
    request = json.loads(line)
    draws = random.Random(request["trial"])
    level = (math.log10(request["params"]["lr"]) + 2) ** 2 / 10 + 0.1
    speed = 0.3 + 0.5 * draws.random()
    for epoch in range(1, request["toEpoch"] + 1):
        noise = draws.gauss(0, 0.02)
        if epoch <= request["fromEpoch"]:
            continue
        print(json.dumps({"epoch": epoch, "loss": level + speed / epoch + noise}), flush=True)
        time.sleep(float(os.environ.get("PAUSE", 0)))
    path = os.path.join(request["checkpoint"], "state")
    open(path, "w").write(str(request["toEpoch"]))
    print(json.dumps({"checkpoint": path, "epoch": request["toEpoch"]}))
    if "ONCE" not in os.environ:
        print('{"done": true}', flush=True)
END
  # Scores of ten folds, of which some are harder than others.
  cat >folds.py <<'END'
import json, os, random, sys, time

for line in [open(os.environ["OUTERLOOP_TRIAL"]).read()] if "ONCE" in os.environ else sys.stdin:
    request = json.loads(line)
    draws, scores = random.Random(request["trial"]), []
    for fold in range(1, 11):
        difficulty = random.Random(fold).random()
        scores.append((request["params"]["x"] - 0.3) ** 2 + difficulty + draws.gauss(0, 0.02))
        print(json.dumps({"epoch": fold, "loss": scores[-1]}), flush=True)
        time.sleep(float(os.environ.get("PAUSE", 0)))
    print(json.dumps({"loss": sum(scores) / len(scores)}))
    if "ONCE" not in os.environ:
        print('{"done": true}', flush=True)
END
  rate=(--param 'lr=log(1e-5, 1)' --minimize loss --epochs 27)
  study none curves "${rate[@]}" --scheduler none --sampler random --trials 30 -- python3 curve.py
  # Those that stop a running trial need one that runs for a while, ONCE and PAUSE reach the program too.
  for scheduler in median percentile:percentile=25 threshold:bound=0.5,warmup=3 patience:epochs=4,improvement=0.01; do
    ONCE=1 PAUSE=0.05 study "${scheduler%%:*}" curves "${rate[@]}" --scheduler "$scheduler" --sampler random --trials 30 \
      -- python3 curve.py
  done
  ONCE=1 PAUSE=0.05 study wilcoxon curves --param 'x=float(0, 1)' --minimize loss --epochs 10 --scheduler wilcoxon \
    --sampler random --trials 30 -- python3 folds.py
  for scheduler in halving hyperband asha pasha; do
    study "$scheduler" rungs "${rate[@]}" --scheduler "$scheduler" --trials 40 -- python3 curve.py
  done
  study bohb rungs "${rate[@]}" --scheduler hyperband --sampler bohb --trials 40 -- python3 curve.py
  study priorband rungs "${rate[@]}" --scheduler priorband --prior 'lr=0.003±3x' --trials 40 -- python3 curve.py
  for scheduler in freeze-thaw dyhpo dpl; do
    study "$scheduler" rungs "${rate[@]}" --scheduler "$scheduler" --total-epochs 200 -- python3 curve.py
  done
fi
ls "$pictures"
