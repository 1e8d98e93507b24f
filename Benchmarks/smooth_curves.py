#!/usr/bin/env python3
"""Schedulers where all of a space is there to be tried: on made-up learning curves of six numbers, which a table of recorded
configurations cannot show.

    swift build -c release --product outerloop
    python3 Benchmarks/smooth_curves.py [--epochs 270] [--schedulers auto,asha,hyperband] [--seeds 5] [--ours FILE]

A loss after epoch e is E(x) + 1.5 e^-r(x), 27 epochs a full training, its optimum c drawn anew for each seed: `bowl`, a sum of
squares; `ridge`, a valley along which x1 and x2 make up for each other; `well`, a plateau with a hole. Printed is the mean
least loss that was reported. Standard library only.
"""
import argparse
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile

from hypergradients import HERE, environment, fail, table

OURS = HERE.parent / ".build" / "release" / "outerloop"
PROBLEMS = ("bowl", "ridge", "well")
PROGRAM = """
import json, math, random, sys
name, numbers = sys.argv[1], random.Random(int(sys.argv[2]))
c = [numbers.uniform(0.15, 0.85) for _ in range(6)]
for line in sys.stdin:
    asked = json.loads(line)
    x = [asked["params"][f"x{i}"] for i in range(6)]
    if name == "bowl":
        end, rate = 0.05 + sum((a - b) ** 2 * (1 + i) for i, (a, b) in enumerate(zip(x, c))) / 6, 0.3 + x[1]
    elif name == "ridge":
        valley = (x[1] + x[2] - c[1] - c[2]) ** 2
        end, rate = 0.05 + 0.5 * abs(x[0] - c[0]) + 4 * valley + (x[3] - c[3]) ** 2, 0.2 + 0.8 * x[0]
    else:
        end, rate = 1.05 - math.exp(-6 * sum((a - b) ** 2 for a, b in zip(x, c))), 0.4 + 0.4 * x[5]
    saved = asked["checkpoint"] + "/epoch"
    for epoch in range(asked["fromEpoch"] + 1, asked["toEpoch"] + 1):
        print(json.dumps({"epoch": epoch, "loss": end + 1.5 * epoch ** -rate}), flush=True)
        open(saved, "w").close()
        print(json.dumps({"epoch": epoch, "checkpoint": saved}), flush=True)
    print('{"done": true}', flush=True)
"""


def least(given, scheduler, problem, seed):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "program.py").write_text(PROGRAM)
        words = [given.ours, "tune", "--minimize", "loss", "--epochs", 27, "--total-epochs", given.epochs, "--seed", seed,
                 "--scheduler", scheduler, "--store", folder / "a.db", "--quiet"]
        for i in range(6):
            words += ["--param", f"x{i}=float(0, 1)"]
        words += ["--persistent", "--", sys.executable, folder / "program.py", problem, seed]
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, env=environment())
        if done.returncode != 0:
            fail(f"{scheduler}, {problem}, seed {seed}: {done.stderr.strip()[-500:]}")
        connection = sqlite3.connect(folder / "a.db")
        value = connection.execute("SELECT min(value) FROM reports WHERE metric = 'loss'").fetchone()[0]
        connection.close()
    return value


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=270)
    parser.add_argument("--schedulers", default="auto,asha,hyperband")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--ours", type=pathlib.Path, default=OURS)
    given = parser.parse_args()
    if not given.ours.exists():
        fail(f"{given.ours} is not built: swift build -c release --product outerloop")
    rows = []
    for scheduler in given.schedulers.split(","):
        means = [statistics.fmean(least(given, scheduler, problem, seed) for seed in range(given.seeds))
                 for problem in PROBLEMS]
        rows.append([scheduler] + [f"{mean:.3f}" for mean in means])
    print(f"mean of {given.seeds} seeds after {given.epochs} epochs, load average {os.getloadavg()[0]:.1f}")
    print("\n".join(table([""] + list(PROBLEMS), rows)))


if __name__ == "__main__":
    main()
