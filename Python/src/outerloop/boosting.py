"""Reporting for XGBoost and LightGBM, with an epoch for each boosting round.

    xgboost.train(params, data, 200, evals=[(held_out, "valid")], callbacks=[outerloop.boosting.xgboost(trial)])
    lightgbm.train(params, data, 200, valid_sets=[held_out], callbacks=[outerloop.boosting.lightgbm(trial)])

Metrics bear the data set's name and their own, `valid.logloss`; `metric="valid.logloss"` is reported as the only
objective of the study.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Union

from .script import ScriptTrial
from .study_trial import Trial


def _report(trial: Union[Trial, ScriptTrial], values: Dict[str, float], metric: Optional[str], round: int) -> bool:
    if metric is not None and isinstance(trial, Trial):
        values = {**values, **{name: values[metric] for name in trial._objectives[:1]}}
    return trial.report(values, epoch=round + 1)


def xgboost(trial: Union[Trial, ScriptTrial], metric: Optional[str] = None) -> Any:
    """A callback for `xgboost.train` and its estimators; it stops the training when the trial should stop."""
    from xgboost.callback import TrainingCallback

    class Report(TrainingCallback):  # type: ignore[misc,unused-ignore]
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            values = {
                f"{data}.{name}": float(series[-1][0] if isinstance(series[-1], tuple) else series[-1])
                for data, logs in evals_log.items()
                for name, series in logs.items()
            }
            return bool(values) and not _report(trial, values, metric, epoch)

    return Report()


def lightgbm(trial: Union[Trial, ScriptTrial], metric: Optional[str] = None) -> Callable[[Any], None]:
    """A callback for `lightgbm.train` and its estimators; it stops the training when the trial should stop."""
    from lightgbm.callback import EarlyStopException

    def report(environment: Any) -> None:
        results = environment.evaluation_result_list or []
        values = {f"{result[0]}.{result[1]}": float(result[2]) for result in results}
        if values and not _report(trial, values, metric, environment.iteration):
            raise EarlyStopException(environment.iteration, results)

    return report
