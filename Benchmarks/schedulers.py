#!/usr/bin/env python3
"""Compares schedulers on recorded learning curves: ours, HPO4DL's DyHPO, and Optuna's TPE with its HyperbandPruner.

    for p in hpo4dl samplers; do Benchmarks/peers/install.sh $p; done
    swift build -c release --product outerloop
    python3 Benchmarks/schedulers.py --data CURVES/taskset [--seeds 10] [--peer-seeds 3] [--hpo4dl-seeds 1]
        [--epochs 300] [--workers 1] [--configurations 1000] [--methods freeze-thaw,dyhpo,...] [--minutes M]

CURVES/... is a folder of recorded curves (curves-v1) whose parameters are numbers. Ours run as `outerloop lab
learning-curves`; its scores and its regret are computed here once more for the peers, on the same tables: score =
(m - loss) / |m|, 0 where that is negative or no number, m the median first loss; regret = (best of the table - best seen) /
(best of the table - median over configurations), clipped at 1. HPO4DL trains its model for minutes a search and has fewer
seeds. Each search of a peer is kept as soon as it has ended, so that a run may be killed and goes on. The
peers have one worker. The report, results/schedulers-NAME.{md,json}, has mean regrets, the mean rank over tasks at
each mark, and one-sided signed-rank tests over tasks of the default's area against each. Standard library only.
"""
import argparse
import datetime
import gzip
import itertools
import json
import math
import pathlib
import statistics
import subprocess
import time

from hypergradients import HERE, cores, environment, fail, processor, table

OURS = HERE.parent / ".build" / "release" / "outerloop"
PEERS = {"HPO4DL": "hpo4dl", "Optuna Hyperband": "samplers"}
DEFAULT = "freeze-thaw"
METHODS = "none,asha,hyperband,hyperband-tpe,bohb,one-epoch,dpl,dyhpo,freeze-thaw"
MARKS = (0.1, 0.25, 0.5, 1)


class Table:
    """The curves of a task as scores, and how far a search of it is from the best."""

    def __init__(self, folder, meta, task, configurations):
        self.name, self.parameters = task["name"], meta["parameters"]
        if any(one["type"] not in ("float", "int") for one in self.parameters):
            fail(f"{folder}: the peers are given parameters that are numbers only")
        sign = 1 if meta["minimize"] else -1
        untrained = meta.get("untrained_values", 1 if meta["family"] == "taskset" else 0)
        with gzip.open(folder / task["file"], "rt") as lines:
            rows = [json.loads(line) for line in itertools.islice(lines, configurations)]
        curves = [[math.inf if v is None else sign * v for v in row[meta["metric"]]] for row in rows]
        middle = statistics.median(curve[0] for curve in curves if math.isfinite(curve[0]))
        scale = abs(middle) or 1
        self.configurations = [row["config"] for row in rows]
        self.scores = [[(middle - v) / scale if v < middle else 0.0 for v in curve[untrained:]] for curve in curves]
        self.seen = self.scales([max(curve) for curve in self.scores])
        self.full = self.scales([curve[-1] for curve in self.scores])

    @staticmethod
    def scales(values):
        return max(values), statistics.median(values)

    @staticmethod
    def regret(value, scale):
        best, typical = scale
        return 0.0 if value >= best else 1.0 if value <= typical else (best - value) / (best - typical)

    def trace(self, observed):
        """(epochs spent, regret of the best value seen, regret of its configuration at the end), where it improves."""
        steps, best = [], -math.inf
        for spent, (place, epoch) in enumerate(observed, 1):
            score = self.scores[place][epoch - 1]
            if score > best:
                best = score
                steps.append([spent, self.regret(score, self.seen), self.regret(self.scores[place][-1], self.full)])
        return steps


