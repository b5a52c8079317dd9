"""`coverplan solve FOLDER`: from tables to the table of a plan, and back through `verify` and `evaluate`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.tables.bulk.plans import plan_document
from coverplan.tables.folder import document, write_folder
from coverplan.tables.generate import Shape, generate_book
from coverplan.verify import verify
from support.books import HARD_RULES
from support.command import PLAIN, call, command_line, run, write
from support.tables import write_csv_book

Document = dict[str, Any]
CAPACITY: Document = {"constraints": [{"kind": "capacity"}]}


@pytest.fixture(scope="module")
def book() -> Document:
    """Forty accounts with two roles, in hundreds of admissible pairs."""
    whole: Document = json.loads(json.dumps(document(generate_book(Shape(40, 8, 4, 7, roles=2)).book), default=str))
    return whole


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, book: Document) -> Path:
    """The same book twice, as Parquet and as CSV, and a policy."""
    folder = tmp_path_factory.mktemp("tables")
    write_folder(generate_book(Shape(40, 8, 4, 7, roles=2)).book, folder / "parquet")
    write_csv_book(book, folder / "csv")
    write(folder, "policy.json", CAPACITY)
    return folder


@pytest.mark.parametrize(("form", "plan"), [("parquet", "plan.parquet"), ("csv", "plan.csv"), ("csv", "all.json")])
def test_a_folder_becomes_a_plan_that_the_verifier_accepts(folder: Path, book: Document, form: str, plan: str) -> None:
    """Whatever the tables and the plan are written in."""
    policy, out = folder / "policy.json", folder / form / "out" / plan

    result = run("solve", folder / form, "--policy", policy, "--out", out)

    assert result.returncode == 0, result.stderr
    assert "Optimal" in result.stdout or "proven within" in result.stdout
    claimed = json.loads(out.read_text()) if plan == "all.json" else plan_document(out)
    facts = Problem.model_validate_json(json.dumps(book)).model_dump(mode="json")
    assert verify(facts, Policy.model_validate(CAPACITY).filled(), claimed).ok
    verified = call("verify", folder / form, out, "--policy", policy)
    assert verified.returncode == 0, verified.stdout
    assert "note:" not in verified.stdout
    measured = call("evaluate", folder / form, out, "--policy", policy, "--json")
    assert measured.returncode == 0, measured.stderr
    assert json.loads(measured.stdout)["objective"]["value"] == pytest.approx(claimed["objective"]["value"])


def test_the_answer_on_standard_output_is_the_document_and_a_start_plan_is_no_worse(folder: Path) -> None:
    """Once more from the plan that was found."""
    first = folder / "first.parquet"
    arguments = ("solve", folder / "parquet", "--policy", folder / "policy.json")
    found = run(*arguments, "--out", first, "--json")
    again = run(*arguments, "--start-plan", first, "--report", folder / "report.html", "--json")

    assert json.loads(found.stdout) == plan_document(first)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["objective"]["value"] >= json.loads(found.stdout)["objective"]["value"] - 1e-6
    assert (folder / "report.html").read_text().lstrip().lower().startswith("<!doctype html>")


def test_bad_rows_are_named_by_file_row_and_column(tmp_path: Path, book: Document) -> None:
    """Thirty accounts without a territory that exists: twenty are listed, ten counted. Exit code 2."""
    wrong = [{**account, "territory_id": "nowhere"} for account in book["accounts"][:30]]
    folder = write_csv_book({**book, "accounts": [*wrong, *book["accounts"][30:]]}, tmp_path / "bad")

    for command in (run("solve", folder), call("evaluate", folder, tmp_path / "none.csv")):
        assert command.returncode == 2
        assert command.stderr.count("[unknown_territory]") == 20 + 1
        assert f"{folder / 'accounts.csv'}, row 2, territory_id" in command.stderr
        assert "accounts.territory_id [unknown_territory]: 10 more like those above" in command.stderr
    listed = call("validate", folder)
    assert listed.returncode == 1
    assert "10 more like those above" in listed.stdout


def test_an_unknown_name_in_the_policy_is_exit_code_2(folder: Path, tmp_path: Path) -> None:
    """Ids of accounts are looked up in the tables."""
    rules = [{"kind": "protect", "accounts": {"ids": ["a001", "zz"]}}]
    policy = write(tmp_path, "policy.json", {"constraints": rules})

    result = run("solve", folder / "parquet", "--policy", policy)

    assert result.returncode == 2
    assert f"{policy}#/constraints/0/accounts/ids/1" in result.stderr
    assert 'Account "zz" does not exist' in result.stderr


@pytest.mark.parametrize(("name", "content"), [("accounts.parquet", b"PAR1"), ("accounts.csv", b"id\na\x00\n")])
def test_a_damaged_table_is_exit_code_2(tmp_path: Path, name: str, content: bytes) -> None:
    """In words, from whichever process reads it; to `validate` it is an answer."""
    write(tmp_path, "problem.json", {})
    pl.DataFrame({"id": ["r"]}).write_csv(tmp_path / "reps.csv")
    (tmp_path / name).write_bytes(content)

    solved, checked = run("solve", tmp_path), call("validate", tmp_path)

    assert (solved.returncode, checked.returncode) == (2, 1)
    assert name in solved.stderr
    assert name in checked.stdout


def test_a_folder_without_its_head_is_refused(tmp_path: Path) -> None:
    result = call("solve", tmp_path)

    assert result.returncode == 2
    assert "problem.json" in result.stderr


@pytest.mark.parametrize("name", ["accounts.csv", "problem.json", "problem.csv"])
def test_a_plan_is_not_written_over_the_tables(tmp_path: Path, book: Document, name: str) -> None:
    """Nor is its rest, which lies in problem.json where the seats are in problem.csv."""
    folder = write_csv_book(book, tmp_path / "book")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}

    result = call("solve", folder, "--out", folder / name)

    assert result.returncode == 2
    assert "is an input" in result.stderr
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_report_on_a_very_large_book_is_refused_before_the_work(tmp_path: Path) -> None:
    """50,001 accounts are one too many to draw."""
    write(tmp_path, "problem.json", {})
    pl.DataFrame({"id": ["r"]}).write_parquet(tmp_path / "reps.parquet")
    pl.select(pl.int_range(50_001).cast(pl.String).alias("id")).write_parquet(tmp_path / "accounts.parquet")

    result = call("solve", tmp_path, "--report", tmp_path / "report.html")

    assert result.returncode == 2
    assert "50,000" in result.stderr
    assert not (tmp_path / "report.html").exists()


def test_a_lost_solver_leaves_its_best_plan(tmp_path: Path) -> None:
    """kill -9 once a plan is known: another child reads the tables again and writes the plan."""
    write_folder(generate_book(Shape(400, 20, 12, 5)).book, tmp_path / "book")
    policy, out = write(tmp_path, "policy.json", HARD_RULES), tmp_path / "plan.parquet"
    arguments = ("solve", tmp_path / "book", "--policy", policy, "--gap", 0, "--time-limit", 80, "--out", out)
    process = subprocess.Popen(
        command_line(*arguments), env={**os.environ, **PLAIN}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert any(" s " in line and "no plan yet" not in line for line in process.stderr)

    min(psutil.Process(process.pid).children(), key=lambda child: child.create_time()).kill()
    answer, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "the solver process was lost" in answer
    verified = call("verify", tmp_path / "book", out, "--policy", policy)
    assert verified.returncode == 0, verified.stdout
