"""Malformed calls of each operation of the OpenAPI document, of every kind, as bytes."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.attack.wire import Headers, request
from support.malformed import MAKERS, bomb
from support.operations import PARAMETER, PARTS, QUERIES, Route, body_of

JSON = "application/json"
ABSENT = "no-such-thing-0123456789"
WORDS = [
    "", " ", "%20", "%00", "a%00b", "%FF", "%C3%28", "%ED%A0%80", "%F0%9F%A6%84", "%E2%80%AE", "%", "%zz", "%25", "+",
    "-1", "0", "1", "1.0", "1e400", "NaN", "-0", "01", "99999999999999999999", "9" * 5000, "true", "null", "undefined",
    "%5B%5D", "%7B%7D", "'%20OR%201=1--", "%22", "..%2F..%2Fetc%2Fpasswd", "$%7Bjndi%7D", "%0D%0AX-Evil:%201", "%D9%A1",
    "2027-13-45", "2027-01-01T00:00:00+99:99", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59.999999999-14:00",
    "-2027-01-01", "2027-01-01T24:00:00Z", "a" * 501, "a" * 20_000, "<script>", "%3Cscript%3E", "ﬀ", "\u0661", ";x=1",
]  # fmt: skip
"""For parameters of queries and paths, as they stand in a URL."""
PATHS = [*WORDS, "..", ".", "%2e%2e", "a/b", "a%2Fb", "a//b", ABSENT, "run-" + "0" * 28, "RUN-" + "F" * 28]
ENCODINGS: list[tuple[str, bytes]] = [
    ("gzip", b""), ("gzip", b"no gzip"), ("gzip", gzip.compress(b"{}")[:-4]), ("gzip", gzip.compress(b"{}") + b"{}"),
    ("gzip", gzip.compress(b"") * 1000), ("gzip", bomb(1) * 20), ("gzip", gzip.compress(gzip.compress(b"{}"))),
    ("GZIP", gzip.compress(b"{}")), ("gzip, gzip", gzip.compress(gzip.compress(b"{}"))), ("gzip;q=1", b"{}"),
    ("x-gzip", gzip.compress(b"{}")), ("deflate", zlib.compress(b"{}")), ("br", b"{}"), ("zstd", b"{}"), ("", b"{}"),
    ("identity", b"{}"), ("\xff", b"{}"), ("chunked", b"{}"), ("a" * 5000, b"{}"),
]  # fmt: skip
"""Content-Encoding and body."""
TYPES = [
    "", "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "multipart/form-data", "application/json; charset=utf-16", "application/json; charset=\xff", "application/jsonx",
    "APPLICATION/JSON", " application/json ", "application/json;;;", "json", "*/*", "application/json, text/plain",
    "application/octet-stream", "application/vnd.apache.parquet", "text/csv; header=absent", "a" * 5000, "\xff/\xff",
]  # fmt: skip
HEADERS: list[tuple[str, str | bytes]] = [
    ("Accept", ""), ("Accept", "text/html"), ("Accept", "*/*;q=0"), ("Accept", "application/json;q=abc"),
    ("Accept", ","), ("Accept", "a" * 10_000), ("Accept", "*/*," * 2000), ("Accept", b"\xff"),
    ("Accept", "text/event-stream;q=NaN"),
    ("Accept-Encoding", "gzip;q=9, \xff"), ("Accept-Encoding", "," * 5000), ("Accept-Language", "\xff"),
    ("Authorization", ""), ("Authorization", "Bearer"), ("Authorization", "Bearer  "), ("Authorization", "Basic Og=="),
    ("Authorization", b"Bearer \xff\xfe"), ("Authorization", "Bearer " + "a" * 20_000),
    ("Authorization", "Bearer cpk_x"),
    ("Host", ""), ("Host", "evil.example"), ("Host", "[::1"), ("Host", "127.0.0.1:99999"), ("Host", "localhost:abc"),
    ("Host", "a" * 5000), ("Host", "127.0.0.1@evil.example"), ("Host", b"\xff"), ("Host", "127.0.0.1, evil.example"),
    ("Origin", "null"), ("Origin", "http://evil.example"), ("Origin", "http://["), ("Origin", b"\xff"),
    ("X-Request-ID", "a" * 10_000), ("X-Request-ID", "<script>"), ("X-Request-ID", b"\xff"), ("X-Request-ID", ""),
    ("Range", "bytes=0-0"), ("Range", "bytes=-1,2-,x"), ("If-None-Match", '"'), ("If-None-Match", "W/"),
    ("If-None-Match", "*"), ("If-None-Match", '"a",' * 3000), ("If-Modified-Since", "yesterday"), ("If-Match", "\xff"),
    ("Expect", "100-continue"), ("Expect", "200-maybe"), ("Upgrade", "websocket"), ("Upgrade", "h2c"),
    ("Cookie", "a=b; " * 4000), ("X-Forwarded-For", "not an address"), ("X-Forwarded-Proto", "gopher"),
    ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Prefix", "/../.."), ("Forwarded", 'for="[::1'),
    ("traceparent", "00-" + "f" * 32 + "-x-01"), ("tracestate", "=," * 600), ("baggage", "a" * 9000),
    ("Sec-Fetch-Site", "cross-site"), ("X-HTTP-Method-Override", "DELETE"), ("Content-Length", "0"), ("TE", "trailers"),
]  # fmt: skip
DECLARED: dict[str, list[str | bytes]] = {
    "Idempotency-Key": ["", " ", "a b", "x" * 201, "x" * 9000, b"\xff", "\u00e9", "\x7f", "a\tb", '"', "🦄"],
    "last-event-id": [
        "",
        "-1",
        "abc",
        "1.5",
        "1e3",
        "9" * 400,
        "99999999999999999999",
        "0x1",
        "\u0661",
        b"\xff",
        " 1 ",
    ],
}
"""Values of the headers that operations declare."""
ODD: list[str | bytes] = ["", " ", "a" * 9000, b"\xff", "\u00e9", '"', "*", "-1", "1e400", ",", "🦄", "a\tb"]
"""Values of those that are declared, and are not among them."""
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "PURGE", "M" * 100]
UNFIT: list[bytes] = [
    b"", b" ", b"\n", b"\x00", b"null", b"[]", b"[[]]", b"{}", b"0", b'""', b"true", b"NaN", b"\xef\xbb\xbf{}", b"{}{}",
    "{}".encode("utf-16"), "{}".encode("utf-32"), b"{}\x00", b"\xff\xfe", b"a=b&c=d", b"<xml/>", b"--x\r\n\r\n--x--",
    b"[" * 50_000, b'{"a":' * 50_000, b"1" * 50_000, b'{"":0}', b'{"\\u0000":0}', b"-", b"PAR1", b"PK\x03\x04",
    b"ARROW1\x00\x00", b"id\n\x00\n", b"{}\n" * 300, b"\n" * 5000, b'{"a":1}\r\n{"b":2}\r\n', b"x" * 100_000,
]  # fmt: skip
"""Bodies that fit no operation."""


@dataclass(frozen=True)
class Call:
    """A malformed call: what kind of, and its bytes."""

    kind: str
    route: Route
    method: str
    data: bytes

    def __str__(self) -> str:
        return f"{self.kind}, {self.data[:160]!r}"


def calls(route: Route, ids: Mapping[str, str], mutations: int, rng: random.Random) -> Iterator[Call]:
    """Malformed calls of an operation; ids are those of what exists."""
    # What a call would remove is named by an id that nobody has.
    known = dict.fromkeys(ids, ABSENT) if route.method == "DELETE" else dict(ids)
    yield from _of_bodies(route, known, mutations, rng)
    yield from _of_headers(route, known)
    yield from _of_queries(route, known)
    yield from _of_paths(route, known)
    yield from _of_methods(route, dict.fromkeys(ids, ABSENT))


def _of_bodies(route: Route, ids: Mapping[str, str], mutations: int, rng: random.Random) -> Iterator[Call]:
    target, (_, example) = target_of(route, ids), body_of(route)
    taken = list(route.operation.get("requestBody", {}).get("content", {JSON: {}}))
    for body in UNFIT:
        for media_type in taken:
            yield _call("body", route, target, [("Content-Type", media_type)], body)
    for media_type in TYPES:
        yield _call("content type", route, target, [("Content-Type", media_type)], example or b"{}")
    for encoding, body in ENCODINGS:
        yield _call("encoding", route, target, [("Content-Type", taken[0]), ("Content-Encoding", encoding)], body)
    if route.operation.get("requestBody") is None:
        return
    document: Any = json.loads(example) if example else [{"id": "a1"}]
    for _ in range(mutations):
        mutant = rng.choice(MAKERS)(rng, document)
        yield _call("mutated body", route, target, [("Content-Type", taken[0])], mutant)


def _of_headers(route: Route, ids: Mapping[str, str]) -> Iterator[Call]:
    target, (media_type, example) = target_of(route, ids), body_of(route)
    own: Headers = [("Content-Type", media_type)] if media_type else []
    body = example or None
    for name, value in HEADERS:
        yield _call("header", route, target, [*own, (name, value)], body)
    for parameter in route.operation.get("parameters", ()):
        for value in DECLARED.get(parameter["name"], ODD) if parameter["in"] == "header" else ():
            yield _call("header", route, target, [*own, (parameter["name"], value)], body)


def _of_queries(route: Route, ids: Mapping[str, str]) -> Iterator[Call]:
    target = target_of(route, ids)
    media_type, example = body_of(route)
    own: Headers = [("Content-Type", media_type)] if media_type else []
    names = [one["name"] for one in route.operation.get("parameters", ()) if one["in"] == "query"]
    queries = [f"{name}={word}" for name in names for word in WORDS]
    queries += [f"{name}={word}&{name}={word}" for name in names for word in ("1", "a")]
    for query in [*queries, "colour=red", "&&&", "=", "a" * 20_000, "%00=1", "%FF=%FF", "limit[]=1", "?", "#", "a=%"]:
        yield _call("query", route, f"{target.partition('?')[0]}?{query}", own, example or None)


def _of_paths(route: Route, ids: Mapping[str, str]) -> Iterator[Call]:
    media_type, example = body_of(route)
    own: Headers = [("Content-Type", media_type)] if media_type else []
    for name in PARAMETER.findall(route.path):
        for word in PATHS:
            yield _call("path", route, target_of(route, {**ids, name: word}), own, example or None)
    for tail in ("/", "//", "/%00", "/..", ".json", ";x", "%20"):
        yield _call("path", route, target_of(route, dict.fromkeys(ids, ABSENT)).partition("?")[0] + tail, own, b"{}")


def _of_methods(route: Route, ids: Mapping[str, str]) -> Iterator[Call]:
    for method in METHODS:
        if method != route.method:
            yield Call("method", route, method, request(method, target_of(route, ids)))


def target_of(route: Route, ids: Mapping[str, str]) -> str:
    """Path and query of an operation with these ids."""
    path = PARAMETER.sub(lambda found: {**PARTS, **ids}[found[1]], route.path)
    query = "&".join(f"{name}={value}" for name, value in QUERIES.get(route, {}).items())
    return f"{path}?{query}" if query else path


def _call(kind: str, route: Route, target: str, headers: Headers, body: bytes | None) -> Call:
    return Call(kind, route, route.method, request(route.method, target, headers, body))
