#!/usr/bin/env python3
"""Whether TPE finds less because its joint densities of bad trials are thinned.

    python3 Benchmarks/thinning.py [--seeds 20] [--trials 6000] [--write]

Each pair of searches, thinned (--kernels, the default of TPE) and with all trials (kernels=0), has one seed
and is the same up to as many trials as kernels; compared is log10 of the regret of the best trial after that. For each function, a
one-sided sign-flip test of the mean difference over the seeds (is thinned worse?), at level alpha = 0.05
divided by the number of functions (Bonferroni). --write keeps the table in
Benchmarks/results/thinning.{json,md}. Ends with status 1 if thinned is worse anywhere. Standard library
only.
"""

import argparse
import datetime
import json
import math
import random
import statistics
import sys

from hypergradients import HERE, cores, execute, fail, processor, table

OURS = HERE / ".build" / "release" / "search-bench"
FUNCTIONS = {"hartmann": 6, "ackley": 10, "rosenbrock": 10, "sphere": 40}
SIDES = ("thinned", "all")
ALPHA = 0.05
FLIPS = 100_000


def flip_test(differences):
    """The share of sign flips with a mean at least as large: the p-value of a mean above zero."""
    generator = random.Random(0)
    total = sum(differences) - 1e-12
    larger = sum(
        sum(d if generator.getrandbits(1) else -d for d in differences) >= total for _ in range(FLIPS))
    return (larger + 1) / (FLIPS + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=6000)
    parser.add_argument("--kernels", type=int, default=3072)
    parser.add_argument("--functions", default=",".join(FUNCTIONS))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if not OURS.exists():
        fail("our side is not built. Build it with:\n  swift build -c release --package-path Benchmarks")
    if options.trials <= options.kernels:
        fail(f"searches are the same up to {options.kernels} trials: give --trials more than that")
    names = options.functions.split(",")
    level = ALPHA / len(names)
    runs, rows, is_worse = [], [], False
    for name in names:
        logs = {side: [] for side in SIDES}
        for seed in range(options.seeds):
            for side in SIDES:
                found = execute([
                    str(OURS), "find", "--problem", name, "--dimensions", str(FUNCTIONS[name]),
                    "--options", json.dumps({"kernels": options.kernels if side == "thinned" else 0}),
                    "--trials", str(options.trials), "--from", str(options.kernels), "--seed", str(seed)])
                runs.append(found | {"side": side, "seed": seed})
                logs[side].append(math.log10(max(found["late_regret"], 1e-300)))
        differences = [a - b for a, b in zip(logs["thinned"], logs["all"])]
        error = statistics.stdev(differences) / math.sqrt(len(differences))
        p = flip_test(differences)
        is_worse |= p < level
        rows.append([f"{name} {FUNCTIONS[name]}"]
                    + [f"{10 ** statistics.mean(logs[side]):.3g}" for side in SIDES]
                    + [f"{statistics.mean(differences):+.3f} +- {1.96 * error:.3f}", f"{p:.3f}"])
        print(" | ".join(rows[-1]), flush=True)
    command = (f"python3 Benchmarks/thinning.py --seeds {options.seeds} --trials {options.trials} "
               f"--kernels {options.kernels} --functions {options.functions} --write")
    date = datetime.date.today().isoformat()
    lines = [
        "# TPE: thinned densities against all trials", "",
        f"{date}, {processor()}, {cores()} cores; {options.seeds} seeds, {options.trials:,} trials.", "",
        f"    {command}", "",
        f"Regret of the best trial after trial {options.kernels:,}, geometric means over the seeds; difference of its "
        "log10 with 95 % interval, pairs of the same seed; p of a one-sided sign-flip test that thinned is "
        f"worse, to be compared with {level:.4f} (alpha = {ALPHA}, Bonferroni).", ""]
    lines += table(["function", "thinned", "all", "log10 thinned/all", "p (thinned worse)"], rows)
    lines += ["", "The test finds thinned worse somewhere." if is_worse
              else "The test finds thinned worse on no function."]
    text = "\n".join(lines) + "\n"
    print("\n" + text)
    if options.write:
        (HERE / "results" / "thinning.json").write_text(
            json.dumps({"date": date, "command": command, "runs": runs}, indent=1) + "\n")
        (HERE / "results" / "thinning.md").write_text(text)
    sys.exit(1 if is_worse else 0)


if __name__ == "__main__":
    main()
