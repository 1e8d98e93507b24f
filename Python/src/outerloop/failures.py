"""Failures: descriptions of exceptions, and detection of objectives that keep failing."""

from __future__ import annotations

import threading
from typing import Optional, Tuple, Union

from .errors import BrokenObjective

#: The number of bytes of a traceback to keep: its end, which states the cause.
_LIMIT = 16_000


def described(error: BaseException) -> Tuple[str, str]:
    """The reason and the message of a failed trial: the exception, and its traceback without the frames of
    this package."""
    import traceback

    reason = "memory" if isinstance(error, MemoryError) else "error"
    head = "".join(traceback.format_exception_only(type(error), error)).strip()
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__name__", "").split(".")[0] == "outerloop":
        trace = trace.tb_next
    text = "".join(traceback.format_exception(type(error), error, trace)).strip()
    if len(text) > _LIMIT:
        text = "...\n" + text[-_LIMIT:]
    return reason, f"{head}\n\n{text}"


class FailureWatch:
    """Counts consecutive failures, as the command does: a run gives up when the first three trials have failed the
    same way, or ten in a row in any way, unless one that is still running succeeds."""

    def __init__(self, limit: Union[int, None, str], is_proven: bool) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._is_proven = is_proven
        self._is_same = True
        self._first: Optional[str] = None
        self._last = ""
        self._count = 0
        self._running = 0

    def began(self) -> None:
        with self._lock:
            self._running += 1

    def left(self) -> None:
        """An attempt ended in a way that is not informative about the objective."""
        with self._lock:
            self._running -= 1

    def did_well(self) -> None:
        with self._lock:
            self._running -= 1
            self._is_proven, self._is_same, self._first, self._count = True, True, None, 0

    def failed(self, message: str) -> None:
        head = message.split("\n", 1)[0]
        with self._lock:
            self._running -= 1
            self._count += 1
            if self._first is None:
                self._first = head
            self._is_same = self._is_same and head == self._first
            self._last = message

    @property
    def is_waiting(self) -> bool:
        """Whether to start no further trial until the running ones have ended."""
        with self._lock:
            return self._has_failed and self._running > 0

    @property
    def breakdown(self) -> Optional[BrokenObjective]:
        """Why the run should give up; None: it continues."""
        with self._lock:
            if not self._has_failed or self._running > 0:
                return None
            if not self._is_proven and self._is_same and self._count >= 3:
                what = f"the first {self._count} trials failed the same way"
            else:
                what = f"{self._count} trials in a row failed"
            return BrokenObjective(
                f"{what}; the last one: {self._last}", "mend the objective, or run(..., max_failures=None)"
            )

    @property
    def _has_failed(self) -> bool:
        if self._limit is None or self._count == 0:
            return False
        if isinstance(self._limit, int):
            return self._count >= self._limit
        return self._count >= 10 or (not self._is_proven and self._is_same and self._count >= 3)
