"""Looking up what a run request only names: a policy, a dataset, the run to start from."""

from __future__ import annotations

import json

from sqlalchemy import RowMapping

from coverplan.api.errors import ApiError
from coverplan.api.rows import found
from coverplan.api.runs.states import run_row
from coverplan.jobs.submit import Known
from coverplan.payload.checks import check_references
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.runs import PolicyName, RunRequest
from coverplan.store import datasets, policies
from coverplan.store.store import Store


async def known_of(request: RunRequest, tenant: str, store: Store) -> Known:
    """What the request names.

    Raises:
        ApiError: the tenant has none of that name, or it is not ready.
        PayloadError: the policy of that name does not fit the problem.
    """
    policy, version, start, dataset = None, None, None, None
    if request.policy_ref is not None:
        policy, version = await policy_of(request.policy_ref, tenant, store)
        if request.problem is not None:
            check_references(request.problem, policy, at_policy="/policy_ref").raise_errors()
    if request.dataset_id is not None:
        dataset = await dataset_of(request.dataset_id, tenant, store)
    if request.start_run_id is not None:
        plan = await plan_of(request.start_run_id, tenant, store)
        start = None if dataset is not None else Plan.model_validate_json(plan)
    return Known(policy, version, start, dataset)


async def plan_of(run_id: str, tenant: str, store: Store) -> bytes:
    """The plan document of a run that has one.

    Raises:
        ApiError: there is no such run, it has not ended, or it ended without a plan.
    """
    row = await run_row(store, tenant, run_id)
    if row["plan_path"] is not None:
        return await store.blobs.get(row["plan_path"])
    status = row["job_status"]
    if status in ("queued", "running"):
        so_far = "" if status == "queued" else f", or ask for /v1/runs/{run_id}/plan?incumbent=true, its best so far"
        raise ApiError("run_not_ended", f"The run is {status}.", suggestion=f"Wait for it{so_far}.")
    way_out = "See its error." if status == "failed" else "To keep the best plan, finish a run instead."
    raise ApiError("run_without_plan", f"The run is {status}.", suggestion=way_out)


async def policy_of(wanted: PolicyName, tenant: str, store: Store) -> tuple[Policy, int]:
    """A stored policy and its version.

    Raises:
        ApiError: the tenant has none of that name and version.
    """
    row = await store.database.reading(lambda c: policies.document(c, tenant, wanted.name, wanted.version))
    if row is None:
        raise ApiError("not_found", "There is no policy of this name and version.", suggestion="See /v1/policies.")
    return Policy.model_validate_json(json.dumps(row["document"])), row["version"]


async def dataset_of(dataset_id: str, tenant: str, store: Store) -> RowMapping:
    """A dataset that can be solved.

    Raises:
        ApiError: the tenant has none of that id, or it is not ready.
    """
    row = found(await store.database.reading(lambda c: datasets.get(c, tenant, dataset_id)), "dataset", dataset_id)
    if row["job_status"] != datasets.COMPLETED or not row["valid"]:
        state = "has errors" if row["job_status"] == datasets.COMPLETED else f"is {row['job_status']}"
        raise ApiError("dataset_not_ready", f"The dataset {state}.", suggestion=f"See /v1/datasets/{dataset_id}.")
    return row
