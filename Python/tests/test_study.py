"""Studies: run, asked, told, looked at, gone on with."""

import math
import threading
from typing import Any, List

import pytest
from conftest import X, square

import outerloop


@pytest.mark.parametrize("store", [None, "runs.db"])
def test_a_study_is_run(store: Any) -> None:
    with outerloop.Study(store, space=X, minimize="loss", seed=1) as study:
        assert study.run(square, trials=25) is study
        assert study.ending == "budget"
        assert len(study) == 25
        assert study.best.value is not None and study.best.value < 0.5
        assert study.best_params == study.best.params and study.best_value == study.best.value
        assert abs(study.best_params["x"] - 2) < 1


def test_the_same_seed_gives_the_same_trials() -> None:
    def values(parallel: int) -> List[Any]:
        with outerloop.Study(space=X, minimize="loss", seed=7, sampler="tpe") as study:
            return [trial.params["x"] for trial in study.run(square, trials=15).trials()]

    assert values(1) == values(1)


def test_totals_are_of_the_study() -> None:
    for trials in (5, 8, 8):
        with outerloop.Study("runs.db", space=X, minimize="loss") as study:
            study.run(square, trials=trials)
            assert len(study) == trials
    with outerloop.Study("runs.db") as study:
        study.run(square, more=2)
        assert len(study) == 10


def test_another_study_of_that_name_is_refused() -> None:
    outerloop.Study("runs.db", space=X, minimize="loss").close()
    with pytest.raises(outerloop.OuterloopError, match="another space"):
        outerloop.Study("runs.db", space={"x": (0.0, 1.0)}, minimize="loss")
    with pytest.raises(outerloop.OuterloopError, match="no study `other`"):
        outerloop.Study("runs.db", "other")
    with pytest.raises(outerloop.UsageError, match="tpee"):
        outerloop.Study(space=X, minimize="loss", sampler="tpee")
    with pytest.raises(outerloop.UsageError) as caught:
        outerloop.Study(space=X, minimize="loss", scheduler="asha")
    assert "epochs=27" in str(caught.value)


@pytest.mark.parametrize("processes", [False, True])
def test_parallel(processes: bool) -> None:
    with outerloop.Study(space=X, minimize="loss", sampler="random") as study:
        study.run(square, trials=40, parallel=4, processes=processes)
        trials = study.trials()
        assert [trial.number for trial in trials] == list(range(40))
        assert {trial.state for trial in trials} == {"complete"}
        assert all(math.isclose(t.values["loss"], (t.params["x"] - 2) ** 2) for t in trials)


def test_slots_are_used_once_at_a_time() -> None:
    lock, seen = threading.Lock(), set()

    def objective(trial: outerloop.Trial) -> float:
        with lock:
            assert trial.slot not in seen
            seen.add(trial.slot)
        threading.Event().wait(0.01)
        with lock:
            seen.remove(trial.slot)
        return 0

    with outerloop.Study(space=X) as study:
        study.run(objective, trials=20, parallel=3, max_failures=1)
        assert {trial.state for trial in study.trials()} == {"complete"}


def test_asked_and_told() -> None:
    with outerloop.Study(space=X, minimize="loss", maximize="accuracy") as study:
        first = study.ask()
        assert first is not None and first.number == 0 and "x" in first.params
        assert study.tell(first, [0.5, 0.9]) == "complete"
        second, third, fourth = study.ask(), study.ask(), study.ask()
        assert second is not None and third is not None and fourth is not None
        assert study.tell(second, loss=0.4, accuracy=0.8, size=3) == "complete"
        assert study.tell(third, failed=ValueError("no")) == "failed"
        assert study.tell(fourth.number, pruned=True) == "pruned"
        with pytest.raises(outerloop.OuterloopError, match="trial 0"):
            study.tell(first, [1, 1])
        records = study.trials()
        assert [record.state for record in records] == ["complete", "complete", "failed", "pruned"]
        assert records[1].values == {"loss": 0.4, "accuracy": 0.8, "size": 3}
        assert records[2].message is not None and records[2].message.startswith("ValueError: no")
        assert [record.number for record in study.front] == [1, 0]
        with pytest.raises(outerloop.NoResult):
            study.best


