"""Records generations of the package cmaes, with the random numbers that it drew:

    bash ../install.sh cmaes
    .venv/bin/python dump_generations.py > ../../../Tests/OuterloopSearchTests/Golden/cmaes.json

Each case holds the space, the normal and uniform numbers in the order in which they were drawn, the losses
of each generation in the order of its points, and the distribution after it. The package draws
m + sigma B D z, with the eigenvectors B of C in the order and with the signs that LAPACK gives them;
handing it B' z instead of z makes that m + sigma C^(1/2) z, which needs neither.

Grids of a mixed space have equally many values: the package pads shorter ones with their last value and
takes that for a threshold, so that their margins differ from those of the paper.
"""
import json
import math

import numpy as np
from cmaes import CMA, CatCMAwM, CMAwM
from cmaes import get_warm_start_mgd


class Recorder:
    """Stands in for the package's generator."""

    def __init__(self, seed, optimizer):
        self.rng, self.optimizer, self.normals, self.uniforms = np.random.RandomState(seed), optimizer, [], []

    def randn(self, count):
        z = np.round(self.rng.randn(count), 5)  # short in the file, and exactly what was used
        self.normals.append(z.tolist())
        B, _ = self.optimizer._eigen_decomposition()
        return B.T @ z

    def rand(self, *shape):
        u = np.round(self.rng.rand(*shape), 7)
        self.uniforms.append(u.ravel().tolist())
        return u


def sphere(x):
    return float(sum((v - 0.3 - 0.05 * i) ** 2 for i, v in enumerate(x)))


def ellipsoid(x):
    return float(sum(100 ** (i / max(len(x) - 1, 1)) * (v - 0.4) ** 2 for i, v in enumerate(x)))


def rosenbrock(x):
    y = [4 * v - 1 for v in x]
    return float(sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(y, y[1:])))


def corner(x):
    return float(sum((i + 1) * (v + 0.2) ** 2 for i, v in enumerate(x)))


def state(cma):
    return {"mean": cma._mean.tolist(), "sigma": float(cma._sigma), "covariance": cma._C.ravel().tolist()}


def run_cma(name, f, d, seed, lr_adapt=False, generations=30, population=None):
    mean = np.full(d, 0.5)
    cma = CMA(mean=mean, sigma=1 / 6, bounds=np.tile([0.0, 1.0], (d, 1)), n_max_resampling=10 * d,
              lr_adapt=lr_adapt, population_size=population)
    cma._rng = recorder = Recorder(seed, cma)
    case = {"name": name, "dimensions": d, "population": cma.population_size, "adaptsRates": lr_adapt,
            "generations": []}
    for _ in range(generations):
        solutions = []
        for _ in range(cma.population_size):
            x = cma.ask()
            solutions.append((x, round(f(x), 12)))
        losses = [v for _, v in solutions]
        cma.tell(solutions)
        case["generations"].append({"losses": losses, **state(cma)})
    return case | {"normals": recorder.normals}


def run_margin(name, f, counts, seed, generations=30):
    """counts: grid values on [0, 1], None for continuous."""
    d = len(counts)
    steps = np.array([0.0 if c is None else 1 / (c - 1) for c in counts])
    cma = CMAwM(mean=np.full(d, 0.5), sigma=1 / 6, bounds=np.tile([0.0, 1.0], (d, 1)), steps=steps,
                n_max_resampling=10 * d)
    cma._cma._rng = recorder = Recorder(seed, cma._cma)
    case = {"name": name, "dimensions": d, "population": cma.population_size, "counts": counts, "generations": []}
    for _ in range(generations):
        solutions, losses = [], []
        for _ in range(cma.population_size):
            x, raw = cma.ask()
            losses.append(round(f(x), 12))  # ties are ties in the file too
            solutions.append((raw, losses[-1]))
        cma.tell(solutions)
        case["generations"].append({"losses": losses, **state(cma._cma), "scales": cma._A.tolist()})
    return case | {"normals": recorder.normals}


