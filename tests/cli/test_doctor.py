"""What the doctor says of the database, its clock and the blob store."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from coverplan.cli.storage import Finding, blobs, database
from coverplan.settings import Settings
from coverplan.store.database import Database
from coverplan.store.migrate import head, migrate_back
from coverplan.store.store import Store
from support.ports import free_port


def findings(monkeypatch: pytest.MonkeyPatch, **settings: object) -> dict[str, Finding]:
    """All findings by name, under these settings."""
    for name, value in settings.items():
        monkeypatch.setenv(f"COVERPLAN_{name.upper()}", str(value))
    return {finding.name: finding for check in (database, blobs) for finding in check()}


def test_before_the_first_start_there_is_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And the doctor leaves it so."""
    found = findings(monkeypatch, data_dir=tmp_path / "new" / "data")

    assert {name: finding.advice for name, finding in found.items()} == {"database": None, "blobs": None}
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_that_cannot_be_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = findings(monkeypatch, data_dir=tmp_path / "file" / "data")

    assert all("COVERPLAN_DATA_DIR" in str(finding.advice) for finding in found.values())


def test_a_database_in_use_is_well(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    """The clock is asked where it may be another machine's."""
    Store.open(Settings(database_url=database_url, data_dir=tmp_path)).close()
    found = findings(monkeypatch, database_url=database_url, data_dir=tmp_path)

    assert set(found) == {"database", "blobs"} | ({"clock"} if "postgresql" in database_url else set())
    assert [finding.advice for finding in found.values()] == [None] * len(found)
    assert list((tmp_path / "blobs").rglob("probe*.*")) == []


def test_missing_tables_are_told(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    empty = Database.open(database_url)
    with empty.read():
        pass
    empty.close()
    found = findings(monkeypatch, database_url=database_url, data_dir=tmp_path)

    assert "coverplan serve" in str(found["database"].advice)


@pytest.mark.parametrize(
    ("revision", "said", "advice"),
    [
        ("9999", "of a later version", f"coverplan migrate --to {head()}"),
        ("0001", "revision 0001, not", f"from {head()}, coverplan migrate --to 0001"),
        (head(), "workers.started_at is missing", "name another"),
    ],
)
def test_ways_up_and_back_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, revision: str, said: str, advice: str
) -> None:
    """A later version's tables, an earlier one's, and some that are of none."""
    url = f"sqlite:///{tmp_path / 'x.db'}"
    store = Store.open(Settings(database_url=url, data_dir=tmp_path))
    if revision == "0001":
        migrate_back(store.database, revision)
    with store.database.begin() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
        if revision == head():
            connection.execute(text("ALTER TABLE workers DROP COLUMN started_at"))
    store.close()
    found = findings(monkeypatch, database_url=url, data_dir=tmp_path)["database"]

    assert said in found.seen
    assert advice in str(found.advice)


def test_a_database_that_is_down_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    url = f"postgresql://me:hush@127.0.0.1:{free_port()}/x"
    found = findings(monkeypatch, database_url=url, data_dir=tmp_path)["database"]

    assert "does not answer" in found.seen
    assert "hush" not in found.seen
    assert "COVERPLAN_DATABASE_URL" in str(found.advice)


@pytest.mark.parametrize("url", ["nonsense", "mysql://h/x"])
def test_what_is_no_database_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str) -> None:
    assert "postgresql://" in str(findings(monkeypatch, database_url=url, data_dir=tmp_path)["database"].advice)


def test_a_blob_store_that_takes_nothing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = findings(monkeypatch, blob_url=f"file://{tmp_path / 'file'}", data_dir=tmp_path)["blobs"]

    assert "COVERPLAN_BLOB_URL" in str(found.advice)
