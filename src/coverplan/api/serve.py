"""Running the service."""

from __future__ import annotations

import math

import uvicorn

from coverplan.api import logs
from coverplan.api.app import create_app
from coverplan.settings import Settings, is_loopback

_KEPT_OPEN_S = 30
_WAITING_CONNECTIONS = 128


class UnsafeAddressError(Exception):
    """The address is reachable from other machines, and nobody said that this is wanted."""


def run(host: str | None = None, port: int | None = None, insecure: bool | None = None) -> None:
    """Serve until told to stop (SIGINT, SIGTERM); what is not given comes from the settings.

    Running requests get `shutdown_s` to end; then their solver children are killed.

    Raises:
        UnsafeAddressError: the address is not loopback and `insecure` is not set.
    """
    given = {"host": host, "port": port, "insecure": insecure}
    settings = Settings().model_copy(update={name: value for name, value in given.items() if value is not None})
    check_address(settings)
    logs.configure(settings.log_level)
    config = uvicorn.Config(
        create_app(settings),
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
    uvicorn.Server(config).run()


def check_address(settings: Settings) -> None:
    """Refuse an address that other machines reach, unless told otherwise.

    Raises:
        UnsafeAddressError: it is one, and `insecure` is not set.
    """
    if not is_loopback(settings.host) and not settings.insecure:
        raise UnsafeAddressError(
            f"{settings.host} is reachable from other machines and nobody has to log in: "
            "listen on 127.0.0.1, or pass --insecure if the network is trusted."
        )
