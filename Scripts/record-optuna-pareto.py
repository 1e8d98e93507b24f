#!/usr/bin/env python3
"""Records what Optuna's own functions say about random points, for ParetoReferenceTests, as
Tests/OuterloopSearchTests/Pareto/OptunaCases.swift.

usage: record-optuna-pareto.py (needs optuna; made with optuna 5.0.0)
"""
import pathlib

import numpy
import optuna
from optuna._hypervolume.hssp import _solve_hssp
from optuna._hypervolume.wfg import compute_hypervolume
from optuna.samplers._tpe.sampler import _get_reference_point
from optuna.samplers.nsgaii._elite_population_selection_strategy import _calc_crowding_distance
from optuna.study._multi_objective import _calculate_nondomination_rank


def text(values, form):
    return "[" + ", ".join(form(value) for value in values) + "]"


def number(value):
    return repr(float(value))


rows = []
generator = numpy.random.default_rng(20261)
for objectives, count, levels in [
    (2, 30, 0), (2, 40, 6), (3, 25, 0), (3, 40, 4), (4, 16, 0), (4, 30, 3), (5, 12, 0),
]:
    # Either distinct values of three digits, or few levels, so that there are ties and equals.
    if levels:
        points = generator.integers(-1, levels, (count, objectives)).astype(float)
    else:
        points = numpy.stack(
            [generator.permutation(999)[:count] / 1000 for _ in range(objectives)], axis=1
        )
    ranks = _calculate_nondomination_rank(points)
    reference = _get_reference_point(points)
    front = numpy.flatnonzero(ranks == 0)
    trials = [
        optuna.trial.create_trial(values=list(map(float, points[index]))) for index in front
    ]
    for index, trial in zip(front, trials):
        trial.number = int(index)
    crowding = _calc_crowding_distance(list(trials))
    size = max(1, len(front) // 2)
    chosen = sorted(map(int, _solve_hssp(points[front], front, size, reference)))
    fields = [
        "points: " + text(points, lambda row: text(row, number)),
        "reference: " + text(reference, number),
        "ranks: " + text(ranks, str),
        f"hypervolume: {number(compute_hypervolume(points, reference))}",
    ]
    # Optuna orders ties by position, so only distinct values have one answer.
    if not levels:
        fields += [
            "crowding: " + text((crowding[int(index)] for index in front), number)
            .replace("inf", ".infinity"),
            "subset: " + text(chosen, str),
        ]
    rows.append("    OptunaCase(\n      " + ",\n      ".join(fields) + "),\n")

folder = pathlib.Path(__file__).parent.parent / "Tests/OuterloopSearchTests/Pareto"
(folder / "OptunaCases.swift").write_text(
    "/// Points and what Optuna finds; made by `Scripts/record-optuna-pareto.py`.\n"
    "struct OptunaCase: Sendable {\n"
    "  var points: [[Double]]\n  var reference: [Double]\n  var ranks: [Int]\n"
    "  var hypervolume: Double\n"
    "  /// Of the first front; `nil` where values tie.\n  var crowding: [Double]?\n"
    "  /// Half of the first front, chosen greedily, rising; `nil` where values tie.\n"
    "  var subset: [Int]?\n\n"
    "  static let all: [OptunaCase] = [\n" + "".join(rows) + "  ]\n}\n"
)
