"""Names and parts of sentences; and figures as they are set on a page, by their short names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from coverplan.wording.figures import TYPESET, singular
from coverplan.wording.rounding import to_cents

__all__ = ["between", "listing", "sentence", "singular", "to_cents", "words"]

NAMED = 5

SPACE, MINUS = TYPESET.space, TYPESET.minus
number, count, amount, seconds = TYPESET.number, TYPESET.count, TYPESET.amount, TYPESET.seconds
money, money_at_most, money_at_least = TYPESET.money, TYPESET.money_at_most, TYPESET.money_at_least
short_money, short_money_at_most = TYPESET.short_money, TYPESET.short_money_at_most
percent, percent_at_most, rate = TYPESET.percent, TYPESET.percent_at_most, TYPESET.rate


def between(low: float | None, high: float | None, show: Callable[[float], str]) -> str:
    """`1 to 5`, `at least 1`, `at most 5`, or `any`."""
    if low is not None and high is not None:
        return f"{show(low)} to {show(high)}"
    if low is not None:
        return f"at least {show(low)}"
    return "any" if high is None else f"at most {show(high)}"


def listing(names: Sequence[str], shown: int = NAMED, least_rest: int = 1) -> str:
    """`Ana, Bo and 3 more`; a rest of fewer than `least_rest` is named as well."""
    if len(names) >= shown + least_rest:
        return f"{', '.join(names[:shown])} and {len(names) - shown:,} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def words(identifier: str) -> str:
    """`account_executive` as `account executive`."""
    return identifier.replace("_", " ")


def sentence(parts: Iterable[str]) -> str:
    """The parts that say something, joined by semicolons."""
    return "; ".join(part for part in parts if part)
