"""A row of a rule in words: what it comes to, what is asked of it, and by how much it misses that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class RowState(Protocol):
    """A measured row; a bound of None is none."""

    @property
    def scope(self) -> str: ...
    @property
    def activity(self) -> float: ...
    @property
    def lower(self) -> float | None: ...
    @property
    def upper(self) -> float | None: ...
    @property
    def violation(self) -> float: ...


class Voice(Protocol):
    """How one place says amounts and scopes: a report by names and with units, a terminal by ids and bare."""

    def amount(self, value: float, unit: str) -> str:
        """A value in a unit, which is `money` or a plural noun."""

    def scope(self, scope: str) -> str:
        """Whom or what a row is about."""


@dataclass(frozen=True)
class RowWords:
    """The parts of which sentences, lines and cells about one row are made."""

    row: RowState
    unit: str
    voice: Voice

    def _say(self, value: float) -> str:
        return self.voice.amount(value, self.unit)

    @property
    def who(self) -> str:
        return self.voice.scope(self.row.scope)

    @property
    def activity(self) -> str:
        return self._say(self.row.activity)

    @property
    def missed(self) -> str:
        return self._say(self.row.violation)

    @property
    def limits(self) -> list[str]:
        """`at least 1` and `at most 5`, as far as they exist."""
        named = (("at least", self.row.lower), ("at most", self.row.upper))
        return [f"{word} {self._say(bound)}" for word, bound in named if bound is not None]

    @property
    def range(self) -> str:
        """The limits in short: `1 to 5`, or the one that there is; empty without any."""
        low, high = self.row.lower, self.row.upper
        if low is not None and high is not None and low != high:
            return f"{self._say(low)} to {self._say(high)}"
        return next(iter(self.limits), "")

    @property
    def standing(self) -> str:
        """What it comes to, beside what is asked."""
        return f"{self.activity} ({self.range})" if self.range else self.activity

    @property
    def miss(self) -> str:
        """What it comes to, and by how much that is too little or too much."""
        low, high = self.row.lower, self.row.upper
        if low is not None and self.row.activity < low:
            return f"{self.activity}, {self.missed} below the least of {self._say(low)}"
        if high == 0:
            return f"{self.activity}, none allowed"
        return f"{self.activity}, {self.missed} above the limit of {self._say(high or 0.0)}"
