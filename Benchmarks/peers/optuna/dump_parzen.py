"""Records the log densities of Optuna's own Parzen estimator on small histories:

    bash ../install.sh optuna
    .venv/bin/python dump_parzen.py > ../../../Tests/OuterloopSearchTests/Golden/parzen.json

Each case holds the parameters, the observations (one row for every parameter, oldest first), the
options, the points and the log densities there. Optuna sorts observations with NumPy's default
sort, which leaves the order of equal ones open; it is made stable here, so that of equal
observations the older comes first.
"""
import json

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import default_weights

_argsort = np.argsort
np.argsort = lambda a, *args, **kwargs: _argsort(a, *args, **{**kwargs, "kind": "stable"})

FLOATS = {
    "float": FloatDistribution(0.0, 1.0),
    "offset": FloatDistribution(-3.0, 250.0),
    "log": FloatDistribution(1e-5, 10.0, log=True),
    "step": FloatDistribution(-1.0, 2.0, step=0.25),
}
INTS = {
    "int": IntDistribution(0, 9),
    "even": IntDistribution(2, 64, step=2),
    "large": IntDistribution(1, 3000),
    "logint": IntDistribution(1, 40, log=True),
    "largelog": IntDistribution(1, 20000, log=True),
}
OTHERS = {
    "three": CategoricalDistribution(["a", "b", "c"]),
    "ten": CategoricalDistribution(list(range(10))),
}
SPACE = {**FLOATS, **INTS, **OTHERS}


def describe(distribution):
    if isinstance(distribution, CategoricalDistribution):
        return {"choices": len(distribution.choices)}
    return {"low": distribution.low, "high": distribution.high, "step": distribution.step,
            "log": distribution.log}


def draw(rng, distribution, count, where):
    """Values spread over the range, or near one end of it (in the tails of most kernels)."""
    u = rng.uniform(size=count)
    if where == "low":
        u = u * 0.02
    if where == "high":
        u = 1 - u * 0.02
    if isinstance(distribution, CategoricalDistribution):
        return np.floor(u * len(distribution.choices))
    low, high = distribution.low, distribution.high
    x = low * (high / low) ** u if distribution.log else low + u * (high - low)
    if distribution.step is not None:
        x = np.clip(low + np.round((x - low) / distribution.step) * distribution.step, low, high)
    return np.array([float(f"{v:.8g}") for v in x])


def ends(distribution):
    if isinstance(distribution, CategoricalDistribution):
        return [0.0, len(distribution.choices) - 1.0]
    return [float(distribution.low), float(distribution.high)]


def case(rng, names, count, where="all", clip=True, endpoints=False, prior=1.0, points=4):
    space = {name: SPACE[name] for name in names}
    observations = {name: draw(rng, d, count, where) for name, d in space.items()}
    at = {name: np.append(draw(rng, d, points, "all"), ends(d)) for name, d in space.items()}
    estimator = _ParzenEstimator(
        observations, space,
        _ParzenEstimatorParameters(
            prior_weight=prior, consider_magic_clip=clip, consider_endpoints=endpoints,
            weights=default_weights, multivariate=len(names) > 1))
    return {
        "parameters": [describe(d) for d in space.values()],
        "observations": [list(observations[name]) for name in names],
        "magicClip": clip, "endpoints": endpoints, "priorWeight": prior,
        "points": [list(at[name]) for name in names],
        "logDensity": [float(v) for v in estimator.log_pdf(at)],
    }


def main():
    rng = np.random.default_rng(20)
    cases = []
    for name in SPACE:
        for count in (0, 1, 2, 30, 150):
            cases.append(case(rng, [name], count))
        cases.append(case(rng, [name], 7, where="low"))
        cases.append(case(rng, [name], 40, where="high"))
    for name in [*FLOATS, *INTS]:
        for count in (1, 2, 3, 30):
            cases.append(case(rng, [name], count, clip=False))
            cases.append(case(rng, [name], count, endpoints=True))
        cases.append(case(rng, [name], 12, clip=False, endpoints=True, prior=0.3))
    for name in ("float", "logint", "three"):
        cases.append(case(rng, [name], 12, prior=2.5))
    for names in (["float", "log"], ["float", "three"], ["log", "int", "ten"],
                  ["offset", "step", "logint", "three"], ["large", "largelog"], list(SPACE)):
        for count in (0, 1, 2, 30):
            cases.append(case(rng, names, count, points=2))
        cases.append(case(rng, names, 9, where="low", points=2))
        cases.append(case(rng, names, 9, clip=False, endpoints=True, points=2))
    cases.append(case(rng, ["float", "log", "int", "three"], 150, points=4))
    print("{" + f'"optuna": "{optuna.__version__}", "cases": [')
    print(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
    print("]}")


main()
