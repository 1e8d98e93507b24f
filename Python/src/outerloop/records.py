"""Trials as stored in a study."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from .space import Space


class TrialRecord:
    """The record of a trial. Times are in seconds; `created`, `started` and `ended` are since 1970."""

    __slots__ = ("_fields", "objectives", "params")

    def __init__(self, fields: Mapping[str, Any], space: Space, objectives: List[str]) -> None:
        self._fields = fields
        self.objectives = objectives
        #: The configuration, by the parameters' names.
        self.params: Dict[str, Any] = space.objects(fields["params"])

    @property
    def number(self) -> int:
        return int(self._fields["number"])

    @property
    def state(self) -> str:
        """`waiting`, `running`, `paused`, `complete`, `pruned` or `failed`."""
        return str(self._fields["state"])

    @property
    def reason(self) -> Optional[str]:
        """Why it failed: `error`, `timeout`, `memory`, `lost`, `cancelled` or `invalid`."""
        reason: Optional[str] = self._fields.get("reason")
        return reason

    @property
    def message(self) -> Optional[str]:
        """The error message: for an exception, its description and traceback."""
        message: Optional[str] = self._fields.get("message")
        return message

    @property
    def values(self) -> Dict[str, float]:
        """By metric: the objectives of a complete trial, otherwise the last report."""
        return {name: float(value) for name, value in (self._fields.get("values") or {}).items()}

    @property
    def value(self) -> Optional[float]:
        """The value of the only objective, or of the first."""
        return self.values.get(self.objectives[0])

    @property
    def epoch(self) -> Optional[int]:
        """The last epoch that was reported."""
        epoch: Optional[int] = self._fields.get("epoch")
        return epoch

    @property
    def seconds(self) -> float:
        """The total duration of its attempts."""
        return float(self._fields.get("seconds") or 0)

    @property
    def created(self) -> float:
        return float(self._fields["created"])

    @property
    def started(self) -> Optional[float]:
        started: Optional[float] = self._fields.get("started")
        return started

    @property
    def ended(self) -> Optional[float]:
        ended: Optional[float] = self._fields.get("ended")
        return ended

    @property
    def attempts(self) -> int:
        """The number of attempts."""
        return int(self._fields.get("attempts") or 0)

    @property
    def reports(self) -> List[Dict[str, Any]]:
        """Each `epoch`, `values` and `seconds`; only of `Study.trials(reports=True)`."""
        return list(self._fields.get("reports") or [])

    def __repr__(self) -> str:
        params = " ".join(f"{name}={value}" for name, value in self.params.items())
        values = " ".join(f"{name}={value:.4g}" for name, value in self.values.items())
        return f"<trial {self.number} {self.state} {values}: {params}>"