def ours(given, out):
    command = [given.ours, "lab", "learning-curves", "--data", given.data, "--epochs", given.epochs, "--seeds", given.seeds,
               "--workers", given.workers, "--configurations", given.configurations, "--out", out, "--quiet"]
    for method in given.methods.split(","):
        command += ["--method", method]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment())
    if done.returncode != 0:
        fail(done.stderr.strip())
    found = {}
    for file in sorted(out.glob("runs-*.json")):
        for name, kept in json.loads(file.read_text()).items():
            run = kept.get("value")
            task, method, seed = name.rsplit(", ", 2)
            if run and method in given.methods.split(",") and int(seed.split()[1]) < given.seeds:
                steps = [[s["epoch"], s["seen"], s["full"]] for s in run["trace"]["steps"]]
                milliseconds = 1000 * run["seconds"] / max(run["suggestions"], 1)
                found.setdefault(method, {}).setdefault(task, []).append((steps, milliseconds))
    return found


def peers(given, tables, kept):
    """Runs what is not kept, seed by seed; all that is there of each."""
    records = {}
    if kept.exists():
        for line in kept.read_text().splitlines():
            one = json.loads(line)
            records[one["side"], one["task"], one["seed"]] = one
    end = time.monotonic() + 60 * given.minutes if given.minutes else math.inf
    counts = {"HPO4DL": given.hpo4dl_seeds, "Optuna Hyperband": given.peer_seeds}
    for seed in range(max(counts.values(), default=0)):
        for side, task in itertools.product(counts, tables):
            if seed >= counts[side] or (side, task.name, seed) in records or time.monotonic() > end:
                continue
            folder = HERE / "peers" / PEERS[side]
            python = folder / ".venv" / "bin" / "python"
            if not python.exists():
                fail(f"{side} is not installed: Benchmarks/peers/install.sh {PEERS[side]}")
            problem = json.dumps({
                "parameters": task.parameters, "configurations": task.configurations, "scores": task.scores,
                "budget": given.epochs, "seed": seed})
            done = subprocess.run(
                [str(python), "replay.py"], input=problem, capture_output=True, text=True, env=environment(),
                cwd=folder)
            if done.returncode != 0:
                fail(f"{side}, {task.name}, seed {seed}: {done.stderr.strip()[-500:]}")
            answer = json.loads(done.stdout.strip().splitlines()[-1])
            record = {
                "side": side, "task": task.name, "seed": seed, "version": answer["version"],
                "milliseconds": 1000 * answer["seconds"] / len(answer["observed"]),
                "steps": task.trace(answer["observed"])}
            records[side, task.name, seed] = record
            with kept.open("a") as file:
                file.write(json.dumps(record) + "\n")
            print(f"{side}, {task.name}, seed {seed}: {record['steps'][-1][1]:.3f}, "
                  f"{record['milliseconds']:.0f} ms a suggestion", flush=True)
    found = {}
    for (side, task, seed), one in sorted(records.items()):
        if seed < counts[side]:
            found.setdefault(side, {}).setdefault(task, []).append((one["steps"], one["milliseconds"]))
    return found, sorted({one["version"] for one in records.values()})


def values(steps, epochs, column):
    """After each of the epochs."""
    result, current, rest = [], 1.0, iter(steps + [[math.inf]])
    following = next(rest)
    for epoch in range(1, epochs + 1):
        while following[0] <= epoch:
            current, following = following[column], next(rest)
        result.append(current)
    return result


def figures(steps, epochs):
    seen, full = values(steps, epochs, 1), values(steps, epochs, 2)
    at = [seen[max(round(mark * epochs), 1) - 1] for mark in MARKS]
    return at + [statistics.fmean(seen), full[-1]]


def ranks(means):
    """Of each of the numbers, 1 the smallest; equals share theirs."""
    return [1 + sum(other < one for other in means) + (sum(other == one for other in means) - 1) / 2 for one in means]


