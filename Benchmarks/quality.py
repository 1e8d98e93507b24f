#!/usr/bin/env python3
"""How good TPE's searches are beside Optuna 5's and random search, at equal trials.

    Benchmarks/peers/optuna/.venv/bin/python Benchmarks/quality.py [--data ../shared/data/tabular]
        [--seeds 30] [--trials 100] [--tasks branin,...] [--write]

Tasks: standard functions of one and of several objectives, and the tabulated real tuning tasks (format tabular-v1) of --data if it is
there. Each search has its own seed; its score is the regret of its best trial. For each task, two
one-sided Mann-Whitney tests over the seeds, at level alpha = 0.05 divided by the number of tasks
(Bonferroni): ours against Optuna (is ours worse?) and ours against our random search (is ours better?).
--write keeps the table in Benchmarks/results/quality.{json,md}. Ends with status 1 if ours is worse
anywhere.
"""

import argparse
import datetime
import json
import math
import pathlib
import statistics
import subprocess
import sys
import warnings

import numpy
import optuna
from optuna._hypervolume import compute_hypervolume
from scipy.stats import mannwhitneyu

from tasks.functions import FUNCTIONS as STANDARD, ackley, unit
from tasks.mixed import MIXED
from tasks.tables import tabular
from tasks.task import number

HERE = pathlib.Path(__file__).resolve().parent
OURS = HERE / ".build" / "release" / "search-bench"
ALPHA = 0.05


class Task:
    """A space, a function of it, whether it is to be made large, and its regret."""

    def __init__(self, name, parameters, value, regret, maximize=False, reference=None):
        self.name, self.parameters, self.value = name, parameters, value
        self.regret, self.maximize, self.reference = regret, maximize, reference
        self.directions = ["maximize" if maximize else "minimize"] * len(reference or [0])

    def score(self, values):
        """The regret of the best value; of several objectives, the hypervolume that is missing."""
        if self.reference is None:
            return min(map(self.regret, values))
        inside = numpy.array([v for v in values if all(a < r for a, r in zip(v, self.reference))])
        covered = compute_hypervolume(inside, numpy.array(self.reference)) if len(inside) else 0
        return self.regret(covered)


def single(task):
    """A task of one objective that samplers_quality.py has too."""
    return Task(task.name, task.parameters, task.value, task.regret, task.maximize)


SHARED = {task.name: single(task) for task in STANDARD + MIXED}
FUNCTIONS = [
    SHARED["branin"], SHARED["hartmann6"],
    Task("ackley10", [number(f"x{j}", -32.768, 32.768) for j in range(10)], ackley, lambda v: v),
    SHARED["mixed"],
]


def ordered(p):
    """x0, x1, ...: the keys of a JSON object come in any order."""
    return [p[f"x{j}"] for j in range(len(p))]


def zdt(second):
    def value(p):
        x = ordered(p)
        g = 1 + 9 * sum(x[1:]) / (len(x) - 1)
        return x[0], g * second(x[0] / g)
    return value


def dtlz2(p):
    x = ordered(p)
    g = 1 + sum((v - .5) ** 2 for v in x[2:])
    a, b = x[0] * math.pi / 2, x[1] * math.pi / 2
    return g * math.cos(a) * math.cos(b), g * math.cos(a) * math.sin(b), g * math.sin(a)


# The volume that the true front covers, less that which was found: its exact value does not matter to a
# test of ranks.
FRONTS = [
    Task("zdt1", unit(6), zdt(lambda q: 1 - math.sqrt(q)), lambda v: 1.1 * 7 - 1 / 3 - v, reference=[1.1, 7]),
    Task("zdt2", unit(6), zdt(lambda q: 1 - q * q), lambda v: 1.1 * 7 - 2 / 3 - v, reference=[1.1, 7]),
    Task("dtlz2", unit(6), dtlz2, lambda v: 2.2 ** 3 - math.pi / 6 - v, reference=[2.2] * 3),
]


