"""Batches on both databases: lines in, a ticket or an error for each, and one download of what they came to."""

from __future__ import annotations

import csv
import gzip
import io
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import psutil
import pytest

from coverplan.verify import verify
from support.batches import NDJSON, HalfCall, lines, post, results, tiny, wait, worth
from support.deployment import Deployment, deployment, slow
from support.following import follow

LINES = 120
WRONG: dict[int, tuple[Any, str | None, str | None]] = {
    7: (b"{nonsense", "invalid_json", ""),
    70: ({**tiny(1), "surprise": 1}, "unknown_field", "/surprise"),
    120: ({**tiny(1), "start_run_id": "run-unknown"}, None, None),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A service with one worker."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres").database()
    with deployment(tmp_path_factory.mktemp("batches"), database_url=url, slots=2) as started:
        yield started


def test_each_line_has_its_ticket_and_its_result(running: Deployment) -> None:
    """Three of 120 lines are wrong: they have errors, the others plans, in the order of the lines."""
    documents = [WRONG[n][0] if n in WRONG else tiny(n) for n in range(1, LINES + 1)]

    batch_id, tickets = post(running, documents)

    assert [ticket["line"] for ticket in tickets] == list(range(1, LINES + 1))
    assert {ticket["line"] for ticket in tickets if ticket["error"]} == set(WRONG)
    for number, (_, code, pointer) in WRONG.items():
        error = tickets[number - 1]["error"]
        if code is None:
            assert error["code"] == "not_found"
        else:
            assert error["code"] == "invalid"
            assert [(issue["code"], issue["pointer"]) for issue in error["errors"]] == [(code, pointer)]

    with running.client() as client:
        told = follow(client, f"/v1/batches/{batch_id}/events")
    assert [event.event for event in told] == ["progress"] * (len(told) - 1) + ["ended"]
    state = wait(running, batch_id)
    assert json.loads(told[-1].data) == state
    assert (state["lines"], state["accepted"], state["rejected"]) == (120, 117, 3)
    assert (state["job_status"], state["runs"]["completed"], state["solutions"]["optimal"]) == ("completed", 117, 117)

    found = results(running, batch_id)
    assert [(one["line"], one["run_id"]) for one in found] == [(one["line"], one["run_id"]) for one in tickets]
    for one in found:
        if one["line"] in WRONG:
            assert (one["plan"], one["error"]) == (None, tickets[one["line"] - 1]["error"])
        else:
            assert one["plan"]["objective"]["value"] == pytest.approx(worth(one["line"]))
            assert one["plan"]["run_id"] == one["run_id"]
    assert verify(tiny(1)["problem"], tiny(1)["policy"], found[0]["plan"]).ok
    assert [one["line"] for one in results(running, batch_id, only="failed")] == sorted(WRONG)

    with running.client() as client:
        table = client.get(f"/v1/batches/{batch_id}/results", headers={"Accept": "text/csv"})
        failed = client.get(f"/v1/batches/{batch_id}/results", params={"format": "csv", "only": "failed"})
        packed = client.get(f"/v1/batches/{batch_id}/results", headers={"Accept": "application/vnd.apache.parquet"})
        again = client.get(f"/v1/batches/{batch_id}/tickets", params={"after": 118})
        listed = client.get("/v1/runs", params={"batch_id": batch_id, "limit": 2}).json()["items"]
    seats = list(csv.DictReader(io.StringIO(table.text)))
    assert {seat["line"] for seat in seats} == {str(number) for number in range(1, LINES + 1)}
    refused = {int(seat["line"]): seat["error_code"] for seat in seats if seat["error_code"]}
    assert refused == {line: tickets[line - 1]["error"]["code"] for line in WRONG}
    assert [int(seat["line"]) for seat in csv.DictReader(io.StringIO(failed.text))] == sorted(WRONG)
    seats = [seat for seat in seats if not seat["error_code"]]
    assert len(seats) == 117 * 4
    rows = pl.read_parquet(io.BytesIO(packed.content)).filter(pl.col("error_code").is_null())
    assert packed.headers["content-disposition"] == f'attachment; filename="{batch_id}.parquet"'
    assert rows.columns == list(seats[0])
    names = ("run_id", "account_id", "rep_id")
    assert rows.select(*names).rows() == [tuple(seat[name] for name in names) for seat in seats]
    assert rows.filter(pl.col("line") == 9)["expected_revenue"].sum() == worth(9)
    assert [seat["line"] for seat in seats[:5]] == ["1", "1", "1", "1", "2"]
    assert sum(float(seat["expected_revenue"]) for seat in seats if seat["line"] == "9") == worth(9)
    assert [line.startswith('{"line":119,') for line in again.text.splitlines()] == [True, False]
    assert {item["batch_id"] for item in listed} == {batch_id}


