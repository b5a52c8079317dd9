"""The verifier by itself: `python -m coverplan.verify` on raw documents, with nothing but Python and numpy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coverplan.payload.answer import solve
from coverplan.payload.options import Options
from support.brute import documents
from support.by_hand import book, worth
from support.command import write

Document = dict[str, Any]
ALONE = """
import runpy, sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        root = name.split(".")[0]
        if root == "coverplan" and (name == root or name.split(".")[1] == "verify"):
            return None
        if root in sys.stdlib_module_names or root == "numpy":
            return None
        raise ImportError(f"{name} is none of the verifier's business")

sys.meta_path.insert(0, Nothing())
runpy.run_module("coverplan.verify", run_name="__main__", alter_sys=True)
"""
RAW = book({"a": worth(100, "ana", hours=4), "b": worth(80, "ana", hours=5)}, {"ana": {"capacity_hours": 6}, "bo": {}})
# Six hours hold one of both: b moves to Bo at 15 % of 80, or a at 15 % of 100: 180 - 12 = 168.
BEST = 168.0


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Raw documents, a policy of few words, and the plan of both."""
    policy: Document = {"constraints": [{"kind": "capacity"}]}
    plan = solve(*documents(RAW, policy), Options(relative_gap=0.0)).model_dump(mode="json")
    contents = {"problem": RAW, "policy": policy, "plan": plan}
    return {name: write(tmp_path, f"{name}.json", content) for name, content in contents.items()}


def alone(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ALONE, *map(str, arguments)], capture_output=True, text=True, timeout=100, check=False
    )


def test_it_verifies_raw_documents(files: dict[str, Path]) -> None:
    """Terms, objective and the bound that the prices prove."""
    done = alone(*files.values())
    document = json.loads(alone(*files.values(), "--json").stdout)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "Verified."
    assert [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("objective")] == [f"{BEST:.2f}"]
    assert (document["ok"], document["objective"]) == (True, pytest.approx(BEST))
    assert document["bound"] >= document["objective"]


def test_the_default_policy_is_its_own(files: dict[str, Path], tmp_path: Path) -> None:
    """A plan made under the product's default policy holds under the verifier's."""
    plan = solve(*documents(RAW, {}), Options(relative_gap=0.0)).model_dump(mode="json")

    done = alone(files["problem"], "-", write(tmp_path, "default.json", plan))

    assert done.returncode == 0, done.stdout + done.stderr


def test_it_says_what_does_not_hold(files: dict[str, Path]) -> None:
    """Ana gets both: nine hours of six."""
    plan = json.loads(files["plan"].read_text())
    for seat in plan["assignments"]:
        seat["rep_id"] = "ana"
    files["plan"].write_text(json.dumps(plan))

    done = alone(*files.values())

    assert done.returncode == 1
    assert "activity 9 is outside [-inf, 6]" in done.stdout
    assert "claims do not hold." in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("content", ["[]", "{", '{"accounts": [{}], "reps": []}'])
def test_what_it_cannot_read_is_bad_input(files: dict[str, Path], content: str) -> None:
    files["problem"].write_text(content)

    done = alone(*files.values())

    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be read" in done.stderr
    assert "Traceback" not in done.stderr
