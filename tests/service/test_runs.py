"""Durable runs: submitted, followed, stopped, listed, downloaded, erased."""

from __future__ import annotations

import contextlib
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl
import psutil
import pytest
from httpx_sse import connect_sse

from coverplan.verify import verify
from support.databases import on_postgresql, on_sqlite
from support.deployment import POLICY, TINY, Deployment, deployment, descendants, slow
from support.service import wait_for
from support.timing import within


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A service with one worker."""
    folder = tmp_path_factory.mktemp("runs")
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres").database()
    with deployment(folder, database_url=url) as started:
        yield started


def test_a_run_is_solved_by_a_worker(running: Deployment) -> None:
    """Two reps with two hours each take all four accounts: 10 + 11 + 12 + 13 = 46."""
    run_id = running.submit({**TINY, "name": "first", "tags": ["b", "a"]})

    state = running.wait(run_id)

    assert (state["job_status"], state["solution_status"]) == ("completed", "optimal")
    assert state["objective_value"] == pytest.approx(46.0)
    assert state["tags"] == ["a", "b"]
    assert state["attempts"] == 1
    with running.client() as client:
        plan = client.get(f"/v1/runs/{run_id}/plan").json()
    assert plan["run_id"] == run_id
    assert verify(TINY["problem"], TINY["policy"], plan).ok


@on_sqlite
def test_a_plan_can_be_had_as_csv_and_parquet(running: Deployment) -> None:
    """By Accept or by `format`; one row per seat either way."""
    run_id = running.submit(TINY)
    running.wait(run_id)

    with running.client() as client:
        text = client.get(f"/v1/runs/{run_id}/plan", headers={"Accept": "text/csv"})
        packed = client.get(f"/v1/runs/{run_id}/plan", params={"format": "parquet"})

    assert text.headers["content-type"].startswith("text/csv")
    for table in (pl.read_csv(text.content), pl.read_parquet(io.BytesIO(packed.content))):
        assert sorted(table["account_id"]) == ["a0", "a1", "a2", "a3"]


@on_sqlite
def test_a_plan_is_sent_once_and_asked_for_by_head(running: Deployment) -> None:
    """In each form, compressed or not; so is the program, which nobody makes for the sake of its headers."""
    run_id = running.submit(TINY)
    running.wait(run_id)

    tags = set()
    with running.client() as client:
        for path in (*(f"plan?format={form}" for form in ("json", "csv", "parquet")), "model.mps", "model.lp"):
            whole = client.get(f"/v1/runs/{run_id}/{path}")
            head = client.head(f"/v1/runs/{run_id}/{path}")
            known = client.get(f"/v1/runs/{run_id}/{path}", headers={"If-None-Match": whole.headers["etag"]})
            assert (whole.status_code, head.status_code, known.status_code) == (200, 200, 304)
            assert (head.content, known.content) == (b"", b"")
            assert whole.headers["cache-control"] == known.headers["cache-control"] == "private, no-cache"
            assert {head.headers["etag"], known.headers["etag"]} == {whole.headers["etag"]}
            assert head.headers["content-type"] == whole.headers["content-type"]
            assert path.startswith("model") or head.headers["content-length"] == whole.headers["content-length"]
            tags.add(whole.headers["etag"])
        client.delete(f"/v1/runs/{run_id}")
        gone = client.get(f"/v1/runs/{run_id}/plan", headers={"If-None-Match": "*"})
    assert len(tags) == 5
    assert gone.status_code == 404


def test_events_are_numbered_and_can_be_taken_up_again(running: Deployment) -> None:
    """After the last event of an ended run, or one that never was, its last event comes again."""
    run_id = running.submit(slow(5))
    with running.client() as client, connect_sse(client, "GET", f"/v1/runs/{run_id}/events") as source:
        seen = [event for event in source.iter_sse() if event.data]  # pings have none

    assert [int(event.id) for event in seen] == list(range(1, len(seen) + 1))
    kinds = [event.event for event in seen]
    assert kinds[:2] == ["queued", "started"]
    assert kinds[-1] == "ended"
    assert kinds.count("progress") >= 3
    progress = [json.loads(event.data) for event in seen if event.event == "progress"]
    assert all({"objective_value", "dual_bound", "gap", "phase"} <= set(entry) for entry in progress)
    told = [(event.id, event.data) for event in seen]
    for after, expected in (("2", told[2:]), (seen[-1].id, told[-1:]), ("999", told[-1:])):
        headers = {"Last-Event-ID": after}
        with (
            running.client() as client,
            connect_sse(client, "GET", f"/v1/runs/{run_id}/events", headers=headers) as source,
        ):
            assert [(event.id, event.data) for event in source.iter_sse()] == expected


@on_sqlite
def test_events_that_are_still_to_come_are_not_passed_over(running: Deployment) -> None:
    """The number may be that of another run: what is heard of this one from now on has smaller numbers."""
    run_id = running.submit(slow(3))
    headers = {"Last-Event-ID": "999"}
    with (
        running.client() as client,
        connect_sse(client, "GET", f"/v1/runs/{run_id}/events", headers=headers) as source,
    ):
        assert [event.event for event in source.iter_sse() if event.data][-1] == "ended"


def test_a_cancelled_run_leaves_no_process(running: Deployment) -> None:
    """The answer comes within a second, the child is gone within two."""
    made, answers = list[str](), list[float]()

    def trial() -> float:
        run_id = running.submit(slow(60, "priced"))
        made.append(run_id)
        running.wait(run_id, "running")
        assert wait_for(lambda: _solving(running), 30)
        time.sleep(1)
        before: set[int] = set()
        until = time.monotonic() + 30
        while not before:
            assert time.monotonic() < until
            before = {child.pid for child in _solving(running)}
        began = time.monotonic()
        with running.client() as client:
            assert client.post(f"/v1/runs/{run_id}/cancel").status_code == httpx.codes.OK
        answers.append(time.monotonic() - began)
        assert running.wait(run_id, seconds=30)["job_status"] == "cancelled"
        assert wait_for(lambda: not before & {child.pid for child in _solving(running)}, 30)
        return time.monotonic() - began

    assert within(2.5, trial)
    assert min(answers) < 1.0
    with running.client() as client:
        refused = client.get(f"/v1/runs/{made[-1]}/plan")
    assert (refused.status_code, refused.json()["code"]) == (409, "run_without_plan")
    assert "error" not in refused.json()["suggestion"]  # a cancelled run has none


def test_a_run_that_waits_for_a_slot_is_cancelled_at_once(running: Deployment) -> None:
    """The one slot is taken by another run, which goes on."""
    first = running.submit(slow(60))
    running.wait(first, "running")
    second = running.submit(slow(60))
    running.wait(second, "running")

    with running.client() as client:
        client.post(f"/v1/runs/{second}/cancel")
        state = running.wait(second, seconds=20)
        other = running.state(first)
        client.post(f"/v1/runs/{first}/cancel")

    assert state["job_status"] == "cancelled"
    assert other["job_status"] == "running"
    running.wait(first, seconds=30)


@on_postgresql
def test_a_finished_run_has_its_best_plan(running: Deployment) -> None:
    """Long before its time is over; the incumbent can be had before that."""
    document = slow(60)
    run_id = running.submit(document)
    with running.client() as client:
        assert wait_for(lambda: running.state(run_id)["objective_value"] is not None, 30)
        until = time.monotonic() + 30
        while not (incumbent := client.get(f"/v1/runs/{run_id}/plan", params={"incumbent": True})).is_success:
            assert time.monotonic() < until, incumbent.text
            time.sleep(0.5)
        unready = client.get(f"/v1/runs/{run_id}/plan")
        client.post(f"/v1/runs/{run_id}/finish")
    state = running.wait(run_id, seconds=40)

    assert (unready.status_code, unready.json()["code"]) == (409, "run_not_ended")
    assert (state["job_status"], state["stopped_by"]) == ("completed", "finished_by_caller")
    assert verify(document["problem"], document["policy"], incumbent.json()).ok
    with running.client() as client:
        plan = client.get(f"/v1/runs/{run_id}/plan").json()
    assert verify(document["problem"], document["policy"], plan).ok
    assert plan["objective"]["value"] >= incumbent.json()["objective"]["value"] - 1e-6


def test_lists_are_filtered_and_paged(running: Deployment) -> None:
    """Five runs of one tag, two at a time, newest first."""
    tag = f"paged-{time.time_ns()}"
    made = [running.submit({**TINY, "tags": [tag]}) for _ in range(5)]
    running.submit(TINY)
    listed, cursor = [], None
    with running.client() as client:
        while True:
            page = client.get("/v1/runs", params={"tag": tag, "limit": 2, **({"cursor": cursor} if cursor else {})})
            listed += [item["run_id"] for item in page.json()["items"]]
            cursor = page.json()["next_cursor"]
            if cursor is None:
                break
    assert listed == made[::-1]


def test_a_run_of_the_same_content_can_be_used_again(running: Deployment) -> None:
    """Only on request, and only while it exists."""
    document = {**TINY, "options": {**TINY["options"], "seed": 77}}
    first = running.submit(document)
    running.wait(first)
    with running.client() as client:
        again = client.post("/v1/runs", json={**document, "reuse": True})
        assert (again.status_code, again.json()) == (200, {"run_id": first, "job_status": "completed"})
        assert client.delete(f"/v1/runs/{first}").status_code == httpx.codes.NO_CONTENT
        assert client.get(f"/v1/runs/{first}").status_code == httpx.codes.NOT_FOUND
        assert client.post("/v1/runs", json={**document, "reuse": True}).status_code == httpx.codes.ACCEPTED


@on_sqlite
def test_a_run_starts_from_the_plan_of_another(running: Deployment) -> None:
    """Its plan is never worse."""
    document = slow(2)
    first = running.submit(document)
    before = running.wait(first)
    second = running.submit({**document, "start_run_id": first})
    after = running.wait(second)

    assert after["start_run_id"] == first
    assert after["objective_value"] >= before["objective_value"] - 1e-6


@on_sqlite
def test_the_program_can_be_exported(running: Deployment) -> None:
    """In both formats, with the caller's ids."""
    run_id = running.submit(TINY)
    with running.client() as client:
        assert "x_a0_r0" in client.get(f"/v1/runs/{run_id}/model.mps").text
        assert "Maximize" in client.get(f"/v1/runs/{run_id}/model.lp").text


