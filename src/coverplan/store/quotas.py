"""How much a tenant uses of what its keys may use."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from coverplan.store.schema import datasets, experiments, runs

_OPEN = ("queued", "running")


def open_runs(connection: Connection, tenant: str, at_most: int) -> int:
    """Runs that are queued or running, counted no further than `at_most`."""
    wanted = select(runs.c.id).where(runs.c.tenant == tenant, runs.c.job_status.in_(_OPEN)).limit(at_most)
    return int(connection.execute(select(func.count()).select_from(wanted.subquery())).scalar_one())


def stored_bytes(connection: Connection, tenant: str) -> int:
    """Bytes of requests, plans, datasets and experiments, also of deleted ones until they are erased."""
    of_runs = select(func.sum(runs.c.request_bytes + runs.c.plan_bytes)).where(runs.c.tenant == tenant)
    of_datasets = select(func.sum(datasets.c.bytes)).where(datasets.c.tenant == tenant)
    held = experiments.c.request_bytes + experiments.c.results_bytes
    of_experiments = select(func.sum(held)).where(experiments.c.tenant == tenant)
    every = (of_runs, of_datasets, of_experiments)
    return sum(int(connection.execute(wanted).scalar() or 0) for wanted in every)
