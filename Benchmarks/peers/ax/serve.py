"""Two samplers on BoTorch: `ax`, Ax's client with its generation strategy `fast` as shipped (the centre, Sobol points,
then a Gaussian process with qLogNEI; a conditional space is given as
dependent parameters where it is a tree, and else flat), and `botorch`, the plain
loop of BoTorch's tutorials: 2 d Sobol points, SingleTaskGP, LogEI, 10 restarts of 512 raw samples; for
continuous spaces only."""

import importlib.metadata
import logging
import pathlib
import sys
import warnings

import ax
import botorch
import torch
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from serving import serve  # noqa: E402


class AxSearch:
    def __init__(self, parameters, seed):
        torch.manual_seed(seed)
        self.client = Client(random_seed=seed)
        children = {}
        # A child of several values is no tree to Ax: such a space is given flat.
        if all(len(p["when"][1]) == 1 for p in parameters if "when" in p):
            for p in parameters:
                if "when" in p:
                    children.setdefault(p["when"][0], {})[p["when"][1][0]] = children.get(
                        p["when"][0], {}).get(p["when"][1][0], []) + [p["name"]]
        self.client.configure_experiment([self.described(p, children.get(p["name"])) for p in parameters])
        self.client.configure_optimization("-f")
        self.client.configure_generation_strategy(method="fast", initialization_random_seed=seed)
        self.asked = []

    @staticmethod
    def described(p, children):
        if p["type"] != "categorical":
            return RangeParameterConfig(
                p["name"], (p["low"], p["high"]), p["type"], scaling="log" if p.get("log") else "linear")
        return ChoiceParameterConfig(
            p["name"], p["choices"], "str", is_ordered=False, dependent_parameters=children)

    def ask(self):
        (index, params), = self.client.get_next_trials(max_trials=1).items()
        self.asked.append(index)
        return params

    def tell(self, number, values):
        self.client.complete_trial(self.asked[number], {"f": values[0]})


class BoTorchSearch:
    def __init__(self, parameters, seed):
        if any(p["type"] != "float" or "when" in p for p in parameters):
            raise ValueError("not applicable: botorch is run on continuous spaces only")
        torch.manual_seed(seed)
        self.parameters = parameters
        self.start = torch.quasirandom.SobolEngine(len(parameters), scramble=True, seed=seed).draw(
            2 * len(parameters), dtype=torch.double)
        self.x, self.y = torch.empty(0, len(parameters), dtype=torch.double), []

    def ask(self):
        n = len(self.y)
        x = self.start[n] if n < len(self.start) else self.model()
        self.x = torch.cat([self.x, x[None]])
        return {p["name"]: p["low"] * (p["high"] / p["low"]) ** u if p["log"] else p["low"] + (p["high"] - p["low"]) * u
                for p, u in zip(self.parameters, x.tolist())}

    def model(self):
        from botorch.acquisition import LogExpectedImprovement
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import SingleTaskGP
        from botorch.models.transforms import Standardize
        from botorch.optim import optimize_acqf
        from gpytorch.mlls import ExactMarginalLogLikelihood
        y = -torch.tensor(self.y, dtype=torch.double)[:, None]
        gp = SingleTaskGP(self.x, y, outcome_transform=Standardize(m=1))
        fit_gpytorch_mll(ExactMarginalLogLikelihood(gp.likelihood, gp))
        bounds = torch.stack([torch.zeros(self.x.shape[1]), torch.ones(self.x.shape[1])]).double()
        found, _ = optimize_acqf(
            LogExpectedImprovement(gp, best_f=y.max()), bounds, q=1, num_restarts=10, raw_samples=512)
        return found[0]

    def tell(self, number, values):
        self.y.append(values[0])


def search(opening):
    made = {"ax": AxSearch, "botorch": BoTorchSearch}[opening["sampler"]]
    return made(opening["space"]["parameters"], opening["seed"])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    serve(search, f"ax-platform {importlib.metadata.version('ax-platform')}, botorch {botorch.__version__}, "
                  f"torch {torch.__version__}")
