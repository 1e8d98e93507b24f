"""Callbacks and estimators for other libraries, where they are installed."""

import os
import sys
from importlib.util import find_spec
from typing import Any, Dict

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


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("classifies", [False, True])
def test_the_estimator_checks_of_sklearn(classifies: bool) -> None:
    """Every check that scikit-learn's own search passes with the same estimator."""
    pytest.importorskip("sklearn", "1.6")
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.model_selection import RandomizedSearchCV
    from sklearn.utils.estimator_checks import check_estimator

    from outerloop.sklearn import OuterloopSearchCV

    estimator, name = (LogisticRegression(), "C") if classifies else (Ridge(), "alpha")

    def found(search: Any) -> Dict[str, Any]:
        checks = check_estimator(search, on_skip=None, on_fail=None)
        return {check["check_name"]: check for check in checks if check["status"] == "failed"}

    theirs = found(RandomizedSearchCV(estimator, {name: [0.1, 1.0]}, n_iter=2, cv=2, error_score="raise"))
    own = found(
        OuterloopSearchCV(estimator, {name: outerloop.log(0.1, 1)}, n_trials=2, cv=2, seed=1, error_score="raise")
    )
    assert {name: check["exception"] for name, check in own.items() if name not in theirs} == {}


@pytest.mark.filterwarnings("ignore")
def test_configurations_of_sklearn_that_fail() -> None:
    pytest.importorskip("sklearn")
    from sklearn.datasets import load_iris
    from sklearn.svm import SVC

    from outerloop.sklearn import OuterloopSearchCV

    X, y = load_iris(return_X_y=True)
    some = OuterloopSearchCV(SVC(), {"C": (-1.0, 2.0)}, n_trials=12, cv=3, seed=1, sampler="random").fit(X, y)
    assert some.best_params_["C"] > 0 and len(some.cv_results_["params"]) < 12
    for more in ({}, {"error_score": "raise"}):
        with pytest.raises(ValueError, match="C"):
            OuterloopSearchCV(SVC(), {"C": (-2.0, -1.0)}, n_trials=12, cv=3, **more).fit(X, y)


def test_a_search_of_sklearn_goes_on_in_its_store() -> None:
    pytest.importorskip("sklearn")
    from sklearn.datasets import load_iris
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    from outerloop.sklearn import OuterloopSearchCV

    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), SVC())
    space = {"svc__C": outerloop.log(1e-3, 1e3)}
    scoring = ["accuracy", "f1_macro"]
    more = {"cv": 3, "seed": 1, "store": "runs.db", "scoring": scoring, "refit": "f1_macro", "n_jobs": 2}
    OuterloopSearchCV(pipeline, space, n_trials=3, **more).fit(X, y)
    again = OuterloopSearchCV(pipeline, space, n_trials=5, **more).fit(X, y)
    assert len(again.cv_results_["params"]) in (2, 3)
    with outerloop.Study("runs.db") as study:
        assert study.objectives == ["mean_test_f1_macro"] and len(study.trials("complete")) == 5
        assert again.best_params_ == study.best_params and again.best_score_ == study.best_value
    # All of it is there: what it has found is found again.
    third = OuterloopSearchCV(pipeline, space, n_trials=5, **more).fit(X, y)
    assert third.best_params_ == again.best_params_ and len(third.cv_results_["params"]) == 1
    with pytest.raises(outerloop.OuterloopError, match="refit"):
        OuterloopSearchCV(pipeline, space, n_trials=3, cv=3, scoring=scoring, refit=False).fit(X, y)


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
    np = pytest.importorskip("numpy")
    if find_spec("tensorflow") is None:
        os.environ.setdefault("KERAS_BACKEND", "torch" if find_spec("torch") else "jax")
    keras = pytest.importorskip("keras")
    from outerloop.keras import report

    X = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    y = X.sum(axis=1, keepdims=True)
    trained: Dict[int, int] = {}

    def objective(trial: outerloop.Trial) -> None:
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile(optimizer=keras.optimizers.SGD(trial["lr"]), loss="mse")
        history = model.fit(
            X, y, validation_data=(X, y), initial_epoch=trial.from_epoch, epochs=trial.to_epoch, verbose=0,
            callbacks=[report(trial)],
        )
        trained[trial.number] = history.epoch[-1] + 1

    space = {"lr": outerloop.log(1e-4, 0.1)}
    with outerloop.Study(
        space=space, minimize="val_loss", epochs=5, sampler="random", scheduler="median:startup=2", seed=1
    ) as study:
        study.run(objective, trials=8)
        assert study.best.epoch == 5 and set(study.best.values) == {"loss", "val_loss"}
        pruned = study.trials("pruned")
        assert pruned and len(pruned) + len(study.trials("complete")) == 8
        # Each training ended where it was told to.
        assert all(trained[trial.number] == trial.epoch for trial in study.trials())


