"""Numbers in CSV cells."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.tables.numbers import marks, parse_numbers


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("$1,234.50", ".", 1234.5),
        ("1.234,50", ",", 1234.5),
        ("1.234,50 €", ",", 1234.5),
        ("EUR 1.234,50", ",", 1234.5),
        ("USD 12", ".", 12),
        ("US$12.5", ".", 12.5),
        ("(1,234)", ".", -1234),
        ("($1,234.50)", ".", -1234.5),
        ("-5", ".", -5),
        ("- 5", ".", -5),
        ("5-", ".", -5),
        ("-$5", ".", -5),
        ("$-5", ".", -5),
        ("\u22125", ".", -5),
        ("+7", ".", 7),
        ("12 %", ".", 0.12),
        ("12,5%", ",", 0.125),
        ("1 234 567,5", ",", 1234567.5),
        ("1'234.5", ".", 1234.5),
        ("1\u202f234", ".", 1234),
        ("12,34,567", ".", 1234567),
        (".5", ".", 0.5),
        ("5.", ".", 5),
        ("1.5e3", ".", 1500),
        ("1e-3", ".", 0.001),
        ("35.0300537252601", ".", 35.0300537252601),
        ("0", ",", 0),
    ],
)
def test_reads_what_people_write(cell: str, decimal: str, value: float) -> None:
    values, wrong = parse_numbers(pl.Series([cell]), decimal)

    assert not wrong[0]
    assert values[0] == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "cell",
    [
        "abc",
        "1,23.4",
        "1,2345",
        "1.2.3",
        "12 34",
        "$",
        "#REF!",
        "1e999",
        "inf",
        "1-2",
        "0x10",
        "--5",
        "5 apples",
        "1,,000",
    ],
)
def test_refuses_the_rest(cell: str) -> None:
    values, wrong = parse_numbers(pl.Series([cell]), ".")

    assert wrong[0]
    assert values[0] is None


@pytest.mark.parametrize("cell", [None, "-", "N/A", "null", "#N/A", "NaN"])
def test_blank_is_neither_a_number_nor_wrong(cell: str | None) -> None:
    values, wrong = parse_numbers(pl.Series([cell], dtype=pl.String), ".")

    assert values[0] is None
    assert not wrong[0]


@pytest.mark.parametrize(
    ("cells", "decimal", "ambiguous"),
    [
        (["1,234.50", "5"], ".", False),
        (["1.234,50"], ",", False),
        (["1,5"], ",", False),
        (["1.5", "1.234"], ".", True),
        (["1,234"], None, True),
        (["1.234"], None, True),
        (["1,234,567"], ".", False),
        (["1.234.567"], ",", False),
        (["0.125"], ".", False),
        (["0,125"], ",", False),
        (["1234.567"], ".", False),
        (["12", "7"], None, False),
        (["1.5", "1,5"], None, False),
    ],
)
def test_decimal_mark_is_read_off_the_column(cells: list[str], decimal: str | None, ambiguous: bool) -> None:
    found = marks(pl.Series(cells))

    assert found.decimal == decimal
    assert (found.either is not None) == ambiguous


@given(st.lists(st.decimals(-(10**12), 10**12, places=2), min_size=1, max_size=20), st.booleans())
def test_formatted_amounts_come_back(amounts: list[object], european: bool) -> None:
    """Python's own formatting with two decimals, grouped; the comma style by swapping the marks."""
    cells = [f"${amount:,}" for amount in amounts]
    if european:
        cells = [cell.replace(",", "_").replace(".", ",").replace("_", ".") for cell in cells]

    column = pl.Series(cells)
    found = marks(column)
    values, wrong = parse_numbers(column, found.decimal or "?")

    assert found.decimal == ("," if european else ".")
    assert not wrong.any()
    assert values.to_list() == pytest.approx([float(str(amount)) for amount in amounts], rel=1e-15)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_written_floats_come_back(value: float) -> None:
    values, wrong = parse_numbers(pl.Series([repr(value)]), ".")

    assert not wrong[0]
    assert values[0] == value
