"""Every example of the OpenAPI document, posted to a real service; each plan is verified independently."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from coverplan.constraints import CATALOGUE
from coverplan.payload.requests import SolveRequest
from coverplan.verify import verify
from support.service import JSON, service

EXAMPLES = Path(__file__).parents[2] / "openapi" / "examples"
CREATED = {
    "run": ("/v1/runs", 202),
    "experiment": ("/v1/experiments", 202),
    "webhook": ("/v1/webhooks", 201),
    "policy": ("/v1/policies", 201),
    "dataset": ("/v1/datasets", 201),
}
ELSEWHERE = {"dataset_patch", "dataset_uris", "experiment_extension", "webhook_change", "key"}
"""Sent with the tests of datasets and of tenants, which have a worker, of webhooks, and of keys, which need one."""
SOLVED = ["minimal", "small", "every_constraint_kind", "infeasible"]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with service(tmp_path_factory.mktemp("service")) as running, running.client() as client:
        yield client


def text(name: str) -> str:
    return (EXAMPLES / f"{name}.json").read_text(encoding="utf-8")


def post(client: httpx.Client, path: str, name: str) -> Any:
    response = client.post(path, content=text(name), headers=JSON)
    assert response.status_code == 200, response.text
    return response.json()


def verification(name: str, plan: Any) -> list[str]:
    """What does not hold in the plan of an example."""
    request = SolveRequest.model_validate_json(text(name))
    found = verify(request.problem.model_dump(mode="json"), request.policy.filled(), plan)
    return [failure.message for failure in found.failures]


def test_every_example_is_tested() -> None:
    assert {file.stem for file in EXAMPLES.glob("*.json")} == {
        *(*SOLVED, *CREATED, *ELSEWHERE),
        "evaluate",
        "validate_with_errors",
    }


@pytest.mark.parametrize("name", CREATED)
def test_what_is_created_can_be_found(client: httpx.Client, name: str) -> None:
    path, status = CREATED[name]
    made = client.post(path, content=text(name), headers=JSON)

    assert made.status_code == status, made.text
    assert client.get(made.headers["location"]).status_code == 200


@pytest.mark.parametrize("name", SOLVED)
def test_plans_are_verified(client: httpx.Client, name: str) -> None:
    plan = post(client, "/v1/solve", name)

    assert plan["solution_status"] == ("infeasible" if name == "infeasible" else "optimal")
    assert verification(name, plan) == []


def test_minimal_gives_each_rep_one_account(client: httpx.Client) -> None:
    """80,000 in all, balanced within 34,000 to 46,000 each: 50,000 and 30,000 miss by 4,000 each, at 0.2."""
    plan = post(client, "/v1/solve", "minimal")

    assert {item["rep_id"] for item in plan["assignments"]} == {"ana", "bo"}
    assert plan["objective"]["value"] == pytest.approx(80000 - 2 * 4000 * 0.2)


def test_infeasible_is_an_answer(client: httpx.Client) -> None:
    """Three accounts of 100 hours must be covered: whoever gets two has 200, but Ana has 150 and Bo 120."""
    plan = post(client, "/v1/solve", "infeasible")

    assert plan["objective"] is None
    assert plan["gap"] is None
    assert plan["assignments"] == []
    closest = plan["least_violating"]
    assert sum(row["violation"] for row in closest["constraints"]) > 0


def test_every_kind_has_a_row(client: httpx.Client) -> None:
    plan = post(client, "/v1/solve", "every_constraint_kind")

    assert {row["kind"] for row in plan["constraints"]} == set(CATALOGUE)


def test_evaluate_measures_the_violation(client: httpx.Client) -> None:
    """Ana: 100 + 100 of 150 hours, Bo: 100 of 120; 50,000 + 30,000 + 20,000 of revenue."""
    plan = post(client, "/v1/evaluate", "evaluate")

    assert {row["scope"]: row["violation"] for row in plan["constraints"]} == {"rep:ana": 50.0, "rep:bo": 0.0}
    assert plan["objective"]["value"] == pytest.approx(100000)
    assert plan["method"]["used"] == "evaluated"


def test_validate_lists_every_error_and_solves_nothing(client: httpx.Client) -> None:
    report = post(client, "/v1/validate", "validate_with_errors")

    assert report["valid"] is False
    assert {(issue["code"], issue["pointer"]) for issue in report["issues"]} == {
        ("wrong_type", "/problem/reps/0/capacity_hours"),
        ("duplicate_id", "/problem/reps/1/id"),
        ("unknown_territory", "/problem/accounts/0/territory_id"),
        ("out_of_range", "/problem/accounts/0/expected_revenue"),
        ("unknown_field", "/problem/accounts/1/colour"),
        ("unknown_kind", "/policy/constraints/0/kind"),
    }
    assert report["total_errors"] == 6
    assert post(client, "/v1/validate", "minimal")["valid"] is True


def test_a_start_plan_is_never_answered_with_a_worse_one(client: httpx.Client) -> None:
    plan = post(client, "/v1/solve", "small")
    again = {**json.loads(text("small")), "start_plan": plan, "options": {"time_limit_s": 5, "relative_gap": 1}}

    response = client.post("/v1/solve", json=again)

    assert response.status_code == 200
    assert response.json()["objective"]["value"] >= plan["objective"]["value"] - 1e-6
