"""The table of an experiment on standard output."""

from __future__ import annotations

import pytest

from coverplan.cli.experiment_summary import SHOWN, print_results
from coverplan.studies.metrics import METRICS
from support import experiment_results


def line_of(text: str, policy: str) -> str:
    return next(line for line in text.splitlines() if policy in line)


def test_policies_without_a_plan_on_some_problem_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    """`rigid` has no plan on one of two problems: its mean, and only its, is no mean of both."""
    metric = experiment_results.document()["metrics"][1]
    shown = {"metrics": [metric]}

    print_results(experiment_results.results(**shown))

    text = capsys.readouterr().out
    assert "rigid (infeasible on 1 of 2 problems)" in text
    assert "25.00 %*" in line_of(text, "rigid")
    assert "*" not in line_of(text, "hard")
    assert "* A mean over the problems that the policy has a plan on, not over all." in text


def test_nothing_is_marked_where_all_have_their_plans(capsys: pytest.CaptureFixture[str]) -> None:
    print_results(experiment_results.bare())

    text = capsys.readouterr().out
    assert "gentle (baseline)" in text
    assert "*" not in text


def test_no_column_is_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    """All six metrics in millions and the verdict of the rules, beside names as grids make them."""
    names = {
        "gentle": "balance.tolerance=0.05, keep_current.max_moved_revenue_share=0.1",
        "rigid": "balance.tolerance=0.1, keep_current.max_moved_revenue_share=0.05",
    }
    document = experiment_results.document()
    values = {name: 0.25 if name.endswith("share") else 123_456_789_012.0 for name in SHOWN} | {"gap": 0.0123}
    policies = [
        {**one, "policy_id": names.get(one["policy_id"], "hard"), "metrics": values} for one in document["policies"]
    ]
    metrics = [
        {"name": one.name, "unit": one.unit, "direction": one.direction, "description": one.description}
        for one in METRICS
        if one.name in SHOWN
    ]

    print_results(experiment_results.results(policies=policies, metrics=metrics, accepted=[names["gentle"]]))

    text = capsys.readouterr().out
    assert "accepted" in text
    lines = [line for line in text.splitlines() if "123,456,789,012" in line]
    assert [line.split()[-1] for line in lines] == ["yes", "no", "no"]
    assert [line.count("123,456,789,012") for line in lines] == [2, 2, 2]
    assert [line.count("25.00 %") for line in lines] == [2, 2, 2]
    assert all("1.23 %" in line for line in lines)
