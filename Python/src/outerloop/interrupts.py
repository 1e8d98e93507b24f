"""Ctrl-C, and interrupting a notebook's kernel: the first finishes the running trials, the second stops them."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any, Optional


class Interrupts:
    """Handles Ctrl-C while a study runs. In threads other than the main one it does nothing."""

    def __init__(self) -> None:
        self.is_requested = False
        self._is_pending = False
        self._shields = 0
        self._before: Any = None
        self._is_active = False

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGINT)
            # If it is ignored, or handled outside Python, leave that unchanged.
            if before not in (signal.SIG_IGN, None):
                self._before = before
                signal.signal(signal.SIGINT, self._received)
                self._is_active = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_active:
            signal.signal(signal.SIGINT, self._before)
            self._is_active = False

    def _received(self, number: int, frame: Optional[FrameType]) -> None:
        if not self.is_requested:
            self.is_requested = True
            print("\nfinishing the running trials; press again to stop them", file=sys.stderr, flush=True)
        elif self._shields:
            self._is_pending = True
        else:
            raise KeyboardInterrupt

    # While the main thread records a result, a second Ctrl-C has to wait.

    def shield(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._shields += 1

    def unshield(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._shields -= 1
            if self._is_pending and not self._shields:
                self._is_pending = False
                raise KeyboardInterrupt
