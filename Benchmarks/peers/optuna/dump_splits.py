"""Records which trials Optuna's TPE calls good when there are several objectives:

    bash ../install.sh optuna
    .venv/bin/python dump_splits.py > ../../../Tests/OuterloopSearchTests/Golden/splits.json

Each case holds the values of the trials, in order, all to be made small, and the numbers of the good ones.
"""
import json
import math

import numpy as np
import optuna
from optuna.samplers._tpe.sampler import _split_trials, default_gamma_multiobjective

optuna.logging.set_verbosity(optuna.logging.ERROR)


def values(rng, count, objectives, spread):
    """DTLZ2 near its front (a small spread) or all over; one in five rows is an earlier one."""
    rows = []
    for _ in range(count):
        if rows and rng.random() < 0.2:
            rows.append(rows[rng.integers(len(rows))])
            continue
        radius = 1 + spread * rng.random()
        angles = rng.random(objectives - 1) * math.pi / 2
        row = [radius] * objectives
        for k, angle in enumerate(angles):
            for j in range(objectives):
                if j < objectives - 1 - k:
                    row[j] *= math.cos(angle)
                elif j == objectives - 1 - k:
                    row[j] *= math.sin(angle)
        rows.append([round(value, 4) for value in row])
    return rows


def main():
    rng = np.random.default_rng(5)
    cases = []
    for objectives in (2, 3, 4):
        for count in (11, 30, 64):
            for spread in (0.0, 0.3, 4.0):
                rows = values(rng, count, objectives, spread)
                study = optuna.create_study(directions=["minimize"] * objectives)
                study.add_trials([optuna.trial.create_trial(values=row) for row in rows])
                good, _ = _split_trials(study, study.get_trials(), default_gamma_multiobjective(count))
                cases.append({"values": rows, "good": sorted(trial.number for trial in good)})
    print(json.dumps(cases))


if __name__ == "__main__":
    main()
