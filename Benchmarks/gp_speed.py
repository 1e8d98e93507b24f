#!/usr/bin/env python3
"""Races a suggestion of gp against Optuna 5's GPSampler, and PED-ANOVA against Optuna's.

    Benchmarks/peers/install.sh samplers                    # once: Optuna with PyTorch in peers/samplers/.venv
    swift build -c release --package-path Benchmarks --product search-bench
    python3 Benchmarks/gp_speed.py [--trials 50,200,500] [--dimensions 10] [--objectives 1,2] [--asks 11]
        [--rounds 3] [--importance 10000] [--write]

A study of N random trials on the sphere (of two objectives: two spheres) is told to each side, then it is asked
and told `--asks` times more, one after the other; in a round the sides take turns, a fresh process each. A time is
that of an ask and its tell, over pipes on both sides. The first ask, which fits the model of all that was told, is
reported alone; the others are medians, and the mean, since fits need not happen at every ask. All sides may use all
cores. The goal is a median 20 times shorter. --write keeps the table in Benchmarks/results/gp-speed.{json,md}.
Standard library only.
"""

import argparse
import datetime
import json
import os
import random
import statistics
import subprocess
import sys
import time

from hypergradients import HERE, cores, environment, execute, fail, processor, table

PYTHON = HERE / "peers" / "samplers" / ".venv" / "bin" / "python"
OURS = HERE / ".build" / "release" / "search-bench"
COMMANDS = {"outerloop": [OURS, "serve"], "optuna": [PYTHON, HERE / "peers" / "samplers" / "serve.py"]}


def values(params, objectives):
    return [sum((v - 2 * k) ** 2 for v in params.values()) for k in range(objectives)]


class Pipe:
    def __init__(self, side):
        self.process = subprocess.Popen(
            list(map(str, COMMANDS[side])), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, env=environment())

    def say(self, line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "the process ended"}')
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def timed(side, trials, dimensions, objectives, asks, seed):
    """Seconds of every ask and tell."""
    pipe = Pipe(side)
    try:
        # What is imported and loaded at the first use is not part of a suggestion.
        asked(pipe, 12, dimensions, objectives, 1, seed)
        return asked(pipe, trials, dimensions, objectives, asks, seed)
    finally:
        pipe.close()


def asked(pipe, trials, dimensions, objectives, asks, seed):
    """Seconds of every ask and tell of a new study, after random trials."""
    pipe.say({"open": {
        "space": {"parameters": [
            {"name": f"x{j}", "type": "float", "low": -10, "high": 10} for j in range(dimensions)]},
        "objectives": [{"metric": f"f{k}", "direction": "minimize"} for k in range(objectives)],
        "sampler": "gp", "seed": seed, "trials": trials + asks}})
    draw = random.Random(seed)
    for _ in range(trials):
        params = {f"x{j}": draw.uniform(-10, 10) for j in range(dimensions)}
        given = pipe.say({"enqueue": params})
        pipe.say({"tell": given["number"], "values": values(params, objectives)})
    seconds = []
    for _ in range(asks):
        start = time.perf_counter()
        trial = pipe.say({"ask": True})
        pipe.say({"tell": trial["number"], "values": values(trial["params"], objectives)})
        seconds.append(time.perf_counter() - start)
    return seconds


def suggestions(options, trials, objectives):
    """The rows of a case: seconds of every round and side."""
    runs = []
    for seed in range(options.rounds):
        for side in COMMANDS:
            try:
                seconds = timed(side, trials, options.dimensions, objectives, options.asks, seed)
            except ValueError as error:
                print(f"{side}, {objectives} objectives: {error}", flush=True)
                return None
            runs.append({"side": side, "trials": trials, "objectives": objectives, "seed": seed, "seconds": seconds,
                         "load": os.getloadavg()[0]})
            print(f"{objectives} objective(s), {trials} trials, {side}: first {1000 * seconds[0]:.1f} ms, median "
                  f"{1000 * statistics.median(seconds[1:]):.1f} ms", flush=True)
    return runs


