"""The asynchronous client against a real service and worker: all that it does at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from coverplan.client import AsyncClient, RefusedError, RunEvent, UnavailableError
from coverplan.payload.plan import Plan, Progress
from support.batches import tiny, worth
from support.cells import tiny_experiment
from support.deployment import TINY, Deployment, deployment, slow

BEST = 46.0
"""Of TINY: 10 + 11 + 12 + 13."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("client"), slots=2, webhook_allow='["127.0.0.0/8"]') as started:
        yield started


def test_five_journeys_at_once(running: Deployment, tmp_path: Path) -> None:
    """Nobody waits for another: a solve, a run, a batch, a dataset and an experiment, each as far as it goes."""

    async def travel() -> None:
        async with AsyncClient(running.url) as client:
            await asyncio.gather(
                solve(client), run(client, tmp_path), batch(client, tmp_path), dataset(client), experiment(client)
            )

    asyncio.run(travel())


async def solve(client: AsyncClient) -> None:
    heard: list[Progress] = []
    plan = await client.solve(TINY["problem"], TINY["policy"], TINY["options"], on_progress=heard.append)
    again = await client.evaluate(TINY["problem"], TINY["policy"], assigned(plan))

    assert value(plan) == value(again) == pytest.approx(BEST)
    assert heard
    assert (await client.validate(TINY["problem"], TINY["policy"])).valid


async def run(client: AsyncClient, folder: Path) -> None:
    heard: list[RunEvent] = []
    ticket = await client.runs.submit(**TINY, tags=["aio"], key="aio-1")
    again = await client.runs.submit(**TINY, tags=["aio"], key="aio-1")
    state = await client.runs.wait(ticket.run_id, heard.append)

    assert again.run_id == ticket.run_id
    assert state.objective_value == pytest.approx(BEST)
    assert [event.number for event in heard] == list(range(1, len(heard) + 1))
    assert [one.run_id async for one in client.runs.list(tag="aio")] == [ticket.run_id]
    assert value(await client.runs.plan(ticket.run_id)) == pytest.approx(BEST)
    await client.runs.download(ticket.run_id, folder / "plan.parquet")
    assert pl.read_parquet(folder / "plan.parquet").equals(await client.runs.table(ticket.run_id))
    await client.runs.delete(ticket.run_id)
    with pytest.raises(RefusedError, match="There is no run"):
        await client.runs.get(ticket.run_id)


async def batch(client: AsyncClient, folder: Path) -> None:
    results = [result async for result in await client.batches.run(tiny(n) for n in range(1, 6))]

    assert [value(result.plan) for result in results if result.plan] == pytest.approx([worth(n) for n in range(1, 6)])
    made = [state.batch_id async for state in client.batches.list()]
    assert [ticket.run_id async for ticket in client.batches.tickets(made[0])] == [one.run_id for one in results]
    await client.batches.download(made[0], folder / "seats.csv")
    assert pl.read_csv(folder / "seats.csv")["line"].n_unique() == 5


async def dataset(client: AsyncClient) -> None:
    """With one hour the better of two accounts is covered."""
    accounts, reps = pl.DataFrame({"id": ["a", "b"], "potential": [10.0, 20.0]}), pl.DataFrame({"id": ["r"]})
    made = await client.datasets.upload({"accounts": accounts, "reps": reps.with_columns(capacity_hours=1.0)})
    ticket = await client.runs.submit(dataset_id=made.dataset_id, policy=TINY["policy"])

    assert made.valid
    assert (await client.runs.wait(ticket.run_id)).objective_value == pytest.approx(20.0)


async def experiment(client: AsyncClient) -> None:
    results = await client.experiments.run(tiny_experiment([0.1]))

    assert [row.policy_id for row in results.rows] == ["balance.tolerance=0.1"]
    ids = [state.experiment_id async for state in client.experiments.list()]
    assert [cell.job_status async for cell in client.experiments.cells(ids[0])] == ["completed"]


def test_what_is_left_is_closed(running: Deployment) -> None:
    """A listener who leaves a run in its middle leaves no connection behind; the run can be stopped."""

    async def leave() -> str:
        async with AsyncClient(running.url) as client:
            ticket = await client.runs.submit(**slow(60))
            async for event in client.runs.events(ticket.run_id):
                if event.kind == "started":
                    break
            await client.runs.cancel(ticket.run_id)
            return (await client.runs.wait(ticket.run_id)).job_status

    assert asyncio.run(leave()) == "cancelled"


def test_webhooks_and_what_the_service_says_of_itself(running: Deployment) -> None:
    async def ask() -> None:
        async with AsyncClient(running.url) as client:
            made = await client.webhooks.create("http://127.0.0.1:9/", kinds=["run.failed"])
            told = await client.webhooks.test(made.id)

            assert made.secret
            assert (await client.webhooks.get(made.id)).kinds == ["run.failed"]
            changed = await client.webhooks.change(made.id, state="paused", tags=["nightly"])
            assert (changed.state, changed.tags, changed.kinds) == ("paused", ["nightly"], ["run.failed"])
            rotated = await client.webhooks.rotate(made.id, overlap_s=60)
            assert rotated.secret != made.secret
            assert rotated.retired_secret_until is not None
            assert [one.id async for one in client.webhooks.list()] == [made.id]
            assert [one.id async for one in client.webhooks.deliveries(made.id)] == [told.id]
            await client.webhooks.delete(made.id)
            assert [one async for one in client.webhooks.list()] == []
            assert (await client.limits()).slots == 2
            assert "unknown_field" in [one.code async for one in client.issue_codes()]
            assert "capacity" in [one.kind async for one in client.constraint_kinds()]
            assert await client.ready()

    asyncio.run(ask())


def test_nobody_waits_longer_than_told() -> None:
    """No service listens there: refused connections pass, so it is tried again until patience ends."""

    async def ask() -> None:
        async with AsyncClient("http://127.0.0.1:9", patience_s=0.6) as client:
            assert not await client.ready()
            await client.limits()

    with pytest.raises(Exception, match="ConnectError") as caught:
        asyncio.run(ask())
    assert not isinstance(caught.value, UnavailableError)


def value(plan: Plan) -> float:
    assert plan.objective is not None
    return plan.objective.value


def assigned(plan: Plan) -> list[dict[str, str]]:
    return [{"account_id": one.account_id, "role": one.role, "rep_id": one.rep_id} for one in plan.assignments]
