"""What a run was asked, read back from the store."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from sqlalchemy import RowMapping

from coverplan.payload.experiments.stored import CellRequest
from coverplan.payload.problem import Problem
from coverplan.payload.requests import SolveRequest
from coverplan.store.store import Store


async def solve_request(store: Store, row: RowMapping) -> SolveRequest:
    """The request of a run of an inline problem; of a cell, with the facts before they are perturbed.

    Raises:
        NoBlobError: it is gone.
        BlobLostError: the store does not answer.
    """
    document = await store.blobs.get(row["request_path"])
    if row["experiment_id"] is None:
        return await asyncio.to_thread(SolveRequest.model_validate_json, document)
    cell = CellRequest.model_validate_json(document)
    assert cell.problem is not None
    problem = await asyncio.to_thread(Problem.model_validate_json, await store.blobs.get(cell.problem))
    return SolveRequest(problem=problem, policy=cell.policy, options=cell.options)


async def is_perturbed(store: Store, row: RowMapping) -> bool:
    """Whether the run solves other facts than those that were sent; raises as `solve_request` does."""
    if row["experiment_id"] is None:
        return False
    return CellRequest.model_validate_json(await store.blobs.get(row["request_path"])).perturbation is not None


async def problem_of(store: Store, row: RowMapping) -> dict[str, Any]:
    """The problem of such a run, as a plain document; raises as `solve_request` does."""
    document = await store.blobs.get(row["request_path"])
    if row["experiment_id"] is None:
        problem: dict[str, Any] = (await asyncio.to_thread(json.loads, document)).get("problem") or {}
        return problem
    path = CellRequest.model_validate_json(document).problem
    return {} if path is None else dict(await asyncio.to_thread(json.loads, await store.blobs.get(path)))
