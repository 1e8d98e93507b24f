"""Checkpoints of a study's trials are those of the command."""

import json
import pathlib
import subprocess
from typing import Any, Dict, List

import outerloop
from outerloop.command import executable

SPACE = {"lr": outerloop.log(1e-3, 1)}


def best() -> Dict[str, Any]:
    shown = subprocess.run([executable(), "best", "--json"], capture_output=True, text=True, check=True)
    checkpoint: Dict[str, Any] = json.loads(shown.stdout)["checkpoint"]
    return checkpoint


def train(trial: outerloop.Trial) -> None:
    weight = trial.checkpoint.load() or 0.0
    for epoch in trial.epochs:
        weight += trial["lr"] * (1 - weight)
        trial.checkpoint.save(weight, epoch=epoch)
        if not trial.report(epoch=epoch, loss=(1 - weight) ** 2):
            break


def test_the_command_finds_them_whole() -> None:
    with outerloop.Study("outerloop.db", space=SPACE, minimize="loss", epochs=9, scheduler="asha", seed=1) as study:
        study.run(train, trials=9)
        number = study.best.number
    found = best()
    assert found["state"] == "whole" and found["trial"] == number and found["epoch"] == 9
    assert pathlib.Path(found["path"]).parts[-4:] == ("study", str(number), "checkpoint", "checkpoint")
    pathlib.Path(found["path"]).write_bytes(b"rubbish")
    # The file has changed under both names.
    assert best()["state"] == "damaged"


def test_trials_go_on_from_what_is_whole() -> None:
    begun: List[int] = []

    def objective(trial: outerloop.Trial) -> None:
        begun.append(trial.from_epoch)
        assert (trial.checkpoint.load() or 0) == trial.from_epoch
        for epoch in trial.epochs:
            trial.report(epoch=epoch, loss=1 / epoch)
            place = trial.checkpoint.save(epoch, epoch=epoch)
            if epoch == 4 and trial.attempt == 1:
                # Both names of the last one are damaged: the one before is whole.
                place.write_bytes(b"rubbish")
                raise OSError("the disk is unwell")

    with outerloop.Study("runs.db", space=SPACE, minimize="loss", epochs=6, scheduler="none", retries=1) as study:
        study.run(objective, trials=1)
        assert study.best.epoch == 6
    assert begun == [0, 3]
