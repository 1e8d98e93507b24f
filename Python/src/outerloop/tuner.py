"""The tuner interface of HPO4DL: trainings that are paused and resumed according to their learning curves."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Mapping, Optional, Union

from .errors import OuterloopError, UsageError
from .records import TrialRecord
from .study import Study
from .study_trial import Trial

#: `configuration, epoch, previous_epoch, checkpoint_path` to the metrics after an epoch, or after several.
ObjectiveFunction = Callable[..., Union[Mapping[str, Any], List[Dict[str, Any]]]]

#: The optimizers of HPO4DL, as schedulers of a study.
_OPTIMIZERS = {"dyhpo": "dyhpo", "random": None, "hyperband": "hyperband", "asha": "asha"}


class Tuner:
    """Tunes an objective that trains a configuration from one epoch to another.

        def objective_function(configuration, epoch, previous_epoch, checkpoint_path):
            ...
            return [{"epoch": i, "metric": loss_after(i)} for i in range(previous_epoch + 1, epoch + 1)]

        incumbent = Tuner(objective_function, configspace, minimize=True, max_budget=1000, optimizer="dyhpo",
                          seed=0, max_epochs=27, output_path="results").run()

    `objective_function` trains `configuration` from epoch `previous_epoch`, which is done, to `epoch`; what it needs
    to go on is in the folder `checkpoint_path`. It returns a dictionary with `epoch` and `metric`, or a list of
    such; further numbers are kept as metrics. What it raises fails the configuration.

    `configuration_space` is one of ConfigSpace, or whatever `Study` takes. `max_budget` is how many epochs are
    trained in all, `max_epochs` how many a full training has. `num_configurations` bounds how many configurations
    the optimizer `dyhpo` looks at before it trains one. `output_path` is the folder of the results: the incumbent
    (`best.json`), its checkpoint, every epoch (`log.csv`), pictures.

    `optimizer` is `dyhpo`, `random`, `hyperband`, `asha`, or any scheduler of `outerloop tune`.
    """

    def __init__(
        self,
        objective_function: ObjectiveFunction,
        configuration_space: Any,
        minimize: bool = True,
        max_budget: int = 1000,
        optimizer: str = "dyhpo",
        seed: int = 0,
        max_epochs: int = 27,
        num_configurations: int = 1000,
        output_path: Union[str, "os.PathLike[str]"] = "hpo4dl_results",
        device: Optional[str] = None,
    ) -> None:
        for name, value in (("max_budget", max_budget), ("max_epochs", max_epochs), ("num_configurations", num_configurations)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise UsageError(f"{name} is {value!r}", "give a whole number from 1 on")
        self.objective_function = objective_function
        self.configuration_space = configuration_space
        self.minimize = minimize
        self.max_budget = max_budget
        self.optimizer = optimizer
        self.seed = seed
        self.max_epochs = max_epochs
        self.num_configurations = num_configurations
        self.output_path = os.path.abspath(os.fspath(output_path))
        #: Devices are left to the objective.
        self.device = device

    def run(self, progress: Optional[bool] = None) -> Dict[str, Any]:
        """Tunes until the budget is spent, and writes the results.

        Returns the incumbent: `configuration`, `epoch`, `metric`, `trial`, and where the results are (`output_path`).

        Raises `OuterloopError` for what cannot be run, and if nothing has a result.
        """
        with self._study() as study:
            study._connection.call("results", folder=self.output_path, claimOnly=True)
            try:
                study.run(self._objective, total_epochs=self.max_budget, progress=progress)
            finally:
                study._connection.call("results", folder=self.output_path)
            return self._told(study.incumbent)

    def _study(self) -> Study:
        scheduler = _OPTIMIZERS.get(self.optimizer, self.optimizer)
        if scheduler is not None and self.max_epochs == 1:
            scheduler = None
        if scheduler == "dyhpo":
            scheduler = self._dyhpo()
        return Study(
            space=self.configuration_space,
            minimize="metric" if self.minimize else None,
            maximize=None if self.minimize else "metric",
            sampler="random" if self.optimizer == "random" else None,
            scheduler=scheduler,
            epochs=self.max_epochs,
            seed=self.seed,
            checkpoints=os.path.join(self.output_path, "trials"),
        )

    def _dyhpo(self) -> str:
        """The number of candidate configurations per proposal, clamped to the scheduler's limits."""
        return f"dyhpo:candidates={min(max(self.num_configurations, 16), 65536)}"

    def _told(self, incumbent: TrialRecord) -> Dict[str, Any]:
        return {
            "configuration": incumbent.params,
            "epoch": incumbent.epoch,
            "metric": incumbent.values["metric"],
            "trial": incumbent.number,
            "output_path": self.output_path,
        }

    def _objective(self, trial: Trial) -> None:
        previous = trial.from_epoch
        returned = self.objective_function(
            configuration=dict(trial.params),
            epoch=trial.to_epoch,
            previous_epoch=previous,
            checkpoint_path=str(trial.checkpoint.path),
        )
        reports = [returned] if isinstance(returned, Mapping) else list(returned)
        last = previous
        for report in reports:
            if not isinstance(report, Mapping) or "epoch" not in report or "metric" not in report:
                raise OuterloopError(
                    f"the objective returned {report!r:.200}", 'return {"epoch": 5, "metric": 0.76}, or a list of such'
                )
            if not last < report["epoch"] <= trial.to_epoch:
                raise OuterloopError(
                    f"the objective returned epoch {report['epoch']} where it was to train epochs {previous + 1} "
                    f"to {trial.to_epoch}",
                    "return each of them once, in their order",
                )
            last = int(report["epoch"])
        for report in reports:
            metrics = {name: value for name, value in report.items() if name != "epoch" and _is_number(value)}
            if not trial.report(metrics, epoch=report["epoch"]):
                break
        trial._link.call("checkpoint", trial=trial.number, epoch=last)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, str)
