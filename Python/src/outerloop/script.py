"""The interface of a program that `outerloop tune` runs: its trial, and running the program on its own.

    trial = outerloop.trial(defaults={"lr": 0.01, "layers": 2}, epochs=10)
    for epoch in trial.epochs:
        loss = train(model, trial.params["lr"])
        if not trial.report(epoch=epoch, loss=loss):
            break
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, Dict, Mapping, Optional

from .checkpoint import Checkpoint
from .errors import UsageError
from .values import number, wire_numbers

#: The variables in which launchers of distributed training store the rank of a process.
_RANKS = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK", "SLURM_PROCID")


class ScriptTrial:
    """The trial of this program: its values, and reporting."""

    def __init__(self, request: Mapping[str, Any], defaults: Mapping[str, Any], is_tuned: bool) -> None:
        #: The configuration: the trial's values, and defaults for the others.
        self.params: Dict[str, Any] = {**defaults, **request["params"]}
        #: Whether the program is run by `outerloop`.
        self.is_tuned = is_tuned
        #: The trial's number; 0 outside of `tune`.
        self.number: int = request["trial"]
        #: The study's name.
        self.study: str = request["study"]
        #: For the program's own random numbers.
        self.seed: int = request["seed"]
        #: Its slot among the `--parallel` ones, from 0.
        self.slot: int = request.get("slot", 0)
        #: The last completed epoch: training starts after it.
        self.from_epoch: int = request["fromEpoch"]
        #: The last epoch to train.
        self.to_epoch: int = request["toEpoch"]
        #: Whether this process reports: the first one of a distributed training.
        self.is_speaker = _rank() == 0
        self._folder: Optional[str] = request.get("checkpoint")
        self._last_report = time.perf_counter()
        self._was_told = False
        self._is_stopped = False
        if is_tuned and threading.current_thread() is threading.main_thread():
            # SIGTERM asks a trial to stop; SIGKILL follows five seconds later.
            if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
                signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, number: int, frame: Optional[FrameType]) -> None:
        if self._is_stopped:
            raise SystemExit(0)
        self._is_stopped = True

    def __getitem__(self, name: str) -> Any:
        try:
            return self.params[name]
        except KeyError:
            raise KeyError(
                f"there is no parameter {name!r}: there are {', '.join(self.params) or 'none'}"
            ) from None

    @property
    def epochs(self) -> range:
        """The epochs to train, from 1 on."""
        return range(self.from_epoch + 1, self.to_epoch + 1)

    @property
    def should_stop(self) -> bool:
        """Whether the program was asked to stop. It has five seconds to save its state."""
        return self._is_stopped

    @property
    def checkpoint(self) -> Checkpoint:
        """The trial's checkpoint folder."""
        if self._folder is None:
            import tempfile

            self._folder = tempfile.mkdtemp(prefix="outerloop-")
        return Checkpoint(self._folder, self.from_epoch, self._announce)

    def report(
        self,
        values: Optional[Mapping[str, Any]] = None,
        *,
        epoch: Optional[int] = None,
        seconds: Optional[float] = None,
        gradient: Optional[Mapping[str, Any]] = None,
        **metrics: Any,
    ) -> bool:
        """Reports metrics: `trial.report(epoch=3, loss=0.2)`.

        `values` and `metrics` are numbers by name: of Python, NumPy, PyTorch or JAX. `epoch` counts from 1; without
        it the line is about the last epoch that was reported. `seconds` is how long the epoch took, else the time
        since the last report. `gradient` holds derivatives of the objective by parameters, in their own units. Of
        a distributed training only the first process says anything.

        False: the program is to end, since its last epoch is trained or it was told to. A program that reports once
        more after it was told to stop is ended.
        """
        merged = wire_numbers({**(values or {}), **metrics})
        if not merged:
            raise UsageError("nothing is reported", "report a metric: trial.report(epoch=1, loss=0.5)")
        if self._was_told:
            raise SystemExit(0)
        line: Dict[str, Any] = {}
        if epoch is not None:
            whole = int(number(epoch, "epoch"))
            if whole < 1 or whole != epoch:
                raise UsageError(f"epoch {epoch!r} is no whole number from 1 on", "count epochs from 1")
            line["epoch"] = whole
        line.update(merged)
        if gradient is not None:
            line["gradient"] = wire_numbers(gradient)
        now = time.perf_counter()
        if seconds is not None:
            line["seconds"] = number(seconds, "seconds")
        elif epoch is not None:
            line["seconds"] = now - self._last_report
        self._last_report = now
        self._say(line)
        self._was_told = self._is_stopped
        return not self._is_stopped and (epoch is None or epoch < self.to_epoch)

    def _announce(self, path: str, epoch: int) -> None:
        self._say({"checkpoint": path, "epoch": epoch})

    def _say(self, line: Mapping[str, Any]) -> None:
        if not self.is_speaker:
            return
        # In one write, so that output of other threads does not interleave.
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def trial(defaults: Optional[Mapping[str, Any]] = None, *, epochs: int = 1) -> ScriptTrial:
    """The trial that this program is run for; if run on its own, one with the `defaults` and `epochs`.

    Under `outerloop tune` the values come from the file that `OUTERLOOP_TRIAL` names.

    Raises `UsageError` if that file is none of a trial.
    """
    path = os.environ.get("OUTERLOOP_TRIAL")
    if not path:
        request: Dict[str, Any] = {"study": "", "trial": 0, "params": {}, "fromEpoch": 0, "toEpoch": epochs, "seed": 0}
        return ScriptTrial(request, defaults or {}, False)
    try:
        with open(path, encoding="utf-8") as file:
            request = json.load(file)
        return ScriptTrial(request, defaults or {}, True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"OUTERLOOP_TRIAL is {path}, which is no file of a trial: {error}",
            "run the program by outerloop tune, or unset the variable",
        ) from error


def _rank() -> int:
    """The rank of this process among those of a distributed training; 0 where there is none."""
    for name in _RANKS:
        text = os.environ.get(name, "")
        if text.isdigit():
            return int(text)
    return 0
