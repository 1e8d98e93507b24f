"""Records which points survive in pymoo's NSGA-II and NSGA-III:

    bash ../install.sh pymoo
    .venv/bin/python dump_survival.py > ../../../Tests/OuterloopSearchTests/Golden/survival.json

Random choices are taken out: a permutation is the order as it is. Fronts are in rising order, so that the
order in which pymoo's sorting finds them does not matter. The first points of a case span [0, 1] in every
objective, where what pymoo takes for zero is what we take for it.
"""
import json

import numpy as np
import pymoo.algorithms.moo.nsga3 as nsga3
from pymoo.core.individual import Individual
from pymoo.core.population import Population
from pymoo.core.problem import Problem
from pymoo.operators.survival.rank_and_crowding.metrics import calc_crowding_distance
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting
from pymoo.util.ref_dirs import get_reference_directions


class Unmoved:
    def permutation(self, count):
        return np.arange(count)

    def shuffle(self, values):
        pass


class Sorted(NonDominatedSorting):
    def do(self, *args, return_rank=False, **kwargs):
        fronts, rank = super().do(*args, return_rank=True, **kwargs)
        fronts = [np.sort(front) for front in fronts]
        return (fronts, rank) if return_rank else fronts


nsga3.NonDominatedSorting = Sorted


def population(F):
    return Population.create(*[Individual(F=f, index=i) for i, f in enumerate(F)])


def points(rng, shape, n, m):
    x = rng.rand(n, m) + 1e-3
    if shape == "sphere":
        F = x / np.linalg.norm(x, axis=1, keepdims=True) * (1 + 0.5 * rng.rand(n, 1))
    elif shape == "plane":
        F = x / x.sum(axis=1, keepdims=True) * (1 + rng.rand(n, 1))
    else:
        F = x
    return F


def niches(shape, n, m, divisions, size, seed, rounds=3):
    rng = np.random.RandomState(seed)
    directions = get_reference_directions("das-dennis", m, n_partitions=divisions)
    survival = nsga3.ReferenceDirectionSurvival(directions)
    case = {"objectives": m, "divisions": divisions, "size": size, "directions": len(directions), "rounds": []}
    first, low, high = True, None, None
    kept = np.empty((0, m))
    for _ in range(rounds):
        F = points(rng, shape, n, m)
        if first:
            low, high = F.min(axis=0), F.max(axis=0)
            first = False
        F = np.round(np.clip((F - low) / (high - low), 0, 1), 9)
        F = np.concatenate([kept, F])
        pop = population(F)
        survivors = survival._do(Problem(n_obj=m), pop, n_survive=size, random_state=Unmoved())
        indices = [int(i.get("index")) for i in survivors]
        case["rounds"].append({"points": F.tolist(), "survivors": indices,
                               "nadir": survival.norm.nadir_point.tolist()})
        kept = F[indices]
    return case


def crowding(n, m, size, seed):
    """Fronts and crowding distances, and the survivors of NSGA-II where no two are equally crowded."""
    rng = np.random.RandomState(seed)
    F = np.round(points(rng, "sphere" if seed % 2 else "cube", n, m), 9)
    fronts = Sorted().do(F)
    survivors, distances = [], []
    for front in fronts:
        d = calc_crowding_distance(F[front])
        distances.append(d.tolist())
        order = front if len(survivors) + len(front) <= size else front[np.argsort(-d, kind="stable")]
        survivors += [int(i) for i in order[:size - len(survivors)]]
    return {"points": F.tolist(), "fronts": [f.tolist() for f in fronts], "size": size, "survivors": survivors,
            "distances": [[x if np.isfinite(x) else None for x in d] for d in distances]}


print(json.dumps({
    "pymoo": "0.6.2",
    "crowding": [crowding(n, m, size, seed) for seed, (n, m, size) in enumerate(
        [(20, 2, 8), (40, 2, 20), (40, 3, 20), (30, 4, 10), (60, 3, 25), (25, 5, 12)])],
    "niches": [niches(*case) for case in [
        ("sphere", 40, 3, 4, 15, 1), ("plane", 40, 3, 5, 21, 2), ("cube", 60, 3, 3, 10, 3), ("sphere", 30, 2, 9, 10, 4),
        ("cube", 40, 5, 2, 15, 5), ("plane", 50, 4, 3, 20, 6), ("sphere", 25, 3, 2, 12, 7)]],
}, separators=(",", ":")))
