"""Row conditions of a mapping."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.tables.conditions import ConditionError, parse_condition


@pytest.mark.parametrize(
    ("condition", "cells", "rows"),
    [
        ("c == 'Sales Representative'", ["Sales Representative", "Manager", None], [0]),
        ("c = 'a'", ["a", "b"], [0]),
        ("c != 'a'", ["a", "b", None], [1, 2]),
        ("c is blank", ["a", None], [1]),
        ("c is not blank", ["a", None], [0]),
        ("c IN ('a', 'b')", ["a", "b", "c", None], [0, 1]),
        ("c in (1, 2)", ["1.0", "2", "3", "x"], [0, 1]),
        ("c > 0", ["$1,200.50", "0", "-5", None, "x"], [0]),
        ("c >= 1000 and c < 2000", ["999", "1,000", "2000"], [1]),
        ("c == 'it''s'", ["it's"], [0]),
        ("c == 5", ["5", "5.00", "50"], [0, 1]),
        ("`c` == 'x and y'", ["x and y"], [0]),
    ],
)
def test_rows_that_meet_a_condition(condition: str, cells: list[str | None], rows: list[int]) -> None:
    column = pl.Series(cells, dtype=pl.String)
    mask = pl.Series([True] * len(cells))

    for comparison in parse_condition(condition):
        assert comparison.column == "c"
        mask = mask & comparison.holds(column)

    assert mask.arg_true().to_list() == rows


def test_columns_may_have_any_name_between_backticks() -> None:
    assert [c.column for c in parse_condition("`Job Title (new)` == 'x' and größe > 1")] == ["Job Title (new)", "größe"]


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "c",
        "c ==",
        "c == x",
        "c == 'a' or c == 'b'",
        "c == 'a' and",
        "c > 'a'",
        "c in 'a'",
        "c in ('a' 'b')",
        "c in ()",
        "c is empty",
        "__import__('os').system('true')",
        "c == 'a",
        "'a' == c",
        "c == 1; drop",
        "c == 5x",
    ],
)
def test_anything_else_is_refused(condition: str) -> None:
    with pytest.raises(ConditionError):
        parse_condition(condition)


@given(st.text(max_size=40))
def test_any_text_is_a_condition_or_an_error(text: str) -> None:
    try:
        assert parse_condition(text)
    except ConditionError:
        return


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_a_literal(text: str) -> None:
    quoted = text.replace("'", "''")
    (comparison,) = parse_condition(f"c == '{quoted}'")

    assert comparison.holds(pl.Series([text, text + "."])).to_list() == [True, False]
