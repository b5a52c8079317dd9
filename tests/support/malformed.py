"""Bodies that no document is: of wrong types, torn, not even text, or made to take time and memory."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

Place = tuple[Any, ...]
Maker = Callable[[random.Random, Any], bytes]

JUNK: list[Any] = [
    None, True, -1, 0.5, 1e308, -1e308, 2**63, 10**30, "", "x" * 5000, "\u0000", "2027-13-45", "NaN", [], [[]], {},
    {"": None}, [None] * 50, {"kind": "capacity"}, "\ud7ff", "🦄", "../../etc/passwd", "=1+1",
]  # fmt: skip
"""Values where others belong."""
RAW = [
    "NaN", "-Infinity", "1e400", "-1e400", "9" * 5000, "1" + "0" * 400, "0." + "1" * 5000, "01", "+1", ".5", "1.",
    '"\\ud800"', '"\\udfff\\ud800"', '"\\uZZZZ"', '"\\x00"', "'a'", "undefined", "", '"' + "\\u0000" * 50 + '"',
    "[" * 5000, "[" * 70 + "]" * 70, '{"a":' * 5000, '{"a":1,"a":2}', '{"id":"a","id":"b"}', "1e-400", "-0",
]  # fmt: skip
"""Texts of values that `json.dumps` would not write."""
_MARK = "@@@"


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Every place in a document."""
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*place, key))


def at(document: Any, place: Place) -> Any:
    """What is at a place."""
    for key in place:
        document = document[key]
    return document


def changed(document: Any, place: Place, value: Any) -> Any:
    """A copy with another value at a place."""
    if not place:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[place[0]] = changed(document[place[0]], place[1:], value)
    return copy


def wrong_types(rng: random.Random, document: Any) -> bytes:
    """Junk at a few places."""
    for _ in range(rng.randint(1, 4)):
        document = changed(document, rng.choice(list(places(document))), rng.choice(JUNK))
    return json.dumps(document).encode()


def raw_values(rng: random.Random, document: Any) -> bytes:
    """The text of one value is replaced."""
    return _written(document, rng.choice(list(places(document))), rng.choice(RAW))


def unknown_fields(rng: random.Random, document: Any) -> bytes:
    """Fields of odd names in one object."""
    place = rng.choice(_objects(document))
    odd = ["colour", "", "\u0000", "__proto__", "id ", "a/b~c", "x" * 1000, "🦄"]
    names = [rng.choice(odd) + str(number) for number in range(9)]
    return json.dumps(changed(document, place, {**at(document, place), **dict.fromkeys(names, 1)})).encode()


def duplicate_keys(rng: random.Random, document: Any) -> bytes:
    """One object has everything twice."""
    place = rng.choice(_objects(document))
    inner = json.dumps(at(document, place))
    return _written(document, place, inner[:-1] + "," + inner[1:])


def torn(rng: random.Random, document: Any) -> bytes:
    """A part from the beginning."""
    text = json.dumps(document).encode()
    return text[: rng.randrange(len(text))]


def invalid_utf8(rng: random.Random, document: Any) -> bytes:
    """Bytes that are no text."""
    text = bytearray(json.dumps(document, ensure_ascii=False).encode())
    for _ in range(rng.randint(1, 5)):
        text[rng.randrange(len(text))] = rng.choice([0x80, 0xC0, 0xED, 0xF5, 0xFF, 0x00])
    return bytes(text)


def noise(rng: random.Random, _document: Any) -> bytes:
    """Any bytes."""
    return rng.randbytes(rng.randrange(2000))


MAKERS: list[Maker] = [
    wrong_types, wrong_types, raw_values, raw_values, unknown_fields, duplicate_keys, torn, invalid_utf8, noise,
]  # fmt: skip


def bomb(megabytes: int) -> bytes:
    """So many opening brackets, compressed."""
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
"""Bodies of problems that cost more than they are: how to make one, and the status of its answer."""


def _objects(document: Any) -> list[Place]:
    return [place for place in places(document) if isinstance(at(document, place), dict)]


def _written(document: Any, place: Place, text: str) -> bytes:
    """The document with this text at a place."""
    marked = json.dumps(changed(document, place, _MARK))
    return marked.replace(f'"{_MARK}"', text, 1).encode("utf-8", "surrogatepass")
