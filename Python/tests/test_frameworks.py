"""Callbacks and estimators for other libraries, where they are installed."""

from typing import Any, List

import pytest

import outerloop


def test_sklearn() -> None:
    pytest.importorskip("sklearn")
    from sklearn.base import clone
    from sklearn.datasets import load_iris
    from sklearn.svm import SVC

    from outerloop.sklearn import OuterloopSearchCV

    X, y = load_iris(return_X_y=True)
    space = {"C": outerloop.log(1e-3, 1e3), "kernel": ["linear", "rbf"]}
    search = OuterloopSearchCV(SVC(), space, n_trials=8, cv=3, seed=1)
    assert clone(search).get_params()["n_trials"] == 8
    search.fit(X, y)
    assert search.best_score_ > 0.9 and set(search.best_params_) == {"C", "kernel"}
    assert len(search.cv_results_["params"]) == 8 and search.predict(X[:3]).shape == (3,)
    assert search.score(X, y) > 0.9


def test_xgboost() -> None:
    np, xgboost = pytest.importorskip("numpy"), pytest.importorskip("xgboost")
    from outerloop.boosting import xgboost as report

    X = np.random.default_rng(0).normal(size=(200, 3))
    data = xgboost.DMatrix(X, X[:, 0] > 0)

    def objective(trial: Any) -> None:
        params = {"objective": "binary:logistic", "eta": trial["eta"]}
        xgboost.train(
            params, data, trial.to_epoch, evals=[(data, "valid")], verbose_eval=False,
            callbacks=[report(trial, "valid.logloss")],
        )

    with outerloop.Study(space={"eta": (0.01, 0.5)}, epochs=10, scheduler="median:startup=2") as study:
        study.run(objective, trials=6)
        assert study.best.values["value"] == study.best.values["valid.logloss"]


def test_lightgbm() -> None:
    np, lightgbm = pytest.importorskip("numpy"), pytest.importorskip("lightgbm")
    from outerloop.boosting import lightgbm as report

    X = np.random.default_rng(0).normal(size=(200, 3))
    data = lightgbm.Dataset(X, X[:, 0] > 0)

    def objective(trial: Any) -> None:
        params = {"objective": "binary", "learning_rate": trial["eta"], "verbose": -1}
        lightgbm.train(
            params, data, trial.to_epoch, valid_sets=[data], valid_names=["valid"],
            callbacks=[report(trial, "valid.binary_logloss")],
        )

    with outerloop.Study(space={"eta": (0.01, 0.5)}, epochs=10, scheduler="median:startup=2") as study:
        study.run(objective, trials=6)
        assert study.best.values["value"] == study.best.values["valid.binary_logloss"]


def test_keras() -> None:
    pytest.importorskip("keras")
    from outerloop.keras import report

    class Model:
        stop_training = False

    def objective(trial: Any) -> None:
        callback, model = report(trial), Model()
        callback.set_model(model)
        for epoch in range(trial.from_epoch, trial.to_epoch):
            callback.on_epoch_end(epoch, {"loss": trial["lr"], "val_loss": trial["lr"] + 1 / (epoch + 1)})
            if model.stop_training:
                break

    with outerloop.Study(space={"lr": (0.0, 1.0)}, minimize="val_loss", epochs=9, scheduler="median:startup=2") as study:
        study.run(objective, trials=8)
        assert study.best.epoch == 9


def test_lightning() -> None:
    pytest.importorskip("lightning")
    from outerloop.lightning import report

    class Strategy:
        def broadcast(self, value: bool) -> bool:
            return value

    class Trainer:
        sanity_checking, is_global_zero, should_stop = False, True, False
        strategy, current_epoch = Strategy(), 0
        callback_metrics: Any = {}

    def objective(trial: Any) -> None:
        callback, trainer = report(trial, "val_loss"), Trainer()
        seen: List[int] = []
        for epoch in range(trial.from_epoch, trial.to_epoch):
            trainer.current_epoch = epoch
            trainer.callback_metrics = {"val_loss": trial["lr"] + 1 / (epoch + 1), "other": 1}
            callback.on_validation_end(trainer, None)
            seen.append(epoch)
            if trainer.should_stop:
                break

    with outerloop.Study(space={"lr": (0.0, 1.0)}, minimize="val_loss", epochs=9, scheduler="median:startup=2") as study:
        study.run(objective, trials=8)
        assert study.best.epoch == 9 and set(study.best.values) == {"val_loss"}
