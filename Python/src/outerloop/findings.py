"""The results of a study: its best trials, all trials, pictures."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from .connection import Connection
from .errors import NoResult, OuterloopError
from .pictures import Picture, table
from .records import TrialRecord
from .space import Space


class Findings:
    """The read-only part of a `Study`."""

    name: str
    store: Optional[str]
    objectives: List[str]
    directions: List[str]
    _connection: Connection
    _space: Space

    @property
    def best(self) -> TrialRecord:
        """The best complete trial. Raises `NoResult` if there is none, and with several objectives, which have a
        `front`."""
        if len(self.objectives) > 1:
            raise NoResult("a study of several objectives has no best trial", "see study.front")
        found = self._connection.call("best")
        if found["best"] is None:
            raise NoResult("no trial is complete yet", "see study.trials()")
        return self._make_record(found["best"])

    @property
    def best_params(self) -> Dict[str, Any]:
        """The configuration of the best trial."""
        return self.best.params

    @property
    def best_value(self) -> float:
        """The value of the best trial."""
        return self.best.values[self.objectives[0]]

    @property
    def incumbent(self) -> TrialRecord:
        """The best trial by its last report, trained to the end or not."""
        found = self._connection.call("best")
        fields = found["leading"] or found["best"]
        if fields is None:
            raise NoResult("no trial has a result yet", "see study.trials()")
        return self._make_record(fields)

    @property
    def front(self) -> List[TrialRecord]:
        """The Pareto front with several objectives; otherwise the best trial."""
        if len(self.objectives) == 1:
            return [self.best]
        return [self._make_record(fields) for fields in self._connection.call("best")["front"]]

    def trials(self, *states: str, reports: bool = False) -> List[TrialRecord]:
        """All trials, or those in one of these states, by number; with `reports`, each with its reports by epoch."""
        return list(self._pages(states, reports))

    def _pages(self, states: Tuple[str, ...], reports: bool) -> Iterator[TrialRecord]:
        start: Optional[int] = 0
        while start is not None:
            page = self._connection.call(
                "trials", states=list(states) or None, reports=reports or None, **{"from": start}
            )
            for fields in page["trials"]:
                yield self._make_record(fields)
            start = page["next"]

    def __len__(self) -> int:
        """How many trials there are."""
        return int(self._connection.call("summary")["trials"])

    def trials_dataframe(self) -> Any:
        """A table of all trials: a data frame of pandas or polars if installed, otherwise a list of dictionaries.

        Columns: `number`, `state`, `reason`, `seconds`, `epoch`, `value.METRIC`, `param.NAME`.
        """
        from .frames import frame

        return frame(self.trials())

    def importance(self, objective: Optional[str] = None) -> Dict[str, float]:
        """The importance of each parameter, by PED-ANOVA; the values sum to 1."""
        found = self._connection.call("importance", objective=objective)["parameters"]
        return {name: float(share) for name, share in found.items()}

    @property
    def plots(self) -> List[str]:
        """The kinds of plots that apply."""
        kinds: List[str] = self._connection.call("plot")["kinds"]
        return kinds

    def plot(self, kind: str = "history", objective: Optional[str] = None) -> Picture:
        """A plot, which a notebook displays. `study.plots` lists the kinds."""
        found = self._connection.call("plot", kind=kind, objective=objective)["pictures"]
        if not found or not len(self):
            raise NoResult(f"there is nothing to draw as {kind}", "run more trials")
        first = found[0]
        name = first["kind"] + (f"-{first['objective']}" if first["objective"] else "")
        return Picture(name, first["svg"])

    @property
    def parameters(self) -> Dict[str, str]:
        """The space, each parameter in the command line's notation."""
        found: Dict[str, str] = self._connection.call("describe")["parameters"]
        return found

    def _repr_html_(self) -> str:
        best = self.trials("complete")
        sign = 1 if self.directions[0] == "minimize" else -1
        best.sort(key=lambda trial: sign * (trial.value if trial.value is not None else float("inf")))
        return table(repr(self), best[:10], f"the best {min(len(best), 10)} of {len(self)} trials" if best else "")

    def _repr_svg_(self) -> Optional[str]:
        try:
            return self.plot("history").svg
        except OuterloopError:
            return None

    def __repr__(self) -> str:
        place = self.store if self.store is not None else "memory"
        if self._connection.is_closed:
            return f"<study {self.name} in {place}, closed>"
        summary = self._connection.call("summary")
        text = f"<study {self.name} in {place}, {summary['trials']} trials"
        if summary["best"] is not None and len(self.objectives) == 1:
            text += f", best {self.objectives[0]} {float(summary['best']['value']):.4g}"
        return text + ">"

    def _record(self, number: int) -> TrialRecord:
        page = self._connection.call("trials", limit=1, reports=True, **{"from": number})
        return self._make_record(page["trials"][0])

    def _make_record(self, fields: Mapping[str, Any]) -> TrialRecord:
        return TrialRecord(fields, self._space, self.objectives)
