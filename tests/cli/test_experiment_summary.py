"""The table of an experiment on standard output."""

from __future__ import annotations

import pytest

from coverplan.cli.experiment_summary import print_results
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
