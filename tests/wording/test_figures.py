"""Figures as people read them; what is proven is rounded to the safe side."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coverplan.wording.figures import PLAIN, TYPESET
from coverplan.wording.rounding import to_cents, up
from support.sampling import examples

amounts = st.floats(-1e12, 1e12)
gaps = st.floats(0, 1e6) | st.floats(-14, 0).map(lambda power: 10.0**power)


def read(text: str) -> str:
    """The number in a text."""
    return text.removeprefix("USD ").removesuffix(" %").replace(",", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PLAIN.number(1234567.8), "1,234,568"),
        (PLAIN.number(36.10), "36.1"),
        (PLAIN.number(0.0), "0"),
        (PLAIN.number(-0.0001, 0), "0"),
        (TYPESET.number(-1500), "\u22121,500"),
        (PLAIN.significant(1234.5), "1,234"),
        (PLAIN.significant(1.23456), "1.235"),
        (PLAIN.significant_at_most(1.23412), "1.235"),
        (PLAIN.significant_at_least(-1.23412), "-1.235"),
        (PLAIN.significant_at_most(1000.1), "1,001"),
        (PLAIN.money(999.5, "USD"), "USD 999.50"),
        (PLAIN.money(12340, "USD"), "USD 12,340"),
        (TYPESET.money(12340, "USD"), "USD\u202f12,340"),
        (PLAIN.money_at_most(93768.2, "USD"), "USD 93,769"),
        (PLAIN.money_at_least(93768.2, "USD"), "USD 93,768"),
        (PLAIN.money_at_most(256500.0000003, "USD"), "USD 256,500.01"),
        (PLAIN.money_at_least(255999.9999999, "USD"), "USD 255,999.99"),
        (PLAIN.money_at_most(-0.001, "USD"), "USD 0.00"),
        (PLAIN.short_money(78559012, "USD"), "USD 78.56 M"),
        (TYPESET.short_money(-2.06e9, "USD"), "USD\u202f\u22122.06\u202fbn"),
        (PLAIN.short_money_at_most(78551012, "USD"), "USD 78.56 M"),
        (PLAIN.short_money_at_most(12.341, "USD"), "USD 12.35"),
        (PLAIN.percent(0.058), "5.8 %"),
        (PLAIN.percent(0.00314), "0.31 %"),
        (PLAIN.percent(1e-12), "0 %"),
        (PLAIN.percent(0.25, 2), "25.00 %"),
        (PLAIN.percent_at_most(0.00344), "0.35 %"),
        (PLAIN.percent_at_most(4e-7), "0.000040 %"),
        (PLAIN.percent_at_most(0.00311), "0.32 %"),
        (PLAIN.percent_at_most(0.003), "0.30 %"),
        (PLAIN.percent_at_most(0.000999), "0.100 %"),
        (PLAIN.percent_at_most(0.00083331), "0.084 %"),
        (PLAIN.percent_at_most(1e-13), "0.0000001 %"),
        (PLAIN.percent_at_most(1.2345), "124 %"),
        (PLAIN.percent_at_most(0.0123, 2), "1.23 %"),
        (PLAIN.percent_at_most(0.0), "0 %"),
    ],
)
def test_formats(text: str, expected: str) -> None:
    """Separators, units, minus signs that are minus signs on a page, cents below a thousand."""
    assert text == expected


@examples(200)
@given(gaps, st.sampled_from([0, 2]))
@example(4e-7, 0)
@example(0.00344, 0)
@example(1.9245e-05, 2)
@example(5e-324, 0)
def test_a_gap_that_is_read_back_is_never_below_the_gap(gap: float, least_digits: int) -> None:
    """Neither as a double nor digit by digit; and it is above it by a tenth at most, unless there is no digit left."""
    text = read(PLAIN.percent_at_most(gap, least_digits))

    assert float(text) / 100 >= gap
    assert Decimal(text) / 100 >= Decimal(repr(gap))
    assert Decimal(text) / 100 <= Decimal(repr(gap)) * Decimal("1.1001") + Decimal("1e-9")


@examples(200)
@given(amounts | st.floats(-1e300, 1e300))
def test_a_bound_that_is_read_back_is_never_below_the_bound(amount: float) -> None:
    """In full, to a figure, and in millions; a lower bound is never above."""
    short = read(PLAIN.short_money_at_most(amount, "USD"))
    number, _, unit = short.partition(" ")

    assert float(read(PLAIN.money_at_most(amount, "USD"))) >= amount
    assert float(read(PLAIN.significant_at_most(amount))) >= amount
    assert Decimal(number) * {"": 1, "M": 10**6, "bn": 10**9, "tn": 10**12}[unit] >= Decimal(repr(amount))
    assert float(read(PLAIN.money_at_least(amount, "USD"))) <= amount
    assert float(read(PLAIN.significant_at_least(amount))) <= amount


@examples(200)
@given(amounts, st.integers(0, 9))
def test_rounding_up_is_by_less_than_a_step(value: float, digits: int) -> None:
    """Or by one, where the double that is read back would else be below."""
    assert 0 <= up(value, digits) - Decimal(repr(value)) <= Decimal(1).scaleb(-digits)


@examples(200)
@given(st.lists(amounts, min_size=1, max_size=6))
def test_shown_terms_add_up(values: list[float]) -> None:
    """In whole cents, whatever the rounding of the single terms."""
    shown = to_cents(values, sum(values))

    assert sum(round(100 * value) for value in shown) == pytest.approx(round(100 * sum(values)), abs=0.5)