def test_a_ticket_is_told_before_the_next_line_is_sent(running: Deployment) -> None:
    """One line, its ticket, the next line."""
    call = HalfCall(running)
    for number in (1, 2, 3):
        call.send([tiny(number)])
        call.hear(number)
    call.cut()

    assert call.heard.startswith(b"HTTP/1.1 202 ")


def test_a_call_that_was_cut_off_goes_on_under_its_key(running: Deployment) -> None:
    """What was taken is not taken again, whoever repeats it; other lines are refused under the same key."""
    key = f"cut-{time.time_ns()}"
    documents = [tiny(n) for n in range(1, 11)]
    call = HalfCall(running, key)
    call.send(documents[:4])
    call.hear(4)
    batch_id = call.heard.partition(b"/v1/batches/")[2].partition(b"\r\n")[0].decode()
    with running.client() as client:
        early = client.post("/v1/batches", content=lines(documents), headers={**NDJSON, "Idempotency-Key": key})
        call.cut()
        unfinished = client.get(f"/v1/batches/{batch_id}").json()
    again, tickets = _post_when_free(running, documents, key)
    replayed, same = post(running, documents, **{"Idempotency-Key": key})
    with running.client() as client:
        answers = [
            client.post("/v1/batches", content=lines(other), headers={**NDJSON, "Idempotency-Key": key})
            for other in (documents[:9], [*documents, tiny(11)], [tiny(99), *documents[1:]])
        ]

    assert (early.status_code, early.json()["code"]) == (409, "idempotency_in_flight")
    assert (unfinished["closed"], unfinished["lines"]) == (False, 4)
    assert again == replayed == batch_id
    assert [ticket["run_id"] for ticket in tickets] == [ticket["run_id"] for ticket in same]
    assert len({ticket["run_id"] for ticket in tickets}) == len(tickets) == 10
    assert [answer.json()["code"] for answer in answers] == ["idempotency_key_reused"] * 3
    state = wait(running, batch_id)
    assert (state["lines"], state["runs"]["completed"]) == (10, 10)


def test_without_a_key_a_cut_batch_is_what_was_taken(running: Deployment) -> None:
    """It is closed: nobody can send the rest."""
    call = HalfCall(running)
    call.send([tiny(1), tiny(2)])
    call.hear(2)
    call.cut()
    batch_id = call.heard.partition(b"/v1/batches/")[2].partition(b"\r\n")[0].decode()

    assert wait(running, batch_id)["lines"] == 2


def test_a_batch_can_be_cancelled_and_deleted(running: Deployment) -> None:
    """What has not begun is cancelled at once; afterwards nothing of it can be seen."""
    batch_id, tickets = post(running, [slow(60) for _ in range(4)])
    running.wait(tickets[0]["run_id"], "running")
    with running.client() as client:
        early = client.get(f"/v1/batches/{batch_id}/results")
        partial = client.get(f"/v1/batches/{batch_id}/results", params={"partial": True})
        began = time.monotonic()
        assert client.post(f"/v1/batches/{batch_id}/cancel").status_code == httpx.codes.OK
        answered = time.monotonic() - began
        state = wait(running, batch_id, seconds=30)
        listed = client.get("/v1/batches", params={"limit": 1}).json()["items"][0]
        cancelled = results(running, batch_id, only="cancelled")
        assert client.delete(f"/v1/batches/{batch_id}").status_code == httpx.codes.NO_CONTENT
        gone = [
            client.get(path).status_code for path in (f"/v1/batches/{batch_id}", f"/v1/runs/{tickets[0]['run_id']}")
        ]

    assert (early.status_code, early.json()["code"]) == (409, "batch_not_ended")
    assert len(partial.text.splitlines()) == 4
    assert answered < 5.0  # the bar of 1 s is that of single runs
    assert (state["job_status"], state["cancelled"], state["runs"]["cancelled"]) == ("cancelled", 4, 4)
    assert [one["line"] for one in cancelled] == [1, 2, 3, 4]
    assert listed == state
    assert gone == [404, 404]


