"""Taking in an experiment: what it names is looked up, it is expanded and measured, then stored."""

from __future__ import annotations

import asyncio
import hashlib
import math
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from coverplan.api.errors import ApiError
from coverplan.api.runs.known import dataset_of, policy_of
from coverplan.payload.error_document import Limit
from coverplan.payload.experiments.cells import NamedPolicy, StoredPolicies
from coverplan.payload.experiments.checks import check_experiment
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.experiments.state import ExperimentEstimate
from coverplan.payload.experiments.stored import BASES, BasePolicy, StoredExperiment, StoredProblem
from coverplan.payload.experiments.wanted import estimate
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.runs import PolicyName
from coverplan.settings import Settings
from coverplan.store import paths, workers
from coverplan.store.blobs import NoBlobError
from coverplan.store.store import Store


@dataclass(frozen=True)
class Planned:
    """An experiment that is sound: its policies, and what it comes to."""

    request: ExperimentRequest
    """With the versions of its stored policies, so that they stay what they are."""
    policies: list[NamedPolicy]
    bases: list[BasePolicy]
    estimate: ExperimentEstimate


@dataclass(frozen=True)
class Packed:
    """An experiment that is ready to be stored: blobs by path, and what its row says of them."""

    facts: dict[str, Any]
    blobs: dict[str, bytes] = field(repr=False)
    """Nobody else writes to these paths."""

    @property
    def size(self) -> int:
        """Bytes of all blobs."""
        return sum(map(len, self.blobs.values()))

    @asynccontextmanager
    async def stored(self, store: Store) -> AsyncIterator[None]:
        """Store the blobs, all or none, for a block that writes their row; they go again where it does not.

        Raises:
            BlobLostError: the store does not take them.
        """
        await store.blobs.put_all(self.blobs)
        async with store.naming(*self.blobs):
            yield


async def planned(
    request: ExperimentRequest, tenant: str, store: Store, settings: Settings, kept: Sequence[BasePolicy] = ()
) -> Planned:
    """The request expanded; stored policies that were `kept` are not looked up.

    Raises:
        ApiError: the tenant has no policy or dataset of a name, or there are too many cells.
        PayloadError: something is wrong with the request.
    """
    for one in request.problems:
        if one.dataset_id is not None:
            await dataset_of(one.dataset_id, tenant, store)
    stored, versions = await _stored_policies(request, tenant, store, kept)
    _check_extent(request, stored, settings)
    policies = await asyncio.to_thread(check_experiment, request, stored)
    slots = settings.slots * max(1, await store.database.apart(lambda: workers.alive(store.database)))
    found = await asyncio.to_thread(estimate, request, policies, slots)
    bases = [BasePolicy(name=name[0], version=version, policy=stored[name]) for name, version in versions.items()]
    return Planned(_with_versions(request, versions), policies, bases, found)


def _check_extent(request: ExperimentRequest, stored: StoredPolicies, settings: Settings) -> None:
    """Count what expanding it would make, before it is done.

    Raises:
        ApiError: it is more than is taken.
    """
    grid, known = request.grid, dict(stored)
    combinations = 0 if grid is None else math.prod(len(axis.values) for axis in grid.axes)
    _check_cells((len(request.policies) + combinations) * len(request.problems) * len(request.seeds or [0]), settings)
    sources = [(one, 1) for one in request.policies] + ([] if grid is None else [(grid, combinations)])
    rules = 0
    for source, times in sources:
        named = source.policy_ref
        policy = source.policy if named is None else known.get((named.name, named.version))
        rules += times * len((policy.constraints if policy is not None else None) or [])
    most = settings.max_experiment_rules
    if rules > most:
        raise ApiError(
            "too_many_cells",
            f"Its policies have {rules:,} rules together; those of an experiment may have {most:,}.",
            suggestion="Take fewer policies or values, or raise COVERPLAN_MAX_EXPERIMENT_RULES.",
            limit=Limit(name="max_experiment_rules", value=most),
        )


def check_size(found: ExperimentEstimate, settings: Settings) -> None:
    """Raise ApiError if there are more cells than are taken."""
    _check_cells(found.cells, settings)


