"""What `coverplan doctor` finds of the database, its clock and the blob store; nothing is left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from coverplan.settings import Settings, redacted
from coverplan.store.blobs import BlobLostError, Blobs
from coverplan.store.database import Database, DatabaseLostError
from coverplan.store.migrate import head, tables

MOST_CLOCK_ERROR_S = 1.0
_KINDS = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Finding:
    """What one check saw; `advice` says what to do when it is not fine."""

    name: str
    seen: str
    advice: str | None = None


def database() -> Iterator[Finding]:
    """Whether the database answers, with this version's tables, and a clock that agrees with this machine's."""
    settings = Settings()
    if settings.database_url is None and not (settings.data_dir / "coverplan.db").exists():
        yield _to_come("database", settings.data_dir)
        return
    shown = _shown(settings.database)
    if shown is None:
        advice = "Write COVERPLAN_DATABASE_URL as postgresql://USER:PASSWORD@HOST:PORT/NAME."
        yield Finding("database", "COVERPLAN_DATABASE_URL names no database of a kind that is known", advice)
        return
    opened = Database.open(settings.database)
    try:
        yield _tables(opened, shown)
        if not opened.is_sqlite:
            yield _clock(opened)
    except DatabaseLostError as error:
        advice = "Start it, or correct COVERPLAN_DATABASE_URL; services answer 503 and workers wait meanwhile."
        yield Finding("database", f"{shown} does not answer: {_first_line(error)}", advice)
    finally:
        opened.close()


def blobs() -> Iterator[Finding]:
    """Whether the blob store gives back what was written."""
    settings = Settings()
    if settings.blob_url is None and not settings.data_dir.exists():
        yield _to_come("blobs", settings.data_dir)
        return
    shown = redacted(settings.blobs).split("?")[0]
    try:
        began = time.monotonic()
        Blobs(settings.blobs).probe()
    except BlobLostError as error:
        advice = "Free some space, or correct COVERPLAN_BLOB_URL and the store's credentials in the environment."
        yield Finding("blobs", f"{shown}: {_first_line(error)}", advice)
        return
    yield Finding("blobs", f"{shown} gives back what was written, in {time.monotonic() - began:.2f} s")


def _shown(url: str) -> str | None:
    """The URL without its password; None if it names no database of ours."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    return parsed.render_as_string(hide_password=True) if parsed.get_backend_name() in _KINDS else None


def _tables(opened: Database, shown: str) -> Finding:
    seen = tables(opened)
    if seen.is_current:
        return Finding("database", f"{shown} has the tables of this version, revision {seen.revision}")
    if seen.is_newer:
        fit = "" if seen.faults else "; services and workers of this version that run can go on beside it"
        advice = (
            f"Go up: start the later version. Go back: stop everything, and there: coverplan migrate --to {head()}."
        )
        return Finding("database", f"{shown} is at revision {seen.revision}, of a later version{fit}", advice)
    if seen.revision == head():
        advice = "Keep it for the version that made it, and name another in COVERPLAN_DATABASE_URL."
        return Finding("database", f"{shown} says revision {seen.revision}, but {'; '.join(seen.faults[:3])}", advice)
    last = seen.revision or "none"
    advice = f"Go up: start `coverplan serve` or `coverplan worker`, or `coverplan migrate`: they bring it to {head()}."
    if seen.revision is not None:
        advice += f" Go back: start the version before; from {head()}, coverplan migrate --to {last} first."
    return Finding("database", f"{shown} answers, with tables of revision {last}, not {head()}", advice)


def _clock(opened: Database) -> Finding:
    with opened.read() as connection:
        before = time.time()
        theirs = float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
        after = time.time()
    apart = theirs - (before + after) / 2
    advice = "Have NTP (chrony, systemd-timesyncd) set both clocks: waiting times and retention are told by them."
    fine = abs(apart) <= MOST_CLOCK_ERROR_S + (after - before) / 2
    return Finding("clock", f"the database's is {apart:+.3f} s from this machine's", None if fine else advice)


def _first_line(error: Exception) -> str:
    return redacted(str(error)).strip().partition("\n")[0]


def _to_come(name: str, folder: Path) -> Finding:
    """What is made at the first start, if it can be."""
    nearest = next(path for path in (folder, *folder.resolve().parents) if path.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK):
        return Finding(name, f"none yet; the first `coverplan serve` makes it in {folder}")
    return Finding(name, f"{nearest} cannot be written", "Name another folder in COVERPLAN_DATA_DIR.")
