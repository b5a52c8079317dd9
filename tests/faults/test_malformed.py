"""A thousand malformed bodies, and a few evil ones, against a real service: no 500, no hang, no flood of memory."""

from __future__ import annotations

import gzip
import io
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from coverplan.payload.error_document import ErrorDocument
from support.service import JSON, Service, service

EXAMPLES = Path(__file__).parents[2] / "openapi" / "examples"
SMALL = {**json.loads((EXAMPLES / "small.json").read_text()), "options": {"time_limit_s": 1}}
EVALUATE = json.loads((EXAMPLES / "evaluate.json").read_text())
MEMORY = 500_000_000
PATIENCE_S = 20.0
"""A hang is longer than this; tests share the machine with others."""

JUNK: list[Any] = [
    None, True, -1, 0.5, 1e308, -1e308, 2**63, 10**30, "", "x" * 5000, "\u0000", "2027-13-45", "NaN", [], [[]], {},
    {"": None}, [None] * 50, {"kind": "capacity"}, "\ud7ff", "🦄", "../../etc/passwd", "=1+1",
]  # fmt: skip


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value at a place."""
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = changed(document[path[0]], path[1:], value)
    return copy


def wrong_types(rng: random.Random) -> bytes:
    document: Any = rng.choice([SMALL, EVALUATE])
    for _ in range(rng.randint(1, 4)):
        document = changed(document, rng.choice(list(paths(document))), rng.choice(JUNK))
    return json.dumps(document).encode()


def raw_values(rng: random.Random) -> bytes:
    """What `json.dumps` would not write: the text of one value is replaced."""
    raw = [
        "NaN", "-Infinity", "1e400", "-1e400", "9" * 5000, "1" + "0" * 400, "0." + "1" * 5000, "01", "+1", ".5", "1.",
        '"\\ud800"', '"\\udfff\\ud800"', '"\\uZZZZ"', '"\\x00"', "'a'", "undefined", "", '"' + "\\u0000" * 50 + '"',
        "[" * 5000, "[" * 70 + "]" * 70, '{"a":' * 5000, '{"a":1,"a":2}', '{"id":"a","id":"b"}', "1e-400", "-0",
    ]  # fmt: skip
    place = rng.choice(list(paths(SMALL))[1:])
    text = json.dumps(changed(SMALL, place, "@@@"))
    return text.replace('"@@@"', rng.choice(raw), 1).encode("utf-8", "surrogatepass")


def unknown_fields(rng: random.Random) -> bytes:
    place = rng.choice([path for path in paths(SMALL) if isinstance(at(SMALL, path), dict)])
    names = [
        rng.choice(["colour", "", "\u0000", "__proto__", "id ", "a/b~c", "x" * 1000, "🦄"]) + str(i) for i in range(9)
    ]
    return json.dumps(changed(SMALL, place, {**at(SMALL, place), **dict.fromkeys(names, 1)})).encode()


def duplicate_keys(rng: random.Random) -> bytes:
    place = rng.choice([path for path in paths(SMALL) if isinstance(at(SMALL, path), dict)])
    inner = json.dumps(at(SMALL, place))
    twice = inner[:-1] + "," + inner[1:]
    return json.dumps(changed(SMALL, place, "@@@")).replace('"@@@"', twice, 1).encode()


def torn(rng: random.Random) -> bytes:
    text = json.dumps(SMALL).encode()
    return text[: rng.randrange(len(text))]


def invalid_utf8(rng: random.Random) -> bytes:
    text = bytearray(json.dumps(SMALL, ensure_ascii=False).encode())
    for _ in range(rng.randint(1, 5)):
        text[rng.randrange(len(text))] = rng.choice([0x80, 0xC0, 0xED, 0xF5, 0xFF, 0x00])
    return bytes(text)


def noise(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randrange(2000))


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


MAKERS: list[Callable[[random.Random], bytes]] = [
    wrong_types, wrong_types, raw_values, raw_values, unknown_fields, duplicate_keys, torn, invalid_utf8, noise,
]  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(tmp_path_factory.mktemp("service"), slots=2, queue_wait_s=60, queue_length=1000) as running:
        yield running


@pytest.fixture
def bounded(running: Service) -> Iterator[None]:
    """The memory of the service stays below the bound while the test runs."""
    most, over = running.memory(), threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.02):
            most = max(most, running.memory())

    watching = threading.Thread(target=watch)
    watching.start()
    yield
    over.set()
    watching.join()
    assert most < MEMORY


def sound(response: httpx.Response) -> int:
    """The status, after a look at the answer's shape."""
    assert response.status_code in (200, 413, 415, 422), response.text[:2000]
    assert response.elapsed.total_seconds() < PATIENCE_S
    if response.status_code != 200:
        document = ErrorDocument.model_validate_json(response.content)
        assert len(document.errors) == min(document.total_errors, 1000)
    return response.status_code


