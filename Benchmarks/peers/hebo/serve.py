"""HEBO as shipped. It has no conditional parameters: a search gets all parameters, those that are not active
included, and the objective ignores these."""

import importlib.metadata
import pathlib
import random
import sys
import warnings

import numpy
import pandas
import torch
from hebo.design_space.design_space import DesignSpace
from hebo.optimizers.hebo import HEBO

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from serving import serve  # noqa: E402


def described(p):
    if p["type"] == "categorical":
        return {"name": p["name"], "type": "cat", "categories": p["choices"]}
    kind = {("float", False): "num", ("float", True): "pow", ("int", False): "int", ("int", True): "pow_int"}
    described = {"name": p["name"], "type": kind[p["type"], p.get("log", False)], "lb": p["low"], "ub": p["high"]}
    return described | ({"base": 10} if p.get("log") else {})


class Search:
    def __init__(self, opening):
        parameters, seed = opening["space"]["parameters"], opening["seed"]
        random.seed(seed)
        numpy.random.seed(seed)
        torch.manual_seed(seed)
        self.hebo = HEBO(DesignSpace().parse([described(p) for p in parameters]), scramble_seed=seed)
        self.asked = {}

    def ask(self):
        suggested = self.hebo.suggest(n_suggestions=1)
        self.asked[len(self.asked)] = suggested
        return suggested.iloc[0].to_dict()

    def tell(self, number, values):
        self.hebo.observe(self.asked[number], numpy.array([values]))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    serve(Search, f"HEBO {importlib.metadata.version('HEBO')}, torch {torch.__version__}")
