"""A plan as a notebook shows it: a small piece of HTML that needs nothing else.

It sets no colour of text or ground, so that it reads in light and dark notebooks alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from coverplan.payload.change import Term
from coverplan.payload.labels import Labels
from coverplan.payload.rollups import RepBook
from coverplan.wording.figures import TYPESET
from coverplan.wording.rounding import to_cents
from coverplan.wording.statuses import term_words

BOOKS_SHOWN = 12
BAR = "#3b7dc4"
NUMBER = "text-align:right"
LEFT = "text-align:left"


def card(
    verdict: str,
    facts: Iterable[tuple[str, str]],
    books: Sequence[RepBook],
    terms: Sequence[Term],
    objective: float | None,
    labels: Labels,
) -> str:
    """Verdict, a few facts, each rep's book as a bar of its revenue, and the ledger of the objective."""
    parts = [f"<p><b>{escape(verdict)}</b></p>", _table([], [_facts(*fact) for fact in facts])]
    if books:
        parts.append(_books(books, labels))
    if objective is not None:
        parts.append(_ledger(terms, objective, labels))
    return f'<div style="font:13px/1.5 system-ui,sans-serif;max-width:48em">{"".join(filter(None, parts))}</div>'


def _facts(name: str, text: str) -> str:
    return f"{_cell(name, LEFT)}{_cell(text, LEFT)}"


def _books(books: Sequence[RepBook], labels: Labels) -> str:
    """The largest books; bars are as long as their revenue."""
    ranked = sorted(books, key=lambda book: (-book.revenue, book.rep_id))
    most = max(0.0, ranked[0].revenue)
    rows = [
        "".join(
            [
                _cell(labels.reps.get(book.rep_id, book.rep_id), LEFT),
                _bar(book.revenue / most if most else 0.0),
                _cell(TYPESET.number(book.revenue, 0), NUMBER),
                _cell(f"{book.accounts:,}", NUMBER),
                _cell("" if book.utilisation is None else TYPESET.percent(book.utilisation, 0), NUMBER),
                _cell(f"+{book.gained:,} {TYPESET.minus}{book.lost:,}", NUMBER),
            ]
        )
        for book in ranked[:BOOKS_SHOWN]
    ]
    more = len(ranked) - BOOKS_SHOWN
    if more > 0:
        rows.append(f'<td colspan="6" style="{LEFT}">and {escape(TYPESET.count(more, "rep"))} more</td>')
    revenue = f"revenue, {labels.currency}" if labels.currency else "revenue"
    return _table(["rep", "", revenue, "accounts", "hours used", "gained, lost"], rows)


def _ledger(terms: Sequence[Term], objective: float, labels: Labels) -> str:
    """Amounts to the cent that add up to the objective as shown."""
    shown = to_cents([term.value for term in terms], objective)
    rows = [
        f"{_cell(term_words(term.term, term.constraint), LEFT)}{_cell(TYPESET.number(amount, 2), NUMBER)}"
        for term, amount in zip(terms, shown, strict=True)
    ]
    rows.append(f"{_cell('objective', LEFT, bold=True)}{_cell(TYPESET.number(objective, 2), NUMBER, bold=True)}")
    return _table(["ledger", labels.currency], rows)


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    """A table; the first column is one of words."""
    if not rows:
        return ""
    head = "".join(f'<th style="{NUMBER if place else LEFT}">{escape(text)}</th>' for place, text in enumerate(heads))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table style="border-collapse:collapse;margin:.6em 0">{f"<tr>{head}</tr>" if head else ""}{body}</table>'


def _cell(text: str, align: str, *, bold: bool = False) -> str:
    inner = f"<b>{escape(text)}</b>" if bold else escape(text)
    return f'<td style="{align};padding:0 1em 0 0">{inner}</td>'


def _bar(share: float) -> str:
    bar = f'<div style="background:{BAR};height:.8em;width:{100 * max(0.0, share):.1f}%"></div>'
    return f'<td style="width:12em;padding:0 1em 0 0">{bar}</td>'
