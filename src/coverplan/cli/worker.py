"""`coverplan worker`: takes runs from the queue."""

from __future__ import annotations

from typing import Annotated

import typer

from coverplan import logs
from coverplan.cli.bad_input import BadInputError
from coverplan.metrics import show
from coverplan.room import passes
from coverplan.settings import Settings
from coverplan.store.blobs import BlobLostError
from coverplan.store.database import DatabaseLostError
from coverplan.store.migrate import SchemaError


def worker(
    *,
    slots: Annotated[int | None, typer.Option(min=1, max=256, help="Solves at the same time. [default: cores]")] = None,
    tethered: Annotated[bool, typer.Option("--tethered", hidden=True, help="End with the process above.")] = False,
) -> None:
    """Work on queued runs until told to stop (Ctrl-C or SIGTERM).

    Workers and services that share COVERPLAN_DATABASE_URL and COVERPLAN_BLOB_URL share the work; all workers should
    have the same number of slots.
    """
    from coverplan.jobs.worker import run  # noqa: PLC0415 - the queue takes a moment to import
    from coverplan.process.tether import die_with_parent  # noqa: PLC0415

    if tethered:
        die_with_parent()
    given = Settings()
    settings = given if slots is None else given.model_copy(update={"slots": slots})
    logs.configure(settings.log_level)
    if settings.metrics_port is not None:
        _show_metrics(settings.metrics_host, settings.metrics_port)
    try:
        run(settings)
    except SchemaError as error:
        raise BadInputError(str(error)) from None
    except (DatabaseLostError, BlobLostError) as error:
        raise BadInputError(f"{error} `coverplan doctor` tells more.") from None
    except OSError as error:
        if not passes(error):
            raise
        raise BadInputError(f"{error}: free some space; `coverplan doctor` tells more.") from None


def _show_metrics(host: str, port: int) -> None:
    """Raise BadInputError if the address cannot be listened on."""
    try:
        show(host, port)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInputError(f"the metrics cannot listen on {host}, port {port}: {reason}") from None
