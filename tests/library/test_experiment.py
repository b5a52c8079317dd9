"""Experiments from Python: one call, a service of its own, and nothing left behind."""

from __future__ import annotations

import glob
import tempfile

import polars as pl
import pytest

import coverplan
from coverplan.payload.experiments.state import ExperimentState
from support.cells import tiny_experiment


def test_policies_are_compared_in_one_call() -> None:
    """By parts, with a frame of accounts, heard while it runs."""
    whole = tiny_experiment([0.1, 0.2])
    problem = dict(whole.pop("problems")[0]["problem"])
    problem["accounts"] = pl.DataFrame(problem["accounts"])
    heard: list[ExperimentState] = []

    found = coverplan.experiment(whole, problems=[{"problem": problem}], slots=1, on_progress=heard.append)

    assert [row.policy_id for row in found.rows] == ["balance.tolerance=0.1", "balance.tolerance=0.2"]
    assert (found.status, heard[-1].job_status) == ("complete", "completed")
    assert glob.glob(f"{tempfile.gettempdir()}/coverplan-experiment-*") == []


def test_what_is_wrong_is_said_before_anything_starts() -> None:
    with pytest.raises(coverplan.InvalidError) as caught:
        coverplan.experiment(problems=[{"problem": {"accounts": [{"id": 1}], "reps": []}}], policys=[])

    assert {"/policys", "/problems/0/problem/accounts/0/id"} <= {issue.pointer for issue in caught.value.issues}
