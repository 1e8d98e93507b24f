"""Objectives that raise, hang, crash, fork, print, exit and use threads."""

import faulthandler
import os
import subprocess
import sys
import threading
import time
from typing import Any, List

import pytest
from conftest import X, servers, square

import outerloop


def sometimes(trial: outerloop.Trial) -> float:
    if trial.number % 3 == 1:
        raise ValueError(f"x is {trial['x']}")
    return square(trial)


@pytest.mark.parametrize("parallel, processes", [(1, False), (2, False), (2, True)])
def test_exceptions_are_failures_with_their_tracebacks(parallel: int, processes: bool) -> None:
    with outerloop.Study(space=X, minimize="loss") as study:
        study.run(sometimes, trials=12, parallel=parallel, processes=processes)
        failed = study.trials("failed")
        assert [trial.number for trial in failed] == [1, 4, 7, 10]
        for trial in failed:
            assert trial.reason == "error" and trial.message is not None
            head, _, trace = trial.message.partition("\n\n")
            assert head == f"ValueError: x is {trial.params['x']}"
            assert "in sometimes" in trace and "test_failures.py" in trace and "running.py" not in trace


def test_a_broken_objective_ends_the_run() -> None:
    def objective(trial: Any) -> float:
        return float(undefined_name)  # type: ignore[name-defined]  # noqa: F821

    with outerloop.Study(space=X) as study:
        with pytest.raises(outerloop.BrokenObjective, match="the first 3 trials failed the same way") as caught:
            study.run(objective, trials=50)
        assert "NameError" in str(caught.value) and "in objective" in str(caught.value)
        assert len(study) == 3
        with pytest.raises(outerloop.BrokenObjective, match="5 trials"):
            study.run(objective, more=50, max_failures=5)
        assert len(study) == 8
        study.run(objective, more=20, max_failures=None)
        assert len(study) == 28


def test_a_parallel_run_is_broken_too() -> None:
    with outerloop.Study(space=X) as study:
        with pytest.raises(outerloop.BrokenObjective):
            study.run(lambda trial: 1 / 0, trials=50, parallel=3)
        assert len(study) <= 6 and {trial.state for trial in study.trials()} == {"failed"}


def test_retries() -> None:
    tries: List[int] = []

    def objective(trial: outerloop.Trial) -> float:
        tries.append(trial.attempt)
        if trial.attempt == 1:
            raise OSError("the network is down")
        return 1

    with outerloop.Study(space=X, retries=1) as study:
        study.run(objective, trials=3)
        assert tries == [1, 2] * 3 and study.trials()[0].attempts == 2


def test_exits_and_memory() -> None:
    def objective(trial: outerloop.Trial) -> float:
        if trial.number == 0:
            sys.exit("enough")
        if trial.number == 1:
            raise MemoryError("too large")
        return 1

    with outerloop.Study(space=X) as study:
        study.run(objective, trials=3)
        assert [trial.reason for trial in study.trials()] == ["error", "memory", None]


def test_pruned_by_the_objective() -> None:
    def objective(trial: outerloop.Trial) -> float:
        trial.report(0.5, epoch=1)
        raise outerloop.TrialPruned

    for processes in (False, True):
        with outerloop.Study(space=X) as study:
            study.run(objective, trials=2, processes=processes)
            assert [trial.state for trial in study.trials()] == ["pruned", "pruned"]
            assert study.trials()[0].values == {"value": 0.5}


def test_processes_that_hang_and_crash() -> None:
    def objective(trial: outerloop.Trial) -> float:
        if trial.number == 0:
            subprocess.Popen(["sleep", "1000"])
            time.sleep(1000)
        if trial.number == 1:
            # What pytest would print of it.
            faulthandler.disable()
            os.kill(os.getpid(), 11)
        if trial.number == 2:
            os._exit(3)
        return 1

    with outerloop.Study(space=X) as study:
        study.run(objective, trials=5, processes=True, trial_timeout=1)
        trials = study.trials()
        assert [trial.reason for trial in trials] == ["timeout", "error", "error", None, None]
        assert "SIGSEGV" in (trials[1].message or "") and "status 3" in (trials[2].message or "")
    time.sleep(0.3)
    assert servers() == []


