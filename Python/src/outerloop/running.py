"""Running the objective of a study: in this thread, in several, or in separate processes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Union

from .connection import Connection
from .errors import ConnectionLost, OuterloopError, TrialPruned, UsageError
from .failures import FailureWatch, described
from .interrupts import Interrupts
from .progress import Progress
from .study_trial import Trial

if TYPE_CHECKING:
    from .processes import ProcessWorker
    from .study import Callback, Study

#: Seconds between two requests for a trial while there is none.
_PAUSE = 0.05

Objective = Callable[[Trial], Any]


class ShieldedLink:
    """A connection that defers Ctrl-C during requests."""

    def __init__(self, connection: Connection, interrupts: Interrupts) -> None:
        self._connection = connection
        self._interrupts = interrupts

    def call(self, op: str, **fields: Any) -> Dict[str, Any]:
        self._interrupts.shield()
        try:
            return self._connection.call(op, **fields)
        finally:
            self._interrupts.unshield()


class Run:
    """One call of `Study.run`."""

    def __init__(
        self,
        study: "Study",
        connection: Connection,
        objective: Objective,
        *,
        parallel: int,
        processes: bool,
        callbacks: Sequence["Callback"],
        progress: Progress,
        max_failures: Union[int, None, str],
        trial_timeout: Optional[float],
    ) -> None:
        if parallel < 1:
            raise UsageError(f"{parallel} trials cannot run at once", "say parallel=1 or more")
        if trial_timeout is not None and not processes:
            raise UsageError(
                "only a process can be ended while it runs", "say processes=True with trial_timeout"
            )
        self._study = study
        self._connection = connection
        self._objective = objective
        self._parallel = parallel
        self._processes = processes
        self._callbacks = callbacks
        self._progress = progress
        self._trial_timeout = trial_timeout
        self._interrupts = Interrupts()
        counts = connection.call("summary")["counts"]
        self._watch = FailureWatch(
            max_failures, any(counts.get(state) for state in ("complete", "pruned", "paused"))
        )
        self._stopping = threading.Event()
        self._telling = threading.Lock()
        self._running: Dict[int, Trial] = {}
        self._errors: List[BaseException] = []
        self._workers: List["ProcessWorker"] = []
        self.ending = "stopped"
        self.reason: Optional[str] = None

    def stop(self) -> None:
        """Starts no further trial; the running ones are finished."""
        self._stopping.set()

    def perform(self) -> None:
        with self._interrupts:
            try:
                if self._processes:
                    from .processes import ProcessWorker

                    self._workers = [ProcessWorker(self._objective) for _ in range(self._parallel)]
                if self._parallel == 1 and not self._processes:
                    self._loop(0)
                else:
                    self._loop_in_threads()
            except BaseException:
                self._abort()
                raise
            finally:
                self._progress.close()
                for worker in self._workers:
                    worker.close()
        if self._errors:
            raise self._errors[0]
        breakdown = self._watch.breakdown
        if breakdown is not None:
            raise breakdown

    def _loop_in_threads(self) -> None:
        threads = [
            threading.Thread(target=self._guarded_loop, args=(slot,), name=f"outerloop-{slot}", daemon=True)
            for slot in range(self._parallel)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            # A wait with a timeout lets signals be handled.
            while thread.is_alive():
                thread.join(0.1)

    def _guarded_loop(self, slot: int) -> None:
        try:
            self._loop(slot)
        except BaseException as error:
            self._errors.append(error)
            self._stopping.set()

    def _loop(self, slot: int) -> None:
        link = ShieldedLink(self._connection, self._interrupts)
        while not (self._stopping.is_set() or self._interrupts.is_requested):
            if self._watch.breakdown is not None:
                return
            answer: Mapping[str, Any] = {"wait": True}
            if not self._watch.is_waiting:
                answer = link.call("ask", slot=slot)
            if "trial" in answer:
                self._run(self._study._trial(answer["trial"], link), slot)
            elif "ending" in answer:
                self.ending, self.reason = answer["ending"], answer.get("reason")
                return
            else:
                self._stopping.wait(_PAUSE)

    def _run(self, trial: Trial, slot: int) -> None:
        self._running[trial.number] = trial
        self._watch.began()
        self._progress.began(len(self._running))
        try:
            told = self._outcome(trial, slot)
        except BaseException:
            # Ctrl-C, or the end of the interpreter: the trial will be run again.
            self._watch.left()
            raise
        self._interrupts.shield()
        try:
            with self._telling:
                del self._running[trial.number]
                self._tell(trial, told)
        finally:
            self._interrupts.unshield()

    def _outcome(self, trial: Trial, slot: int) -> Dict[str, Any]:
        """The result to tell of a trial."""
        try:
            if self._processes:
                return self._workers[slot].run(trial, self._trial_timeout)
            return {"values": trial.results(self._objective(trial))}
        except TrialPruned:
            return {"pruned": True}
        except ConnectionLost:
            raise
        except (Exception, SystemExit) as error:
            reason, message = described(error)
            return {"failed": reason, "message": message}

    def _tell(self, trial: Trial, told: Dict[str, Any]) -> None:
        try:
            answer = self._connection.call("tell", trial=trial.number, **told)
        except ConnectionLost:
            raise
        except OuterloopError:
            # Another worker has the trial by now, or the run was stopped.
            self._watch.left()
            return
        state = answer["state"]
        if state == "failed":
            self._watch.failed(answer.get("message") or answer.get("reason") or "")
        elif state in ("complete", "pruned", "paused"):
            self._watch.did_well()
        else:
            self._watch.left()
        self._progress.ended(trial.number, answer, len(self._running))
        if self._callbacks and state != "refused":
            record = self._study._record(trial.number)
            for callback in self._callbacks:
                callback(self._study, record)

    def _abort(self) -> None:
        """Stops at once: ends processes, and returns running trials, to be run again."""
        self._stopping.set()
        with self._telling:
            for number in list(self._running):
                try:
                    self._connection.call("tell", trial=number, released=True)
                except OuterloopError:
                    pass
        for worker in self._workers:
            worker.kill()
