"""`coverplan solve`, and `verify` of what it leaves."""

import csv
import json
import random
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest

from coverplan.cli.bad_input import BadInputError
from coverplan.cli.outputs import write_plan
from coverplan.payload.plan import Plan
from coverplan.payload.problem import Problem
from support.command import call, run, write

PROBLEM: dict[str, Any] = {
    "currency": "EUR",
    "accounts": [
        {"id": "a", "name": "=Acme", "potential": 30.0},
        {"id": "b", "potential": 20.0},
        {"id": "c", "potential": 10.0},
    ],
    "reps": [{"id": "r", "name": "Ana", "capacity_hours": 2.0}],
}
CAPACITY = {"constraints": [{"kind": "capacity"}]}
# Each account takes 1 hour, Ana has 2: she takes a and b, 30 + 20 = 50; c stays uncovered.


@dataclass(frozen=True)
class Solved:
    """One solve, run once: its files and what it printed."""

    problem: Path
    policy: Path
    plan: Path
    report: Path
    answer: CompletedProcess[str]


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Solved:
    folder = tmp_path_factory.mktemp("solve")
    problem, policy = write(folder, "problem.json", PROBLEM), write(folder, "policy.json", CAPACITY)
    plan, report = folder / "new" / "plan.json", folder / "report.html"
    answer = run("solve", problem, "--policy", policy, "--out", plan, "--report", report)
    return Solved(problem, policy, plan, report, answer)


def test_summary_says_status_money_seats_and_books_in_words(solved: Solved) -> None:
    """Ana is full: 2 of 2 hours."""
    assert solved.answer.returncode == 0
    for words in ("Optimal", "EUR 50.00", "3: 2 covered, 1 uncovered (1 no room)", "Ana", "100 %", "capacity"):
        assert words in solved.answer.stdout


def test_report_is_one_page(solved: Solved) -> None:
    """Its contents have tests of their own."""
    assert solved.report.read_text().lstrip().lower().startswith("<!doctype html>")


def test_plan_verifies_until_somebody_edits_it(solved: Solved, tmp_path: Path) -> None:
    """The objective is 50; a plan that says 51 is refused."""
    verified = run("verify", solved.problem, solved.plan, "--policy", solved.policy)
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "Verified" in verified.stdout

    document = json.loads(solved.plan.read_text())
    document["objective"]["value"] = 51.0
    edited = write(tmp_path, "edited.json", document)
    refused = call("verify", solved.problem, edited, "--policy", solved.policy, "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["ok"] is False


def test_plan_as_csv_and_parquet(solved: Solved, tmp_path: Path) -> None:
    """The same seats; no cell of the CSV is a formula to a spreadsheet."""
    plan, problem = Plan.model_validate_json(solved.plan.read_bytes()), Problem.model_validate(PROBLEM)
    write_plan(tmp_path / "plan.csv", plan, problem)
    write_plan(tmp_path / "plan.parquet", plan, problem)

    with (tmp_path / "plan.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["account_id"] for row in rows if row["rep_id"] == "r") == ["a", "b"]
    assert not any(str(cell).startswith("=") for row in rows for cell in row.values())
    assert set(pl.read_parquet(tmp_path / "plan.parquet")["account_id"]) >= {"a", "b"}


def test_a_plan_as_parquet_is_whole(solved: Solved, tmp_path: Path) -> None:
    """It verifies, as the JSON does."""
    plan = tmp_path / "plan.parquet"
    write_plan(plan, Plan.model_validate_json(solved.plan.read_bytes()), Problem.model_validate(PROBLEM))

    result = call("verify", solved.problem, plan, "--policy", solved.policy)

    assert (result.returncode, result.stderr) == (0, "")
    assert "2 assignments" in result.stdout


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        (None, "there is no"),
        ('{"assignments": []}', "solution_status"),
        ('{"assignments": [{"account_id": "c", "role": "account_executive", "rep_id": "r"}]}', "a plan of its own"),
        ('{"assignments": [3]}', "a plan of its own"),
        ("[", "cannot be read"),
    ],
)
def test_seats_without_the_rest_of_their_plan_are_exit_code_2(
    solved: Solved, tmp_path: Path, beside: str | None, words: str
) -> None:
    """A CSV beside nothing, beside something else, and beside another plan: account c is uncovered in this one."""
    seats = tmp_path / "plan.csv"
    write_plan(seats, Plan.model_validate_json(solved.plan.read_bytes()), Problem.model_validate(PROBLEM))
    if beside is not None:
        (tmp_path / "plan.json").write_text(beside)

    result = call("verify", solved.problem, seats, "--policy", solved.policy)

    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr


