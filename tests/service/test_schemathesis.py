"""Schemathesis on the service's own OpenAPI document, with `schemathesis.toml`: what of `make fuzz` takes minutes.

All checks on all operations but streams. The fuzzing tries fewer examples than by default; the longest bodies are left
out of the coverage, as what they may hold is covered by `POST /v1/validate`, value by value. Calls that follow each
other are left out too: what they try depends on the ids that a service makes, so no two runs are alike.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.fuzz import fuzz

LOADED_MACHINE_S = 500
"""Each part takes less than a minute where nothing else runs."""
LONG = [
    "solve",
    "evaluate",
    "submit_run",
    "store_policy",
    "submit_experiment",
    "estimate_experiment",
    "extend_experiment",
]
"""Ids of the operations with the problems and policies of `validate`."""


def only(*operations: str) -> list[str]:
    return [word for operation in operations for word in ("--include-operation-id", operation)]


def without(*operations: str) -> list[str]:
    return [word for operation in operations for word in ("--exclude-operation-id", operation)]


@pytest.mark.long
@pytest.mark.timeout(LOADED_MACHINE_S + 60)
@pytest.mark.parametrize(
    ("phases", "operations"),
    [
        ("examples,fuzzing", only(*LONG)),
        ("examples,coverage,fuzzing", only("validate")),
        ("examples,coverage,fuzzing", without(*LONG, "validate")),
    ],
    ids=["long", "validate", "others"],
)
def test_nothing_is_found(tmp_path: Path, phases: str, operations: list[str]) -> None:
    """In parts, so that workers share the time."""
    options = ["--generation-deterministic", "-n", "4", "--phases", phases, *operations]
    found = fuzz(tmp_path, *options, with_worker=operations != only("validate"), timeout=LOADED_MACHINE_S)

    assert found.returncode == 0, found.stdout[-5000:]
    assert "FAILURES" not in found.stdout
    assert "ERRORS" not in found.stdout
    assert " passed" in found.stdout  # warnings say which operations it had no ids for