def signed_rank(differences):
    """The chance, were the differences symmetric about 0, of a sum of ranks of the negative ones as large as theirs."""
    differences = [d for d in differences if d != 0]
    order = ranks([abs(d) for d in differences])
    observed = sum(rank for rank, d in zip(order, differences) if d < 0)
    sums = {0.0: 1}
    for rank in order:
        more = {}
        for total, count in sums.items():
            for next_total in (total, total + rank):
                more[next_total] = more.get(next_total, 0) + count
        sums = more
    return sum(count for total, count in sums.items() if total >= observed) / 2 ** len(differences)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--peer-seeds", type=int, default=3, help="of Optuna")
    parser.add_argument("--hpo4dl-seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--configurations", type=int, default=1000)
    parser.add_argument("--methods", default=METHODS)
    parser.add_argument("--ours", type=pathlib.Path, default=OURS)
    parser.add_argument("--minutes", type=float, help="begin no search of a peer later")
    given = parser.parse_args()
    if not given.ours.exists():
        fail(f"{given.ours} is not built: swift build -c release --product outerloop")
    if given.workers > 1:
        given.peer_seeds = given.hpo4dl_seeds = 0
    folder = pathlib.Path(given.data)
    meta = json.loads((folder / "meta.json").read_text())
    tables = [Table(folder, meta, task, given.configurations) for task in meta["tasks"]]
    name = f"{meta['family']}-{given.epochs}" + (f"-{given.workers}workers" if given.workers > 1 else "")
    results = HERE / "results"
    found = ours(given, HERE / ".data" / f"schedulers-{name}")
    more, versions = peers(given, tables, results / f"schedulers-{name}.jsonl")
    found |= more
    names = [task.name for task in tables]
    found = {side: tasks for side, tasks in found.items() if all(n in tasks for n in names)}
    means = {
        side: {n: [statistics.fmean(column) for column in zip(*(figures(s, given.epochs) for s, _ in tasks[n]))]
               for n in names}
        for side, tasks in found.items()}
    sides = list(found)
    place = {column: list(zip(*(ranks([means[s][n][column] for s in sides]) for n in names))) for column in range(6)}
    rank = {column: [statistics.fmean(row) for row in place[column]] for column in place}
    area = len(MARKS)
    rows, tests = [], []
    for index, side in enumerate(sides):
        overall = [statistics.fmean(means[side][n][column] for n in names) for column in range(6)]
        seeds = {len(found[side][n]) for n in names}
        speed = statistics.fmean(ms for n in names for _, ms in found[side][n])
        rows.append([side, str(min(seeds))] + [
            f"{overall[column]:.3f} ({rank[column][index]:.2f})" for column in range(6)] + [f"{speed:.3g}"])
        if side != DEFAULT and DEFAULT in means:
            level = signed_rank([means[DEFAULT][n][area] - means[side][n][area] for n in names])
            tests.append(f"{side} {level:.2g}")
    header = ["", "seeds"] + [f"{round(100 * mark)} %" for mark in MARKS] + ["area", "full fidelity", "ms per suggestion"]
    command = f"python3 Benchmarks/schedulers.py --data CURVES/{folder.name} --epochs {given.epochs}" + (
        f" --workers {given.workers}" if given.workers > 1 else "")
    lines = [f"# Schedulers on {meta['family']}, {given.epochs} epochs", "",
             f"{datetime.date.today()}, {processor()} ({cores()} cores); {', '.join(versions) or 'no peer'}.", "",
             f"    {command}", "",
             f"{len(names)} tasks, {given.configurations:,} configurations each, {given.workers} worker"
             f"{'' if given.workers == 1 else 's'}. Mean regret of the best value seen after shares of the budget, its mean "
             "over the budget, and that of the incumbent at the end of its curve; in parentheses the mean rank over tasks. "
             "Times are of a machine that did other work too.", ""]
    lines += table(header, rows)
    lines += ["", f"One-sided signed-rank tests over tasks that the area of `{DEFAULT}` is smaller, not corrected for their "
              f"number: {', '.join(tests)}.", ""]
    (results / f"schedulers-{name}.md").write_text("\n".join(lines))
    (results / f"schedulers-{name}.json").write_text(json.dumps(
        {"command": command, "columns": header[2:8], "tasks": names, "means": means}, indent=1) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
