"""Programs that `outerloop tune` runs, and the same programs on their own."""

import json
import os
import pathlib
import subprocess
from typing import Any, List

import pytest
from conftest import python, script

from outerloop.command import executable

PROGRAM = """
    import outerloop

    trial = outerloop.trial(defaults={"lr": 0.5, "layers": 2}, epochs=4)
    state = trial.checkpoint.load() or {"weight": 0.0}
    for epoch in trial.epochs:
        state["weight"] += trial.params["lr"] * (1 - state["weight"])
        trial.checkpoint.save(state, epoch=epoch)
        if not trial.report(epoch=epoch, loss=(1 - state["weight"]) ** 2):
            break
    print("done", trial.params["layers"], trial.is_tuned)
"""


def tune(*words: str) -> Any:
    ending = subprocess.run(
        [executable(), "tune", "--json", "--minimize", "loss", "--seed", "1", *words],
        capture_output=True, text=True, timeout=300,
    )
    assert ending.returncode == 0, ending.stderr
    return json.loads(ending.stdout)


def reports(text: str) -> List[Any]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_on_its_own() -> None:
    ending = python(script(PROGRAM))
    assert ending.returncode == 0, ending.stderr
    lines = [line for line in reports(ending.stdout) if "loss" in line]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
    assert lines[0]["loss"] == 0.25 and lines[0]["seconds"] >= 0
    assert ending.stdout.endswith("done 2 False\n")


def test_under_tune() -> None:
    import sys

    name = script(PROGRAM)
    found = tune("--param", "lr=float(0.1, 0.9)", "--epochs", "9", "--scheduler", "halving", "--trials", "9",
                 "--", sys.executable, name)
    assert found["trials"].get("complete", 0) >= 1 and found["best"]["values"]["loss"] < 0.1
    assert found["checkpoint"]["state"] == "whole"
    log = pathlib.Path("outerloop.trials/study/0/log.txt").read_text()
    assert "done 2 True" in log


def test_a_trial_that_is_told_to_stop_ends_at_its_next_report() -> None:
    import sys

    name = script(
        """
        import time
        import outerloop

        trial = outerloop.trial()
        for epoch in range(1, 1000):
            trial.report(epoch=epoch, loss=trial["x"] + 1 / epoch)
            time.sleep(0.02)
            if trial.should_stop:
                print("saved in time")
        """
    )
    found = tune("--param", "x=float(0, 1)", "--epochs", "1000", "--scheduler", "median:startup=1",
                 "--timeout", "8s", "--trials", "4", "--", sys.executable, name)
    pruned = found["trials"].get("pruned", 0)
    logs = [path.read_text() for path in pathlib.Path("outerloop.trials/study").glob("*/log.txt")]
    assert sum("saved in time" in log for log in logs) >= pruned


def test_only_the_first_process_reports() -> None:
    name = script("import outerloop; outerloop.trial().report(loss=1)")
    for rank, count in (("0", 1), ("1", 0)):
        ending = python(name, env={**os.environ, "RANK": rank})
        assert ending.returncode == 0 and len(reports(ending.stdout)) == count


def test_numbers_of_other_libraries() -> None:
    class Scalar:
        def __float__(self) -> float:
            return 0.5

    assert json.loads(python(script(
        """
        import outerloop
        class Scalar:
            def __float__(self): return 0.5
        outerloop.trial().report(loss=Scalar(), other=float("nan"), gradient={"lr": Scalar()})
        """
    )).stdout) == {"loss": 0.5, "other": "NaN", "gradient": {"lr": 0.5}}


@pytest.mark.parametrize("call", ["trial.report()", "trial.report(loss='a')", "trial.report(loss=1, epoch=0)", "trial['y']"])
def test_what_cannot_be(call: str) -> None:
    ending = python(script(f"import outerloop\ntrial = outerloop.trial()\n{call}"))
    assert ending.returncode == 1 and ending.stdout == ""
    assert "UsageError" in ending.stderr or "there is no parameter" in ending.stderr


def test_a_file_that_is_none() -> None:
    pathlib.Path("broken.json").write_text("{")
    ending = python(script("import outerloop; outerloop.trial()"), env={**os.environ, "OUTERLOOP_TRIAL": "broken.json"})
    assert ending.returncode == 1 and "OUTERLOOP_TRIAL is broken.json" in ending.stderr


def test_a_checkpoint_is_whole_or_as_it_was() -> None:
    ending = python(script(
        """
        import outerloop
        trial = outerloop.trial(epochs=3)
        assert trial.checkpoint.load() is None
        path = trial.checkpoint.save({"a": 1}, epoch=1)
        def broken(path):
            open(path, "w").write("half")
            raise OSError("the disk is full")
        try:
            trial.checkpoint.save(broken, epoch=2)
        except OSError:
            pass
        import os, pickle
        assert os.listdir(trial.checkpoint.path) == ["checkpoint"]
        assert pickle.load(open(path, "rb")) == {"a": 1}
        trial.checkpoint.save(lambda path: open(path, "w").write("text"), epoch=2, name="model.txt")
        assert open(trial.checkpoint.path / "model.txt").read() == "text"
        """
    ))
    assert ending.returncode == 0, ending.stderr
    assert [line["epoch"] for line in reports(ending.stdout)] == [1, 2]
