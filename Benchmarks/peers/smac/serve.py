"""SMAC3's facade for hyperparameter optimization (random forest, log EI) as shipped. Every configuration is
evaluated once (deterministic), in noise too, as by the other samplers. Its Sobol design depends on the number of
trials: a search of 100 is not the start of one of 200."""

import importlib.metadata
import logging
import pathlib
import sys
import tempfile
import warnings

from ConfigSpace import Categorical, ConfigurationSpace, Float, InCondition, Integer
from smac import HyperparameterOptimizationFacade, Scenario
from smac.runhistory.dataclasses import TrialValue

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from serving import serve  # noqa: E402


class Search:
    def __init__(self, opening):
        parameters, seed = opening["space"]["parameters"], opening["seed"]
        space = ConfigurationSpace(seed=seed)
        made = {}
        for p in parameters:
            name, log = p["name"], p.get("log", False)
            made[name] = {
                "float": lambda: Float(name, (p["low"], p["high"]), log=log),
                "int": lambda: Integer(name, (p["low"], p["high"]), log=log),
                "categorical": lambda: Categorical(name, p["choices"]),
            }[p["type"]]()
            space.add(made[name])
        for p in parameters:
            if "when" in p:
                space.add(InCondition(made[p["name"]], made[p["when"][0]], p["when"][1]))
        self.folder = tempfile.TemporaryDirectory()
        scenario = Scenario(
            space, output_directory=pathlib.Path(self.folder.name), deterministic=True, n_trials=opening["trials"], seed=seed)
        self.smac = HyperparameterOptimizationFacade(
            scenario, lambda config, seed=0: 0.0, overwrite=True, logging_level=logging.ERROR)
        self.asked = {}

    def ask(self):
        info = self.smac.ask()
        self.asked[len(self.asked)] = info
        return dict(info.config)

    def tell(self, number, values):
        self.smac.tell(self.asked[number], TrialValue(cost=values[0], time=1.0))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    serve(Search, f"smac {importlib.metadata.version('smac')}")
