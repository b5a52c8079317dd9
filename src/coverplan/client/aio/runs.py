"""Durable runs: submit, follow, stop, download."""

from __future__ import annotations

import io
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from coverplan.client.aio.pace import aside, sleep
from coverplan.client.aio.transport import Transport
from coverplan.client.answers import RunEvent, run_event
from coverplan.client.errors import ConnectionFailedError, UnavailableError
from coverplan.client.requests import Document
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.runs import JobStatus, RunState, RunTicket

if TYPE_CHECKING:
    import polars as pl

_FORMATS = {".json": "json", ".csv": "csv", ".parquet": "parquet"}


class Runs:
    """The runs of the caller."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def submit(
        self,
        problem: Problem | Document | None = None,
        policy: Policy | Document | None = None,
        options: Options | Document | None = None,
        *,
        dataset_id: str | None = None,
        policy_ref: Document | None = None,
        start_plan: Plan | Document | None = None,
        start_run_id: str | None = None,
        name: str | None = None,
        tags: Sequence[str] = (),
        priority: int = 0,
        timeout_s: float | None = None,
        retention_days: float | None = None,
        reuse: bool = False,
        key: str | None = None,
    ) -> RunTicket:
        """Queue a run. Under the same `key` the same run is answered, also by another process; by default a new one."""
        body = {
            "problem": problem,
            "policy": policy,
            "options": options,
            "dataset_id": dataset_id,
            "policy_ref": policy_ref,
            "start_plan": start_plan,
            "start_run_id": start_run_id,
            "name": name,
            "tags": list(tags),
            "priority": priority,
            "timeout_s": timeout_s,
            "retention_days": retention_days,
            "reuse": reuse,
        }
        return await self._transport.post("/v1/runs", RunTicket, body, key or uuid.uuid4().hex)

    async def get(self, run_id: str) -> RunState:
        """How far a run is."""
        return await self._transport.get(f"/v1/runs/{run_id}", RunState)

    def list(
        self,
        *,
        status: JobStatus | None = None,
        tag: str | None = None,
        name: str | None = None,
        batch_id: str | None = None,
    ) -> AsyncIterator[RunState]:
        """Runs, newest first; further pages are asked for as they are needed."""
        wanted = {"status": status, "tag": tag, "name": name, "batch_id": batch_id}
        return self._transport.pages("/v1/runs", RunState, **wanted)

    async def events(self, run_id: str, after: int = 0) -> AsyncIterator[RunEvent]:
        """What happens to a run, each event once, until it has ended; a lost connection is taken up where it broke."""
        patience = self._transport.patience()
        while True:
            try:
                async with aclosing(self._listen(run_id, after)) as heard:
                    async for event in heard:
                        after = event.number
                        patience.renew()
                        yield event
                        if event.kind == "ended":
                            return
                raise ConnectionFailedError("The service hung up before the run ended.")
            except (UnavailableError, ConnectionFailedError) as error:
                await sleep(patience.pause_s(error))

    async def wait(self, run_id: str, on_progress: Callable[[RunEvent], None] | None = None) -> RunState:
        """The state of a run once it has ended; `on_progress` hears its events."""
        async for event in self.events(run_id):
            if on_progress is not None:
                on_progress(event)
        return await self.get(run_id)

    async def plan(self, run_id: str, *, incumbent: bool = False) -> Plan:
        """The plan of a run that has ended; or, while it runs, its `incumbent`."""
        return await self._transport.get(f"/v1/runs/{run_id}/plan", Plan, incumbent=incumbent or None)

    async def table(self, run_id: str, *, incumbent: bool = False) -> pl.DataFrame:
        """The plan as a table, one row per seat."""
        import polars  # noqa: PLC0415, ICN001 - for those who ask for tables

        parameters = {"format": "parquet"} | ({"incumbent": True} if incumbent else {})
        answer = await self._transport.send("GET", f"/v1/runs/{run_id}/plan", params=parameters)
        return await aside(polars.read_parquet, io.BytesIO(answer.content))

    async def download(self, run_id: str, path: Path) -> None:
        """Write the plan to a file, piece by piece, as its suffix says: `.json`, `.csv` or `.parquet`."""
        await self._transport.download(f"/v1/runs/{run_id}/plan", path, format=_FORMATS[path.suffix])

    async def program(self, run_id: str, form: Literal["mps", "lp"] = "mps") -> str:
        """The mixed-integer program of a run."""
        return (await self._transport.send("GET", f"/v1/runs/{run_id}/model.{form}")).text

    async def finish(self, run_id: str) -> RunState:
        """Stop a run and keep its best plan, which follows within a second or two."""
        return await self._transport.post(f"/v1/runs/{run_id}/finish", RunState)

    async def cancel(self, run_id: str) -> RunState:
        """Stop a run and discard what it found."""
        return await self._transport.post(f"/v1/runs/{run_id}/cancel", RunState)

    async def delete(self, run_id: str) -> None:
        """Cancel and erase a run."""
        await self._transport.send("DELETE", f"/v1/runs/{run_id}")

    async def _listen(self, run_id: str, after: int) -> AsyncGenerator[RunEvent]:
        """The events that one connection has."""
        headers = {"Last-Event-ID": str(after)} if after else {}
        async with self._transport.events("GET", f"/v1/runs/{run_id}/events", headers=headers) as events:
            async for event in events:
                if event.event == "closing":  # this service stops; another one goes on
                    return
                if event.data:  # the comments of a silent connection come as events without any
                    yield run_event(event)
