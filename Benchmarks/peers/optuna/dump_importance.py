"""Records importances of Optuna's PED-ANOVA on random histories:

    bash ../install.sh optuna
    .venv/bin/python dump_importance.py > ../../../Tests/OuterloopSearchTests/Golden/importance.json

Each case holds the parameters as `--param` takes them, the directions, the values of every trial (null where a
parameter is inactive) and what came out, not made to sum to 1.
"""
import json
import math
import warnings

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import create_trial

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)

FLOATS = {"x": ("float(0, 1)", FloatDistribution(0, 1)), "y": ("float(-3, 5)", FloatDistribution(-3, 5)),
          "lr": ("log(1e-5, 0.1)", FloatDistribution(1e-5, 0.1, log=True)),
          "s": ("float(0, 2, step 0.25)", FloatDistribution(0, 2, step=0.25))}
OTHERS = {"n": ("int(1, 9)", IntDistribution(1, 9)), "big": ("int(0, 1000)", IntDistribution(0, 1000)),
          "u": ("int(1, 300, log)", IntDistribution(1, 300, log=True)),
          "even": ("int(2, 20, step 2)", IntDistribution(2, 20, step=2)),
          "act": ("choice(a, b, c)", CategoricalDistribution(["a", "b", "c"])),
          "two": ("choice(p, q)", CategoricalDistribution(["p", "q"]))}
ALL = FLOATS | OTHERS


def draw(rng, d):
    if isinstance(d, CategoricalDistribution):
        return str(rng.choice(d.choices))
    low, high = (math.log(d.low), math.log(d.high)) if d.log else (d.low, d.high)
    value = low + (high - low) * rng.rand()
    value = math.exp(value) if d.log else value
    if isinstance(d, IntDistribution):
        return int(min(max(d.low + round((value - d.low) / d.step) * d.step, d.low), d.high))
    if d.step:
        return float(min(d.low + round((value - d.low) / d.step) * d.step, d.high))
    return float(f"{value:.8g}")


def number(name, value):
    d = ALL[name][1]
    if isinstance(d, CategoricalDistribution):
        return d.choices.index(value) / (len(d.choices) - 1)
    return (math.log(value) - math.log(d.low)) / (math.log(d.high) - math.log(d.low)) if d.log else (
        value - d.low) / (d.high - d.low)


def case(names, directions, n, seed, condition=None, target=0.1, region=1.0, objective=None, ties=False):
    """condition: (child, parent choice): the child exists where `act` is that choice."""
    rng = np.random.RandomState(seed)
    study = optuna.create_study(directions=directions)
    rows = []
    for _ in range(n):
        params = {name: draw(rng, ALL[name][1]) for name in names}
        if condition and params["act"] != condition[1]:
            del params[condition[0]]
        terms = [(i + 1) * (number(k, v) - 0.4) ** 2 for i, (k, v) in enumerate(params.items())]
        values = [sum(terms) + 0.1 * rng.randn(), sum(terms[::-1][:2]) - number(names[0], params[names[0]])]
        values = [float(f"{v:.1f}" if ties else f"{v:.10g}") for v in values[:len(directions)]]
        study.add_trial(create_trial(params=params, distributions={k: ALL[k][1] for k in params}, values=values))
        rows.append({"params": params, "values": values})
    evaluator = PedAnovaImportanceEvaluator(target_quantile=target, region_quantile=region)
    sign = -1 if objective is not None and directions[objective] == "maximize" else 1
    result = evaluator.evaluate(
        study, target=None if objective is None else lambda t: sign * t.values[objective])
    spaces = [f"{name}={ALL[name][0]}" + (f" if act == {condition[1]}" if condition and name == condition[0] else "")
              for name in names]
    return {"params": spaces, "directions": directions, "target": target, "region": region, "objective": objective,
            "trials": rows, "importances": result}


print(json.dumps({"optuna": optuna.__version__, "cases": [
    case(["x", "y", "lr", "n"], ["minimize"], 60, 1),
    case(["x", "y", "lr", "n"], ["maximize"], 60, 1),
    case(["s", "big", "u", "even", "act"], ["minimize"], 80, 2),
    case(["s", "big", "u", "even", "two"], ["maximize"], 45, 3, target=0.25),
    case(["act", "x", "lr"], ["minimize"], 70, 4, condition=("lr", "b")),
    case(["act", "x", "n", "two"], ["maximize"], 70, 5, condition=("two", "a"), target=0.2),
    case(["x", "y"], ["minimize"], 50, 6, ties=True),
    case(["x", "y", "act"], ["minimize"], 60, 7, target=0.1, region=0.5),
    case(["x", "n", "act"], ["minimize", "maximize"], 60, 8),
    case(["x", "n", "act"], ["minimize", "maximize"], 60, 8, objective=0),
    case(["x", "n", "act"], ["minimize", "maximize"], 60, 8, objective=1),
    case(["x", "lr"], ["minimize"], 2, 9), case(["x", "lr", "act"], ["minimize"], 7, 10),
]}, separators=(",", ":")))
