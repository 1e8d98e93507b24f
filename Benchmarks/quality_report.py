"""Ranks, tests and tables of the searches that samplers_quality.py kept.

Rank of a sampler on a task after so many trials: 1 + the expected number of others that are better when one search is
drawn from each, ties counting half; so it needs no equal numbers of seeds. A table has the samplers that
searched each of its tasks with two seeds or more, and their mean rank over these tasks.
"""

import datetime
import json
import statistics

import numpy
from scipy.stats import mannwhitneyu

from hypergradients import table
from tasks import CORE

ALPHA = 0.05
BUDGETS = (25, 50, 100, 200)
LEAST = 2  # seeds for a rank
LEAST_TEST = 5  # seeds for a test
OURS = ("auto", "gp", "tpe", "cmaes", "catcma")
# (ours, peer): who is tested against whom.
PAIRS = [("auto", peer) for peer in
         ("optuna-auto", "optuna-gp", "optuna-tpe", "optuna-cmaes", "hebo", "smac", "ax", "botorch", "random")] + [
    ("gp", "optuna-gp"), ("gp", "botorch"), ("tpe", "optuna-tpe"), ("cmaes", "optuna-cmaes"),
    ("catcma", "optuna-cmaes")]


def is_another(side, task, records):
    """Whether the sampler that `side` chooses for this task is one whose searches are there, so that it need not be
    run: Optuna's AutoSampler is its GPSampler where all is numerical and nothing conditional (up to 250
    trials), and our auto is gp if it made the same search of the first seed."""
    if side == "optuna-auto":
        return all(p["type"] != "categorical" and "when" not in p for p in task.parameters)
    if side != "auto":
        return False
    first, same = (records.get((name, task.name, 0)) for name in ("auto", "gp"))
    return None not in (first, same) and all(first[key] == same[key] for key in ("curve", "build", "trials"))


class Searches:
    """Regrets by sampler, task and number of trials. A sampler that chooses another has its searches."""

    def __init__(self, records, tasks):
        self.found = {}
        for record in records.values():
            self.found.setdefault((record["side"], record["task"]), []).append(record)
        for task in tasks:
            for side, other in (("optuna-auto", "optuna-gp"), ("auto", "gp")):
                if is_another(side, task, records) and (other, task.name) in self.found:
                    self.found[side, task.name] = self.found[other, task.name]

    def regrets(self, side, task, budget):
        """Of every seed whose search was as long, or as long as the task allows; a failed one keeps its incumbent."""
        budget = min(budget, task.trials or budget)
        values = []
        for record in self.found.get((side, task.name), []):
            if record["trials"] >= budget:
                seen = [regret for trial, regret in record["curve"] if trial <= budget]
                values.append(seen[-1] if seen else float("inf"))
        return numpy.array(values)

    def sides(self, tasks, budget):
        """Those that searched all the tasks."""
        return [side for side in dict.fromkeys(side for side, _ in self.found)
                if tasks and all(len(self.regrets(side, task, budget)) >= LEAST for task in tasks)]

    def ranks(self, tasks, budget):
        """The mean rank of each of `sides`."""
        sides = self.sides(tasks, budget)
        total = dict.fromkeys(sides, 0.0)
        for task in tasks:
            values = {side: self.regrets(side, task, budget) for side in sides}
            for side in sides:
                total[side] += 1 + sum(beaten(values[side], values[other]) for other in sides if other != side)
        return {side: total[side] / len(tasks) for side in sides}


def beaten(mine, theirs):
    """How often theirs is less than mine."""
    return float(numpy.mean(theirs[None] < mine[:, None]) + .5 * numpy.mean(theirs[None] == mine[:, None]))


def rank_table(searches, columns):
    """A row for each sampler that is in a column; the best of a column is bold."""
    ranks = {name: searches.ranks(tasks, budget) for name, tasks, budget in columns}
    names = list(dict.fromkeys(side for column in ranks.values() for side in column))
    names.sort(key=lambda side: min((values[side] / len(values) for values in ranks.values() if side in values)))
    rows = []
    for side in names:
        cells = []
        for values in ranks.values():
            text = f"{values[side]:.2f}" if side in values else ""
            cells.append(f"**{text}**" if text and values[side] == min(values.values()) else text)
        rows.append([f"{side} (ours)" if side in OURS else side] + cells)
    return table(["sampler"] + [name for name, _, _ in columns], rows), ranks


