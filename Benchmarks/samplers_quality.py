#!/usr/bin/env python3
"""Ranks our samplers beside those of Optuna, HEBO, SMAC3, Ax and BoTorch, at equal trials.

    for p in coco samplers hebo smac ax; do Benchmarks/peers/install.sh $p; done
    swift build -c release --package-path Benchmarks --product search-bench
    Benchmarks/peers/coco/.venv/bin/python Benchmarks/samplers_quality.py
        [--peers ours,optuna-gp,...] [--tasks core,branin,mixed,...] [--seeds 20] [--trials 200]
        [--minutes M] [--report] [--prune] [--data ../shared/data/tabular]

Tasks are those of tasks/; `core` are the few that slow samplers can be compared on. Every search is run once
and its curve kept as a line of Benchmarks/results/samplers-quality.jsonl, as soon as it has ended; a search that is
there already with as many trials is not run again, except ours after search-bench was rebuilt. So a run
may be killed and goes on, and `--peers ours` compares a new build with peers run before. Each run ends by
writing results/samplers-quality.{md,json} of all that is there (quality_report.py); --report writes only these, and
--prune drops lines that newer ones replace. Searches run one at a time; nothing is timed. --minutes ends the
run after the search in progress.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time
import zlib

import numpy

import quality_report
from hypergradients import HERE, processor
from tasks import chosen, everything

OURS = HERE / ".build" / "release" / "search-bench"
CURVES = HERE / "results" / "samplers-quality.jsonl"
# name: (peer of install.sh or None, sampler).
SIDES = {name: (None, name) for name in ("gp", "auto", "tpe", "cmaes", "catcma", "random")} | {
    f"optuna-{name}": ("samplers", name) for name in ("auto", "gp", "tpe", "cmaes")} | {
    "hebo": ("hebo", "hebo"), "smac": ("smac", "smac"), "ax": ("ax", "ax"), "botorch": ("ax", "botorch")}
GROUPS = {
    "ours": [name for name, (peer, _) in SIDES.items() if peer is None],
    "optuna": [name for name in SIDES if name.startswith("optuna-")],
    "quick": ["optuna-tpe", "optuna-cmaes"],
    "slow": ["hebo", "smac", "ax", "botorch"],
}


class Side:
    """A process that asks and is told for one search after the other; started when first used."""

    def __init__(self, name):
        self.name, (self.peer, self.sampler), self.process = name, SIDES[name], None
        self.build = None
        if self.peer is None and OURS.exists():
            self.build = hashlib.sha256(OURS.read_bytes()).hexdigest()[:12]

    def start(self):
        folder = HERE / "peers" / (self.peer or "")
        command = ([OURS, "serve"] if self.peer is None
                   else [folder / ".venv" / "bin" / "python", folder / "serve.py"])
        if not command[0].exists():
            sys.exit(f"samplers_quality.py: {self.name} is not there: {command[0]}; see --help")
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
        errors = None if os.environ.get("SHOW_ERRORS") else subprocess.DEVNULL
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            env=os.environ | threads)

    def say(self, line):
        if self.process is None:
            self.start()
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            self.process.wait()
            code, self.process = self.process.returncode, None
            return {"error": f"the process ended with status {code}"}
        return json.loads(answer)

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()
            self.process.stdout.close()


def search(side, task, seed, trials):
    """A search as a record: `curve` has [trials, regret] wherever the incumbent changed, the incumbent being the best
    by what the search saw."""
    instance = task.instance(seed)
    start = time.monotonic()
    opened = side.say({"open": {
        "space": {"parameters": task.parameters}, "objectives": [{"metric": "f", "direction": "minimize"}],
        "sampler": side.sampler, "seed": seed, "trials": trials}})
    if "error" in opened:
        return None, opened["error"]
    record = {
        "side": side.name, "task": task.name, "seed": seed, "trials": trials,
        "version": opened.get("version", "outerloop"), "build": side.build,
        "date": datetime.date.today().isoformat(), "curve": []}
    best = float("inf")
    for index in range(trials):
        asked = side.say({"ask": True})
        if "exhausted" in asked:
            break
        if "error" not in asked:
            value = instance.value(task.active(asked["params"]))
            seen = (-value if task.maximize else value) + task.noise * float(numpy.random.default_rng(
                [seed, index, zlib.crc32(task.name.encode())]).standard_normal())
            if seen < best:
                best = seen
                record["curve"].append([index + 1, float(f"{max(instance.regret(value), 0.0) + 0.0:.5g}")])
            asked = side.say({"tell": asked["number"], "values": [seen]})
        if "error" in asked:
            record["failed"] = f"trial {index}: {asked['error']}"
            break
    record["seconds"] = round(time.monotonic() - start, 1)
    return record, record.get("failed")


def load():
    """The latest record of every search."""
    records = {}
    if CURVES.exists():
        for line in CURVES.read_text().splitlines():
            record = json.loads(line)
            records[record["side"], record["task"], record["seed"]] = record
    return records


def is_done(record, side, trials):
    return record is not None and record["trials"] >= trials and record["build"] == side.build


def sides(wanted):
    names = [n for part in wanted.split(",") for n in (list(SIDES) if part == "all" else GROUPS.get(part, [part]))]
    unknown = [n for n in names if n not in SIDES]
    if unknown:
        sys.exit(f"samplers_quality.py: no peer {', '.join(unknown)}; there are {', '.join(SIDES)} and the groups "
                 f"all, {', '.join(GROUPS)}")
    return [Side(name) for name in dict.fromkeys(names)]


def run(options, tasks):
    records = load()
    finish = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")
    contenders, unfit = sides(options.peers), set()
    for seed in range(options.first, options.seeds):
        for task in tasks:
            trials = min(options.trials, task.trials or options.trials)
            for side in contenders:
                key = side.name, task.name, seed
                if is_done(records.get(key), side, trials) or (side.name, task.name) in unfit:
                    continue
                if quality_report.is_another(side.name, task, records):
                    continue
                if time.monotonic() > finish:
                    return print("The time is up.")
                record, failed = search(side, task, seed, trials)
                if record is None:
                    print(f"{side.name}, {task.name}: {failed}", flush=True)
                    unfit.add((side.name, task.name))
                    continue
                records[key] = record
                with CURVES.open("a") as file:
                    file.write(json.dumps(record, separators=(",", ":")) + "\n")
                last = record["curve"][-1][1] if record["curve"] else float("nan")
                print(f"{task.name}, seed {seed}, {side.name}: {last:.3g} in {record['seconds']} s"
                      + (f"; {failed}" if failed else ""), flush=True)
    for side in contenders:
        side.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peers", default="all", help=f"of {', '.join(SIDES)}; groups: all, {', '.join(GROUPS)}")
    parser.add_argument("--tasks", help="names, families, or core")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--prune", action="store_true")
    parser.add_argument("--data", default=str(HERE.parent.parent / "shared" / "data" / "tabular"))
    options = parser.parse_args()
    tasks = everything(options.data)
    if options.prune:
        CURVES.write_text("".join(json.dumps(r, separators=(",", ":")) + "\n" for r in load().values()))
    elif not options.report:
        run(options, chosen(tasks, options.tasks))
    quality_report.write(HERE / "results", load(), tasks, processor())
    return 0


if __name__ == "__main__":
    sys.exit(main())