def test_lightning() -> None:
    lightning, torch = pytest.importorskip("lightning.pytorch"), pytest.importorskip("torch")
    from outerloop.lightning import report

    X = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, X.sum(1, keepdim=True)), batch_size=32)
    trained: Dict[int, int] = {}

    class Module(lightning.LightningModule):  # type: ignore[name-defined,misc]
        def __init__(self, lr: float) -> None:
            super().__init__()
            self.layer, self.lr = torch.nn.Linear(3, 1), lr

        def training_step(self, batch: Any, index: int) -> Any:
            return torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val_loss", torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1]))
            self.log("other", 1.0)

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), self.lr)

    def objective(trial: outerloop.Trial) -> None:
        torch.manual_seed(1)
        trainer = lightning.Trainer(
            max_epochs=trial.to_epoch, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, callbacks=[report(trial, "val_loss")],
        )
        trainer.fit(Module(trial["lr"]), data, data)
        trained[trial.number] = trainer.current_epoch

    space = {"lr": outerloop.log(1e-4, 0.1)}
    with outerloop.Study(
        space=space, minimize="val_loss", epochs=4, sampler="random", scheduler="median:startup=2", seed=1
    ) as study:
        study.run(objective, trials=6)
        assert study.best.epoch == 4 and set(study.best.values) == {"val_loss"}
        assert study.trials("pruned")
        assert all(trained[trial.number] == trial.epoch for trial in study.trials())


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_tables(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = pytest.importorskip(library)
    for name in {"pandas", "polars"} - {library}:
        monkeypatch.delitem(sys.modules, name, raising=False)

    def objective(trial: outerloop.Trial) -> Any:
        if trial.number == 130:
            raise ValueError("late")
        return {"loss": trial["x"], **({"size": 1.5} if trial.number > 140 else {})}

    with outerloop.Study(space={"x": (0.0, 1.0), "c": ["a", None, 3]}, minimize="loss", sampler="random") as study:
        study.run(objective, trials=150)
        table = study.trials_dataframe()
        assert isinstance(table, frames.DataFrame) and table.shape[0] == 150
        assert list(table["reason"])[130] == "error" and list(table["value.size"])[141] == 1.5


def test_values_of_torch_and_numpy() -> None:
    np, torch = pytest.importorskip("numpy"), pytest.importorskip("torch")

    def objective(trial: outerloop.Trial) -> Any:
        x = torch.tensor(trial["x"], requires_grad=True)
        loss = (x - 2) ** 2
        loss.backward()
        trial.report({"loss": loss, "size": np.float32(0.5), "one": np.ones(1)}, epoch=1, gradient={"x": x.grad})

    with outerloop.Study(space={"x": (-5.0, 10.0)}, minimize="loss", sampler="gp", seed=1) as study:
        study.run(objective, trials=8)
        assert study.best_value < 1e-3 and study.best.values["size"] == 0.5
