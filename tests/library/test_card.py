"""What a notebook shows of a plan: small, self-contained, safe."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from support.brute import documents
from support.by_hand import book, solved, worth

EVIL = "<script>alert('x')</script>&\"'"
TEAM = book(
    {"acme": worth(100000, "ana", hours=5), "birch": worth(90000, "ana", hours=4), "cedar": worth(30000, "bo")},
    {"ana": {"name": EVIL, "capacity_hours": 8}, "bo": {"capacity_hours": 10}},
    currency="EUR",
)


class Text(HTMLParser):
    """Texts and tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.texts.append(data.replace("\u202f", " "))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)


def test_a_plan_shows_verdict_books_and_ledger() -> None:
    """Birch moves at 15 % of 90,000: 220,000 - 13,500 = 206,500."""
    plan = solved(TEAM, {"kind": "capacity"}, {"kind": "must_cover"}).labelled(documents(TEAM, {})[0])
    page = Text(plan._repr_html_())

    assert page.texts[0] == "Optimal: no plan is worth more."
    assert "EUR 206,500" in page.texts
    terms = ["expected revenue", "220,000.00", "relationship loss", "\u221213,500.00", "objective", "206,500.00"]
    assert page.texts[-8:] == ["ledger", "EUR", *terms]
    # Bo's 120,000 are the longer bar, Ana's 100,000 five sixths of it.
    assert re.findall(r"width:([\d.]+)%", plan._repr_html_()) == ["100.0", "83.3"]
    assert [text for text in page.texts if text in {"bo", EVIL}] == ["bo", EVIL]
    assert {"+1 \u22120", "+0 \u22121"} <= set(page.texts)


def test_it_is_small_escaped_and_loads_nothing() -> None:
    many = book({f"a{n}": worth(n + 1) for n in range(300)}, {f"r{n}": {"name": EVIL} for n in range(100)})
    page = solved(many, {"kind": "capacity"}).labelled(documents(many, {})[0])._repr_html_()

    assert len(page) < 12_000
    assert EVIL not in page
    assert Text(page).tags <= {"div", "p", "b", "table", "tr", "th", "td"}
    assert not re.search(r"https?:|url\(|src=|href=", page)
    assert "and 88 reps more" in Text(page).texts


@pytest.mark.parametrize("rule", [{"kind": "must_cover"}, {"kind": "account_count", "min": 9}])
def test_without_a_plan_it_says_so(rule: dict[str, object]) -> None:
    """Whatever the answer, there is something to show."""
    plan = solved(book({"a": worth(1)}, {"r": {"capacity_hours": 0}}), {"kind": "capacity"}, rule)

    assert Text(plan._repr_html_()).texts[0] == "Infeasible: no plan keeps all hard rules."
