"""The exceptions, each with a remedy."""

from __future__ import annotations


class OuterloopError(Exception):
    """An error: `what` describes it, `remedy` says what to do about it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\nhint: {self.remedy}" if self.remedy else self.what


class UsageError(OuterloopError, ValueError):
    """An invalid argument."""


class ConnectionLost(OuterloopError):
    """The `outerloop` process that serves the study has ended."""


class NoResult(OuterloopError, LookupError):
    """No trial has a result yet."""


class BrokenObjective(OuterloopError):
    """The objective keeps failing; the message ends with the traceback of the last failure."""


class TrialPruned(Exception):
    """Raised by an objective to end its trial early: the trial is pruned, and its reports count."""