def test_a_thousand_malformed_bodies(running: Service, bounded: None) -> None:
    rng = random.Random(7)
    bodies = [(rng.choice(["solve", "validate", "evaluate"]), rng.choice(MAKERS)(rng)) for _ in range(1000)]

    with running.client() as client, ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(client.post, f"/v1/{path}", content=body, headers=JSON) for path, body in bodies]
        statuses = Counter(sound(call.result()) for call in calls)

    assert statuses.total() == 1000
    assert statuses[422] > 500
    with running.client() as client:
        assert client.post("/v1/solve", json=SMALL).json()["solution_status"] == "optimal"


def bomb(megabytes: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as stream:
        for _ in range(megabytes):
            stream.write(b"[" * 2**20)
    return packed.getvalue()


SIZE = 7_500_000
EVIL: dict[str, tuple[Callable[[], bytes], int]] = {
    "bomb": (lambda: bomb(500), 413),
    "bomb in members": (lambda: bomb(1) * 40, 413),
    "open brackets": (lambda: b"[" * 900_000, 422),
    "open objects": (lambda: b'{"a":' * 900_000, 422),
    "empty lists": (lambda: b"[" + b"[]," * (SIZE // 3 - 2) + b"[]]", 413),
    "fewer empty lists": (lambda: b"[" + b"[]," * 450_000 + b"[]]", 422),
    "fewer empty objects": (lambda: b"[" + b"{}," * 450_000 + b"{}]", 422),
    "accounts that are numbers": (lambda: b'{"problem":{"reps":[],"accounts":[' + b"1," * 950_000 + b"1]}}", 422),
    "accounts that are empty": (lambda: b'{"problem":{"reps":[],"accounts":[' + b"{}," * 450_000 + b"{}]}}", 422),
    "one long string": (lambda: b'{"problem":"' + b"x" * (SIZE - 20) + b'"}', 422),
    "one long number": (lambda: b'{"problem":' + b"9" * (SIZE - 20) + b"}", 422),
    "many keys": (lambda: b"{" + b",".join(b'"k%d":1' % i for i in range(SIZE // 14)) + b"}", 422),
    "one key again and again": (lambda: b"{" + b'"a":1,' * 900_000 + b'"a":1}', 422),
    "escapes": (lambda: b'{"problem":"' + b"\\ud800" * (SIZE // 6 - 10) + b'"}', 422),
    "spaces": (lambda: b" " * SIZE, 422),
}


@pytest.mark.parametrize("name", EVIL)
def test_evil_bodies(running: Service, bounded: None, name: str) -> None:
    body, status = EVIL[name]
    headers = {**JSON, "Content-Encoding": "gzip"} if "bomb" in name else JSON

    with running.client() as client:
        assert sound(client.post("/v1/solve", content=body(), headers=headers)) == status


def test_five_megabytes_with_errors_are_answered_soon(running: Service, bounded: None) -> None:
    """Every account names a territory that does not exist, every second has an unknown field; 1,000 are told."""
    accounts = [
        {
            "id": f"account-{i}",
            "name": "x" * 60,
            "territory_id": "nowhere",
            "expected_revenue": 1.5,
            **({"oops": 1} if i % 2 else {}),
        }
        for i in range(36_000)
    ]
    body = json.dumps({"problem": {"accounts": accounts, "reps": [{"id": "r"}]}}).encode()
    assert len(body) > 5_000_000

    with running.client() as client:
        began = time.monotonic()
        response = client.post("/v1/solve", content=body, headers=JSON)

    assert sound(response) == 422
    document = ErrorDocument.model_validate_json(response.content)
    assert len(document.errors) == 1000
    assert document.total_errors >= 18_000
    assert time.monotonic() - began < 10  # the bar of 1 s is the benchmark's


def test_several_evil_bodies_at_once(running: Service, bounded: None) -> None:
    chosen = ["fewer empty lists", "fewer empty objects", "accounts that are empty", "many keys", "bomb"]

    def post(name: str) -> int:
        with running.client() as client:
            headers = {**JSON, "Content-Encoding": "gzip"} if "bomb" in name else JSON
            return client.post("/v1/solve", content=EVIL[name][0](), headers=headers).status_code

    with ThreadPoolExecutor(len(chosen)) as pool:
        assert list(pool.map(post, chosen)) == [EVIL[name][1] for name in chosen]