def run_mixed(name, ranges, grids, choices, f, seed, generations=30):
    cma = CatCMAwM(x_space=ranges or None, z_space=grids or None, c_space=choices or None)
    recorder = Recorder(seed, cma)
    cma._rng = recorder
    case = {"name": name, "ranges": ranges, "grids": grids, "choices": choices, "population": cma.population_size,
            "generations": []}
    for _ in range(generations):
        solutions, losses = [], []
        for _ in range(cma.population_size):
            s = cma.ask()
            loss = f(s.x if ranges else [], s.z if grids else [],
                     [] if not choices else [int(np.argmax(row)) for row in s.c])
            losses.append(round(loss, 12))
            solutions.append((s, losses[-1]))
        cma.tell(solutions)
        after = {"losses": losses}
        if ranges or grids:
            after |= state(cma) | {"scales": cma._A.tolist()}
        if choices:
            after["probabilities"] = [cma._q[i, :k].tolist() for i, k in enumerate(choices)]
        case["generations"].append(after)
    return case | {"normals": recorder.normals, "uniforms": recorder.uniforms}


def mixed_loss(x, z, c):
    return float(sum(v * v for v in x) + sum((v - 1) ** 2 for v in z) + sum(0.5 + 0.1 * i for i, v in enumerate(c) if v != 1)
                 + (0.3 * abs(x[0] - z[0]) if len(x) and len(z) else 0))


def warm(seed, d, count):
    rng = np.random.RandomState(seed)
    rows = [(rng.rand(d), float(rng.rand())) for _ in range(count)]
    mean, sigma, cov = get_warm_start_mgd(rows)
    return {"points": [r.tolist() for r, _ in rows], "losses": [v for _, v in rows], "mean": mean.tolist(),
            "sigma": sigma, "covariance": cov.ravel().tolist()}


def short(value):
    """13 digits of every number."""
    if isinstance(value, dict):
        return {k: short(v) for k, v in value.items()}
    if isinstance(value, list):
        return [short(v) for v in value]
    return float(f"{value:.13g}") if isinstance(value, float) else value


print(json.dumps(short({
    "cmaes": "0.13.1",
    "gaussian": [
        run_cma("sphere", sphere, 3, 1), run_cma("one variable", sphere, 1, 2),
        run_cma("Rosenbrock", rosenbrock, 4, 3), run_cma("corner", corner, 3, 4),
        run_cma("large population", ellipsoid, 2, 5, population=15),
        run_cma("rates", rosenbrock, 3, 6, lr_adapt=True),
        run_cma("rates, one variable", sphere, 1, 7, lr_adapt=True),
        run_cma("rates, ellipsoid", ellipsoid, 4, 8, lr_adapt=True)],
    "margin": [
        run_margin("mixed", ellipsoid, [None, 11, None, 3], 11), run_margin("all on a grid", sphere, [6, 21, 4], 12),
        run_margin("binary", corner, [2, 2, None], 13), run_margin("end of the range", corner, [5, None, 101], 14)],
    "mixed": [
        run_mixed("all kinds", [[-3.0, 3.0], [-4.0, 4.0]], [[-1, 0, 1, 2, 3], [-2, -1, 0, 1, 2]], [3, 4], mixed_loss, 21),
        run_mixed("continuous", [[0.0, 1.0], [-0.1, 2.0], [-5.0, 5.0]], [], [], mixed_loss, 22),
        run_mixed("grids", [], [[0, 1, 2, 3, 4, 5], [2, 4, 6, 8, 10, 12], [-3, -2, -1, 0, 1, 2]], [], mixed_loss, 23),
        run_mixed("choices", [], [], [2, 5, 3], mixed_loss, 24),
        run_mixed("grids and choices", [], [[0, 1, 2, 3, 4, 5, 6]], [2, 3], mixed_loss, 25),
        run_mixed("at the end", [[0.5, 2.0], [-1.0, 1.0]], [[1, 2, 3, 4, 5, 6, 7, 8]], [4], mixed_loss, 26)],
    "warm": [warm(31, 2, 40), warm(32, 5, 25), warm(33, 3, 10)],
}), separators=(",", ":")))
