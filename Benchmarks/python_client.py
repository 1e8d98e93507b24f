#!/usr/bin/env python3
"""Times studies of the Python package beside Optuna's: trials that cost nothing, in a file and in memory.

    Benchmarks/peers/install.sh optuna
    make wheel && Benchmarks/peers/optuna/.venv/bin/pip install dist/outerloop-*.whl
    Benchmarks/peers/optuna/.venv/bin/python Benchmarks/python_client.py [--trials 1000] [--rounds 3] [--write]

Each study runs in a new process, in turn, with the default sampler of neither: both search at random, so that what is
measured is asking, telling and writing down; and with the TPE of both. `--write` makes
Benchmarks/results/python-client.{json,md}.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile

from hypergradients import HERE, processor

OURS = """
import sys, time
import outerloop
store, sampler, trials = sys.argv[1] or None, sys.argv[2], int(sys.argv[3])
begin = time.perf_counter()
space = {"x": outerloop.float(-10, 10), "y": outerloop.float(-10, 10)}
study = outerloop.Study(store, space=space, minimize="loss", sampler=sampler, seed=0)
study.run(lambda trial: trial["x"] ** 2 + trial["y"] ** 2, trials=trials, progress=False)
assert len(study) == trials
print(time.perf_counter() - begin)
"""

NAMED = """
import sys, time
import outerloop
store, sampler, trials = sys.argv[1] or None, sys.argv[2], int(sys.argv[3])
begin = time.perf_counter()
def objective(trial):
    return trial.suggest_float("x", -10, 10) ** 2 + trial.suggest_float("y", -10, 10) ** 2
study = outerloop.Study(store, minimize="loss", sampler=sampler, seed=0)
study.run(objective, trials=trials, progress=False)
assert len(study) == trials
print(time.perf_counter() - begin)
"""

OPTUNA = """
import sys, time
import optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
store, sampler, trials = sys.argv[1], sys.argv[2], int(sys.argv[3])
begin = time.perf_counter()
def objective(trial):
    return trial.suggest_float("x", -10, 10) ** 2 + trial.suggest_float("y", -10, 10) ** 2
samplers = {"random": optuna.samplers.RandomSampler, "tpe": optuna.samplers.TPESampler}
study = optuna.create_study(storage="sqlite:///" + store if store else None, sampler=samplers[sampler](seed=0))
study.optimize(objective, n_trials=trials)
assert len(study.trials) == trials
print(time.perf_counter() - begin)
"""

IMPORT = "import time; t = time.perf_counter(); import {0}; {0}.{1}; print(time.perf_counter() - t)"


def seconds(program: str, *words: str) -> float:
    ending = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *words], capture_output=True, text=True
    )
    if ending.returncode != 0:
        raise SystemExit(f"error: {ending.stderr}")
    return float(ending.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    programs = {"outerloop": OURS, "outerloop, named as it runs": NAMED, "optuna": OPTUNA}
    times = {}
    with tempfile.TemporaryDirectory() as folder:
        for round in range(given.rounds):
            for sampler in ("random", "tpe"):
                for place in ("file", "memory"):
                    for name, program in programs.items():
                        store = os.path.join(folder, f"{len(times)}-{round}-{sampler}-{name}.db") if place == "file" else ""
                        spent = seconds(program, store, sampler, str(given.trials))
                        times.setdefault((sampler, place, name), []).append(spent)
                        print(f"{sampler:7} {place:7} {name:28} {spent:8.3f} s", flush=True)
    imports = {
        name: min(seconds(IMPORT.format(name, use)) for _ in range(10))
        for name, use in (("outerloop", "Study"), ("optuna", "create_study"))
    }
    rows = []
    for sampler in ("random", "tpe"):
        for place in ("file", "memory"):
            peer = statistics.median(times[sampler, place, "optuna"])
            for name in programs:
                own = statistics.median(times[sampler, place, name])
                rows.append(
                    {"sampler": sampler, "store": place, "study": name, "seconds": own,
                     "milliseconds a trial": own / given.trials * 1e3, "optuna / ours": peer / own}
                )
    text = table(rows, imports, given)
    print(text)
    if given.write:
        results = HERE / "results"
        (results / "python-client.json").write_text(
            json.dumps({"trials": given.trials, "rounds": given.rounds, "rows": rows, "import seconds": imports}, indent=2) + "\n"
        )
        (results / "python-client.md").write_text(text)


def table(rows, imports, given) -> str:
    import optuna

    import outerloop

    lines = [
        "# The Python package beside Optuna", "",
        f"{given.trials} trials of x^2 + y^2, median of {given.rounds} rounds in turn, by "
        "`Benchmarks/python_client.py --write`.",
        f"outerloop {outerloop.__version__}, Optuna {optuna.__version__}, Python {platform.python_version()}, "
        f"{processor()}, {os.cpu_count()} cores.", "",
        "| sampler | store | study | seconds | ms a trial | Optuna / this |", "|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['sampler']} | {row['store']} | {row['study']} | {row['seconds']:.2f} | "
            f"{row['milliseconds a trial']:.2f} | {row['optuna / ours']:.1f} |"
        )
    lines += ["", "Import, the quickest of ten: " + ", ".join(
        f"{name} {value * 1e3:.0f} ms" for name, value in imports.items()) + ".", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
