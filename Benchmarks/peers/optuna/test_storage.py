"""Optuna's conformance suite of storages (optuna.testing.pytest_storages) against our store."""

import pytest
from optuna.testing import pytest_storages as suites

from adapter_storage import ImportedStorage, OuterloopStorage


class TestStore(suites.StorageTestCase):
    @pytest.fixture
    def storage(self, tmp_path):
        storage = OuterloopStorage(tmp_path / "store.db")
        yield storage
        storage.served.close()


class TestImport(suites.StorageTestCase):
    @pytest.fixture
    def storage(self, tmp_path):
        storage = ImportedStorage(tmp_path)
        yield storage
        storage.served.close()
        storage.engine.dispose()