def test_what_cannot_be_read_is_said(running: Deployment) -> None:
    """At once where nothing was taken, else in a last line without a number."""
    packed = gzip.compress(b"".join(lines([tiny(1), tiny(2)])))
    with running.client() as client:
        whole = client.post("/v1/batches", content=packed, headers={**NDJSON, "Content-Encoding": "gzip"})
        torn = client.post("/v1/batches", content=packed[:-9], headers={**NDJSON, "Content-Encoding": "gzip"})
        empty = client.post("/v1/batches", content=b"", headers=NDJSON)
        wrong = client.post("/v1/batches", content=b"{}", headers={"Content-Type": "application/json"})
        long = client.post("/v1/batches", content=lines([b"x" * (9 << 20), tiny(2)]), headers=NDJSON)
        reuse = client.post("/v1/batches", content=lines([{**tiny(1), "reuse": True}]), headers=NDJSON)

    assert (whole.status_code, len(whole.text.splitlines())) == (202, 2)
    assert (torn.status_code, torn.json()["code"]) == (422, "broken_encoding")
    assert (empty.status_code, empty.json()["errors"][0]["code"]) == (422, "empty_body")
    assert (wrong.status_code, wrong.json()["code"]) == (415, "unsupported_media_type")
    assert '"error":{"code":"body_too_large"' in long.text.splitlines()[0]
    assert '"job_status":"queued"' in long.text.splitlines()[1]
    assert '"pointer":"/reuse"' in reuse.text


def test_a_long_stream_is_never_held(tmp_path: Path) -> None:
    """60 MB of lines, then 20,000 wrong ones whose 6 MB of answers nobody reads before the end."""
    padding = {**tiny(1), "tags": ["x" * 190] * 20, "name": "y" * 400}
    big = {
        **padding,
        "problem": {**tiny(1)["problem"], "fit": [], "territories": [{"id": "t" * 150 + str(n)} for n in range(1000)]},
    }
    with deployment(tmp_path, workers=0) as started:
        assert started.api is not None
        process = psutil.Process(started.api.pid)
        post(started, [big] * 10)
        before = process.memory_info().rss
        peak, done = before, threading.Event()

        def watch() -> None:
            nonlocal peak
            while not done.wait(0.02):
                peak = max(peak, process.memory_info().rss)

        watching = threading.Thread(target=watch)
        watching.start()
        _, tickets = post(started, (big for _ in range(350)))
        _, errors = post(started, (b"{}" for _ in range(20_000)))
        done.set()
        watching.join()

    assert len(str(big)) * 350 > 50e6
    assert [ticket["line"] for ticket in tickets] == list(range(1, 351))
    assert [error["line"] for error in errors] == list(range(1, 20_001))
    assert peak - before < 60e6


def _post_when_free(running: Deployment, documents: list[Any], key: str) -> tuple[str, list[dict[str, Any]]]:
    """The call again, as soon as the service has noticed that the first was cut off."""
    until = time.monotonic() + 10
    while True:
        with running.client() as client:
            answer = client.post("/v1/batches", content=lines(documents), headers={**NDJSON, "Idempotency-Key": key})
        if answer.status_code != httpx.codes.CONFLICT:
            return post(running, documents, **{"Idempotency-Key": key})
        assert time.monotonic() < until
        time.sleep(0.1)
