#!/usr/bin/env python3
"""How long a study searches: the seconds between the end of an epoch and the next that is begun, over a whole study.

    swift build -c release --product outerloop
    python3 Benchmarks/search_seconds.py [--epochs 1000] [--schedulers auto,asha] [--seeds 3] [--ours FILE]

A program that stays reports made-up learning curves of eight parameters, a power law each, one epoch at a time; a full
training has 27 epochs. The store has the time of every event, so what lies between the last one of an attempt and the next
trial that is begun or continued is search, and what the store takes to write it down. The first number is of the study, the
second of all its process did but wait, the program included, in seconds of a processor; where other work is done
on the machine the first one is too large. The goal is 5 s for 1,000 epochs under `auto`. Standard library only.
"""
import argparse
import os
import pathlib
import sqlite3
import statistics
import sys
import tempfile

from hypergradients import HERE, environment, fail, processor, table

OURS = HERE.parent / ".build" / "release" / "outerloop"
PROGRAM = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    x = [asked["params"][f"x{i}"] for i in range(8)]
    end = 0.05 + sum((v - 0.3) ** 2 for v in x) / 8
    saved = asked["checkpoint"] + "/epoch"
    for epoch in range(asked["fromEpoch"] + 1, asked["toEpoch"] + 1):
        print(json.dumps({"epoch": epoch, "loss": end + (1 + x[0]) * epoch ** -(0.3 + x[1])}), flush=True)
        with open(saved, "w") as file:
            file.write(str(epoch))
        print(json.dumps({"epoch": epoch, "checkpoint": saved}), flush=True)
    print('{"done": true}', flush=True)
"""


def study(given, scheduler, seed):
    """Seconds of search, and of the processor; the best loss; reports."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "program.py").write_text(PROGRAM)
        words = [given.ours, "tune", "--minimize", "loss", "--epochs", 27, "--total-epochs", given.epochs, "--seed", seed,
                 "--scheduler", scheduler, "--store", folder / "a.db", "--quiet"]
        for i in range(8):
            words += ["--param", f"x{i}=float(0, 1)"]
        words += ["--persistent", "--", sys.executable, folder / "program.py"]
        child = os.posix_spawn(
            str(given.ours), list(map(str, words)), environment(),
            file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
        _, status, used = os.wait4(child, 0)
        if status != 0:
            fail(f"{scheduler}, seed {seed}: the command failed")
        connection = sqlite3.connect(folder / "a.db")
        events = connection.execute("SELECT kind, time FROM events ORDER BY revision").fetchall()
        reports, best = connection.execute("SELECT count(*), min(value) FROM reports WHERE metric = 'loss'").fetchone()
        connection.close()
    search = sum(
        time - before for (_, before), (kind, time) in zip(events, events[1:]) if kind in ("suggested", "continued"))
    return search, used.ru_utime + used.ru_stime, best, reports


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--schedulers", default="auto,asha")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ours", type=pathlib.Path, default=OURS)
    given = parser.parse_args()
    if not given.ours.exists():
        fail(f"{given.ours} is not built: swift build -c release --product outerloop")
    rows = []
    for scheduler in given.schedulers.split(","):
        search, used, best, reports = zip(*(study(given, scheduler, seed) for seed in range(given.seeds)))
        rows.append([scheduler, f"{min(reports)}", f"{statistics.fmean(search):.2f}", f"{max(search):.2f}",
                     f"{statistics.fmean(used):.2f}", f"{statistics.fmean(best):.4f}"])
    print(f"{processor()}, load average {os.getloadavg()[0]:.1f}; mean of {given.seeds} seeds")
    print("\n".join(table(
        ["", "epochs", "search, s", "most, s", "processor, s", "best loss"], rows)))


if __name__ == "__main__":
    main()