def row(runs):
    def of(side, what):
        return [what(run["seconds"]) for run in runs if run["side"] == side]
    cells = [str(runs[0]["objectives"]), str(runs[0]["trials"])]
    for what in (lambda s: statistics.median(s[1:]), lambda s: statistics.fmean(s[1:]), lambda s: s[0]):
        ours, theirs = of("outerloop", what), of("optuna", what)
        ratio = statistics.median(b / a for a, b in zip(ours, theirs))
        cells += [f"{1000 * statistics.median(ours):.1f}", f"{1000 * statistics.median(theirs):.1f}", f"{ratio:.1f}x"]
    return cells


def importance(options):
    """Seconds of PED-ANOVA, in turn; medians of a process are over five repeats."""
    runs = []
    for seed in range(options.rounds):
        common = ["--trials", str(options.importance), "--dimensions", str(options.dimensions), "--seed", str(seed)]
        for side, command in (
                ("outerloop", [str(OURS), "importance"]),
                ("optuna", [str(PYTHON), str(HERE / "peers" / "samplers" / "importance.py")])):
            found = execute(command + common)
            runs.append(found | {"side": side, "seed": seed, "load": os.getloadavg()[0]})
            print(f"PED-ANOVA, {options.importance} trials, {side}: "
                  f"{1000 * statistics.median(found['seconds']):.2f} ms", flush=True)
    return runs


def markdown(about, rows, skipped, runs):
    lines = ["# Gaussian processes and importance: speed", "",
             f"{about['date']}, {about['processor']}, {about['cores']} cores; load average {about['load'][0]:.2f} at "
             f"the start and {about['load'][1]:.2f} at the end; {about['rounds']} rounds.", "",
             f"    {about['command']}", "",
             f"Milliseconds of an ask and a tell of gp in {about['dimensions']} dimensions after so many random trials, and "
             "of Optuna's GPSampler; medians over the rounds, ratios within a round.", ""]
    lines += table(["objectives", "trials", "median: ours", "Optuna", "ratio", "mean: ours", "Optuna", "ratio",
                    "first: ours", "Optuna", "ratio"], rows)
    lines += [""] + [f"Not compared: {text}." for text in skipped] + [""] * bool(skipped)
    if runs:
        middle = {side: [1000 * statistics.median(run["seconds"]) for run in runs if run["side"] == side]
                  for side in COMMANDS}
        ratio = statistics.median(b / a for a, b in zip(*middle.values()))
        lines += [f"PED-ANOVA of {runs[0]['trials']:,} trials, {about['dimensions']} parameters: "
                  f"{statistics.median(middle['outerloop']):.2f} ms, Optuna "
                  f"{statistics.median(middle['optuna']):.1f} ms, {ratio:.0f}x.", ""]
    return "\n".join(lines).rstrip() + "\n"


def numbers(text):
    return [int(part) for part in text.split(",") if part]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trials", type=numbers, default=[50, 200, 500])
    parser.add_argument("--dimensions", type=int, default=10)
    parser.add_argument("--objectives", type=numbers, default=[1, 2])
    parser.add_argument("--asks", type=int, default=11)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--importance", type=int, default=10_000, help="trials; 0: not at all")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if not OURS.exists():
        fail("our side is not built. Build it with:\n  swift build -c release --package-path Benchmarks")
    if not PYTHON.exists():
        fail("the peer is not installed. Install it with:\n  Benchmarks/peers/install.sh samplers")
    load = os.getloadavg()[0]
    rows, raw, skipped = [], [], []
    for objectives in options.objectives:
        for trials in options.trials:
            runs = suggestions(options, trials, objectives)
            if runs is None:
                skipped.append(f"{objectives} objectives, {trials} trials")
                continue
            raw += runs
            rows.append(row(runs))
    runs = importance(options) if options.importance else []
    about = {
        "date": datetime.date.today().isoformat(), "processor": processor(), "cores": cores(),
        "load": [load, os.getloadavg()[0]], "rounds": options.rounds, "dimensions": options.dimensions,
        "command": " ".join(["python3 Benchmarks/gp_speed.py"] + sys.argv[1:])}
    text = markdown(about, rows, skipped, runs)
    print("\n" + text)
    if options.write:
        (HERE / "results" / "gp-speed.json").write_text(
            json.dumps({"about": about, "suggestions": raw, "importance": runs}, indent=1) + "\n")
        (HERE / "results" / "gp-speed.md").write_text(text)


if __name__ == "__main__":
    main()
