"""The progress of a run: one line on a terminal, or in a notebook."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any, Mapping, Optional, TextIO, Union

#: Seconds between two updates of the line.
_PAUSE = 0.1


class Progress:
    """Shows how many trials have ended, and the best.

    `wanted`: True, False, or None for a line on terminals and in notebooks and none elsewhere.
    """

    def __init__(
        self,
        wanted: Union[bool, None],
        *,
        done: int,
        total: Optional[int],
        best: Optional[Mapping[str, Any]],
        minimizes: bool,
        metric: str,
    ) -> None:
        self._stream: TextIO = sys.stderr
        self._notebook = _display() if wanted is not False else None
        is_terminal = bool(getattr(self._stream, "isatty", lambda: False)())
        self._is_shown = wanted is not False and (self._notebook is not None or is_terminal or wanted is True)
        self._is_live = is_terminal
        self._done, self._total = done, total
        self._begun_with = done
        self._best: Optional[float] = None if best is None else float(best["value"])
        self._best_trial: Optional[int] = None if best is None else int(best["trial"])
        self._minimizes, self._metric = minimizes, metric
        self._start = time.monotonic()
        self._shown_at = 0.0
        self._width = 0
        self._running = 0
        self._lock = threading.Lock()

    def began(self, running: int) -> None:
        self._running = running
        if self._is_shown:
            self._show()

    def ended(self, number: int, answer: Mapping[str, Any], running: int) -> None:
        self._running = running
        if not self._is_shown:
            return
        if answer["state"] in ("complete", "pruned", "failed"):
            self._done += 1
        if answer["state"] == "complete" and answer.get("values"):
            value = float(answer["values"][0])
            if self._best is None or (value < self._best if self._minimizes else value > self._best):
                self._best, self._best_trial = value, number
        self._show()

    def close(self) -> None:
        """Keeps the last line."""
        if self._is_shown:
            self._running = 0
            self._show(is_last=True)

    @property
    def text(self) -> str:
        """`trial 7/20  best 0.00947 (#4)  running 1  eta 3s`."""
        parts = [f"trial {self._done}" + (f"/{self._total}" if self._total is not None else "")]
        if self._best is not None:
            parts.append(f"best {self._metric} {self._best:.4g} (#{self._best_trial})")
        if self._running:
            parts.append(f"running {self._running}")
            new = self._done - self._begun_with
            if self._total is not None and new > 0:
                passed = time.monotonic() - self._start
                parts.append(f"eta {_lapse(passed / new * max(self._total - self._done, 0))}")
        return "  ".join(parts)

    def _show(self, is_last: bool = False) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._shown_at < _PAUSE and not is_last:
                return
            self._shown_at = now
            text = self.text
            if self._notebook is not None:
                self._notebook.update(_Line(text))
            elif self._is_live:
                padding = " " * max(self._width - len(text), 0)
                self._width = len(text)
                self._stream.write(f"\r{text}{padding}" + ("\n" if is_last else ""))
                self._stream.flush()
            elif is_last:
                self._stream.write(text + "\n")


class _Line:
    """A line of text for a notebook."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _display() -> Any:
    """An updatable output in the notebook; None outside notebooks."""
    if "IPython" not in sys.modules:
        return None
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return None
    shell = get_ipython()
    if shell is None or "zmqshell" not in type(shell).__module__:
        return None
    return display(_Line(""), display_id=True)


def _lapse(seconds: float) -> str:
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
