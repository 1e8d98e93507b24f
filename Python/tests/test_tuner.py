"""The tuner of HPO4DL."""

import csv
import json
import pathlib
from typing import Any, Dict, List, Union

import pytest

import outerloop
from outerloop import Tuner


def objective_function(
    configuration: Dict[str, Any], epoch: int, previous_epoch: int, checkpoint_path: str
) -> Union[Dict[str, Any], List[Dict[str, Any]]]:
    x = configuration["x"]
    evaluated_info = [{"epoch": i, "metric": (x - 2) ** 2} for i in range(previous_epoch + 1, epoch + 1)]
    return evaluated_info


def test_the_example_of_hpo4dl() -> None:
    """The first example of HPO4DL's page, with a smaller budget: it minimises."""
    ConfigSpace = pytest.importorskip("ConfigSpace")
    configspace = ConfigSpace.ConfigurationSpace({"x": (-5.0, 10.0)})
    tuner = Tuner(
        objective_function=objective_function,
        configuration_space=configspace,
        minimize=True,
        max_budget=120,
        optimizer="dyhpo",
        seed=0,
        max_epochs=27,
        num_configurations=1000,
        output_path="hpo4dl_results",
    )
    incumbent = tuner.run()
    assert abs(incumbent["configuration"]["x"] - 2) < 0.1 and incumbent["metric"] < 0.01
    results = pathlib.Path("hpo4dl_results")
    best = json.loads((results / "best.json").read_text())
    assert best["params"] == incumbent["configuration"] and best["values"]["metric"] == incumbent["metric"]
    with open(results / "log.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 120
    assert list((results / "plots").glob("*.svg"))


@pytest.mark.parametrize("optimizer", ["random", "hyperband", "asha", "freeze-thaw"])
@pytest.mark.parametrize("minimize", [True, False])
def test_optimizers_and_directions(optimizer: str, minimize: bool) -> None:
    def objective(configuration: Any, epoch: int, previous_epoch: int, checkpoint_path: str) -> Dict[str, Any]:
        value = (configuration["x"] - 2) ** 2
        return {"epoch": epoch, "metric": value if minimize else -value, "note": "text"}

    incumbent = Tuner(objective, {"x": (-5.0, 10.0)}, minimize, 60, optimizer, 1, 9, 64, "results").run()
    assert abs(incumbent["metric"]) < 1 and incumbent["epoch"] <= 9


def test_trainings_go_on_where_they_were() -> None:
    def objective(configuration: Any, epoch: int, previous_epoch: int, checkpoint_path: str) -> List[Dict[str, Any]]:
        file = pathlib.Path(checkpoint_path) / "done"
        assert (int(file.read_text()) if file.exists() else 0) == previous_epoch
        file.write_text(str(epoch))
        return [{"epoch": i, "metric": configuration["x"] + 1 / i} for i in range(previous_epoch + 1, epoch + 1)]

    incumbent = Tuner(objective, {"x": (0.0, 1.0)}, True, 80, "asha", 0, 9, output_path="results").run()
    place = pathlib.Path("results/checkpoints") / f"trial-{incumbent['trial']}-epoch-{incumbent['epoch']}"
    assert (place / "done").read_text() == str(incumbent["epoch"])


@pytest.mark.parametrize(
    "returned, words",
    [({"metric": 1}, "epoch"), ([{"epoch": 0, "metric": 1}], "epoch 0"), (3, "not iterable")],
)
def test_what_is_no_answer(returned: Any, words: str) -> None:
    with pytest.raises(outerloop.BrokenObjective, match=words):
        Tuner(lambda **given: returned, {"x": (0.0, 1.0)}, True, 60, "asha", 0, 9, output_path="results").run()


def test_what_cannot_be() -> None:
    with pytest.raises(outerloop.UsageError, match="max_budget"):
        Tuner(objective_function, {"x": (0.0, 1.0)}, max_budget=0)
    with pytest.raises(outerloop.UsageError, match="`boh`"):
        Tuner(objective_function, {"x": (0.0, 1.0)}, optimizer="boh", output_path="results").run()
    pathlib.Path("mine").mkdir()
    pathlib.Path("mine/file.txt").write_text("mine")
    with pytest.raises(outerloop.OuterloopError, match="mine"):
        Tuner(objective_function, {"x": (0.0, 1.0)}, optimizer="asha", output_path="mine").run()
    assert list(pathlib.Path("mine").iterdir()) == [pathlib.Path("mine/file.txt")]
