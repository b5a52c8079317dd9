"""What may happen to a solve from outside: Ctrl-C, and the loss of its process."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from support.command import PLAIN, command_line, run, write

POLICY = {
    "constraints": [
        {"kind": "capacity"},
        {"kind": "balance", "measure": "revenue", "tolerance": 0.01, "penalty": 5.0},
        {"kind": "balance", "measure": "accounts", "tolerance": 0.01, "penalty": 900.0},
    ]
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book that takes much longer to prove than any test waits."""
    folder = tmp_path_factory.mktemp("book")
    made = run("generate", "--accounts", 400, "--reps", 20, "--seed", 5, "--out", folder / "problem.json")
    assert made.returncode == 0, made.stderr
    write(folder, "policy.json", POLICY)
    return folder


def start(folder: Path) -> "subprocess.Popen[str]":
    """A solve to a proof, with a plan in hand when this returns."""
    arguments = ("solve", folder / "problem.json", "--policy", folder / "policy.json")
    command = command_line(*arguments, "--gap", 0, "--time-limit", 80, "--json")
    process = subprocess.Popen(
        command, env={**os.environ, **PLAIN}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if " s " in line and "no plan yet" not in line:
            return process
    pytest.fail("the solve ended before it had a plan")


def solver_child(process: "subprocess.Popen[str]") -> psutil.Process:
    """The oldest child: the one that solves."""
    return min(psutil.Process(process.pid).children(), key=lambda child: child.create_time())


def test_first_interrupt_finishes_with_the_best_plan(folder: Path) -> None:
    """Ctrl-C once: exit code 0, and the plan says who stopped it."""
    process = start(folder)

    process.send_signal(signal.SIGINT)
    answer, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert json.loads(answer)["stopped_by"] == "finished_by_caller"


def test_second_interrupt_gives_up(folder: Path) -> None:
    """Ctrl-C twice: no answer, exit code 130, and no process stays behind."""
    process = start(folder)
    child = solver_child(process)

    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    answer, _ = process.communicate(timeout=30)

    assert (process.returncode, answer) == (130, "")
    assert not child.is_running()


def test_a_killed_solver_leaves_its_best_plan(folder: Path) -> None:
    """kill -9 of the child in the middle of a solve: the plan so far, verified, with the reason."""
    process = start(folder)

    solver_child(process).kill()
    answer, _ = process.communicate(timeout=60)

    plan = json.loads(answer)
    assert process.returncode == 0
    assert plan["stopped_by"] == "solver_lost"
    saved = write(folder, "saved.json", plan)
    verified = run("verify", folder / "problem.json", saved, "--policy", folder / "policy.json")
    assert verified.returncode == 0, verified.stdout