def test_known_configurations_and_results() -> None:
    space = {"x": outerloop.float(-5, 10), "opt": outerloop.choice("sgd", "adam")}
    with outerloop.Study(space=space, minimize="loss", sampler="tpe") as study:
        assert study.enqueue(x=2) == 0
        assert study.add({"x": 3, "opt": "adam"}, 1.0) == 1
        study.hint("x=2±1")
        study.extend(x=outerloop.float(-10, 10))
        study.run(square, trials=3)
        trials = study.trials()
        assert trials[0].params["x"] == 2 and trials[0].value == 0
        assert trials[1].params == {"x": 3, "opt": "adam"} and trials[1].value == 1
        assert study.parameters["x"] == "float(-10.0, 10.0)"
        with pytest.raises(outerloop.OuterloopError, match="no parameter `y`"):
            study.enqueue(y=1)


def test_what_is_returned() -> None:
    returned = iter([{"loss": 1, "size": 2}, None, "text", float("nan"), [1, 2]])

    def objective(trial: outerloop.Trial) -> Any:
        if trial.number == 1:
            trial.report(loss=7)
        return next(returned)

    with outerloop.Study(space=X, minimize="loss", sampler="random") as study:
        study.run(objective, trials=5, max_failures=None)
        trials = study.trials()
    assert [trial.state for trial in trials] == ["complete", "complete", "failed", "failed", "failed"]
    assert trials[0].values == {"loss": 1, "size": 2} and trials[1].value == 7
    assert [trial.reason for trial in trials[2:]] == ["error", "invalid", "error"]


def test_callbacks_and_stop() -> None:
    seen: List[int] = []

    def callback(study: outerloop.Study, record: outerloop.TrialRecord) -> None:
        seen.append(record.number)
        assert record.state == "complete" and record.reports[0]["values"]["loss"] == record.value
        if len(seen) == 4:
            study.stop()

    def broken(study: outerloop.Study, record: outerloop.TrialRecord) -> None:
        raise RuntimeError("in the callback")

    with outerloop.Study(space=X, minimize="loss") as study:
        study.run(square, trials=50, callbacks=[callback])
        assert seen == [0, 1, 2, 3] and len(study) == 4 and study.ending == "stopped"
        with pytest.raises(RuntimeError, match="in the callback"):
            study.run(square, trials=50, callbacks=[broken])
        assert len(study) == 5


def test_every_configuration_once() -> None:
    with outerloop.Study(space={"a": [1, 2, 3], "b": [True, False]}) as study:
        study.run(lambda trial: trial["a"] + trial["b"], trials=100)
        assert study.ending == "exhausted" and len(study) == 6
        assert study.best_params == {"a": 1, "b": False}
        assert study.ask() is None


def test_rules_end_a_study() -> None:
    with outerloop.Study(space=X, minimize="loss", stop_when=["loss <= 2"], seed=1) as study:
        study.run(square, trials=500)
        assert study.ending == "rule" and study.best_value <= 2 and len(study) < 500


def test_tables() -> None:
    with outerloop.Study(space={"x": (0.0, 1.0), "when": ["a", None]}, minimize="loss") as study:
        study.run(lambda trial: {"loss": trial["x"], "size": 1}, trials=4)
        from outerloop.frames import rows

        table = rows(study.trials())
        assert list(table[0]) == [
            "number", "state", "reason", "seconds", "epoch", "value.loss", "value.size", "param.x", "param.when",
        ]
        assert {row["param.when"] for row in table} <= {"a", None}
        assert len(study.trials_dataframe()) == 4


def test_a_closed_study_says_so() -> None:
    study = outerloop.Study(space=X)
    study.close()
    study.close()
    assert "closed" in repr(study)
    with pytest.raises(outerloop.OuterloopError, match="closed"):
        study.ask()
