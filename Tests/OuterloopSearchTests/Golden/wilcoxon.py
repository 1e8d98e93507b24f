"""Records one-sided p-values of SciPy's signed-rank test, with zeros split and a correction for continuity, and
decisions of Optuna's WilcoxonPruner:

    pip install scipy==1.17.1 optuna==5.0.0
    python3 wilcoxon.py > wilcoxon.json
"""

import json
import sys

import numpy as np
import optuna
from scipy import stats

optuna.logging.set_verbosity(optuna.logging.ERROR)
rng = np.random.default_rng(1)

tests = []
for n, kind in [(2, "real"), (3, "real"), (5, "real"), (10, "real"), (30, "real"), (50, "real"), (120, "real"),
                (4, "ties"), (8, "ties"), (13, "ties"), (6, "zeros"), (12, "zeros"), (150, "ties")]:
    d = rng.normal(0.3, 1, n)
    if kind != "real":
        d = np.rint(2 * d)
    if kind == "ties":
        d[d == 0] = 1
    d = [round(float(x), 4) for x in d]
    p = stats.wilcoxon(d, alternative="greater", zero_method="zsplit", correction=True).pvalue
    tests.append({"differences": d, "p": float(p)})

pruner = optuna.pruners.WilcoxonPruner(p_threshold=0.1, n_startup_steps=2)
decisions = []
for direction in ["minimize", "maximize"]:
    for case in range(12):
        study = optuna.create_study(direction=direction, pruner=pruner)
        sign = 1 if direction == "minimize" else -1
        # The last report of the best trial is its mean, which the running trial does not have.
        best = [round(float(x), 4) for x in rng.normal(0, 1, 10)]
        other = [round(float(b + x), 4) for b, x in zip(best, rng.normal([-0.2, 0.1, 0.5, 1][case % 4], 0.8, 10))]
        mean = sum(best) / 10
        trial = optuna.trial.create_trial(
            value=sign * mean, intermediate_values={i + 1: sign * b for i, b in enumerate(best)})
        study.add_trial(trial)
        running, stopped = study.ask(), None
        order = [int(i) for i in rng.permutation(10)]
        for count, i in enumerate(order):
            running.report(sign * other[i], i + 1)
            if running.should_prune():
                stopped = count + 1
                break
        decisions.append({"direction": direction, "best": [sign * b for b in best], "mean": sign * mean,
                          "other": [sign * o for o in other], "order": [i + 1 for i in order], "stopped": stopped})
json.dump({"tests": tests, "decisions": decisions}, sys.stdout)
