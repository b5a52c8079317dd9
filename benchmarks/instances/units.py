"""The mixed problems in other units and currencies, and under penalties that swamp the money."""

from __future__ import annotations

from typing import Any

from benchmarks.instances.mixed import Case, case

Document = dict[str, Any]
UNITS = (
    (1e-6, 1, 1),
    (1e8, 1, 1),
    (1, 1e-4, 1),
    (1, 1e4, 1),
    (1e-6, 1e-4, 1),
    (1e8, 1e4, 1),
    (1, 1, 1e9),
    (1, 1e-4, 1e7),
)
"""What money, hours and penalties are multiplied by: amounts from 1e-4 to 1e12, hours from 1e-4 to 1e6."""
MONEY = {"value", "expected_revenue", "potential", "quota", "revenue_target", "target"}
HOURS = {"hours", "capacity_hours"}
IN_MONEY = {"revenue", "potential", "expected_revenue"}


def case_in_units(seed: int, size: str) -> Case:
    """The mixed case of a seed, in units that differ from seed to seed."""
    money, hours, penalties = UNITS[seed % len(UNITS)]
    one = case(seed, size)
    rules = [_rule(rule, money, hours, penalties) for rule in one.policy["constraints"]]
    name = f"{one.name} x {money:g} x {hours:g} x {penalties:g}"
    return Case(name, _scaled(one.problem, money, hours), {**one.policy, "constraints": rules})


def _scaled(document: Any, money: float, hours: float) -> Any:
    if isinstance(document, list):
        return [_scaled(item, money, hours) for item in document]
    if not isinstance(document, dict):
        return document
    return {key: _field(key, value, money, hours) for key, value in document.items()}


def _field(key: str, value: Any, money: float, hours: float) -> Any:
    if key == "revenue_history":
        return [amount * money for amount in value]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and key in MONEY | HOURS:
        return value * (money if key in MONEY else hours)
    return _scaled(value, money, hours)


def _rule(rule: Document, money: float, hours: float, penalties: float) -> Document:
    """The rule with its bounds in the new units, and its penalty per unit of what it counts."""
    kind, measure = rule["kind"], rule.get("measure", "revenue")
    unit = 1.0
    if kind in {"revenue_band", "revenue_target"} or "max_moved_revenue_share" in rule:
        unit = money
    elif kind == "capacity" or (kind in {"balance", "goal"} and measure == "hours"):
        unit = hours
    elif kind in {"balance", "goal", "coverage"} and measure in IN_MONEY:
        unit = money
    bounds = {"revenue_band": ("min", "max"), "goal": ("min", "max"), "revenue_target": ("target",)}.get(kind, ())
    changed = {name: rule[name] * unit for name in bounds if rule.get(name) is not None and not rule.get("relative_to")}
    if rule.get("penalty") is not None:
        changed["penalty"] = rule["penalty"] * money / unit * penalties
    return {**rule, **changed}
