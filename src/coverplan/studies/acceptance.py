"""Acceptance rules: a small language over metrics, e.g. `moved_share <= 0.1 and expected_revenue >= 0.98 * baseline`.

Comparisons joined by `and`, `or`, `not`; their sides are metrics, numbers, `baseline`, `today` and + - * / of these.
`baseline` is the value that the comparison's only metric has there; `baseline.METRIC` says which.
Parsed as a Python expression, of which only these parts are admitted; nothing is ever executed.

Rounding decides nothing: each side carries how far it may be off, from the tolerance of the metrics in it and through
the arithmetic (first-order running error analysis; Higham, "Accuracy and Stability", section 3.3). Sides that are no
further apart are equal.
"""

from __future__ import annotations

import ast
import difflib
import math
import operator
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from coverplan.studies.metrics import BY_NAME

ANCHORS = ("baseline", "today")
TOLERANCE = 1e-9
"""Relative, of every metric and number; what is near 0 has besides the absolute one of its metric's unit."""

MAX_PARTS = 200
LARGEST = 1e300
ODD = re.compile(r"[^A-Za-z0-9_.+\-*/()<>=! \t]")
HOW = 'Write e.g. "moved_share <= 0.1".'

Values = Mapping[str, float | None]


@dataclass(frozen=True)
class _Amount:
    """A number, and how far it may be off; NaN: not defined."""

    value: float
    error: float

    def __neg__(self) -> _Amount:
        return _Amount(-self.value, self.error)

    def __add__(self, other: _Amount) -> _Amount:
        return _Amount(self.value + other.value, self.error + other.error)

    def __sub__(self, other: _Amount) -> _Amount:
        return self + -other

    def __mul__(self, other: _Amount) -> _Amount:
        error = abs(self.value) * other.error + abs(other.value) * self.error + self.error * other.error
        return _Amount(self.value * other.value, error)

    def __truediv__(self, other: _Amount) -> _Amount:
        """Not defined where the divisor may as well be 0."""
        least = abs(other.value) - other.error
        if not least > 0:
            return _Amount(math.nan, 0.0)
        found = self.value / other.value
        return _Amount(found, (self.error + abs(found) * other.error) / least)


_OPERATORS: dict[type[ast.operator], Callable[[_Amount, _Amount], _Amount]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


class RuleError(ValueError):
    """A rule that cannot be read: where (from column 1), and a way out."""

    def __init__(self, message: str, column: int, way_out: str | None = None) -> None:
        super().__init__(message)
        self.column, self.way_out = column, way_out


@dataclass(frozen=True)
class Rule:
    """A rule that was read."""

    text: str
    tree: ast.expr

    @property
    def metrics(self) -> tuple[str, ...]:
        """Metrics that it names, in order."""
        names = [node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name) and node.id not in ANCHORS]
        owners = [node.attr for node in ast.walk(self.tree) if isinstance(node, ast.Attribute)]
        return tuple(dict.fromkeys([*names, *owners]))

    def holds(self, values: Values, baseline: Values, today: Values) -> bool:
        """Whether it holds for a plan; where it hangs on a value that is not defined, it does not."""
        return _holds(self.tree, _Given(values, baseline, today)) is True


@dataclass(frozen=True)
class _Given:
    values: Values
    baseline: Values
    today: Values

    def of(self, anchor: str) -> Values:
        return self.baseline if anchor == "baseline" else self.today


def parse(text: str, metrics: Sequence[str], *, today: bool = True) -> Rule:
    """Read a rule; `today` says whether today's assignment is known.

    Raises:
        RuleError: it is no rule, or names what is no metric.
    """
    indent = len(text) - len(text.lstrip())
    odd = ODD.search(text)
    if odd:
        raise RuleError(f"{odd.group()} may not stand here.", odd.start() + 1, HOW)
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        end = len(text) + 1
        column = min((getattr(error, "offset", 1) or end) + indent, end)
        raise RuleError("this is no comparison.", column, HOW) from None
    if sum(1 for _ in ast.walk(tree)) > MAX_PARTS:
        raise RuleError("the rule is too long.", 1, "Make it several rules.")
    _check_logic(tree, tuple(metrics), today, indent)
    return Rule(text, tree)


def _fail(node: ast.AST, indent: int, message: str, way_out: str | None = None) -> RuleError:
    return RuleError(message, getattr(node, "col_offset", 0) + 1 + indent, way_out)


