"""Acceptance rules: what they say, and what is no rule."""

from __future__ import annotations

import pytest

from coverplan.studies.acceptance import RuleError, parse
from coverplan.studies.metrics import METRICS as ALL

NAMES = [metric.name for metric in ALL]
METRICS = ["moved_share", "expected_revenue", "uncovered", "revenue_max_min"]
PLAN = {"moved_share": 0.1, "expected_revenue": 980.0, "uncovered": 3.0, "revenue_max_min": None}
BASELINE = {"moved_share": 0.2, "expected_revenue": 1000.0, "uncovered": 0.0, "revenue_max_min": 2.0}
TODAY = {"moved_share": 0.0, "expected_revenue": 900.0, "uncovered": 5.0, "revenue_max_min": None}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("moved_share <= 0.1", True),
        ("moved_share < 0.1", False),
        ("moved_share <= 0.3 - 0.2", True),  # 0.3 - 0.2 is 0.09999999999999998: rounding does not decide
        ("expected_revenue >= baseline", False),
        ("expected_revenue >= 0.98 * baseline", True),  # 980
        ("expected_revenue >= today and uncovered <= today", True),
        ("expected_revenue >= baseline or moved_share < baseline", True),
        ("not uncovered == 0", True),
        ("-uncovered != 0", True),
        ("0 < uncovered < 3", False),
        ("0 < uncovered <= 3", True),
        ("expected_revenue - baseline.expected_revenue >= -20", True),
        ("(expected_revenue - today.expected_revenue) / uncovered > 26", True),  # 80 / 3
        ("uncovered / 0 > 1", False),
        ("revenue_max_min <= 3", False),  # not defined
        ("not revenue_max_min <= 3", False),  # nor is the opposite
        ("revenue_max_min <= 3 or uncovered == 3", True),
        ("revenue_max_min <= 3 and uncovered == 3", False),
        ("revenue_max_min <= today", False),
    ],
)
def test_a_rule_holds_or_not(rule: str, holds: bool) -> None:
    assert parse(rule, METRICS).holds(PLAN, BASELINE, TODAY) is holds


@pytest.mark.parametrize(
    ("rule", "column", "message", "way_out"),
    [
        ("", 1, "no comparison", "moved_share <= 0.1"),
        ("moved_share", 1, "a comparison is needed", "moved_share <= 0.1"),
        ("moved_share <=", 15, "no comparison", None),
        ("  moved_shar <= 0.1", 3, "no metric moved_shar", 'Did you mean "moved_share"?'),
        ("moved_share <= 0.1 and expected_revenue >= basline", 44, "no metric basline", '"baseline"'),
        ("moved_share <= 0.1; import os", 19, "; may not stand here", None),
        ("uncovered ** 2 < 3", 1, "only metrics", None),
        ("uncovered(3) < 3", 1, "only metrics", None),
        ("today.__class__ < 3", 1, "no metric __class__", None),
        ("uncovered.real < 3", 1, "only metrics", None),
        ("uncovered in (1, 2)", 16, ", may not", None),
        ("uncovered is 2", 1, "compare with", None),
        ("uncovered < True", 13, "True is no number", None),
        ("uncovered < 1e999", 13, "no number", None),
        ("uncovered + moved_share < baseline", 27, "of which metric baseline", "baseline.uncovered"),
        ("baseline < 3", 1, "of which metric baseline", "baseline.moved_share"),
        ("uncovered < 3 " + "and uncovered < 3 " * 80, 1, "too long", "several rules"),
        ("-" * 990 + "1 < 2", 1, "", None),
        ("(" * 400 + "1" + ")" * 400 + " < 2", 201, "", None),
    ],
)
def test_what_is_no_rule_is_refused_with_its_column(rule: str, column: int, message: str, way_out: str | None) -> None:
    with pytest.raises(RuleError) as refusal:
        parse(rule, METRICS)

    assert message in str(refusal.value)
    assert refusal.value.column == column
    assert way_out is None or way_out in (refusal.value.way_out or "")


def test_today_is_refused_where_it_is_not_measured() -> None:
    with pytest.raises(RuleError, match="today's assignment is not measured"):
        parse("uncovered <= today", METRICS, today=False)


def test_a_rule_knows_its_metrics() -> None:
    assert parse("uncovered < 3 and today.moved_share < uncovered", METRICS).metrics == ("uncovered", "moved_share")


@pytest.mark.parametrize(
    ("metric", "noise", "more"),
    [
        ("hours_over", 5.6e-17, 2e-6),  # 0.1 + 0.2 hours in a capacity of 0.3
        ("hours_over", 1e-6, 2e-6),
        ("gap", 1e-12, 2e-9),
        ("penalty", 1e-6, 2e-6),
        ("travel", 1e-7, 2e-6),
        ("moved_revenue_share", 1e-10, 2e-9),
        ("revenue_gini", 1e-10, 2e-9),
    ],
)
def test_rounding_does_not_decide_at_zero(metric: str, noise: float, more: float) -> None:
    """In each unit; a little more than rounding decides."""
    for rule, holds in (
        ("{} == 0", True),
        ("{} <= 0", True),
        ("-{} >= 0", True),
        ("{} > 0", False),
        ("{} != 0", False),
    ):
        read = parse(rule.format(metric), NAMES)
        assert read.holds({metric: noise}, {}, {}) is holds, rule
        assert read.holds({metric: more}, {}, {}) is not holds, rule


def test_a_count_has_no_tolerance() -> None:
    assert not parse("uncovered <= 0", NAMES).holds({"uncovered": 1.0}, {}, {})
    assert parse("uncovered >= 0.1 * 30", NAMES).holds({"uncovered": 3.0}, {}, {})  # 0.1 x 30 is 3 + 4e-16


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("net_revenue - baseline.net_revenue >= 0", True),  # 1e9 less 1e9 + 0.2: within 1e-9 of each
        ("net_revenue - baseline.net_revenue == 0", True),
        ("(net_revenue - baseline.net_revenue) * 10 >= 0", True),
        ("net_revenue / baseline.net_revenue >= 1", True),
        ("net_revenue - baseline.net_revenue >= 10", False),
        ("net_revenue / baseline.net_revenue >= 1.00001", False),
        ("net_revenue / hours_over >= 0", False),  # over 5.6e-17, which may as well be 0: not defined
        ("hours_over * 1000000 <= 0", True),
        ("hours_over + 1 <= 1", True),
    ],
)
def test_rounding_does_not_decide_after_arithmetic_either(rule: str, holds: bool) -> None:
    values = {"net_revenue": 1e9, "hours_over": 5.6e-17}

    assert parse(rule, NAMES).holds(values, {"net_revenue": 1e9 + 0.2}, {}) is holds


def test_every_unit_has_a_tolerance() -> None:
    assert {metric.tolerance for metric in ALL} == {0.0, 1e-9, 1e-6}