class Ours:
    """Our sampler, behind the pipe of `search-bench serve`."""

    def __init__(self, task, sampler, seed):
        self.process = subprocess.Popen([OURS, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        objectives = [{"metric": f"f{k}", "direction": way} for k, way in enumerate(task.directions)]
        self.say({"open": {"space": {"parameters": task.parameters}, "sampler": sampler, "seed": seed,
                           "objectives": objectives}})

    def say(self, line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            sys.exit(f"quality.py: {answer['error']}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def search(task, side, seed, trials):
    """The regret of a search."""
    values = []
    if side == "optuna":
        study = optuna.create_study(
            sampler=optuna.samplers.TPESampler(seed=seed), directions=task.directions)

        def objective(trial):
            params = {}
            for p in task.parameters:
                if p["type"] == "float":
                    params[p["name"]] = trial.suggest_float(p["name"], p["low"], p["high"], log=p["log"])
                elif p["type"] == "int":
                    params[p["name"]] = trial.suggest_int(p["name"], p["low"], p["high"])
                else:
                    params[p["name"]] = trial.suggest_categorical(p["name"], p["choices"])
            values.append(task.value(params))
            return values[-1]

        study.optimize(objective, n_trials=trials)
    else:
        ours = Ours(task, side, seed)
        for _ in range(trials):
            asked = ours.say({"ask": True})
            if "exhausted" in asked:
                break
            values.append(task.value(asked["params"]))
            told = values[-1] if task.reference else [values[-1]]
            ours.say({"tell": asked["number"], "values": told})
        ours.close()
    return task.score(values)


def markdown(about, rows):
    lines = [
        "# Quality of TPE", "", f"{about['date']}; Optuna {about['optuna']}.", "", f"    {about['command']}", "",
        f"Regret of the best of {about['trials']} trials, median over {about['seeds']} seeds (quartiles); of "
        "tables, 1 is the median configuration and 0 the best; of several objectives (zdt, dtlz), the "
        "hypervolume that is missing. p worse: one-sided Mann-Whitney test that ours "
        "is worse than Optuna; p better: that ours is better than random. Level "
        f"{ALPHA} / {len(rows)} tasks = {ALPHA / len(rows):.4f}.", "",
        "| task | ours | Optuna | random | p worse | p better | |", "|---|--:|--:|--:|--:|--:|---|"]
    for row in rows:
        lines.append("| " + " | ".join([
            row["task"], *(row[side] for side in ("tpe", "optuna", "random")),
            f"{row['worse']:.3f}", f"{row['better']:.1e}", row["verdict"]]) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default=str(HERE.parent.parent / "shared" / "data" / "tabular"))
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--tasks")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if not OURS.exists():
        sys.exit("quality.py: build first: swift build -c release --package-path Benchmarks")
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    tasks = FUNCTIONS + FRONTS + [single(task) for task in tabular(options.data)]
    if options.tasks:
        tasks = [task for task in tasks if task.name in options.tasks.split(",")]
    level = ALPHA / len(tasks)
    rows, raw = [], []
    for task in tasks:
        final = {}
        for side in ("tpe", "optuna", "random"):
            final[side] = [search(task, side, seed, options.trials) for seed in range(options.seeds)]
            raw.append({"task": task.name, "side": side, "final": final[side]})
        worse = mannwhitneyu(final["tpe"], final["optuna"], alternative="greater").pvalue
        better = mannwhitneyu(final["tpe"], final["random"], alternative="less").pvalue
        verdict = "WORSE" if worse < level else "not worse"
        verdict += ", beats random" if better < level else ", like random"
        row = {"task": task.name, "worse": worse, "better": better, "verdict": verdict}
        for side, values in final.items():
            low, middle, high = statistics.quantiles(values, n=4)
            row[side] = f"{middle:.3g} ({low:.2g} to {high:.2g})"
        rows.append(row)
        print(f"{task.name}: ours {row['tpe']}, Optuna {row['optuna']}, random {row['random']}: p worse "
              f"{worse:.3f}, {verdict}", flush=True)
    about = {
        "date": datetime.date.today().isoformat(), "optuna": optuna.__version__, "trials": options.trials,
        "seeds": options.seeds,
        "command": "Benchmarks/peers/optuna/.venv/bin/python Benchmarks/quality.py"
                   f" --seeds {options.seeds} --trials {options.trials} --write"}
    if options.write:
        (HERE / "results" / "quality.json").write_text(json.dumps({"about": about, "runs": raw}) + "\n")
        (HERE / "results" / "quality.md").write_text(markdown(about, rows))
    return 1 if any(row["worse"] < level for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
