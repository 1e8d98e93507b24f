"""Spaces: as they are written, as objectives get their values."""

import pathlib
from typing import Any

import pytest

import outerloop


def one(space: Any, trials: int = 30) -> Any:
    with outerloop.Study(space=space, sampler="random", seed=1) as study:
        study.run(lambda trial: 0, trials=trials)
        return [trial.params for trial in study.trials()]


def test_domains() -> None:
    space = {
        "lr": outerloop.log(1e-5, 1e-1),
        "layers": outerloop.int(1, 5),
        "units": outerloop.int(16, 1024, log=True),
        "step": outerloop.float(0, 1, step=0.25),
        "opt": outerloop.choice("sgd", "adam"),
        "momentum": outerloop.float(0, 0.99, when="opt == sgd"),
        "size": outerloop.ordinal("s", "m", "l"),
        "device": outerloop.constant("cpu"),
        "text": "int(2, 8, step 2)",
        "pair": (1, 3),
        "reals": (1.0, 3),
        "listed": ["a", "b"],
        "single": 7,
    }
    for params in one(space):
        assert 1e-5 <= params["lr"] <= 1e-1 and isinstance(params["lr"], float)
        assert params["layers"] in range(1, 6) and isinstance(params["layers"], int)
        assert 16 <= params["units"] <= 1024
        assert params["step"] in (0, 0.25, 0.5, 0.75, 1)
        assert ("momentum" in params) == (params["opt"] == "sgd")
        assert params["size"] in ("s", "m", "l") and params["device"] == "cpu"
        assert params["text"] in (2, 4, 6, 8) and params["pair"] in (1, 2, 3)
        assert isinstance(params["reals"], float) and params["listed"] in ("a", "b") and params["single"] == 7


def test_choices_are_objects() -> None:
    choices = [None, (3, 3), "None", 1.0, True, print]
    seen = [params["c"] for params in one({"c": outerloop.choice(choices[:2] + choices[3:])}, 60)]
    assert {repr(value) for value in seen} == {repr(value) for value in choices[:2] + choices[3:]}
    assert any(value is True for value in seen) and any(value == 1.0 and value is not True for value in seen)


def test_forbidden_combinations() -> None:
    with outerloop.Study(space={"a": (0.0, 1.0), "b": (0.0, 1.0)}, forbid=["a >= b"]) as study:
        study.run(lambda trial: trial["a"], trials=20)
        assert all(trial.params["a"] < trial.params["b"] for trial in study.trials())


def test_files(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text("parameters:\n  lr: log(1e-5, 1e-1)\n  n: int(1, 3)\n")
    assert set(one(file, 3)[0]) == {"lr", "n"}
    with pytest.raises(outerloop.UsageError, match="cannot be read"):
        one("none.yaml")


@pytest.mark.parametrize(
    "space, words",
    [
        ({"x": outerloop.float(2, 1)}, "low end"),
        ({"x": outerloop.log(0, 1)}, "log scale"),
        ({"x": outerloop.choice()}, "no choice"),
        ({"x": outerloop.choice("a", "a")}, "twice"),
        ({"x": "flot(0, 1)"}, "flot"),
        ({"x": object()}, "cannot be"),
        ({"x": outerloop.float(0, 1, when="y == 1")}, "`y`"),
        (7, "no space"),
        ({}, "no parameter"),
    ],
)
def test_what_is_no_space(space: Any, words: str) -> None:
    with pytest.raises(outerloop.OuterloopError) as caught:
        outerloop.Study(space=space)
    assert words in str(caught.value)


def test_configspace() -> None:
    ConfigSpace = pytest.importorskip("ConfigSpace")
    space = ConfigSpace.ConfigurationSpace(
        {"x": (-5.0, 10.0), "n": (1, 4), "opt": ["sgd", "adam"], "c": ConfigSpace.Constant("k", 3)}
    )
    momentum = ConfigSpace.Float("momentum", (0.0, 0.9))
    space.add(momentum)
    space.add(ConfigSpace.EqualsCondition(momentum, space["opt"], "sgd"))
    for params in one(space):
        assert -5 <= params["x"] <= 10 and params["n"] in range(1, 5)
        assert ("momentum" in params) == (params["opt"] == "sgd")


def test_numpy_values() -> None:
    np = pytest.importorskip("numpy")
    space = {"x": outerloop.float(np.float32(0), np.int64(1)), "c": outerloop.choice(np.int64(3), np.float64(0.5))}
    with outerloop.Study(space=space, minimize="loss") as study:
        study.enqueue(x=np.float64(0.5), c=np.int64(3))
        study.run(lambda trial: np.float32(trial["x"]), trials=3)
        assert study.trials()[0].params == {"x": 0.5, "c": 3} and study.trials()[0].value == 0.5
        study.run(lambda trial: np.array([0.25]), more=1)
        assert study.best_value <= 0.25
