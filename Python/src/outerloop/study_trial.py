"""A trial from the objective's point of view."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, Mapping, Optional, Sequence

from .checkpoint import Checkpoint
from .connection import Link
from .errors import UsageError
from .space import Domain, Space, choice, float_, int_
from .values import number, results, wire_numbers


class Trial:
    """A configuration to try.

        def objective(trial):
            model = build(trial["layers"])
            for epoch in trial.epochs:
                loss = train(model, trial["lr"])
                if not trial.report(epoch=epoch, loss=loss):
                    break
            return loss

    A trial belongs to the thread that runs its objective, or to threads that this one waits for.
    """

    def __init__(
        self,
        fields: Mapping[str, Any],
        link: Link,
        space: Space,
        objectives: Sequence[str],
        folder: Callable[[int], str],
    ) -> None:
        self._link = link
        self._space = space
        self._objectives = list(objectives)
        self._wire: Dict[str, Any] = dict(fields["params"])
        self._last_report = time.perf_counter()
        self._has_to_stop = False
        #: The configuration, by the parameters' names; inactive parameters are absent.
        self.params: Dict[str, Any] = space.objects(self._wire)
        #: From 0, in order of creation.
        self.number: int = fields["number"]
        #: The number of this attempt at the trial, from 1.
        self.attempt: int = fields["attempt"]
        #: For the objective's own random numbers: the same in all attempts at a trial.
        self.seed: int = fields["seed"]
        #: Its slot among the `parallel` trials, from 0, while it is running.
        self.slot: int = fields["slot"]
        #: The last completed epoch: training starts after it.
        self.from_epoch: int = fields["fromEpoch"]
        #: The last epoch to train.
        self.to_epoch: int = fields["toEpoch"]
        self._folder: Optional[str] = fields.get("checkpoint")
        self._make_folder = folder

    @property
    def checkpoint(self) -> Checkpoint:
        """Its checkpoint folder."""
        if self._folder is None:
            self._folder = self._make_folder(self.number)
        return Checkpoint(self._folder, self.from_epoch, self._announce)

    def __getstate__(self) -> Dict[str, Any]:
        """Pickling omits the connection."""
        if self._folder is None:
            self._folder = self._make_folder(self.number)
        state = dict(self.__dict__)
        del state["_link"], state["_make_folder"]
        return state

    def __getitem__(self, name: str) -> Any:
        try:
            return self.params[name]
        except KeyError:
            raise KeyError(
                f"trial {self.number} has no parameter {name!r}: it has {', '.join(self.params) or 'none'}"
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self.params

    @property
    def epochs(self) -> range:
        """The epochs to train, from 1 on."""
        return range(self.from_epoch + 1, self.to_epoch + 1)

    @property
    def should_stop(self) -> bool:
        """Whether the training should stop, according to the last report."""
        return self._has_to_stop

    def report(
        self,
        values: Any = None,
        *,
        epoch: Optional[int] = None,
        seconds: Optional[float] = None,
        gradient: Optional[Mapping[str, Any]] = None,
        **metrics: Any,
    ) -> bool:
        """Reports metrics after an epoch: `trial.report(epoch=3, loss=0.2)`.

        `values` and `metrics` are numbers by the metric's name; names that are arguments here go into `values`. A
        number alone is the value of the only objective: `trial.report(0.2, epoch=3)`.
        `epoch` counts from 1. `seconds` is how long the epoch took, else the time since the last report.
        `gradient` holds derivatives of the objective by parameters, in their own units: samplers that model the
        objective learn from them.

        False: the trial is to stop, since its scheduler has seen enough.
        """
        merged = {**self.results(values), **metrics}
        if not merged:
            raise UsageError("nothing is reported", "report a metric: trial.report(epoch=1, loss=0.5)")
        now = time.perf_counter()
        took, self._last_report = now - self._last_report, now
        whole = self.to_epoch if epoch is None else _epoch(epoch)
        answer = self._link.call(
            "report",
            trial=self.number,
            epoch=whole,
            values=wire_numbers(merged),
            seconds=took if seconds is None else number(seconds, "seconds"),
            gradient=None if gradient is None else wire_numbers(gradient),
        )
        self._has_to_stop = not answer["goesOn"]
        return not self._has_to_stop

    def should_prune(self) -> bool:
        """As in Optuna: whether the trial should stop, according to the last report."""
        return self._has_to_stop

    # Parameters that are defined as the trial runs (define-by-run).

    def suggest(self, name: str, domain: Domain) -> Any:
        """The value of a parameter, which is added to the space if necessary.

        What a trial has been proposed holds if it lies in `domain`. A parameter that the study meets for the first
        time, and one whose value lies elsewhere, gets a random value in this trial; from the next trial on the
        sampler knows it.
        """
        if name in self._wire and self._space.knows(name, domain) and domain.holds(self._wire[name]):
            value = self._wire[name]
        else:
            value = self._link.call("suggest", trial=self.number, name=name, domain=domain.fields)["value"]
            self._wire[name] = value
            self._space.learn(name, domain)
        result = domain.object(value)
        self.params[name] = result
        return result

    def suggest_float(
        self, name: str, low: float, high: float, *, step: Optional[float] = None, log: bool = False
    ) -> float:
        """A real number from `low` to `high`."""
        return float(self.suggest(name, float_(low, high, log=log, step=step)))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(self.suggest(name, int_(low, high, log=log, step=None if step == 1 else step)))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of the choices, which may be any objects."""
        return self.suggest(name, choice(list(choices)))

    def _announce(self, path: str, epoch: int) -> None:
        self._link.call("checkpoint", trial=self.number, epoch=_epoch(epoch), path=path)

    def results(self, returned: Any) -> Dict[str, Any]:
        """The results or reports of an objective, as numbers by metric."""
        return results(self._objectives, returned)


def _epoch(value: Any) -> int:
    whole = int(number(value, "epoch"))
    if whole < 1 or whole != value:
        raise UsageError(f"epoch {value!r} is no whole number from 1 on", "count epochs from 1")
    return whole
