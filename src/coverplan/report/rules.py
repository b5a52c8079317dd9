"""The rules section: every constraint in words, and the rows that bind or are missed."""

from __future__ import annotations

from dataclasses import dataclass

from coverplan.constraints import Constraint
from coverplan.payload.missed import is_missed
from coverplan.payload.plan import ConstraintRow, Plan
from coverplan.report.facts import Facts
from coverplan.wording.rows import RowWords
from coverplan.wording.words import amount, count, listing, money, words

NAMED = 6
TABLE_ROWS = 2000
SCOPES = ("rep", "team", "territory", "segment")


@dataclass(frozen=True)
class RowView:
    """One row of the full table."""

    rule: str
    scope: str
    activity: str
    bounds: str
    state: str
    penalty: str


@dataclass(frozen=True)
class RuleView:
    """One constraint: what it asks, how it stands, and its notable rows in words."""

    id: str
    words: str
    hard: bool
    state: str
    """missed | binding | slack"""
    standing: str
    notable: list[str]


@dataclass(frozen=True)
class RulesView:
    """All constraints, the missed ones first, and the full table."""

    rules: list[RuleView]
    rows: list[RowView]
    rest: int
    missed_hard: int
    missed_soft: int
    penalty: float


def rules_view(plan: Plan, facts: Facts) -> RulesView:
    """The constraints of a plan, or of the assignment that comes closest to one."""
    by_rule: dict[str, list[ConstraintRow]] = {name: [] for name in facts.rules}
    for row in plan.constraints:
        by_rule.setdefault(row.id, []).append(row)
    views = [_rule_view(facts.rules[name], rows, facts) for name, rows in by_rule.items() if name in facts.rules]
    order = {"missed": 0, "binding": 1, "slack": 2}
    missed = [row for row in plan.constraints if is_missed(row) and row.id in facts.rules]
    hard = sum(facts.rules[row.id].penalty is None for row in missed)
    ranked = sorted(plan.constraints, key=lambda row: (not is_missed(row), -row.penalty, not row.binding))
    return RulesView(
        rules=sorted(views, key=lambda view: (order[view.state], not view.hard)),
        rows=[_row_view(row, facts) for row in ranked[:TABLE_ROWS] if row.id in facts.rules],
        rest=max(0, len(ranked) - TABLE_ROWS),
        missed_hard=hard,
        missed_soft=len(missed) - hard,
        penalty=sum(row.penalty for row in missed),
    )


@dataclass(frozen=True)
class NamingVoice:
    """Amounts in their units, ids by names."""

    facts: Facts

    def amount(self, value: float, unit: str) -> str:
        """A value with its unit, money with its currency."""
        return amount(value, unit, self.facts.currency)

    def scope(self, scope: str) -> str:
        """Names for ids."""
        return scope_words(scope, self.facts)


def _explained(row: ConstraintRow, facts: Facts) -> RowWords:
    return facts.rules[row.id].explain(row, NamingVoice(facts))


def scope_words(scope: str, facts: Facts) -> str:
    """A row's scope with names for ids: `rep:r1` as `Ana`, `company` as `the company`."""
    kind, _, rest = scope.partition(":")
    if scope == "company" or scope.startswith("company/"):
        return _qualified("the company", scope.removeprefix("company").lstrip("/"))
    if kind in SCOPES and rest:
        name, qualifier = _named(kind, rest, facts)
        return _qualified(name, qualifier)
    group, _, rep = scope.rpartition("/rep:")
    return f"{facts.rep_names.get(rep, rep)} (group {group})" if group else scope


def _qualified(name: str, qualifier: str) -> str:
    return f"{name} ({words(qualifier)})" if qualifier else name


def _named(kind: str, rest: str, facts: Facts) -> tuple[str, str]:
    """The name and the qualifier; ids may hold slashes, so the longest known id wins."""
    names = _names(kind, facts)
    parts = rest.split("/")
    for size in range(len(parts), 0, -1):
        candidate = "/".join(parts[:size])
        if candidate in names:
            return names[candidate], "/".join(parts[size:])
    return rest, ""


def _names(kind: str, facts: Facts) -> dict[str, str]:
    if kind == "rep":
        return facts.rep_names
    if kind == "team":
        return {manager.id: f"{manager.name or manager.id}'s team" for manager in facts.problem.managers}
    if kind == "territory":
        return {territory.id: territory.name or territory.id for territory in facts.problem.territories}
    return {segment.id: f"segment {segment.id}" for segment in facts.problem.segments} | {"default": "segment default"}


def _rule_view(rule: Constraint, rows: list[ConstraintRow], facts: Facts) -> RuleView:
    missed = sorted((row for row in rows if is_missed(row)), key=lambda row: (-row.penalty, -row.violation))
    binding = [row for row in rows if row.binding and not is_missed(row)]
    state = "missed" if missed else "binding" if binding else "slack"
    notable = [_missed_words(row, facts) for row in missed[:NAMED]]
    if len(missed) > NAMED:
        notable.append(f"and {len(missed) - NAMED:,} more, in the full table")
    if binding and rows[0].scope != "company":
        notable.append(f"At the limit: {listing([scope_words(row.scope, facts) for row in binding], NAMED)}.")
    elif binding:
        notable.append(f"At the limit: {_explained(binding[0], facts).standing}.")
    elif len(rows) == 1 and not missed:
        notable.append(f"{_explained(rows[0], facts).standing}.")
    return RuleView(
        id=str(rule.id),
        words=rule.describe(facts.currency),
        hard=rule.penalty is None,
        state=state,
        standing=_standing(len(rows), missed, len(binding), facts),
        notable=notable,
    )


def _standing(size: int, missed: list[ConstraintRow], binding: int, facts: Facts) -> str:
    if not size:
        return "applies to nothing here"
    parts = [count(size, "row")]
    if missed:
        penalty = sum(row.penalty for row in missed)
        cost = f" for {money(penalty, facts.currency)}" if penalty else ""
        parts.append(f"{len(missed):,} missed{cost}")
    if binding:
        parts.append(f"{binding:,} at the limit")
    return ", ".join(parts if len(parts) > 1 else [*parts, "with room" if size == 1 else "all with room"])


def _missed_words(row: ConstraintRow, facts: Facts) -> str:
    explained = _explained(row, facts)
    cost = f"; costs {money(row.penalty, facts.currency)}" if row.penalty else ""
    return f"{_capital(explained.who)}: {explained.miss}{cost}."


def _row_view(row: ConstraintRow, facts: Facts) -> RowView:
    explained = _explained(row, facts)
    if is_missed(row):
        state = f"misses by {explained.missed}"
    else:
        state = "no bound" if row.slack is None else "at the limit" if row.binding else "has room"
    return RowView(
        rule=row.id,
        scope=explained.who,
        activity=explained.activity,
        bounds=explained.range or "no bound",
        state=state,
        penalty=money(row.penalty, facts.currency) if row.penalty else "",
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