def _check_cells(cells: int, settings: Settings) -> None:
    most = settings.max_experiment_cells
    if cells > most:
        raise ApiError(
            "too_many_cells",
            f"It may come to {cells:,} solves; an experiment may have {most:,}.",
            suggestion="Take fewer policies, seeds, points or samples, set second_solve to false, or raise "
            "COVERPLAN_MAX_EXPERIMENT_CELLS.",
            limit=Limit(name="max_experiment_cells", value=most),
        )


def packed(experiment_id: str, version: int, plan: Planned, known: StoredExperiment | None = None) -> Packed:
    """The experiment as it is stored; problems that are `known` are there already."""
    blobs: dict[str, bytes] = {}
    mark = secrets.token_hex(4)
    problems: list[StoredProblem] = [] if known is None else list(known.problems)
    for one in plan.request.problems[len(problems) :]:
        if one.problem is None:
            problems.append(StoredProblem(dataset_id=one.dataset_id, size=sys.maxsize))
            continue
        data = one.problem.model_dump_json().encode()
        path = paths.experiment_problem(experiment_id, hashlib.sha256(data).hexdigest(), mark)
        blobs[path] = data
        problems.append(StoredProblem(path=path, size=len(one.problem.accounts) * len(one.problem.reps)))
    document = StoredExperiment.of(plan.request, plan.policies, problems).model_dump_json(by_alias=True).encode()
    path = paths.experiment_request(experiment_id, version)
    blobs[path] = document
    if plan.bases:
        blobs[paths.experiment_bases(path)] = BASES.dump_json(plan.bases)
    return Packed({"request_path": path, "request_bytes": sum(map(len, blobs.values()))}, blobs)


async def bases_of(store: Store, request_path: str) -> list[BasePolicy]:
    """The stored policies that an experiment names, as far as they were kept with it.

    Raises:
        BlobLostError: the store does not answer.
    """
    try:
        return BASES.validate_json(await store.blobs.get(paths.experiment_bases(request_path)))
    except NoBlobError:
        return []


async def unpacked(store: Store, request_path: str) -> tuple[StoredExperiment, ExperimentRequest]:
    """An experiment as it is stored, and its request with all problems.

    Raises:
        BlobLostError: the store does not answer.
        NoBlobError: the experiment is gone.
    """
    stored = StoredExperiment.model_validate_json(await store.blobs.get(request_path))
    problems = list(stored.request.problems)
    for place, one in enumerate(stored.problems):
        if one.path is not None:
            facts = await asyncio.to_thread(Problem.model_validate_json, await store.blobs.get(one.path))
            problems[place] = problems[place].model_copy(update={"problem": facts})
    return stored, stored.request.model_copy(update={"problems": problems})


async def _stored_policies(
    request: ExperimentRequest, tenant: str, store: Store, kept: Sequence[BasePolicy]
) -> tuple[dict[tuple[str, int | None], Policy], dict[tuple[str, int | None], int]]:
    """The policies that a request names, and their versions."""
    found: dict[tuple[str, int | None], Policy] = {}
    versions: dict[tuple[str, int | None], int] = {}
    known = {(base.name, base.version): base.policy for base in kept}
    named = [one.policy_ref for one in request.policies]
    for wanted in [*named, None if request.grid is None else request.grid.policy_ref]:
        if wanted is not None and (wanted.name, wanted.version) not in found:
            key, version = (wanted.name, wanted.version), wanted.version
            policy = None if version is None else known.get((wanted.name, version))
            if policy is None or version is None:
                policy, version = await policy_of(wanted, tenant, store)
            found[key], versions[key] = policy, version
    return found, versions


def _with_versions(request: ExperimentRequest, versions: dict[tuple[str, int | None], int]) -> ExperimentRequest:
    def fixed(wanted: PolicyName | None) -> PolicyName | None:
        return None if wanted is None else PolicyName(name=wanted.name, version=versions[wanted.name, wanted.version])

    policies = [one.model_copy(update={"policy_ref": fixed(one.policy_ref)}) for one in request.policies]
    grid = request.grid
    if grid is not None:
        grid = grid.model_copy(update={"policy_ref": fixed(grid.policy_ref)})
    return request.model_copy(update={"policies": policies, "grid": grid})
