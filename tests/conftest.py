"""Hypothesis in every test: the same examples in every run, no deadline on a shared machine; and databases."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.postgres import Postgres

settings.register_profile(
    "steady", deadline=None, derandomize=True, max_examples=25, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

STATE = tempfile.mkdtemp(prefix="coverplan-tests-")
"""No test leaves state in the home folder; it is named before any test module makes its settings."""
os.environ["COVERPLAN_DATA_DIR"] = STATE
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each process that a test starts would compile the package
atexit.register(shutil.rmtree, STATE, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests are begun first: none is waited for at the end while the other processors have nothing to do."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for the tests of this process."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: a file, then one of PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'coverplan.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()