def duels(searches, ours, tasks):
    """For each other sampler: how often a search of ours ends with less regret than one of it, mean over the tasks
    that both searched, however few."""
    rows = []
    for side in dict.fromkeys(side for side, _ in searches.found):
        cells = []
        for budget in BUDGETS:
            wins = []
            for task in tasks:
                mine, theirs = (searches.regrets(name, task, budget) for name in (ours, side))
                if len(mine) and len(theirs):
                    wins.append(beaten(theirs, mine))
            cells.append(f"{100 * statistics.fmean(wins):.0f} % ({len(wins)})" if wins else "")
        if side != ours and any(cells):
            rows.append([f"{side} (ours)" if side in OURS else side] + cells)
    return table(["sampler"] + [f"{budget} trials" for budget in BUDGETS], rows) if rows else []


def test(searches, ours, peer, tasks):
    """For each task, at the most trials that both have: is ours better, is ours worse?"""
    rows = []
    for task in tasks:
        for budget in reversed(BUDGETS):
            mine, theirs = (searches.regrets(side, task, budget) for side in (ours, peer))
            if min(len(mine), len(theirs)) >= LEAST_TEST:
                rows.append({
                    "task": task.name, "trials": min(budget, task.trials or budget),
                    "better": float(mannwhitneyu(mine, theirs, alternative="less").pvalue),
                    "worse": float(mannwhitneyu(mine, theirs, alternative="greater").pvalue)})
                break
    level = ALPHA / max(len(rows), 1)
    return {
        "ours": ours, "peer": peer, "level": level, "tasks": rows,
        "better": [row["task"] for row in rows if row["better"] < level],
        "worse": [row["task"] for row in rows if row["worse"] < level]}


def test_table(tests):
    rows = []
    for found in tests:
        if found["tasks"]:
            rows.append([
                found["ours"], found["peer"], str(len(found["tasks"])), f"{found['level']:.4f}",
                str(len(found["better"])), str(len(found["worse"])), " ".join(found["worse"])])
    return table(["ours", "peer", "tasks", "level", "better", "worse", "worse on"], rows)


def median_table(searches, tasks, budget):
    sides = [side for side in dict.fromkeys(side for side, _ in searches.found)
             if any(len(searches.regrets(side, task, budget)) for task in tasks)]
    sides.sort(key=lambda side: (side not in OURS, side))
    rows = []
    for task in tasks:
        values = {side: searches.regrets(side, task, budget) for side in sides}
        medians = {side: statistics.median(v) for side, v in values.items() if len(v)}
        rows.append([task.name] + [
            ("**{}**" if medians[side] == min(medians.values()) else "{}").format(f"{medians[side]:.2g}")
            if side in medians else "" for side in sides])
    return table(["task"] + sides, rows)


def report(records, tasks, machine):
    searches = Searches(records, tasks)
    seen = {task for _, task in searches.found}
    tasks = [task for task in tasks if task.name in seen]
    bbob = [task for task in tasks if task.family == "bbob"]
    others = [task for task in tasks if task.family != "bbob"]
    core = [task for task in others if task.name in CORE]
    families = list(dict.fromkeys(task.family for task in others))
    small = [[task for task in bbob if task.dimensions == d] for d in (2, 5)]
    parts = {
        "core": [(f"{b} trials", core, b) for b in BUDGETS],
        "all": [(f"{b} trials", others, b) for b in BUDGETS] + [
            (f"{family}, 100", [task for task in others if task.family == family], 100) for family in families],
        "bbob": [("25 trials", bbob, 25), ("50 trials", bbob, 50), ("d = 2, 77 trials", small[0], 200),
                 ("d = 5, 110 trials", small[1], 200)],
    }
    tables, ranks = {}, {}
    for name, columns in parts.items():
        columns = [column for column in columns if column[1]]
        tables[name], ranks[name] = rank_table(searches, columns) if columns else ([], {})
    tests = {"tasks": [test(searches, *pair, others) for pair in PAIRS],
             "bbob": [test(searches, *pair, bbob) for pair in PAIRS]}
    tables["duels"] = duels(searches, "auto", others)
    about = {
        "date": datetime.date.today().isoformat(), "machine": machine,
        "versions": sorted({record["version"] for record in records.values()}),
        "builds": sorted({f"{record['build']} ({record['date']})" for record in records.values() if record["build"]}),
        "seeds": {side: counted([len(v) for (s, _), v in searches.found.items() if s == side])
                  for side in dict.fromkeys(side for side, _ in searches.found)},
        "failed": [f"{r['side']} on {r['task']}, seed {r['seed']}: {r['failed']}"
                   for r in records.values() if "failed" in r]}
    return about, tables, ranks, tests, median_table(searches, others, 100), (core, others, bbob)