def _check_logic(node: ast.expr, metrics: tuple[str, ...], today: bool, indent: int) -> None:
    if isinstance(node, ast.BoolOp):
        for part in node.values:
            _check_logic(part, metrics, today, indent)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _check_logic(node.operand, metrics, today, indent)
    elif isinstance(node, ast.Compare):
        for one in node.ops:
            if type(one) not in _COMPARISONS:
                raise _fail(node, indent, "compare with <, <=, >, >=, == or !=.")
        for amount in (node.left, *node.comparators):
            _check_amount(amount, metrics, today, indent)
        _check_anchors(node, metrics, indent)
    else:
        raise _fail(node, indent, "a comparison is needed here.", HOW)


def _check_anchors(node: ast.Compare, metrics: tuple[str, ...], indent: int) -> None:
    """A bare `baseline` or `today` needs one metric beside it that it is of."""
    own = list(_names(node))
    for part in _walk(node):
        if isinstance(part, ast.Name) and part.id in ANCHORS and len(own) != 1:
            way_out = f"Write {part.id}.METRIC, e.g. {part.id}.{own[0] if own else metrics[0]}."
            raise _fail(part, indent, f"of which metric {part.id} is meant is not clear here.", way_out)


def _check_amount(node: ast.expr, metrics: tuple[str, ...], today: bool, indent: int) -> None:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        _check_amount(node.left, metrics, today, indent)
        _check_amount(node.right, metrics, today, indent)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        _check_amount(node.operand, metrics, today, indent)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool) or not isinstance(node.value, int | float) or node.value > LARGEST:
            raise _fail(node, indent, f"{ast.unparse(node)[:50]} is no number.")
    elif isinstance(node, ast.Name):
        _check_name(node, node.id, (*metrics, *ANCHORS), today, indent)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ANCHORS:
        _check_name(node.value, node.value.id, ANCHORS, today, indent)
        _check_name(node, node.attr, metrics, today, indent)
    else:
        raise _fail(node, indent, "only metrics, numbers, baseline, today and + - * / may stand here.")


def _check_name(node: ast.AST, name: str, known: tuple[str, ...], today: bool, indent: int) -> None:
    if name == "today" and not today:
        raise _fail(node, indent, "today's assignment is not measured.", "Set `today` of the experiment to true.")
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        way_out = f'Did you mean "{close[0]}"?' if close else f"Use one of {', '.join(known)}."
        raise _fail(node, indent, f"there is no metric {name[:50]}.", way_out)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of an amount or comparison; `baseline.METRIC` is one part."""
    yield node
    if not isinstance(node, ast.Attribute):
        for child in ast.iter_child_nodes(node):
            yield from _walk(child)


def _names(node: ast.AST) -> Iterator[str]:
    """Metrics of a comparison that stand for the plan itself, each once."""
    seen = (one.id for one in _walk(node) if isinstance(one, ast.Name) and one.id not in ANCHORS)
    yield from dict.fromkeys(seen)


def _holds(node: ast.expr, given: _Given) -> bool | None:
    """Whether a condition holds; None where that hangs on a value that is not defined."""
    if isinstance(node, ast.BoolOp):
        decisive = isinstance(node.op, ast.Or)
        parts = [_holds(part, given) for part in node.values]
        return decisive if decisive in parts else None if None in parts else not decisive
    if isinstance(node, ast.UnaryOp):
        inner = _holds(node.operand, given)
        return None if inner is None else not inner
    assert isinstance(node, ast.Compare)
    own = next(_names(node), "")
    sides = [_amount(side, own, given) for side in (node.left, *node.comparators)]
    if any(math.isnan(side.value) for side in sides):
        return None
    return all(
        _compare(_COMPARISONS[type(sign)], one, other)
        for sign, one, other in zip(node.ops, sides, sides[1:], strict=False)
    )


def _amount(node: ast.expr, own: str, given: _Given) -> _Amount:
    """A side of a comparison."""
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_amount(node.left, own, given), _amount(node.right, own, given))
    if isinstance(node, ast.UnaryOp):
        value = _amount(node.operand, own, given)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.Constant):
        number = float(node.value)  # type: ignore[arg-type]
        return _Amount(number, TOLERANCE * abs(number))
    if isinstance(node, ast.Attribute):
        assert isinstance(node.value, ast.Name)
        return _measured(given.of(node.value.id), node.attr)
    assert isinstance(node, ast.Name)
    return _measured(given.of(node.id), own) if node.id in ANCHORS else _measured(given.values, node.id)


def _measured(values: Values, name: str) -> _Amount:
    value = values.get(name)
    return _Amount(math.nan, 0.0) if value is None else _Amount(value, BY_NAME[name].tolerance + TOLERANCE * abs(value))


def _compare(sign: str, one: _Amount, other: _Amount) -> bool:
    equal = one.value == other.value or abs(one.value - other.value) <= one.error + other.error
    if sign in ("==", "!="):
        return equal == (sign == "==")
    return (equal and "=" in sign) or (not equal and (one.value < other.value) == (sign[0] == "<"))
