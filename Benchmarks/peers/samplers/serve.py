"""Optuna's samplers as shipped: random, tpe, gp, cmaes, and `auto`, the AutoSampler of OptunaHub.

`auto` is read from registry/package if that is there (a copy of optunahub-registry's folder `package`), and else
loaded by OptunaHub from the network.
"""

import pathlib
import sys
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from serving import serve  # noqa: E402


def auto(seed):
    import optunahub
    local = HERE / "registry" / "package"
    module = (optunahub.load_local_module("samplers/auto_sampler", registry_root=str(local)) if local.is_dir()
              else optunahub.load_module("samplers/auto_sampler"))
    return module.AutoSampler(seed=seed)


SAMPLERS = {
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "gp": lambda seed: optuna.samplers.GPSampler(seed=seed),
    "cmaes": lambda seed: optuna.samplers.CmaEsSampler(seed=seed),
    "auto": auto,
}


def distribution(p):
    if p["type"] == "categorical":
        return CategoricalDistribution(p["choices"])
    made = IntDistribution if p["type"] == "int" else FloatDistribution
    return made(p["low"], p["high"], log=p.get("log", False))


class Search:
    def __init__(self, opening):
        self.parameters, self.trials, self.given = opening["space"]["parameters"], {}, {}
        self.study = optuna.create_study(
            sampler=SAMPLERS[opening["sampler"]](opening["seed"]),
            directions=[o["direction"] for o in opening["objectives"]])
        self.distributions = {p["name"]: distribution(p) for p in self.parameters}

    def ask(self):
        trial = self.study.ask()
        params = {}
        for p in self.parameters:
            when = p.get("when")
            if when is None or params.get(when[0]) in when[1]:
                params[p["name"]] = self.suggest(trial, p)
        self.trials[trial.number] = trial
        return params

    @staticmethod
    def suggest(trial, p):
        if p["type"] == "categorical":
            return trial.suggest_categorical(p["name"], p["choices"])
        suggest = trial.suggest_int if p["type"] == "int" else trial.suggest_float
        return suggest(p["name"], p["low"], p["high"], log=p.get("log", False))

    def enqueue(self, number, params):
        self.given[number] = params

    def tell(self, number, values):
        if number in self.given:
            params = self.given.pop(number)
            self.study.add_trial(optuna.trial.create_trial(
                params=params, distributions={name: self.distributions[name] for name in params}, values=values))
        else:
            self.study.tell(self.trials.pop(number), values)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    serve(Search, f"optuna {optuna.__version__}")
