"""The package as it is installed."""

import subprocess
import sys
from typing import Set

import pytest
from conftest import python

import outerloop
from outerloop.command import executable


def test_the_command_is_that_of_the_package() -> None:
    text = subprocess.run([executable(), "--version"], capture_output=True, text=True, check=True).stdout
    assert text == f"outerloop {outerloop.__version__}\n"


def imported(program: str) -> Set[str]:
    """The modules that a program imports beside those of the interpreter's start."""
    text = f"import sys; before = set(sys.modules); {program}; print(*set(sys.modules) - before)"
    return set(python("-I", "-c", text).stdout.split())


def test_import_is_quick() -> None:
    """Seconds are the machine's; which modules are imported is ours. `python -X importtime` shows what each takes."""
    assert imported("import outerloop") == {"outerloop", "outerloop.version"}
    slow = {
        "asyncio", "argparse", "ast", "ctypes", "dataclasses", "datetime", "decimal", "email", "http", "inspect",
        "importlib.metadata", "logging", "multiprocessing", "numpy", "pandas", "pathlib", "pickle", "platform",
        "polars", "random", "shutil", "socket", "sqlite3", "ssl", "statistics", "subprocess", "sysconfig", "tempfile",
        "traceback", "unittest", "urllib", "xml", "IPython", "ConfigSpace",
    }
    both = imported("import outerloop; outerloop.Study, outerloop.trial")
    assert both & slow == set()
    assert len(both) < 90, sorted(both)


def test_names() -> None:
    for name in [*outerloop.__all__, "float", "int"]:
        assert getattr(outerloop, name) is not None
    assert set(outerloop.__all__) <= set(dir(outerloop))
    with pytest.raises(AttributeError, match="studdy"):
        outerloop.studdy  # type: ignore[attr-defined]
    # The function is not the module that has its name's file.
    outerloop.Study(space={"x": (0.0, 1.0)}).close()
    assert callable(outerloop.trial) and outerloop.trial.__module__ == "outerloop.script"


def test_types() -> None:
    pytest.importorskip("mypy")
    # Other libraries are not read, whether they are installed or not.
    with open("mypy.ini", "w") as file:
        file.write("[mypy]\nstrict = true\n")
        for library in "IPython ConfigSpace sklearn keras lightning pytorch_lightning xgboost lightgbm".split():
            file.write(f"[mypy-{library}.*]\nignore_missing_imports = true\nfollow_imports = skip\n")
    checked = python("-m", "mypy", "--config-file", "mypy.ini", "-p", "outerloop")
    assert checked.returncode == 0, checked.stdout


def test_types_of_a_user() -> None:
    pytest.importorskip("mypy")
    with open("user.py", "w") as file:
        file.write(
            "import outerloop\n\n"
            "def objective(trial: outerloop.Trial) -> float:\n"
            "    lr = trial.suggest_float('lr', 0, 1)\n"
            "    return lr * trial.suggest_int('n', 1, 3)\n\n"
            "study = outerloop.Study('runs.db', space={'lr': outerloop.log(1e-5, 1), 'n': outerloop.int(1, 3)})\n"
            "study.run(objective, trials=10, parallel=2)\n"
            "reveal_type(study.best.params)\n"
            "reveal_type(study.best_value)\n"
        )
    checked = python("-m", "mypy", "--strict", "user.py")
    assert checked.returncode == 0, checked.stdout
    assert "dict[str, Any]" in checked.stdout.replace("Dict", "dict").replace("builtins.", "")


def test_a_missing_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTERLOOP_COMMAND", "/none/outerloop")
    with pytest.raises(outerloop.OuterloopError, match="OUTERLOOP_COMMAND is /none/outerloop"):
        outerloop.Study()


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_no_warnings() -> None:
    program = "import outerloop; outerloop.Study(space={'x': (0.0, 1.0)}).run(lambda trial: trial['x'], trials=3)"
    ending = python("-X", "dev", "-W", "error", "-c", program)
    assert ending.returncode == 0 and ending.stderr == "", ending.stderr


def test_without_linear_algebra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no OpenBLAS what is chosen automatically does without; what needs it says so."""
    monkeypatch.setenv("OUTERLOOP_BLAS", "/none/libopenblas.so")

    def objective(trial: outerloop.Trial) -> None:
        for epoch in trial.epochs:
            if not trial.report(trial["x"] ** 2 + 1 / epoch, epoch=epoch):
                break

    with outerloop.Study(space={"x": (-5.0, 5.0)}, epochs=9, seed=1) as study:
        study.run(objective, total_epochs=60)
        assert study.trials("pruned") or study.trials("paused")
    with outerloop.Study(space={"x": (-5.0, 5.0)}, seed=1) as study:
        study.run(lambda trial: trial["x"] ** 2, trials=20)
        assert len(study.trials("complete")) == 20
    with pytest.raises(outerloop.OuterloopError, match="linear algebra"):
        outerloop.Study(space={"x": (-5.0, 5.0)}, sampler="gp")
