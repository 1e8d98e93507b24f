"""Optuna's conformance suite of storages (optuna.testing.pytest_storages) against our store."""

import math
import multiprocessing
import os

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.testing import pytest_storages as suites
from optuna.trial import TrialState

from adapter_storage import ImportedStorage, OuterloopStorage


class TestStore(suites.StorageTestCase):
    @pytest.fixture
    def storage(self, tmp_path):
        storage = OuterloopStorage(tmp_path / "store.db")
        yield storage
        storage.served.close()


def database():
    url = os.environ.get("OUTERLOOP_TEST_POSTGRES")
    if not url:
        pytest.skip("OUTERLOOP_TEST_POSTGRES names no database")
    return url


class TestPostgres(suites.StorageTestCase):
    """The same on a server. OUTERLOOP_TEST_POSTGRES is the URL of a database that is the tests' alone."""

    @pytest.fixture
    def storage(self):
        storage = OuterloopStorage(database())
        for study in storage._studies():
            storage.say("delete", study["study"])
        yield storage
        storage.served.close()


class TestImport(suites.StorageTestCase):
    @pytest.fixture
    def storage(self, tmp_path):
        storage = ImportedStorage(tmp_path)
        yield storage
        storage.served.close()
        storage.engine.dispose()


def work(path, count):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = OuterloopStorage(path)

    def objective(trial):
        for step in range(3):
            trial.report(100 * trial.number + step, step)
        if trial.number % 5 == 1:
            raise optuna.TrialPruned
        if trial.number % 5 == 2:
            raise ArithmeticError
        return 2 * trial.number

    optuna.load_study(study_name="crowd", storage=storage).optimize(
        objective, n_trials=count, catch=ArithmeticError)
    storage.served.close()


class TestSeveralProcesses:
    @pytest.mark.parametrize("place", ["file", "server"])
    def test_every_trial_is_there_once(self, tmp_path, place):
        path = tmp_path / "store.db" if place == "file" else database()
        storage = OuterloopStorage(path)
        for study in storage._studies():
            storage.say("delete", study["study"])
        optuna.create_study(study_name="crowd", storage=storage, direction="maximize")
        context = multiprocessing.get_context("spawn")
        crowd = [context.Process(target=work, args=(path, 25)) for _ in range(4)]
        for process in crowd:
            process.start()
        for process in crowd:
            process.join()
        assert [process.exitcode for process in crowd] == [0] * 4
        study = optuna.load_study(study_name="crowd", storage=storage)
        trials = study.trials
        assert [t.number for t in trials] == list(range(100))
        for t in trials:
            assert t.state == (TrialState.PRUNED if t.number % 5 == 1 else TrialState.FAIL
                               if t.number % 5 == 2 else TrialState.COMPLETE)
            assert t.intermediate_values == {step: 100 * t.number + step for step in range(3)}
            assert t.state != TrialState.COMPLETE or t.values == [2 * t.number]
        assert study.best_trial.number == 99
        storage.served.close()


class TestImportEdges:
    """Values at the edge of what both sides can hold."""

    @pytest.mark.parametrize("value,distribution", [
        (2 ** 52 + 1, IntDistribution(0, 2 ** 52 + 1)),
        (2 ** 53 - 1, IntDistribution(0, 2 ** 53 - 1)),
        (-(2 ** 52), IntDistribution(-(2 ** 52), 7)),
        (2 ** 40, IntDistribution(1, 2 ** 50, log=True)),
        (5e-324, FloatDistribution(0, 1)),
        (1e-300, FloatDistribution(1e-300, 1e300, log=True)),
        (0.30000000000000004, FloatDistribution(0, 1)),
        (0.3, FloatDistribution(0, 1, step=0.1)),
        (True, CategoricalDistribution([True, False])),
        (1, CategoricalDistribution([False, 1, "1"])),
        (1.5, CategoricalDistribution([1, 1.5, 10 ** 15])),
        ("\u00e9\n\"'\U0001f600", CategoricalDistribution(["", "\u00e9\n\"'\U0001f600"])),
        (None, CategoricalDistribution([None, "a"])),
        (None, CategoricalDistribution(["None", None])),
        (2 ** 53, IntDistribution(1, 2 ** 53)),
    ])
    def test_parameter_comes_back(self, tmp_path, value, distribution):
        storage = ImportedStorage(tmp_path)
        study = optuna.create_study(storage=storage)
        study.add_trial(optuna.create_trial(
            params={"p": value}, distributions={"p": distribution}, value=math.pi))
        found, = storage.get_all_trials(study._study_id)
        assert found.distributions == {"p": distribution}
        assert found.params == {"p": value} and type(found.params["p"]) is type(value)
        storage.served.close()

    @pytest.mark.parametrize("name", ["lr", "n_units_l0", "a.b", "learning rate", "lr (log)", "seed", "{x}", "\u03b1"])
    def test_name_comes_back(self, tmp_path, name):
        storage = ImportedStorage(tmp_path)
        study = optuna.create_study(storage=storage)
        study.add_trial(optuna.create_trial(
            params={name: 0.5}, distributions={name: FloatDistribution(0, 1)}, value=1))
        assert storage.get_all_trials(study._study_id)[0].params == {name: 0.5}
        storage.served.close()

    def test_names_beside_one_another(self, tmp_path):
        storage = ImportedStorage(tmp_path)
        study = optuna.create_study(storage=storage)
        params = {"a b": 0.1, "a_b": 0.2, "a(b": 0.3, "a_b_2": 0.4}
        study.add_trial(optuna.create_trial(
            params=params, distributions={name: FloatDistribution(0, 1) for name in params}, value=1))
        assert storage.get_all_trials(study._study_id)[0].params == params
        storage.served.close()

    def test_range_that_changes_between_trials(self, tmp_path):
        storage = ImportedStorage(tmp_path)
        study = optuna.create_study(storage=storage)
        for x, high in [(0.5, 1), (3, 10)]:
            study.add_trial(optuna.create_trial(
                params={"x": x}, distributions={"x": FloatDistribution(0, high)}, value=1))
        found = storage.get_all_trials(study._study_id)
        assert [t.params["x"] for t in found] == [0.5, 3]
        assert all(t.distributions["x"] == FloatDistribution(0, 10) for t in found)
        storage.served.close()
