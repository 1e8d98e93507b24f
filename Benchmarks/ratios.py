#!/usr/bin/env python3
"""One table of the ratios that the other benchmarks have measured, and whether what the README states holds.

    python3 Benchmarks/ratios.py

Reads Benchmarks/results/*.json, whatever machine they come from: after `make bench` they are of this one. A ratio is our
time over the peer's, medians of each side, below 1 where we are faster. The bound beside it is what the README may still
be said to state on another processor: about twice the ratio of its table, at most 1, and 1.1 where it says level. Exit status: 1 if a
bound does not hold or a result is missing. Standard library only.
"""

import json
import pathlib
import statistics
import sys

RESULTS = pathlib.Path(__file__).resolve().parent / "results"


class Results:
    """The results of all benchmarks, and the processor and date of those that were read last."""

    def __init__(self, folder):
        self.folder, self.origin = folder, ""

    def __getitem__(self, name):
        self.origin = ""
        found = json.loads((self.folder / f"{name}.json").read_text())
        about = found.get("about", {})
        self.origin = ", ".join(
            part for part in (about.get("processor"), about.get("date", "").split(" ")[0]) if part)
        return found


def quotient(rows, value, ours, theirs):
    """The median of `value` over the rows that match `ours`, over that of those that match `theirs`."""
    def median(wanted):
        found = [value(row) for row in rows if all(row.get(key) == item for key, item in wanted.items())]
        if not found:
            raise KeyError(f"no run with {wanted}")
        return statistics.median(found)

    return median(ours) / median(theirs)


def seconds(row):
    value = row["seconds"]
    return statistics.median(value) if isinstance(value, list) else value


def hypergradient(problem):
    return lambda results: results["hypergradients"]["problems"][problem]["ratios"]["warm_seconds"]["median"]


def tpe(peer):
    size = {"trials": 1000, "dimensions": 10}
    return lambda results: quotient(
        results["samplers"]["runs"], seconds, size | {"side": "outerloop", "mode": "joint"},
        size | {"side": peer, "mode": "joint"})


def suggestion(results):
    rows = results["gp-speed"]["suggestions"]
    size = {"trials": 200, "objectives": 1}
    return quotient(rows, seconds, size | {"side": "outerloop"}, size | {"side": "optuna"})


def importance(results):
    return quotient(results["gp-speed"]["importance"], seconds, {"side": "outerloop"}, {"side": "optuna"})


def stored(peer):
    return lambda results: quotient(
        results["studies"]["runs"], lambda row: 1 / row["trials_per_second"],
        {"what": "store", "side": "outerloop"}, {"what": "store", "side": peer})


def online(task, field):
    return lambda results: quotient(
        results["online"]["runs"], lambda row: row[field],
        {"task": task, "estimator": "one-step", "side": "outerloop"},
        {"task": task, "estimator": "one-step", "side": "gradhpo"})


def python_trial(results):
    return quotient(
        results["python-client"]["rows"], seconds, {"sampler": "random", "store": "file", "study": "outerloop"},
        {"sampler": "random", "store": "file", "study": "optuna"})


def dashboard(results):
    return quotient(
        results["dashboard"]["rows"], lambda row: row["again"],
        {"trials": 1000, "side": "outerloop"}, {"trials": 1000, "side": "optuna-dashboard"})


# (what, peer, ratio, bound, or None where the README states nothing or that the peer is ahead)
RATIOS = [
    ("hypergradient of 238,510 weight decays", "JAX", hypergradient("mlp"), 1.1),
    ("hypergradient of 5,000 example weights", "JAX", hypergradient("cleaning"), 1),
    ("hypergradient of a convolutional network", "JAX", hypergradient("cnn"), None),
    ("hypergradient of an LSTM", "JAX", hypergradient("lstm"), None),
    ("hypergradient of a transformer block", "JAX", hypergradient("transformer"), None),
    ("implicit hypergradient, 20 steps of conjugate gradients", "JAX", hypergradient("implicit"), None),
    ("hypergradient of a toy", "JAX", hypergradient("toy"), None),
    ("6,000 online updates", "gradhpo", online("demo", "total_seconds"), 0.1),
    ("a warm online update of a wide network", "gradhpo", online("wide", "warm_update_seconds"), None),
    ("TPE, 1,000 trials in memory", "Optuna", tpe("optuna"), 0.02),
    ("TPE, 1,000 trials in memory", "Rustuna", tpe("rustuna"), 0.6),
    ("Gaussian process, a suggestion after 200 trials", "Optuna", suggestion, 0.1),
    ("PED-ANOVA of 10,000 trials", "Optuna", importance, None),
    ("a trial in a SQLite file", "Optuna as shipped", stored("shipped"), 0.04),
    ("a trial in a SQLite file", "Optuna, not waiting", stored("wal"), 0.06),
    ("a trial from Python, in a file", "Optuna", python_trial, 0.1),
    ("dashboard, until the best value of 1,000 trials shows", "optuna-dashboard", dashboard, 0.08),
]


def main():
    print("| what | peer | ours / theirs | at most | | measured on |\n|---|---|--:|--:|---|---|")
    results = Results(RESULTS)
    failed = False
    for what, peer, ratio, bound in RATIOS:
        try:
            measured = ratio(results)
        except (OSError, KeyError, ValueError) as error:
            failed = True
            print(f"| {what} | {peer} | | {bound or ''} | no result: {error} | |")
            continue
        holds = bound is None or measured <= bound
        failed |= not holds
        verdict = "" if bound is None else "holds" if holds else "FAILS"
        print(f"| {what} | {peer} | {measured:.3g} | {bound or ''} | {verdict} | {results.origin} |")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
