"""Every test runs in a folder of its own, with the package as it is installed."""

import os
import pathlib
import signal
import subprocess
import sys
import textwrap
from typing import Any, Dict, Iterator, List

import pytest

import outerloop


# Shells that start something in the background have it ignore Ctrl-C, which programs inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name in ("OUTERLOOP_TRIAL", "OUTERLOOP_STORE", "RANK"):
        monkeypatch.delenv(name, raising=False)
    yield


def square(trial: Any) -> float:
    return float((trial["x"] - 2) ** 2)


X = {"x": outerloop.float(-5, 10)}


def script(text: str, name: str = "script.py") -> str:
    """Writes a program; returns its name."""
    pathlib.Path(name).write_text(textwrap.dedent(text), encoding="utf-8")
    return name


def python(*words: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=120, **options
    )


def servers() -> List[int]:
    """The numbers of the serving processes whose working folder is this one."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                words = pathlib.Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
                if os.readlink(f"/proc/{entry}/cwd") == os.getcwd() and int(entry) != os.getpid() and words != [b""]:
                    found.append(int(entry))
            except OSError:
                continue
    return found


def states(store: str = "runs.db") -> List[str]:
    with outerloop.Study(store) as study:
        return [trial.state for trial in study.trials()]


def params(**values: Any) -> Dict[str, Any]:
    return dict(values)
