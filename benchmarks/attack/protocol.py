"""Bytes that are no HTTP, or two requests at once: answered with 4xx, served, or hung up on, and the next is served."""

from __future__ import annotations

import random
from collections.abc import Iterator

from benchmarks.attack.effort import Effort
from benchmarks.attack.outcome import Outcome
from benchmarks.attack.target import Target
from benchmarks.attack.wire import fault_of, request, speak

SEED = 17
NOISES = 300
MUTANTS = 600
PIPELINED = 100
_PATIENCE_S = 15.0
"""Longer than the service waits for the rest of a head or a body."""

_HOST = b"Host: 127.0.0.1\r\n"
_GET = b"GET /v1/limits HTTP/1.1\r\n" + _HOST
_POST = b"POST /v1/validate HTTP/1.1\r\n" + _HOST + b"Content-Type: application/json\r\n"
_WHOLE = _GET + b"\r\n"


def attack(running: Target, effort: Effort, outcome: Outcome) -> None:
    """One after the other; after each the service answers."""
    rng = random.Random(SEED)
    for name, data in [
        *_heads(),
        *_lengths(),
        *_chunks(),
        *_pipelines(),
        *_noises(effort, rng),
        *_mutants(effort, rng),
    ]:
        outcome.tried += 1
        answer = speak(running.port, data, _PATIENCE_S)
        if (fault := fault_of(answer, may_hang_up=True)) is not None:
            outcome.fault(f"{name}: {fault}")
    after = speak(running.port, request("GET", "/healthz"))
    if after.status != 200:
        outcome.fault(f"/healthz afterwards: {after.status}")


def _heads() -> Iterator[tuple[str, bytes]]:
    for line in (
        b"GET /v1/limits", b"GET", b"", b"GET  /v1/limits HTTP/1.1", b"GET /v1/limits HTTP/9.9",
        b"GET /v1/limits HTTP/1",
        b"GET /v1/limits HTTP/1.1 HTTP/1.1", b"get /v1/limits http/1.1", b"GET /v1/\x00limits HTTP/1.1", b"\x00" * 100,
        b"GET /v1/lim its HTTP/1.1", b"GET /v1/\xff\xfe HTTP/1.1", b"GET * HTTP/1.1", b"OPTIONS * HTTP/1.1",
        b"GET http://evil.example/v1/limits HTTP/1.1", b"CONNECT evil.example:443 HTTP/1.1", b"GET limits HTTP/1.1",
        b"TRACE / HTTP/1.1", b"M" * 10_000 + b" / HTTP/1.1", b"GET /" + b"a" * 200_000 + b" HTTP/1.1", b"\r\n" * 50,
        b"PRI * HTTP/2.0\r\n\r\nSM", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100, b"SSH-2.0-x",
        b"GET /v1/limits HTTP/1.0", b"GET //v1/limits HTTP/1.1", b"GET ?limit=1 HTTP/1.1", b"GET /#x HTTP/1.1",
    ):  # fmt: skip
        yield f"request line {line[:40]!r}", line + b"\r\n" + _HOST + b"Connection: close\r\n\r\n"
    for field in (
        b"no colon", b": no name", b"a b: c", b"a\x00: b", b"a: b\x00c", b"a: b\rc", b"\xff: \xff", b" folded: on",
        b"a: b\r\n folded", b"a: " + b"b" * 1_000_000, b"Host: other", b"Host:", b"Content-Length: x",
        b"\r\n".join(b"h%d: v" % number for number in range(10_000)), b"a" * 100_000 + b": b", b"Connection: \xff",
        b"Transfer-Encoding: ", b"Expect: 100-continue", b"Upgrade: websocket\r\nConnection: upgrade", b"TE: \x00",
    ):  # fmt: skip
        yield f"header {field[:40]!r}", _GET + field + b"\r\nConnection: close\r\n\r\n"
    yield "no Host", b"GET /v1/limits HTTP/1.1\r\nConnection: close\r\n\r\n"
    yield "bare line feeds", _WHOLE.replace(b"\r\n", b"\n")
    yield "bare carriage returns", _WHOLE.replace(b"\r\n", b"\r")


def _lengths() -> Iterator[tuple[str, bytes]]:
    for length in (
        b"-1",
        b"+2",
        b"1e1",
        b"0x2",
        b" 2 ",
        b"2, 2",
        b"2, 3",
        b"9" * 30,
        b"99999999999",
        b"",
        b"2\r\nContent-Length: 3",
    ):
        yield f"Content-Length {length!r}", _POST + b"Connection: close\r\nContent-Length: " + length + b"\r\n\r\n{}"
    yield "length and chunks", _POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + _WHOLE
    yield "less than its length", _POST + b"Content-Length: 50\r\n\r\n{}"


def _chunks() -> Iterator[tuple[str, bytes]]:
    head = _POST + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    for chunks in (
        b"2\r\n{}\r\n0\r\n\r\n", b"-1\r\n{}\r\n", b"F" * 30 + b"\r\n{}", b"x\r\n{}\r\n", b"\r\n", b"2\r\n{}0\r\n\r\n",
        b"2;" + b"a" * 200_000 + b"\r\n{}\r\n0\r\n\r\n", b"0\r\nTrailer: x\r\n\r\n", b"0\r\n" + b"a: b\r\n" * 20_000,
        b"1\r\n{\r\n" * 2000 + b"0\r\n\r\n", b"2\r\n{}\r\n", b"0 2\r\n{}\r\n0\r\n\r\n", b"\xff\r\n",
    ):  # fmt: skip
        yield f"chunks {chunks[:30]!r}", head + chunks
    for coding in (b"chunked, chunked", b"xchunked", b"gzip, chunked", b"identity", b"\x0bchunked", b"CHUNKED"):
        yield f"coding {coding!r}", _POST + b"Transfer-Encoding: " + coding + b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n"


def _pipelines() -> Iterator[tuple[str, bytes]]:
    last = _GET + b"Connection: close\r\n\r\n"
    yield "many requests at once", _WHOLE * PIPELINED + last
    yield "rubbish after a request", _WHOLE + b"\x00\xff" * 1000
    yield "a body that is a request", _POST + b"Content-Length: %d\r\n\r\n" % len(_WHOLE) + _WHOLE + last
    yield "more than its length", _POST + b"Content-Length: 2\r\n\r\n{}" + b"{}" * 100
    yield "half a request after many", _WHOLE * PIPELINED + _GET


def _noises(effort: Effort, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    for _ in range(effort.of(NOISES)):
        data = rng.randbytes(rng.randrange(1, 3000)) + b"\r\n\r\n"
        yield f"noise {data[:20]!r}", data


def _mutants(effort: Effort, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """A whole request of which a few bytes are others."""
    for _ in range(effort.of(MUTANTS)):
        data = bytearray(_POST + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}")
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.choice([0, 9, 10, 13, 32, 58, 127, 255, rng.randrange(256)])
        yield f"mutant {bytes(data)!r}", bytes(data)
