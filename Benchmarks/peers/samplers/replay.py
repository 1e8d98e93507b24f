"""Replays recorded curves under Optuna's TPE with its HyperbandPruner. Reads a problem of schedulers.py, prints what was
trained.

    .venv/bin/python replay.py < problem.json

Both are as shipped, the pruner from one epoch to the longest curve. A suggested configuration stands for the nearest one
of the table that has not been tried, by Euclidean distance on the parameters' scales.
"""
import json
import math
import sys
import time

import numpy as np
import optuna


def unit(parameters, configurations):
    """Each configuration on the scales of the parameters, from 0 to 1."""
    columns = []
    for one in parameters:
        values = np.array([configuration[one["name"]] for configuration in configurations], float)
        low, high = one["lower"], one["upper"]
        if one["log"]:
            values, low, high = np.log(values), math.log(low), math.log(high)
        columns.append((values - low) / (high - low))
    return np.stack(columns, axis=1)


def suggest(trial, parameters):
    return {
        one["name"]: (trial.suggest_int if one["type"] == "int" else trial.suggest_float)(
            one["name"], one["lower"], one["upper"], log=one["log"])
        for one in parameters}


def main():
    problem = json.load(sys.stdin)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    parameters, scores = problem["parameters"], problem["scores"]
    table = unit(parameters, problem["configurations"])
    is_free = np.ones(len(scores), bool)
    observed = []
    start = time.perf_counter()
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=problem["seed"]),
        pruner=optuna.pruners.HyperbandPruner(min_resource=1, max_resource=max(map(len, scores))))
    while len(observed) < problem["budget"] and is_free.any():
        trial = study.ask()
        wanted = unit(parameters, [suggest(trial, parameters)])
        place = int(np.where(is_free, ((table - wanted) ** 2).sum(axis=1), np.inf).argmin())
        is_free[place], state = False, optuna.trial.TrialState.COMPLETE
        for epoch, score in enumerate(scores[place], 1):
            if len(observed) == problem["budget"]:
                break
            observed.append([place, epoch])
            trial.report(score, epoch)
            if trial.should_prune():
                state = optuna.trial.TrialState.PRUNED
                break
        if state == optuna.trial.TrialState.PRUNED:
            study.tell(trial, state=state)
        else:
            study.tell(trial, score)
    print(json.dumps({
        "observed": observed, "seconds": time.perf_counter() - start, "version": f"optuna {optuna.__version__}"}))


if __name__ == "__main__":
    main()
