"""One way of writing JSON: what says the same is the same, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.payload.canonical import canonical

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def shuffled(value: Any) -> Any:
    """The same value, its keys in the opposite order."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    return [shuffled(one) for one in value] if isinstance(value, list) else value


@given(VALUES, st.integers(0, 4))
def test_order_space_and_escapes_say_nothing(value: Any, indent: int) -> None:
    other = json.dumps(shuffled(value), indent=indent, ensure_ascii=False) + "\n"
    try:
        data = other.encode()
    except UnicodeEncodeError:  # a lone surrogate, which is no text
        return

    assert canonical(json.dumps(value).encode()) == canonical(data)


@given(VALUES)
def test_what_is_written_in_one_way_is_the_same_value(value: Any) -> None:
    data = canonical(json.dumps(value).encode())

    assert data is not None
    assert json.loads(data) == value


@pytest.mark.parametrize(
    ("one", "other"), [("1", "1.0"), ("100", "1e2"), ("0.1", "0.10"), ("10e-1", "1"), ("100000000000000000000", "1e20")]
)
def test_numbers_are_what_they_are_worth(one: str, other: str) -> None:
    assert canonical(f"[{one}]".encode()) == canonical(f"[{other}]".encode())


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "2"), ("1", '"1"'), ("1", "true"), ("0", "false"), ("null", "[]"), ("9007199254740993", "9007199254740992")],
)
def test_other_values_are_others(one: str, other: str) -> None:
    """The last two are one double; as seeds they are two."""
    assert canonical(f"[{one}]".encode()) != canonical(f"[{other}]".encode())


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b"PAR1", b"1" * 5000], ids=range(6))
def test_what_is_no_json_has_no_other_way_of_writing(data: bytes) -> None:
    assert canonical(data) is None
