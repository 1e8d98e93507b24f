#!/usr/bin/env python3
"""Races TPE's ask and tell against Optuna 5 and Rustuna, in memory, on the sphere.

    python3 Benchmarks/samplers.py [--rounds 3] [--quick] [--only ours]

Each search runs in a fresh process, one after the other (ours, Rustuna, Optuna), a round per seed; the
searches of Rustuna beyond 1,000 trials, which take minutes, and ours of 100,000 in the first round only,
and Rustuna's of 10,000 in 40 dimensions, each alone, not at all. Optuna is not asked for more than 1,000
trials: it would take hours. Results are written after every round. A complete run writes
Benchmarks/results/samplers.{json,md}; --quick writes nothing. Standard library only.
"""

import argparse
import datetime
import json
import os
import platform
import statistics

from hypergradients import HERE, ROOT, cores, execute, fail, processor, table

PYTHON = HERE / "peers" / "optuna" / ".venv" / "bin" / "python"
OURS = ROOT / "Benchmarks" / ".build" / "release" / "search-bench"
MODES = {"joint": True, "alone": False}
# (trials, dimensions): who runs it.
CASES = {
    (1000, 10): ("outerloop", "rustuna", "optuna"),
    (1000, 40): ("outerloop", "rustuna", "optuna"),
    (10000, 10): ("outerloop", "rustuna"),
    (10000, 40): ("outerloop", "rustuna"),
}
# Ours alone: how the cost of an ask grows.
GROWTH = (1000, 10000, 100000)
DIMENSIONS = (10, 40)


def is_too_long(side, mode, case, seed):
    if side == "rustuna" and case[0] > 1000:
        return seed > 0 or (mode == "alone" and case[1] > 10)
    return case[0] > 10000 and seed > 0


def command(side, mode, trials, dimensions, seed):
    if side == "outerloop":
        return [str(OURS), "speed", "--sampler", "tpe", "--options",
                json.dumps({"multivariate": MODES[mode]}), "--trials", str(trials),
                "--dimensions", str(dimensions), "--seed", str(seed)]
    return [str(PYTHON), str(HERE / "peers" / "optuna" / "speed.py"), "--library", side, "--mode", mode,
            "--trials", str(trials), "--dimensions", str(dimensions), "--seed", str(seed)]


def run(side, mode, case, seed, runs):
    found = execute(command(side, mode, *case, seed))
    runs.append(found | {"side": side, "mode": mode, "trials": case[0], "dimensions": case[1],
                         "seed": seed, "load": os.getloadavg()[0]})
    print(f"{mode}, {case[0]} trials, {case[1]} dimensions, {side}: {found['seconds']:.2f} s", flush=True)


def spread(values, digits):
    middle = f"{statistics.median(values):.{digits}f}"
    return middle if len(values) == 1 else (
        f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})")


def chosen(runs, **wanted):
    return [run for run in runs if all(run[key] == value for key, value in wanted.items())]


def markdown(about, runs):
    lines = [
        "# TPE: ask and tell", "",
        f"{about['date']}, {about['processor']}, {about['cores']} cores, {about['system']}; load average "
        f"{about['load'][0]:.2f} at the start and {about['load'][1]:.2f} at the end; {about['rounds']} "
        f"round{'s' * (about['rounds'] != 1)}.", "", f"    {about['command']}", "",
        "Seconds for a whole search in memory on the sphere, medians, least and greatest in brackets. Joint: "
        "one density over all parameters (multivariate); alone: one for each parameter.", ""]
    rows = []
    for (trials, dimensions), sides in CASES.items():
        for mode in MODES:
            cells = [mode, f"{trials:,}", str(dimensions)]
            times = {}
            for side in ("outerloop", "rustuna", "optuna"):
                found = chosen(runs, side=side, mode=mode, trials=trials, dimensions=dimensions)
                times[side] = [run["seconds"] for run in found]
                cells.append(spread(times[side], 2) if found else "")
            for peer in ("rustuna", "optuna"):
                ratios = [b / a for a, b in zip(times["outerloop"], times[peer])]
                cells.append(f"{statistics.median(ratios):.1f}x" if ratios else "")
            rows.append(cells)
    lines += table(["model", "trials", "dimensions", "Outerloop", "Rustuna", "Optuna",
                    "Rustuna / ours", "Optuna / ours"], rows)
    lines += ["", "How an ask grows: milliseconds for ask and tell over the last tenth of the trials.", ""]
    rows = []
    for mode in MODES:
        for dimensions in DIMENSIONS:
            cells = [mode, str(dimensions)]
            for trials in GROWTH:
                found = chosen(runs, side="outerloop", mode=mode, trials=trials, dimensions=dimensions)
                cells.append(spread([run["late_ms_per_trial"] for run in found], 3) if found else "")
            rows.append(cells)
    lines += table(["model", "dimensions"] + [f"{trials:,} trials" for trials in GROWTH], rows)
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="1,000 trials only, one round, nothing written")
    parser.add_argument("--only", choices=["ours"])
    options = parser.parse_args()
    if not OURS.exists():
        fail("our side is not built. Build it with:\n  swift build -c release --package-path Benchmarks")
    if options.only is None and not PYTHON.exists():
        fail("the peers are not installed. Install them with:\n  Benchmarks/peers/install.sh optuna")
    load = os.getloadavg()[0]
    runs = []
    for seed in range(1 if options.quick else options.rounds):
        for case, sides in CASES.items():
            if options.quick and case[0] > 1000:
                continue
            for mode in MODES:
                for side in sides:
                    if is_too_long(side, mode, case, seed):
                        continue
                    if side == "outerloop" or options.only is None:
                        run(side, mode, case, seed, runs)
        for case in ((trials, dimensions) for trials in GROWTH for dimensions in DIMENSIONS):
            if case not in CASES and not options.quick:
                for mode in MODES:
                    if not is_too_long("outerloop", mode, case, seed):
                        run("outerloop", mode, case, seed, runs)
        keep(options, runs, seed + 1, load)


def keep(options, runs, rounds, load):
    about = {
        "date": datetime.date.today().isoformat(), "processor": processor(), "cores": cores(),
        "system": f"{platform.system()} {platform.release()}", "rounds": rounds,
        "load": [load, os.getloadavg()[0]], "command": f"python3 Benchmarks/samplers.py --rounds {rounds}"}
    text = markdown(about, runs)
    print("\n" + text)
    if not options.quick and options.only is None:
        results = HERE / "results"
        (results / "samplers.json").write_text(json.dumps({"about": about, "runs": runs}, indent=1) + "\n")
        (results / "samplers.md").write_text(text)


if __name__ == "__main__":
    main()
