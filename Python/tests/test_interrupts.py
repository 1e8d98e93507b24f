"""Ctrl-C, kernels that are interrupted, parents that are killed: nothing is lost, and nothing is left behind."""

import os
import pathlib
import signal
import subprocess
import sys
import time
from typing import Callable

import pytest
from conftest import script, servers, states

PROGRAM = """
    import pathlib, sys, time
    import outerloop

    def objective(trial):
        pathlib.Path(f"began-{trial.number}").touch()
        for _ in range(20 if trial.number < 2 else 2000):
            time.sleep(0.05)
        return trial["x"]

    study = outerloop.Study("runs.db", space={"x": (0.0, 1.0)}, minimize="loss")
    print(study.run(objective, trials=20, parallel=PARALLEL, processes=PROCESSES).ending)
"""


def start(parallel: int, processes: bool) -> "subprocess.Popen[str]":
    text = PROGRAM.replace("PARALLEL", str(parallel)).replace("PROCESSES", str(processes))
    return subprocess.Popen(
        [sys.executable, script(text)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def began(number: int) -> bool:
    return pathlib.Path(f"began-{number}").exists()


@pytest.mark.parametrize("parallel, processes", [(1, False), (2, False), (2, True)])
def test_the_first_finishes_what_runs(parallel: int, processes: bool) -> None:
    program = start(parallel, processes)
    wait(lambda: began(0) and (parallel == 1 or began(1)))
    # As a terminal does: all processes of the group get it.
    os.killpg(program.pid, signal.SIGINT)
    out, err = program.communicate(timeout=60)
    assert program.returncode == 0 and out == "stopped\n", err
    assert "finishing the running trials" in err
    assert states() == ["complete"] * parallel
    wait(lambda: servers() == [])


@pytest.mark.parametrize("parallel, processes", [(1, False), (2, False), (2, True)])
def test_the_second_stops_what_runs(parallel: int, processes: bool) -> None:
    program = start(parallel, processes)
    # The first two are done then, in whatever order.
    wait(lambda: began(parallel + 1))
    for _ in range(2):
        os.killpg(program.pid, signal.SIGINT)
        time.sleep(0.3)
    out, err = program.communicate(timeout=60)
    assert program.returncode != 0 and "KeyboardInterrupt" in err
    found = states()
    assert found[:2] == ["complete"] * 2 and set(found[2:]) <= {"waiting", "complete"} and "waiting" in found
    wait(lambda: servers() == [])


@pytest.mark.parametrize("parallel, processes", [(1, False), (2, True)])
def test_a_parent_that_is_killed(parallel: int, processes: bool) -> None:
    program = start(parallel, processes)
    # The first two are done then, in whatever order.
    wait(lambda: began(parallel + 1))
    program.kill()
    program.communicate(timeout=60)
    wait(lambda: servers() == [])
    found = states()
    assert found[:2] == ["complete"] * 2 and set(found[2:]) == {"waiting"}


def test_a_parent_that_is_killed_while_its_children_live() -> None:
    name = script(
        """
        import os, subprocess, sys, time
        import outerloop

        def objective(trial):
            if os.fork() == 0:
                time.sleep(8)
                os._exit(0)
            open("began-0", "w").close()
            time.sleep(1000)

        outerloop.Study("runs.db", space={"x": (0.0, 1.0)}).run(objective, trials=3)
        """
    )
    program = subprocess.Popen([sys.executable, name])
    wait(lambda: began(0))
    program.kill()
    program.wait()
    # The child holds the pipes, and serves nobody.
    wait(lambda: len(servers()) == 1)
    assert states() == ["waiting"]
    wait(lambda: servers() == [])


def test_the_end_of_a_program_ends_all() -> None:
    name = script(
        """
        import outerloop
        study = outerloop.Study("runs.db", space={"x": (0.0, 1.0)})
        study.ask()
        """
    )
    subprocess.run([sys.executable, name], check=True, timeout=60)
    wait(lambda: servers() == [])
    assert states() == ["waiting"]
