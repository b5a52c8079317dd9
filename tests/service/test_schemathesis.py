"""Schemathesis, as anybody with a key would run it, on the service's own OpenAPI document, with `schemathesis.toml`.

All checks on all operations but streams. The fuzzing tries fewer examples than by default, and calls that follow each
other are left out: what they try depends on the ids that a service makes, so no two runs are alike.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.api_keys import new_key
from support.service import service

ROOT = Path(__file__).parents[2]
LONGEST_SOLVE_S = 60
LOADED_MACHINE_S = 500
"""The longer half takes less than three minutes where nothing else runs."""


@pytest.mark.long
@pytest.mark.timeout(LOADED_MACHINE_S + 60)
@pytest.mark.parametrize(
    "chosen",
    [["--exclude-path", "/v1/validate"], ["--include-path", "/v1/validate"]],
    ids=["all-but-validate", "validate"],
)
def test_nothing_is_found(tmp_path: Path, chosen: list[str]) -> None:
    """Two halves, so that two workers share the time."""
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", "--generation-deterministic", "-n", "4"]
    command += ["--phases", "examples,coverage,fuzzing"]
    secret = new_key(f"sqlite:///{tmp_path / 'data' / 'coverplan.db'}", requests_per_minute=10**6)
    with service(tmp_path, with_worker="--exclude-path" in chosen, max_time_limit_s=LONGEST_SOLVE_S) as running:
        found = subprocess.run(
            [*command, *chosen, "-H", f"Authorization: Bearer {secret}", f"{running.url}/openapi.json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=LOADED_MACHINE_S,
            check=False,
        )

    assert found.returncode == 0, found.stdout[-5000:]
    assert "FAILURES" not in found.stdout
    assert "ERRORS" not in found.stdout
    assert " passed" in found.stdout  # warnings say which operations it had no ids for
