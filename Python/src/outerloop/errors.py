"""What can go wrong, each with what to do about it."""

from __future__ import annotations


class OuterloopError(Exception):
    """Something went wrong: `what` says what, `remedy` what to do about it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\nhint: {self.remedy}" if self.remedy else self.what


class UsageError(OuterloopError, ValueError):
    """An argument cannot be what it is."""


class ConnectionLost(OuterloopError):
    """The `outerloop` process that serves the study has ended."""


class NoResult(OuterloopError, LookupError):
    """No trial has a result yet."""


class BrokenObjective(OuterloopError):
    """Nothing but failures comes back; the message ends with the traceback of the last one."""


class TrialPruned(Exception):
    """Raised by an objective to end its trial early: it is pruned, and what it reported counts."""