def test_json_answer_stands_alone_on_standard_output(solved: Solved) -> None:
    """Progress goes to standard error, so that the output can be piped; a start plan is no worse."""
    result = run("solve", solved.problem, "--policy", solved.policy, "--start-plan", solved.plan, "--json")

    plan = json.loads(result.stdout)
    assert result.returncode == 0
    assert plan["solution_status"] == "optimal"
    assert plan["objective"]["value"] == pytest.approx(50)
    assert [seat["account_id"] for seat in plan["uncovered"]] == ["c"]
    assert " s " in result.stderr


def test_a_plan_that_cannot_be_written_is_printed(solved: Solved, tmp_path: Path) -> None:
    """The disk is full when the plan is found."""
    out = tmp_path / "plan.json"

    def write(*_: object) -> None:
        raise BadInputError(f"cannot write {out}: No space left on device")

    with patch("coverplan.cli.solve.write_plan", write):
        result = call("solve", solved.problem, "--policy", solved.policy, "--out", out)

    assert result.returncode == 2
    assert "No space left" in result.stderr
    assert "EUR 50.00" in result.stdout


def test_infeasible_is_exit_code_1(solved: Solved, tmp_path: Path) -> None:
    """All three must be covered, but Ana has time for two."""
    policy = write(tmp_path, "hard.json", {"constraints": [{"kind": "capacity"}, {"kind": "must_cover"}]})

    result = run("solve", solved.problem, "--policy", policy)

    assert result.returncode == 1
    assert "Infeasible: no plan keeps all hard rules." in result.stdout
    assert "breaks the hard rules least" in result.stdout


def test_no_plan_within_the_limit_is_exit_code_3(tmp_path: Path) -> None:
    """Fifty parcels of seven digits fill two trucks to the last unit: a partition nobody finds in half a second."""
    rng = random.Random(1)
    hours = [float(rng.randrange(10**6, 10**7)) for _ in range(49)]
    hours.append(10.0**6 + sum(hours) % 2)
    accounts = [{"id": f"a{i}", "hours": parcel} for i, parcel in enumerate(hours)]
    reps = [{"id": rep, "capacity_hours": sum(hours) / 2} for rep in ("left", "right")]
    problem = write(tmp_path, "partition.json", {"accounts": accounts, "reps": reps})
    policy = write(tmp_path, "policy.json", {"constraints": [{"kind": "capacity"}, {"kind": "must_cover"}]})

    result = run("solve", problem, "--policy", policy, "--time-limit", "0.5")

    assert result.returncode == 3, result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--gap", "2"], "--gap"),
        (["--time-limit", "0"], "--time-limit"),
        (["--time-limit", "nan"], "--time-limit"),
        (["--seed", "-1"], "--seed"),
        (["--backend", "gurobi"], "gurobi"),
        (["--out", "plan.xlsx"], ".parquet"),
        (["--report", "report.pdf"], ".html"),
        (["--policy", "rules.json", "--out", "rules.json"], "is an input"),
        (["--start-plan", "missing.json"], "missing.json"),
        (["--policy", "missing.json"], "missing.json"),
        (["--no-such-option"], "--no-such-option"),
    ],
)
def test_bad_options_are_exit_code_2(
    solved: Solved,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    """The message names what was wrong; nothing is solved."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "rules.json", CAPACITY)

    result = call("solve", solved.problem, *arguments)

    assert result.returncode == 2
    assert result.stdout == ""
    assert words in result.stderr


def test_every_issue_is_listed_with_place_value_and_way_out(tmp_path: Path) -> None:
    """Two mistakes in the problem and one in the policy come out together, each with its file and pointer."""
    document = {
        "territories": [{"id": "west"}],
        "accounts": [{"id": "a", "territory_id": "wset"}],
        "reps": [{"id": "r", "manager_id": "nobody"}],
    }
    problem = write(tmp_path, "problem.json", document)
    policy = write(
        tmp_path,
        "policy.json",
        {"constraints": [{"kind": "protect", "accounts": {"ids": ["zz"]}}, {"kind": "capacity"}]},
    )

    result = call("solve", problem, "--policy", policy)

    assert result.returncode == 2
    assert result.stdout == ""
    assert f"{problem}#/accounts/0/territory_id" in result.stderr
    assert '"west"' in result.stderr
    assert f"{problem}#/reps/0/manager_id" in result.stderr
    assert f"{policy}#/constraints/0/accounts/ids/0" in result.stderr


@pytest.mark.parametrize("content", ["", "{", "[]", '{"accounts": [], "accounts": []}', "\ud800", '{"reps": NaN}'])
def test_what_is_no_problem_is_exit_code_2(tmp_path: Path, content: str) -> None:
    """Whatever the file holds, an error and never a traceback."""
    problem = tmp_path / "problem.json"
    problem.write_bytes(content.encode("utf-8", "surrogatepass"))

    result = call("solve", problem)

    assert result.returncode == 2
    assert str(problem) in result.stderr
    assert "Traceback" not in result.stderr
