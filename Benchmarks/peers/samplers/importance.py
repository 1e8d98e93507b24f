"""Optuna's PED-ANOVA of random trials on a weighted sphere in [-10, 10]^d, timed; one line of JSON:

    .venv/bin/python importance.py --trials 10000 --dimensions 10 [--repeats 5] [--seed 0]
"""

import argparse
import json
import random
import time
import warnings

import optuna
from optuna.distributions import FloatDistribution
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import create_trial

parser = argparse.ArgumentParser()
parser.add_argument("--trials", type=int, default=10_000)
parser.add_argument("--dimensions", type=int, default=10)
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()
warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)

draw = random.Random(options.seed)
distributions = {f"x{j}": FloatDistribution(-10, 10) for j in range(options.dimensions)}
study = optuna.create_study()
trials = []
for _ in range(options.trials):
    params = {name: draw.uniform(-10, 10) for name in distributions}
    trials.append(create_trial(params=params, distributions=distributions,
                               value=sum(v * v / (j + 1) for j, v in enumerate(params.values()))))
study.add_trials(trials)
seconds = []
for _ in range(options.repeats):
    start = time.perf_counter()
    shares = optuna.importance.get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    seconds.append(time.perf_counter() - start)
print(json.dumps({"library": "optuna", "version": optuna.__version__, "trials": options.trials,
                  "dimensions": options.dimensions, "seconds": seconds, "shares": dict(shares)}))
