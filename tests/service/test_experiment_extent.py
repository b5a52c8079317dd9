"""What an experiment would be expanded to is counted before it is: a few bytes may ask for millions of policies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.service import InProcess, in_process

PROBLEM = {"accounts": [{"id": "a", "potential": 1}], "reps": [{"id": "r"}]}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    folder: Path = tmp_path_factory.mktemp("state")
    with in_process(f"sqlite:///{folder / 'coverplan.db'}", folder) as client:
        yield client


def request(rules: int, values: int, axes: int) -> dict[str, Any]:
    """One problem, a grid of `values` by each of the axes over so many rules."""
    constraints = [{"kind": "capacity", "id": f"c{place}"} for place in range(rules)]
    steps = [0.5 + place / 200 for place in range(values)]
    places = [{"path": f"/constraints/[id=c{axis}]/utilisation", "values": steps} for axis in range(axes)]
    return {"problems": [{"problem": PROBLEM}], "grid": {"policy": {"constraints": constraints}, "axes": places}}


@pytest.mark.parametrize(
    ("rules", "values", "axes", "limit"),
    [
        (4, 50, 4, "max_experiment_cells"),  # 6,250,000 policies
        (200, 40, 2, "max_experiment_rules"),  # 1,600 policies of 200 rules: 320,000
    ],
)
@pytest.mark.parametrize("path", ["/v1/experiments", "/v1/experiments/estimate"])
def test_too_much_is_refused_before_it_is_made(
    calls: InProcess, path: str, rules: int, values: int, axes: int, limit: str
) -> None:
    answer = calls.request("POST", path, json=request(rules, values, axes))

    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_cells")
    assert answer.json()["limit"]["name"] == limit


def test_what_is_within_the_limits_is_estimated(calls: InProcess) -> None:
    """5 x 5 policies of three rules; those whose values are only swapped say the same: 15 are solved."""
    answer = calls.request("POST", "/v1/experiments/estimate", json=request(3, 5, 2))

    assert answer.status_code == 200
    assert answer.json()["cells"] == 15
