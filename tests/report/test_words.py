"""Numbers as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.report.words import (
    listing,
    money,
    money_at_most,
    number,
    percent,
    percent_at_most,
    short_money,
    to_cents,
)

amounts = st.floats(-1e12, 1e12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (number(1234567.8), "1,234,568"),
        (number(36.10), "36.1"),
        (number(0.0), "0"),
        (number(-0.0001, 0), "0"),
        (number(-1500), "\u22121,500"),
        (money(999.5, "USD"), "USD 999.50"),
        (money(12340, "USD"), "USD 12,340"),
        (money_at_most(93768.2, "USD"), "USD 93,769"),
        (short_money(78559012, "USD"), "USD 78.56 M"),
        (short_money(-2.06e9, "USD"), "USD \u22122.06 bn"),
        (percent(0.058), "5.8 %"),
        (percent(0.00314), "0.31 %"),
        (percent_at_most(0.00311), "0.32 %"),
        (percent_at_most(0.003), "0.30 %"),
        (percent_at_most(0.000999), "0.100 %"),
        (percent_at_most(0.00083331), "0.084 %"),
        (percent_at_most(0.0), "0 %"),
        (listing(["Ana"]), "Ana"),
        (listing(["Ana", "Bo", "Cy"]), "Ana, Bo and Cy"),
        (listing(["Ana", "Bo", "Cy"], 1), "Ana and 2 more"),
        (listing([]), ""),
    ],
)
def test_formats(text: str, expected: str) -> None:
    """Thin spaces before units, minus signs that are minus signs, cents below a thousand."""
    assert text.replace("\u202f", " ") == expected


@given(st.floats(0, 0.999))
def test_a_proven_share_is_never_understated(share: float) -> None:
    """What is shown as `at most` is at least the truth, to within the ninth digit."""
    assert float(percent_at_most(share).split("\u202f")[0]) >= 100 * share * (1 - 1e-8) - 1e-9


@given(st.lists(amounts, min_size=1, max_size=6))
def test_shown_terms_add_up(values: list[float]) -> None:
    """In whole cents, whatever the rounding of the single terms."""
    shown = to_cents(values, sum(values))

    assert sum(round(100 * value) for value in shown) == pytest.approx(round(100 * sum(values)), abs=0.5)
