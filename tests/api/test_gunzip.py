"""Unpacking gzip bodies of any cut."""

from __future__ import annotations

import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.api.errors import ApiError
from coverplan.api.gunzip import Gunzip
from support.sampling import examples

EMPTY = gzip.compress(b"", mtime=0)


@examples(60)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=40), st.integers(1, 5000))
def test_any_members_in_any_pieces(contents: list[bytes], size: int) -> None:
    """The pieces that a body arrives in say nothing of its members."""
    packed = b"".join(gzip.compress(content) for content in contents)
    gunzip = Gunzip()

    found = b"".join(
        piece for start in range(0, len(packed), size) for piece in gunzip.pieces(packed[start : start + size])
    )

    gunzip.end()
    assert found == b"".join(contents)


def test_a_block_format_is_taken() -> None:
    """5,000 members of a hundred bytes or more, as tools write them that compress in blocks."""
    draw = random.Random(0)
    contents = [draw.randbytes(400) for _ in range(5000)]
    gunzip = Gunzip()

    found = b"".join(gunzip.pieces(b"".join(map(gzip.compress, contents))))

    assert found == b"".join(contents)


def test_empty_members_are_refused_before_they_cost_anything() -> None:
    """A hundred thousand of 20 bytes: each would be begun and ended for nothing."""
    gunzip = Gunzip()

    with pytest.raises(ApiError, match="too many gzip members"):
        list(gunzip.pieces(EMPTY * 100_000))

    assert gunzip.packed < 30_000


@pytest.mark.parametrize("packed", [b"", EMPTY[:-1], gzip.compress(b"abc", mtime=0)[:-8], b"no gzip at all"])
def test_what_is_not_whole_is_said(packed: bytes) -> None:
    gunzip = Gunzip()

    with pytest.raises(ApiError, match="not complete gzip data"):
        _unpack(gunzip, packed)


def _unpack(gunzip: Gunzip, packed: bytes) -> None:
    list(gunzip.pieces(packed))
    gunzip.end()
