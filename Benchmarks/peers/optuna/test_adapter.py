"""The adapter itself: a suite that passes through a wrong mapping would say nothing."""

import json
import statistics

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from adapter_sampler import OuterloopSampler, declaration
from served import SAMPLERS, Served

SPACE = {
    "x": FloatDistribution(-1, 1), "rate": FloatDistribution(1e-6, 1, log=True),
    "n": IntDistribution(1, 9), "kind": CategoricalDistribution(["a", "b", "c"]),
}


def loss(p):
    return p["x"] ** 2 + p["rate"] + (p["n"] - 4) ** 2 / 9 + "abc".index(p["kind"])


def fate(number, p):
    """What becomes of a trial: most have a value, some fail, some are pruned."""
    return ("fail" if number % 7 == 3 else "prune" if number % 5 == 4 else "complete"), loss(p)


@pytest.mark.parametrize("name", ["random", "sobol", "tpe"])
def test_proposals_are_those_of_plain_ask_and_tell(name):
    plain, served = [], Served(SAMPLERS, "serve")
    served.say({"open": {
        "space": {"parameters": [declaration(n, d) for n, d in SPACE.items()]}, "sampler": name, "seed": 5,
        "objectives": [{"metric": "f", "direction": "minimize"}]}})
    for number in range(40):
        asked = served.say({"ask": True})
        plain.append(asked["params"])
        what, value = fate(number, asked["params"])
        served.say({"complete": {"tell": number, "values": [value]}, "fail": {"tell": number, "failed": "error"},
                    "prune": {"prune": number, "epoch": 1, "values": [value]}}[what])
    served.close()

    def objective(trial):
        params = {n: trial._suggest(n, d) for n, d in SPACE.items()}
        what, value = fate(trial.number, params)
        if what == "fail":
            raise ArithmeticError
        if what == "prune":
            trial.report(value, 0)
            raise optuna.TrialPruned
        return value

    study = optuna.create_study(sampler=OuterloopSampler(name, seed=5, space=SPACE))
    study.optimize(objective, n_trials=40, catch=ArithmeticError)
    assert [t.params for t in study.trials] == plain
    assert len({json.dumps(p) for p in plain}) == 40


def best(name, seed, define):
    def objective(trial):
        return sum((trial.suggest_float(f"x{i}", -5, 5) - 1) ** 2 for i in range(3))

    sampler = OuterloopSampler(name, seed=seed)
    if define == "one by one":
        sampler.infer_relative_search_space = lambda study, trial: {}
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=60)
    sampler.served.close()
    return study.best_value


@pytest.mark.parametrize("define", ["together", "one by one"])
def test_results_reach_the_model(define):
    ours = statistics.median(best("tpe", seed, define) for seed in range(7))
    random = statistics.median(best("random", seed, define) for seed in range(7))
    assert ours < random / 3


def test_parameters_one_by_one_are_independent():
    sampler = OuterloopSampler("random", seed=3)
    sampler.infer_relative_search_space = lambda study, trial: {}
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda t: t.suggest_float("x", 0, 1) + t.suggest_float("y", 0, 1), n_trials=200)
    pairs = [(t.params["x"], t.params["y"]) for t in study.trials]
    assert abs(statistics.correlation(*zip(*pairs))) < 0.2  # the deviation of chance is 0.07


def test_what_was_not_run_is_not_told():
    space = {"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)}
    sampler = OuterloopSampler("tpe", seed=0, space=space)
    study = optuna.create_study(sampler=sampler)

    def run(names):
        trial = study.ask()
        for name in names:
            trial._suggest(name, space[name])
        study.tell(trial, 1.0)

    run("xy")
    run("x")  # y was proposed and not run
    study.enqueue_trial({"x": 0.25, "y": 0.5})
    run("xy")
    run("xy")
    mine, = sampler.studies.values()
    # The third is enqueued, so nothing was asked for it.
    assert {n: ours for n, (ours, _) in mine.proposed.items()} == {0: 0, 2: 2, 3: 3}
    assert mine.proposed[2][1] == {"x": 0.25, "y": 0.5}
