"""HPO4DL's DyHPO, made to run: what it needs changed is changed here, at run time.

- It stores `minimization` and never reads it: it maximizes whatever it is given. Metrics here are to be maximized.
- Its suggest() ends with None when the budget is spent; a large one is given.
- A first value that is no number ends it with an error, a later one makes it suggest the same for ever: none is given.
- It writes a log and a JSON file at each step; both go to a folder that is removed.
- `double=True` computes in 64 bits: it asks NumPy for `single`, which is answered with float64.
"""
import os
import tempfile

import ConfigSpace as CS
import numpy as np
import torch
from hpo4dl.configuration_manager.configuration_manager import ConfigurationManager
from hpo4dl.optimizers.dyhpo import dyhpo_optimizer
from hpo4dl.optimizers.dyhpo.surrogate_models import dyhpo as surrogate


class DoubleNumPy:
    """NumPy whose `single` is double."""

    single = np.float64

    def __getattr__(self, name):
        return getattr(np, name)


def space():
    result = CS.ConfigurationSpace(seed=1)
    result.add_hyperparameters([
        CS.UniformFloatHyperparameter("lr", 1e-5, 1e-1, log=True),
        CS.UniformFloatHyperparameter("momentum", 0.0, 1.0),
        CS.CategoricalHyperparameter("optimizer", ["sgd", "adam"]),
    ])
    return result


def accuracy(configuration, epoch):
    """A curve that rises to a level that depends on the configuration."""
    rate = np.log10(configuration["lr"]) + 3
    level = 0.9 - 0.08 * rate * rate - 0.1 * (configuration["momentum"] - 0.7) ** 2
    level -= 0.05 * (configuration["optimizer"] == "sgd")
    return round(float(level * (1 - np.exp(-0.3 * epoch * (0.5 + configuration["momentum"])))), 6)


def optimizer(configurations, epochs, seed=1, double=False):
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64 if double else torch.float32)
    dyhpo_optimizer.np = DoubleNumPy() if double else np
    manager = ConfigurationManager(space(), num_configurations=configurations, seed=seed)
    folder = tempfile.TemporaryDirectory()
    made = dyhpo_optimizer.DyHPOOptimizer(
        manager, seed=seed, max_epochs=epochs, minimization=False, total_budget=10**9, device="cpu",
        output_path=folder.name, num_configurations=configurations, verbose=False)
    made.folder = folder  # removed with it
    return made, manager


def observe(made, manager, place, epoch, value=None):
    """Tells it a value; the curve's if none is given."""
    configuration = manager.get_configuration(place)
    value = accuracy(configuration, epoch) if value is None else value
    made.observe([{"configuration_id": place, "epoch": epoch, "metric": value, "time": 0.0}])
    return value
