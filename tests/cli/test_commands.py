"""The other commands, and what all commands share."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coverplan.cli import COMMANDS
from coverplan.settings import Settings
from support.command import PLAIN, call, run, write

PROBLEM: dict[str, Any] = {
    "accounts": [{"id": "a", "potential": 30.0}, {"id": "b", "potential": 20.0}],
    "reps": [{"id": "r", "capacity_hours": 1.0}, {"id": "s", "capacity_hours": 1.0}],
}
CAPACITY = {"constraints": [{"kind": "capacity"}]}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return write(tmp_path, "problem.json", PROBLEM), write(tmp_path, "policy.json", CAPACITY)


def test_help_lists_every_command() -> None:
    """And says the exit codes."""
    result = run("--help")

    assert result.returncode == 0
    assert all(name in result.stdout for name in COMMANDS)
    assert "Exit codes" in result.stdout


def test_the_help_of_the_service_lists_its_settings() -> None:
    """Each with what it is for; the number of slots has a default."""
    shown = " ".join(call("serve", "--help").stdout.split())

    assert all(f"COVERPLAN_{name.upper()}: " in shown for name in Settings.model_fields)
    assert "COVERPLAN_PORT: Port to listen on; 0 picks a free one. (default: 8000)" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name: str) -> None:
    """Asking for help is no error, and shows the command's own sentence."""
    result = call(name, "--help")

    assert result.returncode == 0
    assert f"coverplan {name}" in result.stdout


@pytest.mark.parametrize("arguments", [["no-such-command"], ["solve"], ["verify", "one-file-only"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    """The usage goes to standard error."""
    result = call(*arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert "Usage" in result.stderr


def test_console_script_is_installed() -> None:
    """`coverplan` stands beside the interpreter."""
    script = Path(sys.executable).with_name("coverplan")

    result = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)

    assert result.stdout == "coverplan 0.1.0\n"


def test_validate_lists_issues_and_is_exit_code_1(tmp_path: Path) -> None:
    """A problem that cannot be used is `validate`'s answer, not its failure."""
    problem = write(tmp_path, "problem.json", {"accounts": [{"id": "a"}, {"id": "a"}], "reps": [{"id": "r"}]})

    result = run("validate", problem, "--json")

    answer = json.loads(result.stdout)
    assert result.returncode == 1
    assert (answer["valid"], answer["total_errors"]) == (False, 1)
    assert answer["issues"][0]["pointer"] == "/problem/accounts/1/id"


def test_validate_accepts_a_good_problem(files: tuple[Path, Path]) -> None:
    """Exit code 0."""
    result = call("validate", files[0], "--policy", files[1])

    assert result.returncode == 0
    assert "Valid: 0 errors" in result.stdout


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("good.json", json.dumps([{"account_id": "a", "rep_id": "s"}, {"account_id": "b", "rep_id": "r"}])),
        ("good.csv", "account_id,name,rep_id\na,Acme,s\nb,,r\n"),
    ],
)
def test_evaluate_measures_given_assignments(files: tuple[Path, Path], tmp_path: Path, name: str, content: str) -> None:
    """30 + 20 = 50, one hour each."""
    (tmp_path / name).write_text(content)

    result = run("evaluate", files[0], tmp_path / name, "--policy", files[1], "--json")

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["objective"]["value"] == pytest.approx(50)


def test_evaluate_reports_a_broken_rule_with_exit_code_1(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Both to r: 2 hours of 1, one too many."""
    both = write(tmp_path, "both.json", [{"account_id": "a", "rep_id": "r"}, {"account_id": "b", "rep_id": "r"}])

    result = call("evaluate", files[0], both, "--policy", files[1])

    assert result.returncode == 1
    assert "misses by 1" in result.stdout


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.csv", "account,rep\na,r\n", "account_id"),
        ("x.csv", "account_id,rep_id\na,\n\nzz,r\n", 'x.csv, row 4, column "account_id"'),
        ("x.json", '[{"account_id": "a", "rep_id": "zz"}]', "x.json#/0/rep_id"),
        ("x.json", '[{"account_id": "a", "rep": "r"}]', "x.json#/0/rep"),
        ("x.json", "7", "list of assignments"),
    ],
)
def test_evaluate_names_the_wrong_row(
    files: tuple[Path, Path], tmp_path: Path, name: str, content: str, words: str
) -> None:
    """Exit code 2, with the place in the file."""
    (tmp_path / name).write_text(content)

    result = call("evaluate", files[0], tmp_path / name)

    assert result.returncode == 2
    assert words in result.stderr


@pytest.mark.parametrize(("name", "words"), [("model.lp", "Maximize"), ("model.mps", "ROWS")])
def test_export_writes_the_program(files: tuple[Path, Path], tmp_path: Path, name: str, words: str) -> None:
    """Two accounts, two reps, capacity."""
    result = call("export", files[0], "--policy", files[1], "--out", tmp_path / name)

    assert result.returncode == 0, result.stderr
    assert words in (tmp_path / name).read_text()


def test_doctor_tries_every_backend(tmp_path: Path) -> None:
    """All of them find the 50 of a tiny program."""
    result = run("doctor", env={"COVERPLAN_DATA_DIR": str(tmp_path / "data")})

    assert result.returncode == 0, result.stdout
    assert [name for name in ("highs", "scip", "cp_sat", "cbc") if f"ok       {name}" in result.stdout] == [
        "highs",
        "scip",
        "cp_sat",
        "cbc",
    ]


def test_bad_settings_are_exit_code_2(files: tuple[Path, Path]) -> None:
    """A setting that makes no sense is named."""
    result = run("solve", files[0], env={"COVERPLAN_SLOTS": "many"})

    assert result.returncode == 2
    assert "COVERPLAN_SLOTS" in result.stderr


def test_internal_errors_are_exit_code_4() -> None:
    """One line, no traceback unless asked for."""
    sabotage = (
        "import sys; import coverplan.cli.validate as command; from coverplan.cli import main\n"
        "command.examine = lambda *_: 1 / 0\n"
        "sys.argv = ['coverplan', 'validate', 'x.json']; main()"
    )

    result = subprocess.run(
        [sys.executable, "-c", sabotage], env={**os.environ, **PLAIN}, capture_output=True, text=True, check=False
    )

    assert result.returncode == 4
    assert "ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.stderr
