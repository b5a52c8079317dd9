"""Looking up what a run request only names."""

from __future__ import annotations

from coverplan.api.errors import ApiError
from coverplan.api.run_states import run_row
from coverplan.jobs.submit import Known
from coverplan.payload.plan import Plan
from coverplan.payload.runs import RunRequest
from coverplan.store.store import Store


async def known_of(request: RunRequest, tenant: str, store: Store) -> Known:
    """The plan to start from.

    Raises:
        ApiError: the tenant has none of that name, or it is not ready.
    """
    if request.start_run_id is None:
        return Known()
    return Known(start_plan=Plan.model_validate_json(await plan_of(request.start_run_id, tenant, store)))


async def plan_of(run_id: str, tenant: str, store: Store) -> bytes:
    """The plan document of a run that has one.

    Raises:
        ApiError: there is no such run, it has not ended, or it ended without a plan.
    """
    row = await run_row(store, tenant, run_id)
    if row["plan_path"] is not None:
        return await store.blobs.get(row["plan_path"])
    if row["job_status"] in ("queued", "running"):
        raise ApiError(
            "run_not_ended",
            f"The run is {row['job_status']}.",
            suggestion="Wait for it, or ask for its best plan so far with ?incumbent=true.",
        )
    raise ApiError("run_without_plan", f"The run is {row['job_status']}.", suggestion="See its error.")
