"""Tables that are not what they should be: small files that want to be large, wrong types, broken and odd ones."""

from __future__ import annotations

import datetime as dt
import io
import json
import random
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import polars as pl

from support.datasets import as_arrow

SOUND = pl.DataFrame(
    {
        "id": [f"a{n}" for n in range(200)],
        "potential": [float(n) for n in range(200)],
        "tags": [["x", "y"], []] * 100,
        "current": [[{"rep_id": "r1", "role": None}], []] * 100,
        "location": [{"lat": 1.0, "lon": 2.0}, None] * 100,
    }
)


def parquet(frame: pl.DataFrame, **options: Any) -> bytes:
    """The frame as a file."""
    out = io.BytesIO()
    frame.write_parquet(out, **options)
    return out.getvalue()


def odd_frames() -> Iterator[tuple[str, pl.DataFrame]]:
    """Columns of types and names that no account has."""
    one = {"id": ["a"]}
    yield "no columns", pl.DataFrame()
    yield "no rows", SOUND.clear()
    yield "no id", pl.DataFrame({"potential": [1.0]})
    yield "null columns", pl.DataFrame({name: [None] for name in SOUND.columns})
    yield "odd names", pl.DataFrame({**one, "": [1], "a/b~": [2], "\u0000": [3], "x" * 5000: [4], "\u202e": [5]})
    yield "durations", pl.DataFrame({**one, "potential": [dt.timedelta(days=1)], "tags": [dt.time(1)]})
    yield "decimals", pl.DataFrame({**one, "potential": [Decimal("1.5")], "hours": [b"\x00\xff"]})
    yield "lists of lists", pl.DataFrame({**one, "tags": [[["x"]]], "revenue_history": [[[1.0]]], "current": [[[]]]})
    yield "objects as text", pl.DataFrame({"id": [{"id": "a"}], "name": [["a"]], "location": [[{"lat": 1.0}]]})
    yield "lists as numbers", pl.DataFrame({**one, "current": [1], "location": ["x"], "tags": [True]})
    yield "categories", pl.DataFrame({"id": ["a"], "kind": ["customer"]}).cast(pl.Categorical)
    yield "infinite", pl.DataFrame({**one, "potential": [float("nan")], "hours": [float("inf")]})
    yield "whole numbers", pl.DataFrame({"id": ["a"], "potential": [2**63 - 1], "locked": [1]})
    yield "10,000 columns", pl.DataFrame({"id": ["a"], **{f"c{n}": [n] for n in range(10_000)}})
    yield "long texts", pl.DataFrame({"id": ["a" * 3_000_000, "\n" * 3_000_000], "name": ["b" * 3_000_000, None]})


def odd_texts() -> Iterator[tuple[str, str, bytes]]:
    """CSV and NDJSON that get through the door."""
    yield "csv: 10,000 columns", "csv", b",".join(b"c%d" % n for n in range(10_000)) + b"\n" + b"1," * 9_999 + b"1\n"
    yield "csv: open quote", "csv", b'id,name\n"a,b\nc,d\n'
    yield "csv: too many cells", "csv", b"id,name\na,b,c,d\n"
    yield "csv: no header", "csv", b"\n\n,,\n"
    yield "csv: nothing", "csv", b""
    yield "csv: junk", "csv", bytes(range(1, 256)) * 40
    yield "csv: formulas", "csv", b"id,potential\n=1+1,=cmd|x\n-1,1e999\n"
    yield "csv: the same name twice", "csv", b"id,id,id\na,b,c\n"
    yield "csv: a workbook", "csv", b"PK\x03\x04junk"
    yield "ndjson: deep", "ndjson", b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    yield "ndjson: long", "ndjson", json.dumps({"id": "a" * 900_000, "name": "b"}).encode() + b"\n"
    yield "ndjson: many fields", "ndjson", json.dumps({f"f{n}": n for n in range(20_000)}).encode() + b"\n"
    yield "ndjson: no objects", "ndjson", b'5\n[]\n"x"\nnull\n{}\n'
    yield "ndjson: halves", "ndjson", b'{"id": "a"\n"potential": 1}\n'
    yield "ndjson: twice", "ndjson", b'{"id": "a", "id": "b"}\n{"id": "\\ud800"}\n{"id": "c", "potential": NaN}\n'
    yield "ndjson: junk", "ndjson", bytes(range(1, 256)) * 40
    yield "ndjson: big numbers", "ndjson", b'{"id": "a", "potential": ' + b"9" * 5000 + b"}\n"
    yield "ndjson: many wrong lines", "ndjson", b'{"id": 1, "x": 2, "kind": "z"}\n' * 6_000


@cache
def long_text() -> bytes:
    """One text of 500 MB, in a file of some KB."""
    return parquet(pl.DataFrame({"id": ["a" * 500_000_000]}), compression="zstd", statistics=False)


def many_rows(number: int, *names: str) -> bytes:
    """As many rows as asked, each with the same texts of 200 characters."""
    rows = pl.select(pl.repeat("n" * 200, number)).to_series()
    return parquet(pl.DataFrame({name: rows.alias(name) for name in names}), compression="zstd", statistics=False)


def bombs() -> Iterator[tuple[str, str, bytes]]:
    """Small files that unpack to a lot."""
    yield "25 million rows", "parquet", many_rows(25_000_000, "id")
    yield "a text of 500 MB", "parquet", long_text()
    yield "2 million long names", "parquet", many_rows(2_000_000, "id", "name", "segment", "industry", "territory_id")


def mutations(seed: int, number: int) -> Iterator[tuple[str, str, bytes]]:
    """Sound files with bytes changed, cut out or doubled, which still begin and end as they should."""
    rng = random.Random(seed)
    whole = parquet(SOUND)
    files = {
        form: whole if form == "parquet" else as_arrow(whole, form) for form in ("parquet", "arrow", "arrow_stream")
    }
    for count in range(number):
        form = rng.choice(list(files))
        data = bytearray(files[form])
        for _ in range(rng.randint(1, 6)):
            place = rng.randrange(8, max(9, len(data) - 8))
            match rng.randrange(4):
                case 0:
                    data[place] = rng.randrange(256)
                case 1:
                    data[place : place + 4] = rng.choice((b"\xff" * 4, b"\x00" * 4, b"\xff\xff\xff\x7f"))
                case 2:
                    del data[place : min(place + rng.randrange(1, 200), len(data) - 8)]
                case _:
                    data[place:place] = data[place : place + rng.randrange(1, 200)]
        yield f"{form} {count}", form, bytes(data)
