"""Processes in which objectives run: for objectives that hold the GIL, hang or crash."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import Connection as Pipe
from typing import Any, Callable, Dict, Optional

from .errors import OuterloopError, TrialPruned, UsageError
from .failures import described
from .study_trial import Trial


class ProcessWorker:
    """A process that runs one trial after another; requests of the trial go through its parent.

    It leads a group of processes, so that whatever the objective has started ends with it, and it ends when its
    parent has.
    """

    def __init__(self, objective: Callable[[Trial], Any]) -> None:
        self._objective = objective
        self._is_closed = False
        self._begin()

    def _begin(self) -> None:
        # A fork has closures and definitions from notebooks.
        method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
        context: Any = multiprocessing.get_context(method)
        self._pipe, other = context.Pipe()
        self._process: Any = context.Process(
            target=_serve, args=(self._objective, other, os.getpid()), daemon=False, name="outerloop-worker"
        )
        try:
            self._process.start()
        except (AttributeError, TypeError) as error:
            raise UsageError(
                f"the objective cannot be sent to another process: {error}", "define it in a module"
            ) from error
        other.close()

    def run(self, trial: Trial, timeout: Optional[float]) -> Dict[str, Any]:
        """Runs the objective; returns the result to tell."""
        if not self._process.is_alive():
            self._end()
            self._begin()
        end = None if timeout is None else time.monotonic() + timeout
        try:
            self._pipe.send(trial)
            while True:
                rest = 0.5 if end is None else min(0.5, max(end - time.monotonic(), 0))
                if self._pipe.poll(rest):
                    kind, content = self._pipe.recv()
                    if kind == "told":
                        told: Dict[str, Any] = content
                        return told
                    self._pipe.send(self._answer(trial, *content))
                elif end is not None and time.monotonic() >= end:
                    self._end()
                    return {"failed": "timeout", "message": f"it ran longer than {timeout:g} s"}
                elif not self._process.is_alive():
                    raise EOFError
        except (EOFError, OSError):
            return {"failed": "error", "message": self._death()}

    @staticmethod
    def _answer(trial: Trial, op: str, fields: Dict[str, Any]) -> Any:
        try:
            return ("ok", trial._link.call(op, **fields))
        except OuterloopError as error:
            return ("error", (type(error), error.what, error.remedy))

    def _death(self) -> str:
        self._process.join(5)
        code = self._process.exitcode
        self._end()
        if code is not None and code < 0:
            return f"its process was ended by signal {-code} ({signal.Signals(-code).name})"
        return f"its process ended with status {code}"

    def kill(self) -> None:
        """Ends the process and everything that it has started."""
        self._is_closed = True
        self._end()

    def _end(self) -> None:
        pid = self._process.pid
        if pid is not None:
            try:
                os.killpg(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
            if self._process.is_alive():
                self._process.kill()
            self._process.join(5)
        self._pipe.close()

    def close(self) -> None:
        """Ends the process, which is idle."""
        if not self._is_closed:
            self.kill()


class _PipeLink:
    """Requests of a trial, through the parent."""

    def __init__(self, pipe: "Pipe[Any, Any]") -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def call(self, op: str, **fields: Any) -> Dict[str, Any]:
        with self._lock:
            self._pipe.send(("call", (op, fields)))
            kind, content = self._pipe.recv()
        if kind == "ok":
            answer: Dict[str, Any] = content
            return answer
        error, what, remedy = content
        raise error(what, remedy)


def _serve(objective: Callable[[Trial], Any], pipe: "Pipe[Any, Any]", parent: int) -> None:
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    link = _PipeLink(pipe)
    while True:
        try:
            trial = pipe.recv()
        except (EOFError, OSError):
            return
        trial._link = link
        try:
            told: Dict[str, Any] = {"values": trial.results(objective(trial))}
        except TrialPruned:
            told = {"pruned": True}
        except (Exception, SystemExit) as error:
            reason, message = described(error)
            told = {"failed": reason, "message": message}
        pipe.send(("told", told))


def _watch(parent: int) -> None:
    """Ends this process and what it has started when its parent has exited."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.killpg(0, signal.SIGKILL)
