"""The process `outerloop serve --stdio`, and requests to it: `Documentation/protocol.md`."""

from __future__ import annotations

import json
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Dict, Optional, Protocol

from .command import executable
from .errors import ConnectionLost, OuterloopError, UsageError

if TYPE_CHECKING:
    import subprocess

#: The version of the protocol that this package speaks.
PROTOCOL = 1


class Link(Protocol):
    """The interface for requests about a study."""

    def call(self, op: str, **fields: Any) -> Dict[str, Any]:
        """The reply to a request. Raises `OuterloopError`."""


class Connection:
    """A process that serves one study, over two pipes.

    Threads may call at the same time: requests are answered one after the other. A process that was forked off
    may not: it has its own copy of the pipes. The process ends with this object, and with its parent whatever
    happens to that.
    """

    def __init__(self) -> None:
        import subprocess

        self._process = subprocess.Popen(
            [executable(), "serve", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._requests = self._process.stdin.fileno()
        self._replies = self._process.stdout.fileno()
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._buffer = bytearray()
        self._last_id = 0
        # Whether a request was abandoned half-way, so that its remainder or its reply may still be pending.
        self._is_stale = False
        self._finalizer = weakref.finalize(self, _end, self._process, self._pid)
        try:
            self.call("hello", protocol=PROTOCOL)
        except BaseException:
            self._finalizer()
            raise

    @property
    def process_id(self) -> int:
        """The ID of the serving process."""
        return self._process.pid

    @property
    def is_closed(self) -> bool:
        return not self._finalizer.alive

    def call(self, op: str, **fields: Any) -> Dict[str, Any]:
        """The reply to a request; fields that are None are omitted.

        Raises `UsageError` for what cannot be asked, `ConnectionLost` if the process has ended, else
        `OuterloopError`.
        """
        if os.getpid() != self._pid:
            raise OuterloopError(
                "this study belongs to the process that opened it, and this process was forked off",
                "open the study here, or run(..., processes=True)",
            )
        request = {"op": op, **{name: value for name, value in fields.items() if value is not None}}
        with self._lock:
            if self.is_closed:
                raise OuterloopError("the study is closed", "open it again")
            self._last_id += 1
            own = request["id"] = self._last_id
            line = json.dumps(request, separators=(",", ":"), allow_nan=False).encode() + b"\n"
            was_stale, self._is_stale = self._is_stale, True
            self._write(b"\n" + line if was_stale else line)
            reply = self._read(own)
            self._is_stale = False
        if "ok" in reply:
            answer: Dict[str, Any] = reply["ok"]
            return answer
        raise _error(reply.get("error") or {})

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._requests, data) :]
        except (BrokenPipeError, OSError) as error:
            raise self._lost() from error

    def _read(self, own: int) -> Dict[str, Any]:
        """The reply to request `own`; replies to abandoned requests are skipped."""
        while True:
            end = self._buffer.find(b"\n")
            if end < 0:
                chunk = os.read(self._replies, 1 << 16)
                if not chunk:
                    raise self._lost()
                self._buffer += chunk
                continue
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            try:
                reply = json.loads(line)
            except ValueError:
                continue
            if isinstance(reply, dict) and reply.get("id") == own:
                return reply

    def _lost(self) -> ConnectionLost:
        import subprocess

        try:
            status: Optional[int] = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            status = None
        return ConnectionLost(
            f"the process outerloop serve has ended (status {status})",
            "open the study again; trials that were running are run again",
        )

    def close(self) -> None:
        """Returns unfinished trials, to be run again, and ends the process."""
        self._finalizer()


def _end(process: "subprocess.Popen[bytes]", owner: int) -> None:
    if os.getpid() != owner:
        return
    import subprocess

    assert process.stdin is not None and process.stdout is not None
    try:
        os.write(process.stdin.fileno(), b'\n{"id":0,"op":"end"}\n')
    except OSError:
        pass
    process.stdin.close()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def _error(fields: Dict[str, Any]) -> OuterloopError:
    what, remedy = str(fields.get("what", "")), _in_python(str(fields.get("remedy", "")))
    if fields.get("kind") == "usage":
        return UsageError(_in_python(what), remedy)
    return OuterloopError(what, remedy)


def _in_python(text: str) -> str:
    """Converts command-line options to the keyword arguments used here: `--epochs 27` as `epochs=27`."""
    if "outerloop " in text:
        return text
    if "--param" in text:
        return 'give a space: space={"lr": outerloop.log(1e-5, 1e-1)}'
    import re

    option = r"(?<![\w`])--([a-z][a-z-]*)(?: (?=[\w'\"]))?"
    return re.sub(option, lambda match: match.group(1).replace("-", "_") + "=", text)