def counted(numbers):
    return str(min(numbers)) if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"


def markdown(about, tables, tests, medians, groups):
    core, others, bbob = groups
    lines = [
        "# Quality of samplers", "",
        f"{about['date']}, {about['machine']}; {'; '.join(about['versions'])}; search-bench "
        f"{', '.join(about['builds'])}.", "",
        "    Benchmarks/peers/coco/.venv/bin/python Benchmarks/samplers_quality.py", "",
        "Searches with one objective, one trial after the other, samplers as shipped. A task's rank of a sampler is 1 + the "
        "expected number of others that are better, one search drawn from each; tables have mean ranks over "
        "tasks, of the samplers that searched all of them with two seeds or more. Ranks of different columns are "
        "among different numbers of samplers. optuna-auto is the GPSampler where all is numerical and nothing "
        "conditional, and auto is gp where both made the same search of the first seed: there they were not run, and "
        "have the searches of these. Seeds a task: "
        + "; ".join(f"{side} {count}" for side, count in about["seeds"].items()) + ".", ""]
    if core:
        lines += [f"## Core tasks ({len(core)})", "", ", ".join(task.name for task in core) + ".", "", *tables["core"], ""]
    if others:
        lines += [f"## All tasks but BBOB ({len(others)})", "", *tables["all"], ""]
    if tables["duels"]:
        lines += ["## auto against each", "",
                  "How often a search of `auto` has less regret than one of the other, mean over the tasks but BBOB that both "
                  "searched (their number): 50 % is a draw.", "", *tables["duels"], ""]
    if bbob:
        lines += [f"## BBOB ({len(bbob)} functions)", "",
                  "The BBOB part of carps' task list, with its budget of ceil(20 + 40 sqrt d) trials, run here: the "
                  "noiseless functions in 2 and 5 dimensions, an instance a seed (carps: the first).", "", *tables["bbob"], ""]
    for name, title in (("tasks", "Tests: all tasks but BBOB"), ("bbob", "Tests: BBOB")):
        if any(found["tasks"] for found in tests[name]):
            lines += [f"## {title}", "",
                      "Per task two one-sided Mann-Whitney tests over the seeds at the most trials that both have: is ours "
                      f"better, is ours worse? Level: {ALPHA} / tasks (Bonferroni), for each question. Pairs "
                      f"with at least {LEAST_TEST} seeds each.", "", *test_table(tests[name]), ""]
    lines += ["## Median regret after 100 trials", "",
              "Of tables, 1 is the median configuration and 0 the best; in noise, the noise-free regret of the trial that "
              "looked best.", "", *medians, ""]
    if about["failed"]:
        lines += ["## Searches that failed", "", "They keep what they had found.", ""]
        lines += [f"- {text}" for text in about["failed"]]
    return "\n".join(lines).rstrip() + "\n"


def write(folder, records, tasks, machine):
    if not records:
        return
    about, tables, ranks, tests, medians, groups = report(records, tasks, machine)
    text = markdown(about, tables, tests, medians, groups)
    (folder / "samplers-quality.md").write_text(text)
    (folder / "samplers-quality.json").write_text(
        json.dumps({"about": about, "ranks": ranks, "tests": tests}, indent=1) + "\n")
    print(text)
