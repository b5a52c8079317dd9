"""Evil uploads: never a 500, never more than 1 GB, and whoever comes next is served."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import io
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from coverplan.payload.datasets import SUFFIXES, CheckBook, CheckedBook, TableFormat, TableName
from coverplan.process.job import Job, JobFailedError
from coverplan.process.pool import SolverPool
from coverplan.settings import Settings
from support.datasets import MEDIA, as_arrow, begin, ended, put, send
from support.deployment import Deployment, deployment
from support.evil_tables import SOUND, bombs, long_text, mutations, odd_frames, odd_texts, parquet

GIGABYTE = 1_000_000_000
LIMIT_MB = 500
REPS = b'{"id": "r1"}\n'
WHOLE = parquet(SOUND)
LINES = b'{"id": "a", "name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}\n'


class Peak:
    """The most that processes below this one hold at a time."""

    def __init__(self) -> None:
        self.bytes = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            for process in psutil.Process().children(recursive=True):
                try:
                    self.bytes = max(self.bytes, process.memory_info().rss)
                except psutil.Error:
                    continue


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    limits = {"warm_children": 0, "memory_limit_mb": LIMIT_MB, "max_table_mb": 32, "max_table_rows": 100_000}
    with deployment(tmp_path_factory.mktemp("service"), **limits) as running:
        yield running


@pytest.fixture(scope="module")
def client(running: Deployment) -> Iterator[httpx.Client]:
    with running.client() as client:
        yield client


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("accounts.csv", b"id\n" * 10_000_000)
    return out.getvalue()


PACKED = {"Content-Encoding": "gzip"}
REFUSED: list[tuple[str, str, bytes, dict[str, str], int, str]] = [
    ("truncated Parquet", "parquet", WHOLE[:-100], {}, 422, "invalid"),
    ("Parquet's tail", "parquet", WHOLE[100:], {}, 422, "invalid"),
    ("no Parquet", "parquet", b"", {}, 422, "invalid"),
    ("a zip bomb", "parquet", zipped(), {}, 422, "invalid"),
    ("truncated Arrow", "arrow", as_arrow(WHOLE, "arrow")[:-9], {}, 422, "invalid"),
    ("Parquet as Arrow", "arrow_stream", WHOLE, {}, 422, "invalid"),
    ("zero bytes", "csv", b"id\na\0b\n", {}, 422, "invalid"),
    ("zero bytes in lines", "ndjson", b'{"id": "\0"}\n', {}, 422, "invalid"),
    ("UTF-16", "csv", "id\nä\n".encode("utf-16"), {}, 422, "invalid"),
    ("a long line", "ndjson", b'{"id": "' + b"a" * 2_000_000 + b'"}\n', {}, 422, "invalid"),
    ("many rows", "csv", b"a\n" * 200_000, {}, 413, "body_too_large"),
    ("many bytes", "ndjson", (LINES[:-2] + b" " * 1000 + b"}\n") * 40_000, {}, 413, "body_too_large"),
    ("a gzip bomb", "ndjson", gzip.compress(b"     \n" * 10_000_000), PACKED, 413, "body_too_large"),
    ("half of a gzip", "ndjson", gzip.compress(LINES * 100)[:-9], PACKED, 422, "broken_encoding"),
    ("no gzip", "csv", b"id\n", PACKED, 422, "broken_encoding"),
    ("packed Parquet", "parquet", gzip.compress(WHOLE), PACKED, 415, "unsupported_encoding"),
    ("brotli", "csv", b"id\n", {"Content-Encoding": "br"}, 415, "unsupported_encoding"),
    ("an image", "csv", b"id\n", {"Content-Type": "image/png"}, 415, "unsupported_media_type"),
]  # fmt: skip


def test_what_cannot_be_a_table_is_refused_at_the_door(client: httpx.Client, running: Deployment) -> None:
    """Nothing of it is kept, and the service does not grow."""
    own = begin(client)
    answers = {}
    for name, form, data, headers, _, _ in REFUSED:
        response = client.put(
            f"/v1/datasets/{own}/tables/accounts", content=data, headers={"Content-Type": MEDIA[form], **headers}
        )
        answers[name] = (response.status_code, response.json()["code"])

    assert answers == {name: (status, code) for name, *_, status, code in REFUSED}
    assert client.get(f"/v1/datasets/{own}").json()["tables"] == []
    kept = [file for file in (running.folder / "data" / "blobs").rglob("*") if own in str(file) and file.is_file()]
    assert kept == []
    assert running.api is not None
    assert psutil.Process(running.api.pid).memory_info().rss < GIGABYTE / 2


def test_who_hangs_up_leaves_nothing(client: httpx.Client, running: Deployment) -> None:
    """A body that breaks off in the middle."""
    own = begin(client)

    def broken() -> Iterator[bytes]:
        yield LINES * 1000
        raise ConnectionError

    with pytest.raises(ConnectionError):
        client.put(f"/v1/datasets/{own}/tables/accounts", content=broken(), headers={"Content-Type": MEDIA["ndjson"]})

    assert put(client, own, "accounts", "ndjson", LINES).status_code == 200
    blobs = [file for file in (running.folder / "data" / "blobs" / "datasets" / own).iterdir() if file.is_file()]
    assert len(blobs) == 1


def test_a_bomb_takes_one_check_and_no_more(client: httpx.Client, running: Deployment) -> None:
    """A text of 500 MB in 25 KB: its check is given up, the next one is done."""
    with Peak() as peak:
        own = begin(client)
        assert put(client, own, "accounts", "parquet", long_text()).status_code == 200
        client.post(f"/v1/datasets/{own}/commit")
        lost = ended(client, own)
    good = send(client, {"accounts": LINES, "reps": REPS}, "ndjson")

    assert (lost["job_status"], lost["valid"], lost["report"]["error"]["code"]) == ("failed", None, "memory_limit")
    assert ended(client, good["dataset_id"])["valid"] is True
    assert peak.bytes < GIGABYTE


def cases() -> list[tuple[str, str, bytes]]:
    """Everything that gets through the door."""
    frames = list(odd_frames())
    odd = [(f"parquet: {name}", "parquet", parquet(frame)) for name, frame in frames]
    arrow = [(f"{form}: {name}", form, as_arrow(parquet(one), form)) for name, one in frames for form in ARROW]
    return [*odd, *arrow, *odd_texts(), *mutations(seed=7, number=60), *bombs()]


ARROW = ("arrow", "arrow_stream")
LOST = {"memory_limit", "solver_lost"}


def test_whatever_gets_through_is_told_of_by_a_child(tmp_path: Path) -> None:
    """No check fails for a reason of its own, and none holds more than 1 GB."""

    async def check(pool: SolverPool, form: TableFormat, data: bytes) -> str:
        folder = Path(tempfile.mkdtemp(dir=pool.folder))
        uploads, book = folder / "uploads", folder / "book"
        uploads.mkdir()
        book.mkdir()
        (uploads / f"accounts.{SUFFIXES[form]}").write_bytes(data)
        (uploads / "reps.ndjson").write_bytes(REPS)
        (book / "problem.json").write_text("{}")
        formats: dict[TableName, TableFormat] = {"accounts": form, "reps": "ndjson"}
        request = CheckBook(uploads=str(uploads), formats=formats, book=str(book), max_rows=20_000_000)
        job = dataclasses.replace(Job.check_book(request), large=False)
        try:
            told = await pool.run(job)
        except JobFailedError as error:
            return error.code
        report = CheckedBook.model_validate_json(told).report
        assert str(folder) not in told.decode()
        return "wrong" if report.total_errors else "sound"

    async def main() -> dict[str, str]:
        settings = Settings(slots=1, warm_children=1, memory_limit_mb=LIMIT_MB, work_dir=tmp_path)
        async with SolverPool(settings, "coverplan.process.book_checks") as pool:
            return {name: await check(pool, form, data) for name, form, data in cases()}  # type: ignore[arg-type]

    began = time.monotonic()
    with Peak() as peak:
        found = asyncio.run(main())

    assert {outcome for name, outcome in found.items()} <= {"sound", "wrong", *LOST}
    assert [name for name, outcome in found.items() if outcome in LOST] == ["a text of 500 MB", "2 million long names"]
    assert {name for name, outcome in found.items() if outcome == "sound" and ":" in name} == {
        f"{form}: categories" for form in ("parquet", *ARROW)
    }
    assert peak.bytes < GIGABYTE
    assert time.monotonic() - began < 100
