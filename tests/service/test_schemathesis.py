"""Schemathesis, as anybody would run it, on the service's own OpenAPI document, with `schemathesis.toml`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.service import service

ROOT = Path(__file__).parents[2]
SOLVING = ("/v1/solve", "/v1/evaluate")


@pytest.mark.parametrize(
    "chosen",
    [
        ["--phases", "examples,coverage,fuzzing", *(word for path in SOLVING for word in ("--exclude-path", path))],
        ["--phases", "examples,fuzzing", *(word for path in SOLVING for word in ("--include-path", path))],
    ],
    ids=["describing", "solving"],
)
def test_nothing_is_found(tmp_path: Path, chosen: list[str]) -> None:
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", "--generation-deterministic", "-n", "30"]
    with service(tmp_path) as running:
        found = subprocess.run(
            [*command, *chosen, f"{running.url}/openapi.json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

    assert found.returncode == 0, found.stdout[-5000:]
    assert "No issues found" in found.stdout
