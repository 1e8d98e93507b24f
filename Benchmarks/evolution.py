#!/usr/bin/env python3
"""Races ask and tell of CMA-ES and NSGA-II against Rustuna and Optuna 5, in memory, on spheres in [-10, 10]^d.

    python3 Benchmarks/evolution.py [--trials 100000] [--rounds 3] [--write]

Each search runs in a fresh process, ours and the peers' in turn; Optuna, which takes hours for more, with 1,000
trials. NSGA-II has two objectives and a population of 50 on all sides. --write keeps the table in
Benchmarks/results/evolution.md. Standard library only.
"""

import argparse
import datetime
import json
import pathlib
import statistics
import sys

from hypergradients import HERE, cores, execute, fail, processor, table

PYTHON = HERE / "peers" / "optuna" / ".venv" / "bin" / "python"
OURS = HERE / ".build" / "release" / "search-bench"
SAMPLERS = {"cmaes": {"objectives": 1, "options": {}}, "nsga2": {"objectives": 2, "options": {"population": 50}}}
DIMENSIONS = (5, 20)


def seconds(side, sampler, trials, dimensions, seed):
    about = SAMPLERS[sampler]
    common = ["--trials", str(trials), "--dimensions", str(dimensions), "--objectives", str(about["objectives"]),
              "--seed", str(seed)]
    if side == "outerloop":
        return execute([str(OURS), "speed", "--sampler", sampler, "--options", json.dumps(about["options"])] + common)
    return execute([str(PYTHON), str(HERE / "peers" / "optuna" / "speed.py"), "--library", side,
                    "--sampler", sampler] + common)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if not OURS.exists():
        fail("our side is not built. Build it with:\n  swift build -c release --package-path Benchmarks")
    if not PYTHON.exists():
        fail("the peers are not installed. Install them with:\n  Benchmarks/peers/install.sh optuna")
    rows = []
    for sampler in SAMPLERS:
        for dimensions in DIMENSIONS:
            for trials, peers in ((1000, ("rustuna", "optuna")), (options.trials, ("rustuna",))):
                found = {}
                for seed in range(options.rounds):
                    for side in ("outerloop",) + peers:
                        found.setdefault(side, []).append(seconds(side, sampler, trials, dimensions, seed)["seconds"])
                middle = {side: statistics.median(values) for side, values in found.items()}
                rows.append([sampler, f"{trials:,}", str(dimensions)] + [
                    f"{middle[side]:.2f}" if side in middle else "" for side in ("outerloop", "rustuna", "optuna")] + [
                    f"{middle[side] / middle['outerloop']:.1f}x" if side in middle else ""
                    for side in ("rustuna", "optuna")])
                print(" ".join(rows[-1]), flush=True)
    lines = ["# Evolution: ask and tell", "",
             f"{datetime.date.today().isoformat()}, {processor()}, {cores()} cores; {options.rounds} rounds, medians.",
             "", "    python3 " + " ".join(["Benchmarks/evolution.py"] + sys.argv[1:]), ""]
    lines += table(["sampler", "trials", "dimensions", "Outerloop", "Rustuna", "Optuna", "Rustuna / ours",
                    "Optuna / ours"], rows)
    print("\n".join(lines))
    if options.write:
        (pathlib.Path(HERE) / "results" / "evolution.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