@on_sqlite
def test_a_large_program_is_not_held_in_memory(running: Deployment) -> None:
    """16 MB of a request of 32 kB, as its ids are long: sent as it is read, and nothing of it stays."""
    names = [[f"{kind}{n:03d}-{'x' * 90}" for n in range(number)] for kind, number in (("a", 150), ("r", 100))]
    problem = {
        "accounts": [{"id": name, "potential": 10} for name in names[0]],
        "reps": [{"id": name, "capacity_hours": 20} for name in names[1]],
    }
    run_id = running.submit({"problem": problem, "policy": POLICY, "options": {"time_limit_s": 1}})
    assert running.api is not None
    process = Path(f"/proc/{running.api.pid}")
    with running.client() as client:
        client.headers["accept-encoding"] = "identity"
        client.get(f"/v1/runs/{running.submit(TINY)}/model.mps").raise_for_status()
        (process / "clear_refs").write_text("5")  # the most memory is counted from here
        before = _peak(process)
        with client.stream("GET", f"/v1/runs/{run_id}/model.mps") as answer:
            size = sum(len(piece) for piece in answer.iter_bytes())
        with client.stream("GET", f"/v1/runs/{run_id}/model.mps") as cut_off:
            next(cut_off.iter_bytes())
    assert size == int(answer.headers["content-length"]) > 10_000_000
    assert _peak(process) - before < 8_000_000
    assert wait_for(lambda: not list((running.folder / "work").rglob("*.mps")))


def _peak(process: Path) -> int:
    (line,) = [line for line in (process / "status").read_text().splitlines() if line.startswith("VmHWM")]
    return 1024 * int(line.split()[1])


@on_sqlite
def test_a_request_that_says_too_much_or_too_little_is_refused(running: Deployment) -> None:
    """Each error has its pointer."""
    with running.client() as client:
        nothing = client.post("/v1/runs", json={})
        both = client.post("/v1/runs", json={**TINY, "dataset_id": "x", "policy_ref": {"name": "p"}})
    assert nothing.status_code == both.status_code == 422
    assert {error["pointer"] for error in both.json()["errors"]} == {"/dataset_id", "/policy_ref"}


def _solving(running: Deployment) -> list[psutil.Process]:
    """Children of the worker that are at work."""
    (worker,) = running.workers
    found = []
    for child in descendants(worker.pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.cpu_percent(0.1) > 20:
                found.append(child)
    return found
