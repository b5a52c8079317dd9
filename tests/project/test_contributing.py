"""The contributing guide shows a change that works as it stands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
KIND = {
    "src/coverplan/constraints/travel.py",
    "src/coverplan/constraints/__init__.py",
    "tests/constraints/test_travel.py",
}
RECOUNT = {"src/coverplan/verify/linear_rules.py", "src/coverplan/verify/rules.py"}


def test_the_kind_that_is_shown_takes_three_files_and_the_verifiers_own(tmp_path: Path) -> None:
    """Applied to today's code, its rows and words are what its test says."""
    (change,) = re.findall(r"```diff\n(.*?)```", GUIDE, re.DOTALL)
    for part in ("src/coverplan", "tests/support"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["git", "apply", "--whitespace=nowarn"], input=change, text=True, cwd=tmp_path, check=True)
    child = "from constraints import test_travel as its; its.test_in_words(); its.test_rows_sum_kilometres()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(tmp_path / part) for part in ("src", "tests"))}

    subprocess.run([sys.executable, "-c", child], env=environment, check=True)

    assert set(re.findall(r"^\+\+\+ b/(\S+)", change, re.MULTILINE)) == KIND | RECOUNT
