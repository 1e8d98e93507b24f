"""A notebook's kernel: what it shows, an interrupt, its end."""

import os
import pathlib
import queue
import time
from typing import Any, Callable, Dict, Iterator, List

import pytest
from conftest import servers, states

jupyter_client = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")

OPEN = """
import pathlib, time
import outerloop

def objective(trial):
    pathlib.Path(f"began-{trial.number}").touch()
    time.sleep(PAUSE if trial.number >= 2 else 0)
    return (trial["x"] - 2) ** 2

PAUSE = 3
study = outerloop.Study("runs.db", space={"x": outerloop.float(-5, 10)}, minimize="loss", seed=1)
"""


class Kernel:
    """A kernel, and what its cells put out."""

    def __init__(self) -> None:
        self.manager, self.client = jupyter_client.manager.start_new_kernel(
            kernel_name="python3", cwd=os.getcwd(), startup_timeout=120
        )

    def send(self, text: str) -> str:
        return str(self.client.execute(text))

    def rest(self, cell: str) -> List[Dict[str, Any]]:
        """The messages of a cell until it ends."""
        messages: List[Dict[str, Any]] = []
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=60)
            except queue.Empty:
                raise AssertionError(f"the cell does not end: {messages}") from None
            if message["parent_header"].get("msg_id") != cell:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return messages
            messages.append(message)

    def run(self, text: str) -> List[Dict[str, Any]]:
        return self.rest(self.send(text))


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    try:
        yield kernel
    finally:
        kernel.client.stop_channels()
        kernel.manager.shutdown_kernel(now=True)


def results(messages: List[Dict[str, Any]]) -> Dict[str, str]:
    """What a cell's last line shows, by its kind."""
    found = [message["content"]["data"] for message in messages if message["msg_type"] == "execute_result"]
    assert len(found) == 1, messages
    data: Dict[str, str] = found[0]
    return data


def printed(messages: List[Dict[str, Any]]) -> str:
    return "".join(message["content"]["text"] for message in messages if message["msg_type"] == "stream")


def wait(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def began(number: int) -> bool:
    return pathlib.Path(f"began-{number}").exists()


def test_an_interrupt_loses_nothing(kernel: Kernel) -> None:
    kernel.run(OPEN)
    cell = kernel.send("study.run(objective, trials=50); print('returned', len(study))")
    wait(lambda: began(2))
    kernel.manager.interrupt_kernel()
    messages = kernel.rest(cell)
    # The trial that ran was finished, and no other was begun.
    assert "finishing the running trials" in printed(messages) and "returned 3" in printed(messages)
    assert not any(message["msg_type"] == "error" for message in messages)
    # One line of progress, which was changed in its place.
    shown = [message for message in messages if message["msg_type"].endswith("display_data")]
    assert {message["msg_type"] for message in shown} == {"display_data", "update_display_data"}
    assert shown[-1]["content"]["data"]["text/plain"].startswith("trial 3/50  best loss ")
    # The second interrupt ends the trial that runs, which is run again by the next cell.
    cell = kernel.send("study.run(objective, trials=50)")
    wait(lambda: began(3))
    for _ in range(2):
        kernel.manager.interrupt_kernel()
        time.sleep(0.3)
    errors = [message["content"] for message in kernel.rest(cell) if message["msg_type"] == "error"]
    assert [error["ename"] for error in errors] == ["KeyboardInterrupt"]
    assert states() == ["complete"] * 3 + ["waiting"]
    messages = kernel.run("PAUSE = 0; study.run(objective, trials=12); print([t.attempts for t in study.trials()])")
    assert str([1] * 3 + [2] + [1] * 8) in printed(messages)


def test_what_it_shows(kernel: Kernel) -> None:
    kernel.run(OPEN)
    kernel.run("PAUSE = 0; study.run(objective, trials=12)")
    data = results(kernel.run("study"))
    assert "the best 10 of 12 trials" in data["text/html"] and data["image/svg+xml"].startswith("<svg")
    assert data["text/plain"].startswith("<study study in ")
    assert results(kernel.run("study.plot('slices')"))["image/svg+xml"].startswith("<svg")
    # Errors of a user are read in a cell, not in the terminal.
    error = [message["content"] for message in kernel.run("study.plot('slice')") if message["msg_type"] == "error"]
    assert error[0]["ename"] == "UsageError" and "did you mean `slices`?" in error[0]["evalue"]


@pytest.mark.parametrize("ending", ["restart", "kill", "shutdown"])
def test_a_kernel_that_ends(kernel: Kernel, ending: str) -> None:
    kernel.run(OPEN)
    kernel.run("study.run(objective, trials=2)")
    kernel.send("PAUSE = 100; study.run(objective, trials=50, parallel=2, processes=True)")
    wait(lambda: began(2) and began(3))
    # The kernel, what serves its study, two workers.
    assert len(servers()) >= 4
    if ending == "restart":
        kernel.manager.restart_kernel(now=False)
    else:
        kernel.manager.shutdown_kernel(now=ending == "kill")
    own = {kernel.manager.provisioner.pid} if ending == "restart" else set()
    wait(lambda: set(servers()) <= own)
    assert states() == ["complete"] * 2 + ["waiting"] * 2
