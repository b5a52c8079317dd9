"""`coverplan serve`: the HTTP service."""

from __future__ import annotations

import socket
import sys
from typing import Annotated, Literal

import typer

from coverplan.api.serve import AlreadyServedError, UnsafeAddressError, run
from coverplan.cli.bad_input import BadInputError
from coverplan.process.tether import die_with_parent
from coverplan.settings import Settings, listing, redacted
from coverplan.store.blobs import BlobLostError
from coverplan.store.database import DatabaseLostError
from coverplan.store.migrate import SchemaError

EPILOG = listing()


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on. [default: 8000]")] = None,
    role: Annotated[Literal["all", "api"], typer.Option(help="Answer and solve, or answer only.")] = "all",
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Run open on an address that other machines reach.")
    ] = False,
    tethered: Annotated[bool, typer.Option("--tethered", hidden=True, help="End with the process above.")] = False,
) -> None:
    """Serve the HTTP API until told to stop (Ctrl-C or SIGTERM).

    Alone it keeps its state in COVERPLAN_DATA_DIR and has a worker beside it. With --role api, workers elsewhere
    (`coverplan worker`) share COVERPLAN_DATABASE_URL and COVERPLAN_BLOB_URL with it.
    """
    if tethered:
        die_with_parent()
    settings = Settings()
    address, number = settings.host if host is None else host, settings.port if port is None else port
    try:
        _check_free(address, number)
        shown = f"[{address}]" if ":" in address else address
        print(f"Coverplan listens on http://{shown}:{number}; the API is described at /openapi.json.", file=sys.stderr)
        run(host=host, port=port, insecure=insecure or None, with_worker=role == "all")
    except (UnsafeAddressError, AlreadyServedError, DatabaseLostError, BlobLostError, SchemaError) as error:
        raise BadInputError(redacted(str(error))) from None


def _check_free(host: str, port: int) -> None:
    """Raise BadInputError if the address cannot be listened on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInputError(f"cannot listen on {host}, port {port}: {reason}") from None
