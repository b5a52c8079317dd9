"""Exported models, solved by another program, have the same optimum."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from pulp import PULP_CBC_CMD, LpProblem

from coverplan.payload.answer import export, solve
from coverplan.payload.issues import PayloadError
from coverplan.payload.options import Options
from support.brute import documents
from support.by_hand import book, value, worth
from support.rich import rich_policies, rich_problems
from support.sampling import examples

Document = dict[str, Any]


def _cbc(file: Path) -> float | None:
    """Optimum of a model file by PuLP's CBC; None: infeasible. MPS files hold the negated objective."""
    out = file.with_suffix(".txt")
    command = [PULP_CBC_CMD.pulp_cbc_path, str(file), "-ratio", "0", "-solve", "-solution", str(out)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    headline = out.read_text().splitlines()[0]
    if "nfeasible" in headline:
        return None
    assert headline.startswith("Optimal"), headline
    return float(headline.split()[-1]) * (1 if file.suffix == ".lp" else -1)


def test_another_reader_finds_the_same_optimum(tmp_path: Path) -> None:
    """All kinds of rules, both formats."""

    @examples(12)
    @given(rich_problems(), rich_policies())
    def check(problem: Document, policy: Document) -> None:
        try:
            plan = solve(*documents(problem, policy), Options(relative_gap=0.0))
        except PayloadError:
            return
        for suffix in (".lp", ".mps"):
            file = tmp_path / f"model{suffix}"
            export(*documents(problem, policy), file)
            found = _cbc(file)
            if plan.solution_status == "infeasible":
                assert found is None
            else:
                assert found == pytest.approx(value(plan), rel=1e-6, abs=1e-3)

    check()


def test_names_are_the_callers(tmp_path: Path) -> None:
    """Columns by account and rep, rows by rule and scope."""
    problem = book({"acme": worth(9, hours=2)}, {"ana": {"capacity_hours": 3}})
    export(*documents(problem, {"constraints": [{"kind": "capacity", "penalty": 1}]}), tmp_path / "model.mps")

    _, model = LpProblem.fromMPS(str(tmp_path / "model.mps"))

    assert {name.name for name in model.variables()} == {"x_acme_ana", "uncovered_acme", "over_capacity_rep_ana"}
    for name in ("capacity_rep_ana", "one_rep_acme"):
        assert model.get_constraint_by_name(name) is not None


@pytest.mark.parametrize("suffix", [".lp", ".mps"])
def test_a_row_that_nothing_can_meet_stays_in_the_file(tmp_path: Path, suffix: str) -> None:
    """Ana must hold an account but may serve none: infeasible for every reader."""
    problem = book({"a": worth(9, required_skills=["x"])}, {"ana": {}, "bo": {"skills": ["x"]}})
    file = tmp_path / f"model{suffix}"

    export(*documents(problem, {"constraints": [{"kind": "account_count", "min": 1}]}), file)

    assert _cbc(file) is None
