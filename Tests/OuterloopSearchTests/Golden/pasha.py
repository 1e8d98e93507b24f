"""Records what PASHA of Syne Tune 0.14 does with noisy curves: trial, epoch, value, and after each report eps and the
epochs up to which trials are promoted.

    pip install --no-deps syne-tune==0.14.0
    pip install numpy pandas dill sortedcontainers ujson
    python3 pasha.py > pasha.json

It takes pairs of trials from sets, whose order is another one in each process, so that it counts some pairs twice;
here pairs are taken in order.
"""
import itertools
import json
import sys
import types

import numpy as np
from syne_tune.optimizer.schedulers import legacy_hyperband_pasha as pasha

pasha.itertools = types.SimpleNamespace(
    combinations=lambda trials, n: itertools.combinations(sorted(trials, key=int), n))


def run(seed, trials, noise):
    rng = np.random.default_rng(seed)
    levels, top = [1, 3, 9, 27], 81
    system = pasha.PASHARungSystem(levels, [1 / 3] * 4, "y", "min", "r", top)
    level, speed = rng.random(trials), rng.random(trials)
    steps, started = [], 0
    while True:
        found = system.on_task_schedule(str(started))
        if found.get("trial_id") is not None:
            trial, begin, end = found["trial_id"], found["resume_from"], found["milestone"]
            system.on_task_add(trial, 0, new_config=False, milestone=end, resume_from=begin)
        elif started < trials:
            trial, begin, end = str(started), 0, levels[0]
            started += 1
            system.on_task_add(trial, 0, new_config=True)
        else:
            return steps
        if end == top and system.current_max_t == top:
            return steps
        for epoch in range(begin + 1, end + 1):
            value = level[int(trial)] + speed[int(trial)] / epoch + noise * rng.standard_normal()
            value = round(float(value), 6)
            system.on_task_report(trial, {"y": value, "r": epoch}, 0)
            steps.append([int(trial), epoch, value, float(system.epsilon), system.current_max_t])


json.dump([run(*case) for case in [(1, 60, 0.0), (2, 60, 0.02), (3, 60, 0.05), (4, 60, 0.3)]], sys.stdout)
