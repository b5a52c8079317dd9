"""Databases of an earlier version: their runs end after an upgrade, and they go back as documented.

`revision_0001` was made by a service and a worker of that version, which were killed with runs queued and running.
"""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from coverplan.store.database import Database
from coverplan.store.migrate import head
from support.deployment import TINY, Deployment
from support.postgres import Postgres
from support.started import Started, command

EARLIER = Path(__file__).parents[1] / "store" / "revision_0001"


@pytest.fixture(params=["sqlite", "postgresql"])
def earlier(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Settings of a deployment that the earlier version left behind."""
    data = tmp_path / "data"
    if request.param == "sqlite":
        _unpack("sqlite.tar.gz", data)
        return {"data_dir": data}
    server: Postgres = request.getfixturevalue("postgres")
    url = server.database()
    engine = sa.create_engine(sa.engine.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute((EARLIER / "postgresql.sql").read_text(encoding="utf-8"))
    engine.dispose()
    _unpack("postgresql-blobs.tar.gz", data)
    return {"data_dir": data, "database_url": url, "blob_url": f"file://{data / 'blobs'}"}


@pytest.mark.long
def test_runs_of_an_earlier_version_end_and_it_goes_back(earlier: dict[str, Any], tmp_path: Path) -> None:
    """Eight runs, alone and in batches: some had ended, some were queued, a worker that was killed had the others."""
    url = earlier.get("database_url") or f"sqlite:///{earlier['data_dir'] / 'coverplan.db'}"
    before = _columns(url)
    started = Deployment(tmp_path, earlier)
    try:
        started.start_api("--role", "api")
        started.start_worker()
        with started.client() as client:
            runs = client.get("/v1/runs?limit=100").json()["items"]
            kept = {run["name"]: run["run_id"] for run in runs if run["name"]}
            assert set(kept) == {"done", "running", "waiting", "queued"}
            assert len(runs) == 8
            plan = client.get(f"/v1/runs/{kept['done']}/plan").json()
            ended = [started.wait(run["run_id"]) for run in runs]
            assert {run["job_status"] for run in ended} == {"completed"}
            assert {run["solution_status"] for run in ended} <= {"optimal", "feasible"}
            assert plan["objective"]["value"] == 46.0  # all four of 10 + 11 + 12 + 13 fit into two reps' four hours
            assert [policy["name"] for policy in client.get("/v1/policies").json()["items"]] == ["north"]
            assert client.get("/readyz").status_code == 200
        code, said = _command(started, "migrate", "--to", "0001")
        assert code == 2
        assert "stop all" in said
    finally:
        started.stop()

    assert _command(started, "migrate", "--to", "0001") == (0, "The database is at revision 0001.\n")
    assert _columns(url) == before
    assert _count(url, "runs") == 8
    assert _count(url, "run_tags") == 1


def test_a_version_goes_on_beside_the_next(database_url: str, tmp_path: Path) -> None:
    """The next version adds a table and a column that may be null: what runs goes on, but nothing starts any more."""
    started = Deployment(tmp_path, {"database_url": database_url, "blob_url": f"file://{tmp_path / 'blobs'}"})
    try:
        started.start_api("--role", "api")
        started.start_worker()
        started.await_workers()
        _run(database_url, "ALTER TABLE runs ADD COLUMN added FLOAT", "CREATE TABLE added (id INTEGER)", _REVISION)

        with started.client() as client:
            assert client.get("/readyz").status_code == 200
        assert started.wait(started.submit(TINY))["solution_status"] == "optimal"
        for words in (["worker"], ["serve", "--role", "api", "--port", "0"], ["keys", "list"], ["migrate"]):
            code, said = _command(started, *words)
            assert code == 2, said
            assert f"coverplan migrate --to {head()}" in said
            assert "Traceback" not in said
    finally:
        started.stop()


_REVISION = "UPDATE alembic_version SET version_num = '9999'"


def _unpack(name: str, folder: Path) -> None:
    with tarfile.open(EARLIER / name) as archive:
        archive.extractall(folder, filter="data")


def _run(url: str, *statements: str) -> None:
    database = Database.open(url)
    with database.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    database.close()


def _columns(url: str) -> dict[str, list[tuple[str, str, bool]]]:
    """Names, types and whether they may be null."""
    database = Database.open(url)
    with database.read() as connection:
        looked = sa.inspect(connection)
        found = {
            name: [(one["name"], str(one["type"]), one["nullable"]) for one in looked.get_columns(name)]
            for name in looked.get_table_names()
            if name != "dbos_migrations"
        }
    database.close()
    return found


def _count(url: str, table: str) -> int:
    database = Database.open(url)
    with database.read() as connection:
        count = int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())
    database.close()
    return count


def _command(started: Deployment, *words: str) -> tuple[int, str]:
    """Exit code of a command with the settings of the deployment, and what it said."""
    log = started.folder / f"{words[0]}-{len(list(started.folder.iterdir()))}.log"
    code = Started(command, *words, env=started.env, log=log).wait(timeout=60)
    return code, log.read_text(encoding="utf-8")
