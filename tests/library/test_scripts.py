"""The library in scripts and notebooks as people write them: nothing is guarded, and a loop may run already."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from support.books import hard_request
from support.processes import all_end

HEAVY = ("ortools", "polars", "numpy", "scipy", "pydantic", "httpx", "pandas", "fastapi", "sqlalchemy")
LIGHT = f"""
import sys
import coverplan
found = set(sys.modules) & set({HEAVY!r})
assert not found, found
assert len([name for name in sys.modules if name.startswith("coverplan")]) == 1
assert {{"solve", "evaluate", "validate", "verify", "experiment", "CoverplanError"}} <= set(dir(coverplan))
coverplan.solve
assert not {{"ortools", "polars", "pulp", "fastapi", "httpx"}} & set(sys.modules)
print(coverplan.__version__)
"""
SOLVE = """
import coverplan

print("begun")
problem = {"accounts": [{"id": "a", "potential": 1000}], "reps": [{"id": "r", "capacity_hours": 1}]}
plan = coverplan.solve(problem, time_limit_s=30)
print(plan.solution_status, plan.table()["rep_id"].to_list())
"""
HELPERS = """
import math
from coverplan.solvers.workers import Workers

print("begun")
with Workers(2) as workers:
    print(sorted(call.result() for call in [workers.call(math.sqrt, 16.0), workers.call(math.sqrt, 9.0)]))
"""
NOTEBOOK = """
import asyncio, sys

async def cell():
    scope = {"__name__": "__main__"}
    exec(sys.argv[1], scope)

asyncio.run(cell())
"""
EXPECTED = {SOLVE: "begun\noptimal ['r']\n", HELPERS: "begun\n[3.0, 4.0]\n"}
INTERRUPTED = """
import json, sys
import coverplan

request = json.load(open(sys.argv[1]))

def heard(progress):
    print(progress.objective_value, flush=True)

plan = coverplan.solve(request["problem"], request["policy"], on_progress=heard, **request["options"])
print("plan", plan.stopped_by, plan.objective is not None, flush=True)
"""


def run(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], input=text, capture_output=True, text=True, timeout=150, check=False
    )


def test_importing_it_is_light() -> None:
    """No library but Python's, and of the package its first file only; solving needs no solver in this process."""
    done = run("-c", LIGHT)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", [SOLVE, HELPERS], ids=["solve", "helpers"])
@pytest.mark.parametrize("way", ["file", "stdin", "notebook"])
def test_a_script_without_a_guard_runs_once(program: str, way: str, tmp_path: Path) -> None:
    """As a file, through standard input, and within a loop that runs: no process imports it a second time."""
    script = tmp_path / "script.py"
    script.write_text(program, encoding="utf-8")
    calls = {"file": (str(script),), "stdin": ("-",), "notebook": ("-c", NOTEBOOK, program)}
    done = run(*calls[way], text=program if way == "stdin" else None)

    assert (done.stdout, done.stderr) == (EXPECTED[program], "")


@pytest.fixture
def solving(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A script in the middle of a solve, with a plan in hand."""
    request = tmp_path / "request.json"
    request.write_text(json.dumps(hard_request(), default=str), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(request)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    assert any(line.strip() != "None" for line in process.stdout)
    yield process
    process.kill()
    process.communicate()


def test_ctrl_c_answers_with_the_best_plan(solving: subprocess.Popen[str]) -> None:
    """And the script goes on."""
    solving.send_signal(signal.SIGINT)
    answer, said = solving.communicate(timeout=100)

    assert answer.splitlines()[-1] == "plan finished_by_caller True", said
    assert solving.returncode == 0


def test_ctrl_c_twice_gives_up(solving: subprocess.Popen[str]) -> None:
    """As any Python does; no process stays behind."""
    children = [child.pid for child in psutil.Process(solving.pid).children(recursive=True)]
    solving.send_signal(signal.SIGINT)
    time.sleep(0.2)  # two at once are one to Python
    solving.send_signal(signal.SIGINT)
    answer, said = solving.communicate(timeout=100)

    assert "plan" not in answer
    assert "KeyboardInterrupt" in said
    assert all_end(*children)
