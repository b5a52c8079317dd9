"""Running the service."""

from __future__ import annotations

import fcntl
import math
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from coverplan import logs
from coverplan.api.app import create_app
from coverplan.api.closing import Closing
from coverplan.api.connections import limited
from coverplan.api.guard.access import may_be_open
from coverplan.jobs.queue import prepare
from coverplan.settings import Settings
from coverplan.store import keys
from coverplan.store.database import Database
from coverplan.store.privacy import keep_private
from coverplan.store.store import Store

_KEPT_OPEN_S = 30
_WAITING_CONNECTIONS = 128


class AlreadyServedError(Exception):
    """Another service has the data folder."""


class UnsafeAddressError(Exception):
    """The address is reachable from other machines, anybody could call, and nobody said that this is wanted."""


def run(
    host: str | None = None, port: int | None = None, insecure: bool | None = None, with_worker: bool = True
) -> None:
    """Serve until told to stop (SIGINT, SIGTERM); what is not given comes from the settings.

    Running requests get `shutdown_s` to end; then their solver children are killed. `with_worker`: or one beside it.

    Raises:
        AlreadyServedError: another service has this data folder.
        DatabaseLostError: the database does not answer.
        BlobLostError: the blobs cannot be opened.
        UnsafeAddressError: the address is not loopback, there is no API key and `insecure` is not set.
    """
    given = {"host": host, "port": port, "insecure": insecure}
    settings = Settings().model_copy(update={name: value for name, value in given.items() if value is not None})
    logs.configure(settings.log_level)
    store = Store.open(settings)
    try:
        check_address(settings, store.database)
    finally:
        store.close()
    prepare(settings.database)
    app = create_app(settings, with_worker=with_worker)
    config = uvicorn.Config(
        app,
        http=limited(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=_KEPT_OPEN_S,
        timeout_graceful_shutdown=math.ceil(settings.shutdown_s),
        backlog=_WAITING_CONNECTIONS,
        lifespan="on",
    )
    with _alone(settings):
        _Server(config, app).run()


class _Server(uvicorn.Server):
    """Tells the app when it is asked to stop: uvicorn does so only once it has waited for all answers."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal has come."""
        super().handle_exit(sig, frame)
        closing: Closing | None = getattr(self._app.state, "closing", None)
        if closing is not None:
            closing.begin()


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Hold the data folder, where the state is in it: two services would each think that it is theirs."""
    if settings.database_url is not None:
        yield
        return
    keep_private(settings.data_dir)
    with (settings.data_dir / "service.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyServedError(
                f"another Coverplan service has the data folder {settings.data_dir}: stop it, name another folder in "
                "COVERPLAN_DATA_DIR, or share a PostgreSQL database with COVERPLAN_DATABASE_URL."
            ) from None
        yield


def check_address(settings: Settings, database: Database) -> None:
    """Refuse an address that other machines reach while nobody could log in, unless told otherwise.

    Raises:
        UnsafeAddressError: it is one, no API key is usable and `insecure` is not set.
        DatabaseLostError: the database does not answer.
    """
    if may_be_open(settings):
        return
    if settings.require_keys == "never":
        raise UnsafeAddressError(
            f"{settings.host} is reachable from other machines and COVERPLAN_REQUIRE_KEYS=never lets anybody in: "
            "listen on 127.0.0.1, or pass --insecure if the network is trusted."
        )
    with database.read() as connection:
        if keys.usable(connection):
            return
    raise UnsafeAddressError(
        f"{settings.host} is reachable from other machines and there is no API key: make one with "
        "`coverplan keys create`, listen on 127.0.0.1, or pass --insecure if the network is trusted."
    )