def test_processes_report_and_name_parameters() -> None:
    def objective(trial: outerloop.Trial) -> None:
        x = trial.suggest_float("x", 0, 1)
        with open(trial.checkpoint.path / "pid", "w") as file:
            file.write(str(os.getpid()))
        assert trial.report(epoch=1, value=x)

    with outerloop.Study() as study:
        study.run(objective, trials=6, processes=True, parallel=2)
        assert {trial.state for trial in study.trials()} == {"complete"}


def test_forks_do_not_disturb_the_study() -> None:
    def objective(trial: outerloop.Trial) -> float:
        pid = os.fork()
        if pid == 0:
            try:
                trial.report(value=1, epoch=1)
            except outerloop.OuterloopError as error:
                os._exit(7 if "forked" in str(error) else 1)
            os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        # One that ends like a program does.
        if os.fork() == 0:
            sys.exit(0)
        os.wait()
        return 1

    if sys.version_info < (3, 9):
        pytest.skip("needs Python 3.9")

    def guarded(trial: outerloop.Trial) -> float:
        owner = os.getpid()
        try:
            return objective(trial)
        except SystemExit:
            if os.getpid() != owner:
                os._exit(0)
            raise

    with outerloop.Study(space=X) as study:
        study.run(guarded, trials=4)
        assert {trial.state for trial in study.trials()} == {"complete"}


def test_multiprocessing_inside() -> None:
    import multiprocessing

    def objective(trial: outerloop.Trial) -> float:
        with multiprocessing.get_context("fork").Pool(2) as pool:
            return float(sum(pool.map(abs, [-1, -2])))

    with outerloop.Study(space=X) as study:
        study.run(objective, trials=2)
        assert study.best_value == 3


def test_printing_and_threads(capfd: Any) -> None:
    def objective(trial: outerloop.Trial) -> float:
        print("{", trial.number, flush=True)
        os.system("echo from a child; cat")
        values: List[float] = []

        def work(epoch: int) -> None:
            trial.report(epoch=1, value=epoch)
            values.append(epoch)

        threads = [threading.Thread(target=work, args=(epoch,)) for epoch in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(values)

    with outerloop.Study(space=X) as study:
        study.run(objective, trials=3, parallel=1)
        assert study.best_value == 28
    assert capfd.readouterr().out.count("from a child") == 3


def test_a_server_that_was_killed() -> None:
    study = outerloop.Study("runs.db", space=X, minimize="loss")

    def objective(trial: outerloop.Trial) -> float:
        if trial.number == 3:
            os.kill(study._connection.process_id, 9)
            time.sleep(0.2)
        return square(trial)

    with pytest.raises(outerloop.ConnectionLost):
        study.run(objective, trials=10)
    with outerloop.Study("runs.db", space=X, minimize="loss") as again:
        again.run(square, trials=10)
        trials = again.trials()
        assert len(trials) == 10 and {trial.state for trial in trials} == {"complete"}
        assert trials[3].attempts == 2


def test_one_run_at_a_time() -> None:
    with outerloop.Study(space=X) as study:

        def objective(trial: outerloop.Trial) -> float:
            with pytest.raises(outerloop.UsageError, match="runs already"):
                study.run(square, trials=3)
            return 1

        study.run(objective, trials=1, max_failures=1)
        assert study.trials()[0].state == "complete"
        with pytest.raises(outerloop.UsageError, match="parallel"):
            study.run(square, parallel=0)
        with pytest.raises(outerloop.UsageError, match="processes"):
            study.run(square, trial_timeout=3)
