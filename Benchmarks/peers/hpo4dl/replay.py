"""Replays recorded curves under HPO4DL's DyHPO. Reads a problem of schedulers.py, prints what was trained.

    .venv/bin/python replay.py < problem.json

Its 1,000 candidates are those of the table, whose scores it maximizes (what it is told to minimize it maximizes too). It
is as shipped otherwise, and asks for one epoch at a time.
"""
import json
import sys
import tempfile
import time
from importlib.metadata import version

import ConfigSpace as CS
import numpy as np
import pandas as pd
import torch
from hpo4dl.configuration_manager.configuration_manager import ConfigurationManager
from hpo4dl.optimizers.dyhpo.dyhpo_optimizer import DyHPOOptimizer


def space(parameters):
    result = CS.ConfigurationSpace()
    kinds = {"float": CS.UniformFloatHyperparameter, "int": CS.UniformIntegerHyperparameter}
    for one in parameters:
        result.add_hyperparameter(kinds[one["type"]](one["name"], one["lower"], one["upper"], log=one["log"]))
    return result


def main():
    problem = json.load(sys.stdin)
    torch.set_num_threads(1)
    manager = ConfigurationManager(space(problem["parameters"]), num_configurations=2, seed=problem["seed"])
    manager.configurations = problem["configurations"]
    manager.configurations_df = pd.DataFrame(manager.configurations)[manager.configuration_names]
    scores, observed = problem["scores"], []
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        made = DyHPOOptimizer(
            manager, seed=problem["seed"], max_epochs=max(map(len, scores)), minimization=False, total_budget=10**9,
            device="cpu", output_path=folder, num_configurations=len(scores), verbose=False)
        for _ in range(problem["budget"]):
            places, epochs = made.suggest()
            place, epoch = int(places[0]), int(np.asarray(epochs).ravel()[0])
            observed.append([place, epoch])
            made.observe([{
                "configuration_id": place, "epoch": epoch, "metric": scores[place][epoch - 1], "time": 0.0}])
    print(json.dumps({
        "observed": observed, "seconds": time.perf_counter() - start, "version": f"hpo4dl {version('hpo4dl')}"}))


if __name__ == "__main__":
    main()
