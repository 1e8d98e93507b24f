"""Studies: a space, objectives, and the trials so far."""

from __future__ import annotations

import os
import weakref
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Union

from .connection import Connection, Link
from .errors import OuterloopError, UsageError
from .findings import Findings
from .progress import Progress
from .records import TrialRecord
from .running import Objective, Run
from .space import Domain, Space, space as read_space
from .study_trial import Trial
from .values import results, scalar, wire_numbers

Callback = Callable[["Study", TrialRecord], Any]


class Study(Findings):
    """A study, in a file or in memory.

        study = outerloop.Study("runs.db", space={"lr": outerloop.log(1e-5, 1e-1)}, minimize="loss")
        study.run(objective, trials=100, parallel=4)
        print(study.best)

    A file may hold many studies, each with its `name`; an existing study of that name is continued if it is the same in
    space, objectives and method. Several processes, and the command `outerloop`, may work on it at the same time.
    Without a `space` its objective names the parameters as it runs (`trial.suggest_float`).

    Arguments are those of `outerloop tune`: `minimize` and `maximize` name metrics; `sampler` and `scheduler` are
    texts such as `"tpe:startup=20"`; `epochs` is how many a full training has, which schedulers stop early;
    `seed` names all random choices; `retries` is how often a trial that raised is run again; `forbid` holds
    conditions that no configuration may fulfil; `constraints` are bounds on metrics (`"memory <= 8"`), `prior` what
    is believed of good values (`"lr=0.001±3x"`), `per_second` True or a metric to weigh costs, `stop_when` when to
    end early (`"loss <= 0.1"`, `"plateau"`), `worth` what an epoch has to bring; `lease` is the number of seconds
    without a heartbeat after which a trial is given to others; `checkpoints` is a folder for the trials' checkpoints.
    """

    def __init__(
        self,
        store: Union[str, "os.PathLike[str]", None] = None,
        name: str = "study",
        *,
        space: Any = None,
        minimize: Union[str, Sequence[str], None] = None,
        maximize: Union[str, Sequence[str], None] = None,
        sampler: Optional[str] = None,
        scheduler: Optional[str] = None,
        epochs: int = 1,
        seed: Optional[int] = None,
        retries: int = 0,
        forbid: Sequence[str] = (),
        constraints: Sequence[str] = (),
        prior: Sequence[str] = (),
        per_second: Union[bool, str, None] = None,
        stop_when: Sequence[str] = (),
        worth: Optional[float] = None,
        lease: float = 90,
        checkpoints: Union[str, "os.PathLike[str]", None] = None,
    ) -> None:
        objectives = [{"metric": metric, "direction": "minimize"} for metric in _names(minimize)]
        objectives += [{"metric": metric, "direction": "maximize"} for metric in _names(maximize)]
        if not objectives and (space is not None or store is None):
            objectives = [{"metric": "value", "direction": "minimize"}]
        self._space = Space({}) if space is None else read_space(space)
        self._run: Optional[Run] = None
        self._temporary: Optional[str] = None
        self.ending: Optional[str] = None
        self._connection = Connection()
        try:
            opened = self._connection.call(
                "open",
                store=None if store is None else os.fspath(store),
                study=name,
                space=None if space is None else self._space.wire,
                growing=True if space is None and objectives else None,
                objectives=objectives or None,
                sampler=sampler,
                scheduler=scheduler,
                epochs=None if epochs == 1 else epochs,
                seed=seed,
                retries=retries or None,
                forbid=_texts(forbid),
                constraints=_texts(constraints),
                priors=_texts(prior),
                perSecond=per_second,
                stopWhen=_texts(stop_when),
                worth=worth,
                lease=lease,
                checkpoints=None if checkpoints is None else os.fspath(checkpoints),
            )
        except BaseException:
            self._connection.close()
            raise
        self._opened = opened
        #: The file, or the address of the server without a password; None in memory.
        self.store: Optional[str] = opened["store"]
        self.name: str = opened["study"]
        self.seed: int = int(opened["seed"])
        self.epochs: int = opened["epochs"]
        #: The metrics to optimize, in order.
        self.objectives: List[str] = [objective["metric"] for objective in opened["objectives"]]
        #: `minimize` or `maximize` for each.
        self.directions: List[str] = [objective["direction"] for objective in opened["objectives"]]
        #: Notes on what a study cannot represent, such as the priors of a ConfigSpace space.
        self.notes: List[str] = opened["notes"]

    # MARK: Running

    def run(
        self,
        objective: Objective,
        trials: Optional[int] = None,
        *,
        more: Optional[int] = None,
        total_epochs: Optional[int] = None,
        timeout: Optional[float] = None,
        parallel: int = 1,
        processes: bool = False,
        trial_timeout: Optional[float] = None,
        callbacks: Sequence[Callback] = (),
        progress: Optional[bool] = None,
        max_failures: Union[int, None, str] = "standard",
    ) -> "Study":
        """Runs trials until the budget is spent; returns the study.

        `trials`, `total_epochs` and `timeout` (seconds during which trials run) are totals of the study: after 20
        trials, `trials=30` runs 10 more, and so does `more=10`. Without any, 100 trials are run.

        `objective` is called with a `Trial`. It returns the value of the objective, a number for each of several,
        or a dictionary of metrics; None if what it reported last is the result. What it raises fails the trial,
        with its traceback, and the study goes on; when the first three trials fail the same way, or ten in a row
        (`max_failures=N` in a row, None never), `BrokenObjective` is raised. `TrialPruned` ends a trial early.

        `parallel` trials run at once, in threads, or with `processes=True` in processes of their own, which are
        ended after `trial_timeout` seconds.

        Ctrl-C, or a kernel's interrupt, finishes the trials that run and returns; a second one stops them, to be
        run again by the next call, and raises `KeyboardInterrupt`.

        Each of `callbacks` is called with the study and the trial's record when a trial has ended;
        `study.stop()` ends the run.
        """
        if self._run is not None:
            raise UsageError("the study runs already", "wait for it, or run(..., parallel=2)")
        if trials is None and more is None and total_epochs is None and timeout is None:
            budget = self._opened["budget"]
            trials = 100 if all(part is None for part in budget.values()) else None
        set_to = self._connection.call(
            "budget", trials=trials, more=more, epochs=total_epochs, seconds=timeout
        )
        self._opened["budget"] = set_to["budget"]
        summary = self._connection.call("summary")
        shown = Progress(
            progress,
            done=sum(summary["counts"].get(state, 0) for state in ("complete", "pruned", "failed")),
            total=set_to["budget"]["trials"],
            best=summary["best"] if len(self.objectives) == 1 else None,
            minimizes=self.directions[0] == "minimize",
            metric=self.objectives[0],
        )
        self._run = run = Run(
            self,
            self._connection,
            objective,
            parallel=parallel,
            processes=processes,
            callbacks=callbacks,
            progress=shown,
            max_failures=max_failures,
            trial_timeout=trial_timeout,
        )
        try:
            run.perform()
        finally:
            self._run = None
            self.ending = run.ending
        return self

    def stop(self) -> None:
        """Ends the current run when the running trials have ended: for callbacks and objectives."""
        if self._run is not None:
            self._run.stop()

    # MARK: Asking and telling

    def ask(self, slot: int = 0) -> Optional[Trial]:
        """The next trial, for running trials yourself; None if every configuration has been tried or the
        budget is spent. It is yours until `tell`, or until this process ends."""
        while True:
            answer = self._connection.call("ask", slot=slot)
            if "trial" in answer:
                return self._trial(answer["trial"], self._connection)
            if "wait" in answer:
                raise OuterloopError(
                    "there is nothing to do until a running trial ends", "tell what became of the trials that run"
                )
            self.ending = answer["ending"]
            return None

    def tell(
        self,
        trial: Union[Trial, int],
        values: Any = None,
        *,
        failed: Union[str, BaseException, None] = None,
        pruned: bool = False,
        **metrics: Any,
    ) -> str:
        """Records the result of a trial: `study.tell(trial, 0.3)`, `study.tell(trial, loss=0.3, size=12)`,
        `study.tell(trial, failed="out of memory")` or `study.tell(trial, pruned=True)`. Returns its state."""
        number = trial if isinstance(trial, int) else trial.number
        told: Dict[str, Any] = {}
        if failed is not None:
            from .failures import described

            reason, message = described(failed) if isinstance(failed, BaseException) else ("error", failed)
            told = {"failed": reason, "message": message}
        elif pruned:
            told = {"pruned": True}
        else:
            told = {"values": {**results(self.objectives, values), **wire_numbers(metrics)}}
        return str(self._connection.call("tell", trial=number, **told)["state"])

    def enqueue(self, params: Optional[Mapping[str, Any]] = None, **more: Any) -> int:
        """Adds a configuration to be tried before any other; missing parameters get a value from the sampler.
        Returns the trial's number."""
        values = {name: scalar(value) for name, value in {**(params or {}), **more}.items()}
        return int(self._connection.call("enqueue", params=values)["number"])

    def add(self, params: Mapping[str, Any], values: Any = None, **metrics: Any) -> int:
        """Adds the result of a complete configuration that was tried elsewhere. Returns the trial's number."""
        numbers = {**results(self.objectives, values), **wire_numbers(metrics)}
        wire = {name: scalar(value) for name, value in params.items()}
        return int(self._connection.call("add", params=wire, values=numbers)["number"])

    def hint(self, *priors: str) -> None:
        """Adds a prior over good values: `study.hint("lr=0.001±3x")`."""
        self._connection.call("hint", priors=list(priors))

    def extend(self, **domains: Union[Domain, str]) -> None:
        """Gives parameters a wider range or more choices; existing trials stay."""
        texts = [
            f"{name}={domain if isinstance(domain, str) else domain.text}" for name, domain in domains.items()
        ]
        self._connection.call("extend", parameters=texts)
        for name, domain in domains.items():
            if isinstance(domain, Domain) and domain.choices is not None:
                self._space.domains[name] = domain

    # MARK: The end

    def close(self) -> None:
        """Ends the serving process. Trials that were asked for but not told are run again by others."""
        self._connection.close()

    def __enter__(self) -> "Study":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # MARK: Parts

    def _trial(self, fields: Mapping[str, Any], link: Link) -> Trial:
        return Trial(fields, link, self._space, self.objectives, self._checkpoint_folder)

    def _checkpoint_folder(self, number: int) -> str:
        """Studies in memory have a temporary folder."""
        if self._temporary is None:
            import shutil
            import tempfile

            self._temporary = tempfile.mkdtemp(prefix="outerloop-")
            weakref.finalize(self, shutil.rmtree, self._temporary, ignore_errors=True)
        return os.path.join(self._temporary, str(number))


def _names(given: Union[str, Sequence[str], None]) -> List[str]:
    if given is None:
        return []
    return [given] if isinstance(given, str) else list(given)


def _texts(given: Union[str, Sequence[str]]) -> Optional[List[str]]:
    return _names(given) or None
