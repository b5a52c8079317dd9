"""Reading and writing outside: files that no link leads to, and objects of a store that is asked over the network."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from coverplan.store import outside
from coverplan.store.outside import OutsideError, admitted, read, write
from support.object_store import ObjectStore, object_store

MUCH = 1 << 30


def got(uri: str, folder: str, most: int = MUCH) -> bytes:
    """What is read there."""

    async def work() -> bytes:
        return b"".join([piece async for piece in read(admitted(uri, [folder], "acme"), most)])

    return asyncio.run(work())


def put(uri: str, folder: str, file: Path) -> None:
    asyncio.run(write(admitted(uri, [folder], "acme"), file))


def code(call: object, *arguments: object) -> str:
    """The code of the error that a call ends with."""
    assert callable(call)
    with pytest.raises(OutsideError) as refusal:
        call(*arguments)
    return refusal.value.code


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder that is allowed, beside one that is not."""
    (tmp_path / "shared" / "acme").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.csv").write_bytes(b"secret")
    (tmp_path / "shared" / "acme" / "a.csv").write_bytes(b"id\na\n")
    return tmp_path / "shared"


def test_files_are_read_whole(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "_PIECE", 2)

    assert got(f"file://{shared}/acme/a.csv", f"file://{shared}/{{tenant}}") == b"id\na\n"
    assert code(got, f"file://{shared}/acme/b.csv", f"file://{shared}") == "uri_not_found"
    assert code(got, f"file://{shared}/acme/none/a.csv", f"file://{shared}") == "uri_not_found"
    assert code(got, f"file://{shared}/acme", f"file://{shared}") == "uri_not_found"
    assert code(got, f"file://{shared}", f"file://{shared}") == "uri_not_found"
    assert code(got, f"file://{shared}/acme/a.csv", f"file://{shared}", 4) == "uri_too_large"
    assert code(got, f"file://{shared}/other/a.csv", f"file://{shared}/{{tenant}}") == "uri_not_allowed"


@pytest.mark.parametrize("way", ["file", "folder", "deeper", "hanging"])
def test_no_link_leads_out(way: str, shared: Path) -> None:
    """Neither the file nor a folder on the way may be one, wherever it leads."""
    secret, acme = shared.parent / "secret", shared / "acme"
    (acme / "link.csv").symlink_to(secret / "a.csv" if way != "hanging" else secret / "none")
    (acme / "link").symlink_to(secret)
    (acme / "inner").symlink_to(acme)
    names = {"file": "link.csv", "hanging": "link.csv", "folder": "link/a.csv", "deeper": "inner/a.csv"}

    assert code(got, f"file://{acme}/{names[way]}", f"file://{shared}/{{tenant}}") == "uri_not_found"


def test_a_folder_that_becomes_a_link_leads_nowhere(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Swapped after the way to it was begun: it is opened from the folder that was there."""
    secret, acme = shared.parent / "secret", shared / "acme"
    opened = os.open

    def swap(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        found = opened(path, flags, mode, dir_fd=dir_fd)
        if path == "acme":
            acme.rename(shared / "moved")
            acme.symlink_to(secret)
        return found

    monkeypatch.setattr(os, "open", swap)

    assert got(f"file://{acme}/a.csv", f"file://{shared}") == b"id\na\n"


def test_a_pipe_keeps_nobody_waiting(shared: Path) -> None:
    os.mkfifo(shared / "acme" / "pipe.csv")

    assert code(got, f"file://{shared}/acme/pipe.csv", f"file://{shared}") == "uri_not_found"


def test_a_file_that_becomes_shorter_is_no_table(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "_PIECE", 2)
    file = shared / "acme" / "a.csv"

    async def work() -> None:
        async for _ in read(admitted(f"file://{file}", [f"file://{shared}"], "acme"), MUCH):
            file.write_bytes(b"i")

    assert code(asyncio.run, work()) == "uri_changed"


def test_files_are_written_whole_and_replaced(shared: Path) -> None:
    """Folders are made; what a writer that was killed has left is in nobody's way, and no link is followed."""
    folder, acme = f"file://{shared}/{{tenant}}", shared / "acme"
    source = shared.parent / "plan"
    source.write_bytes(b"plan")
    (acme / "out").mkdir()
    (acme / "out" / ".p.json.part").write_bytes(b"half")
    put(f"file://{acme}/out/p.json", folder, source)
    put(f"file://{acme}/new/deeper/p.json", folder, source)
    assert (acme / "out" / "p.json").read_bytes() == (acme / "new" / "deeper" / "p.json").read_bytes() == b"plan"
    assert [file.name for file in (acme / "out").iterdir()] == ["p.json"]

    (acme / "link.json").symlink_to(shared.parent / "secret" / "a.csv")
    (acme / ".held.json.part").symlink_to(shared.parent / "secret" / "a.csv")
    put(f"file://{acme}/link.json", folder, source)
    put(f"file://{acme}/held.json", folder, source)
    (acme / "way").symlink_to(shared.parent / "secret")
    assert code(put, f"file://{acme}/way/p.json", folder, source) == "uri_not_found"
    assert not (acme / "link.json").is_symlink()
    assert (shared.parent / "secret" / "a.csv").read_bytes() == b"secret"
    assert [file.name for file in (shared.parent / "secret").iterdir()] == ["a.csv"]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A store of objects; nothing remembers the one before."""
    with object_store() as running:
        for name, value in running.env.items():
            monkeypatch.setenv(name, value)
        outside._bucket.cache_clear()
        yield running
    outside._bucket.cache_clear()


def test_objects_are_read_piece_by_piece(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "_PIECE", 4)
    store.objects["planning/acme/a b.csv".replace(" ", "%20")] = b"id,name\na,b\n"

    assert got("s3://planning/acme/a b.csv", "s3://planning/{tenant}") == b"id,name\na,b\n"
    assert [method for method, _ in store.asked] == ["HEAD", "GET", "GET", "GET"]
    assert code(got, "s3://planning/acme/none.csv", "s3://planning/{tenant}") == "uri_not_found"
    assert code(got, "s3://planning/acme/a b.csv", "s3://planning/{tenant}", 11) == "uri_too_large"
    store.statuses["planning/acme/closed.csv"] = 403
    assert code(got, "s3://planning/acme/closed.csv", "s3://planning/{tenant}") == "uri_forbidden"


def test_an_object_that_is_replaced_meanwhile_is_no_table(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "_PIECE", 4)
    store.objects["planning/a.csv"] = b"id,name\na,b\n"

    async def work() -> None:
        async for _ in read(admitted("s3://planning/a.csv", ["s3://planning/"], "acme"), MUCH):
            store.objects["planning/a.csv"] = b"id,name\nc,d\n"

    assert code(asyncio.run, work()) == "uri_changed"


def test_objects_are_written(store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "plan"
    source.write_bytes(b"plan")

    put("s3://planning/out/p.json", "s3://planning/out", source)

    assert store.objects == {"planning/out/p.json": b"plan"}
    store.statuses["planning/out/q.json"] = 403
    assert code(put, "s3://planning/out/q.json", "s3://planning/out", source) == "uri_forbidden"


def test_a_store_that_is_not_set_up_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Azure wants to know whose it is: the caller is told no more than that."""
    for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)

    assert code(got, "az://container/a.csv", "az://container/") == "uri_unreachable"
