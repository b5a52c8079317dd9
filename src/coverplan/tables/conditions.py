"""Row conditions of a mapping: comparisons joined by `and`, parsed here and never evaluated as code.

    job_title == 'Sales Representative' and sales_quota is not blank
    `Account Status` in ('Active', 'Trial') and annual_revenue >= 1000

A column is a word, or anything between backticks; text stands in single quotes, a number stands bare.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from coverplan.tables.numbers import parse_numbers

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|`(?P<quoted>[^`]+)`|(?P<op>==|!=|<=|>=|<|>|=)|(?P<mark>[(),])"
    r"|(?P<number>[+-]?\d+(?:\.\d+)?)(?![\w.])|(?P<word>[^\W\d][\w.]*))"
)
ORDER: dict[str, Callable[[pl.Series, float], pl.Series]] = {
    "<": lambda cells, value: cells < value,
    "<=": lambda cells, value: cells <= value,
    ">": lambda cells, value: cells > value,
    ">=": lambda cells, value: cells >= value,
}


@dataclass(frozen=True)
class Comparison:
    """One `column op literal`; op is one of == != < <= > >= in blank filled."""

    column: str
    op: str
    literals: tuple[str | float, ...] = ()

    @property
    def numeric(self) -> bool:
        """Whether it compares numbers."""
        return any(isinstance(literal, float) for literal in self.literals)

    def holds(self, cells: pl.Series, decimal: str = ".") -> pl.Series:
        """A mask over the cells of the column; a blank cell holds only for `is blank` and `!=`.

        `decimal` is the mark of the numbers in the cells.
        """
        if self.op in ("blank", "filled"):
            return cells.is_null() if self.op == "blank" else cells.is_not_null()
        if self.op in ORDER:
            value = self.literals[0]
            assert isinstance(value, float)
            return ORDER[self.op](parse_numbers(cells, decimal)[0], value).fill_null(False)
        hits = pl.Series([False]).new_from_index(0, len(cells))
        for literal in self.literals:
            number = isinstance(literal, float)
            equal = (parse_numbers(cells, decimal)[0] == literal) if number else (cells == literal)
            hits = hits | equal.fill_null(False)
        return ~hits if self.op == "!=" else hits


class ConditionError(ValueError):
    """A condition that does not follow the grammar."""


def parse_condition(text: str) -> list[Comparison]:
    """The comparisons of a condition, all of which must hold.

    Raises:
        ConditionError: says what was expected where.
    """
    tokens = _tokens(text)
    comparisons = []
    while True:
        comparison, tokens = _comparison(tokens, text)
        comparisons.append(comparison)
        if not tokens:
            return comparisons
        kind, value = tokens[0]
        if kind != "word" or value.lower() != "and":
            raise ConditionError(f"'and' or the end was expected before {value!r} in: {text}")
        tokens = tokens[1:]


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ConditionError(f"cannot be read from {text[at:].strip()[:30]!r} on; write: column == 'text'")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens


def _comparison(tokens: list[tuple[str, str]], text: str) -> tuple[Comparison, list[tuple[str, str]]]:
    if len(tokens) < 2 or tokens[0][0] not in ("word", "quoted"):
        raise ConditionError(f"a column and a comparison were expected in: {text}")
    column, (kind, op), rest = tokens[0][1], tokens[1], tokens[2:]
    word = op.lower() if kind == "word" else ""
    if word == "is":
        words = [value.lower() for _, value in rest[:2]]
        if words[:1] == ["blank"]:
            return Comparison(column, "blank"), rest[1:]
        if words == ["not", "blank"]:
            return Comparison(column, "filled"), rest[2:]
        raise ConditionError(f"'is blank' or 'is not blank' was expected in: {text}")
    if word == "in":
        return _membership(column, rest, text)
    if kind != "op":
        raise ConditionError(f"one of == != < <= > >= in, is was expected after {column!r} in: {text}")
    if not rest:
        raise ConditionError(f"a value was expected after {op!r} in: {text}")
    value = _literal(rest[0], text)
    if op in ORDER and not isinstance(value, float):
        raise ConditionError(f"{op!r} compares numbers, but {rest[0][1]} is text in: {text}")
    return Comparison(column, "==" if op == "=" else op, (value,)), rest[1:]


def _membership(column: str, rest: list[tuple[str, str]], text: str) -> tuple[Comparison, list[tuple[str, str]]]:
    end = next((k for k, token in enumerate(rest) if token == ("mark", ")")), None)
    if (
        not rest
        or rest[0] != ("mark", "(")
        or end is None
        or end % 2
        or any(token != ("mark", ",") for token in rest[2:end:2])
    ):
        raise ConditionError(f"'in' needs a list such as ('a', 'b') in: {text}")
    return Comparison(column, "in", tuple(_literal(token, text) for token in rest[1:end:2])), rest[end + 1 :]


def _literal(token: tuple[str, str], text: str) -> str | float:
    kind, value = token
    if kind == "text":
        return value[1:-1].replace("''", "'")
    if kind == "number":
        return float(value)
    raise ConditionError(f"text in single quotes or a number was expected, not {value!r}, in: {text}")
