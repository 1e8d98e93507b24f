"""Parameters that objectives name as they run."""

import threading
from typing import Any

import pytest

import outerloop


def test_the_space_grows_as_it_is_seen() -> None:
    def objective(trial: outerloop.Trial) -> float:
        optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam", None])
        lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        assert 1e-5 <= lr <= 1e-1 and trial.params["lr"] == lr
        assert trial.suggest_float("lr", 1e-5, 1e-1, log=True) == lr
        if optimizer == "sgd":
            assert 0 <= trial.suggest_float("momentum", 0, 0.99) <= 0.99
        layers = trial.suggest_int("layers", 1, 3)
        for layer in range(layers):
            assert trial.suggest_int(f"units{layer}", 4, 128, step=4) % 4 == 0
        return abs(lr - 0.01) + layers

    with outerloop.Study("runs.db", minimize="loss", seed=1) as study:
        study.run(objective, trials=40)
        assert set(study.parameters) == {"optimizer", "lr", "momentum", "layers", "units0", "units1", "units2"}
        assert study.parameters["lr"] == "float(1e-05, 0.1, log)"
        assert study.best_params["layers"] == 1
        assert {trial.state for trial in study.trials()} == {"complete"}
    # The study is there for whoever goes on with it.
    with outerloop.Study("runs.db", minimize="loss") as study:
        study.run(objective, more=3)
        assert len(study) == 43


def test_ranges_that_change() -> None:
    def objective(trial: outerloop.Trial) -> float:
        value = trial.suggest_int("n", 1, 2 + trial.number)
        assert 1 <= value <= 2 + trial.number
        assert trial.suggest_categorical("c", ["a", "b"][: 1 + trial.number % 2]) in ["a", "b"]
        return value

    with outerloop.Study(seed=2) as study:
        study.run(objective, trials=12)
        assert study.parameters == {"n": "int(1, 13)", "c": "choice(a, b)"}


def test_all_at_once() -> None:
    barrier = threading.Barrier(4, timeout=30)

    def objective(trial: outerloop.Trial) -> float:
        if trial.number < 4:
            barrier.wait()
        return trial.suggest_float(f"x{trial.number % 4}", 0, 1) + trial.suggest_float("y", -trial.number, 1)

    with outerloop.Study("runs.db", minimize="loss") as one:
        one.run(objective, trials=40, parallel=4)
        assert set(one.parameters) == {"x0", "x1", "x2", "x3", "y"}
        assert {trial.state for trial in one.trials()} == {"complete"}


def test_enqueued_before_they_are_known() -> None:
    with outerloop.Study() as study:
        study.enqueue(x=0.5, opt="b")
        study.run(lambda trial: trial.suggest_float("x", 0, 1) + len(trial.suggest_categorical("opt", ["a", "b"])), 2)
        assert study.trials()[0].params == {"x": 0.5, "opt": "b"}


def test_a_space_that_was_declared_does_not_grow() -> None:
    with outerloop.Study(space={"x": (0.0, 1.0)}) as study:
        trial = study.ask()
        assert trial is not None and trial.suggest_float("x", 0, 1) == trial["x"]
        with pytest.raises(outerloop.UsageError, match="`y`"):
            trial.suggest_float("y", 0, 1)


def test_kinds_that_do_not_go_together() -> None:
    with outerloop.Study() as study:
        trial = study.ask()
        assert trial is not None
        trial.suggest_float("x", 0, 1)
        with pytest.raises(outerloop.UsageError, match="`x`"):
            trial.suggest_categorical("x", ["a"])
        study.tell(trial, 1)


@pytest.mark.parametrize("sampler", ["random", "sobol", "tpe", "gp", "cmaes", "nsga2", "de"])
def test_every_sampler(sampler: str) -> None:
    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", -5, 5)
        return float(x**2 + (trial.suggest_int("n", 0, 5) if trial.number % 2 else 3))

    with outerloop.Study(sampler=sampler, seed=3) as study:
        study.run(objective, trials=25)
        assert len(study.trials("complete")) == 25
