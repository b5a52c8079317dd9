"""The Python client against real services and workers: runs, batches, datasets, policies."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from coverplan.client import Client, RefusedError, RunEvent, UnavailableError
from coverplan.client.requests import KEY_VARIABLE
from coverplan.payload.datasets import TableName
from coverplan.verify import verify
from support.answers import NEW_FIELD, LaterService
from support.api_keys import new_key
from support.batches import tiny, worth
from support.deployment import TINY, Deployment, deployment, slow


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A service with one worker; a client does not see what its database is."""
    with deployment(tmp_path_factory.mktemp("client"), slots=2) as started:
        yield started


@pytest.fixture
def client(running: Deployment) -> Iterator[Client]:
    with Client(running.url) as opened:
        yield opened


def test_a_run_is_submitted_followed_and_downloaded(client: Client, tmp_path: Path) -> None:
    """10 + 11 + 12 + 13 = 46; the events are numbered from 1 and end with `ended`."""
    heard: list[RunEvent] = []

    ticket = client.runs.submit(TINY["problem"], TINY["policy"], TINY["options"], name="first", tags=["a"], key="k-1")
    again = client.runs.submit(TINY["problem"], TINY["policy"], TINY["options"], name="first", tags=["a"], key="k-1")
    state = client.runs.wait(ticket.run_id, heard.append)

    assert again == ticket
    assert (state.job_status, state.solution_status, state.name) == ("completed", "optimal", "first")
    assert [event.number for event in heard] == list(range(1, len(heard) + 1))
    assert [heard[0].kind, heard[1].kind, heard[-1].kind] == ["queued", "started", "ended"]
    assert heard[-1].objective_value == pytest.approx(46.0)
    plan = client.runs.plan(ticket.run_id)
    assert verify(TINY["problem"], TINY["policy"], plan.model_dump(mode="json")).ok
    table = client.runs.table(ticket.run_id)
    assert sorted(table["account_id"]) == ["a0", "a1", "a2", "a3"]
    client.runs.download(ticket.run_id, tmp_path / "plan.parquet")
    assert pl.read_parquet(tmp_path / "plan.parquet").equals(table)
    assert "x_a0_r0" in client.runs.program(ticket.run_id)


def test_runs_are_listed_stopped_and_erased(client: Client) -> None:
    """A finished run keeps its plan, a cancelled one has none, a deleted one is not there."""
    document = slow(60)
    made = [client.runs.submit(**document, tags=["stopped"]).run_id for _ in range(2)]
    for event in client.runs.events(made[0]):
        if event.objective_value is not None:
            break
    client.runs.finish(made[0])
    client.runs.cancel(made[1])

    ended = [client.runs.wait(run_id) for run_id in made]

    assert [state.job_status for state in ended] == ["completed", "cancelled"]
    assert ended[0].stopped_by == "finished_by_caller"
    assert [state.run_id for state in client.runs.list(tag="stopped")] == made[::-1]
    client.runs.delete(made[0])
    with pytest.raises(RefusedError, match="There is no run"):
        client.runs.get(made[0])


def test_a_batch_goes_in_and_comes_out_line_by_line(client: Client, tmp_path: Path) -> None:
    """Thirty requests from a generator, the tenth without reps."""
    wrong = {**tiny(10), "problem": {"accounts": [{"id": "a"}], "reps": []}}
    states: list[int] = []

    found = list(
        client.batches.run(
            (wrong if n == 10 else tiny(n) for n in range(1, 31)),
            name="what if",
            on_progress=lambda state: states.append(state.lines),
        )
    )

    assert [one.line for one in found] == list(range(1, 31))
    for one in found:
        if one.line == 10:
            assert one.error is not None
            assert [issue.code for issue in one.error.errors] == ["no_reps"]
        else:
            assert one.plan is not None
            assert one.plan.objective is not None
            assert one.plan.objective.value == pytest.approx(worth(one.line))
    assert set(states) == {30}
    batch = next(client.batches.list())
    assert (batch.name, batch.accepted, batch.rejected) == ("what if", 29, 1)
    assert [ticket.run_id for ticket in client.batches.tickets(batch.batch_id)] == [one.run_id for one in found]
    assert [one.line for one in client.batches.results(batch.batch_id, only="failed")] == [10]
    client.batches.download(batch.batch_id, tmp_path / "seats.csv")
    rows = pl.read_csv(tmp_path / "seats.csv")
    assert rows["line"].n_unique() == 30
    assert rows.filter(pl.col("error_code") == "invalid")["line"].to_list() == [10]
    client.batches.delete(batch.batch_id)
    with pytest.raises(RefusedError):
        client.batches.get(batch.batch_id)


def test_datasets_and_policies_are_stored(client: Client) -> None:
    """A dataset of two frames is valid, and one of the same frames another; a second policy differs in one rule."""
    frames: dict[TableName, pl.DataFrame] = {
        "accounts": pl.DataFrame({"id": ["a", "b"], "potential": [10.0, 20.0]}),
        "reps": pl.DataFrame({"id": ["r"]}),
    }

    other = client.datasets.upload(frames, name="one")
    dataset = client.datasets.upload(frames, name="two")
    assert client.datasets.commit(dataset.dataset_id) == dataset
    client.datasets.delete(other.dataset_id)
    assert client.datasets.get(dataset.dataset_id) == dataset
    first = client.policies.save("client", {"constraints": [{"kind": "capacity"}]})
    second = client.policies.save("client", {"constraints": [{"kind": "capacity", "utilisation": 0.5}]})
    again = client.policies.save("client", {"constraints": [{"kind": "capacity", "utilisation": 0.5}]})

    assert dataset.valid
    assert {table.table: table.rows for table in dataset.tables} == {"accounts": 2, "reps": 1}
    assert next(one.dataset_id for one in client.datasets.list()) == dataset.dataset_id
    assert (first.version, second.version, again.version) == (1, 2, 2)
    assert [change.id for change in client.policies.diff("client", 1).constraints] == ["capacity"]
    assert [one.version for one in client.policies.versions("client")] == [2, 1]
    assert client.policies.get("client", 1).policy == first.policy
    client.policies.delete("client")
    with pytest.raises(RefusedError, match="no policy"):
        client.policies.get("client", 1)


def test_the_lines_of_a_batch_name_datasets_and_policies(client: Client, tmp_path: Path) -> None:
    """One rep with 2 hours has the two best of three accounts, with 1 hour the best; an unknown policy is refused."""
    accounts = pl.DataFrame({"id": ["a", "b", "c"], "potential": [10.0, 20.0, 30.0]})
    reps = pl.DataFrame({"id": ["r"], "capacity_hours": [2.0]})
    dataset = client.datasets.upload({"accounts": accounts, "reps": reps})
    for share in (1.0, 0.5):
        client.policies.save("batched", {"constraints": [{"kind": "capacity", "utilisation": share}]})

    requests = [
        {"dataset_id": dataset.dataset_id, "policy_ref": {"name": name, "version": version}}
        for name, version in (("batched", 1), ("batched", 2), ("unknown", 1))
    ]
    first, second, third = client.batches.run(requests)

    assert first.plan is not None
    assert first.plan.objective is not None
    assert first.plan.objective.value == pytest.approx(50.0)
    assert second.plan is not None
    assert second.plan.objective is not None
    assert second.plan.objective.value == pytest.approx(30.0)
    assert third.error is not None
    assert third.error.code == "not_found"
    client.batches.download(next(client.batches.list()).batch_id, tmp_path / "seats.csv")
    covered = pl.read_csv(tmp_path / "seats.csv").filter(pl.col("change") != "uncovered").select("line", "account_id")
    assert sorted(covered.rows()) == [(1, "b"), (1, "c"), (2, "c")]


def test_a_later_service_is_understood(running: Deployment) -> None:
    """Every answer has a field more in every object; nothing is lost of what is known."""
    later = LaterService()
    with Client(running.url, transport=later) as client:
        solved = client.solve(TINY["problem"], TINY["policy"], TINY["options"], on_progress=lambda _: None)
        ticket = client.runs.submit(**TINY)
        ended = client.runs.wait(ticket.run_id)
        plan = client.runs.plan(ticket.run_id)
        (result,) = client.batches.run([TINY])
        accounts = pl.DataFrame({"id": ["a"], "potential": [10.0]})
        dataset = client.datasets.upload({"accounts": accounts, "reps": pl.DataFrame({"id": ["r"]})})
        policy = client.policies.save("later", TINY["policy"])
        with pytest.raises(RefusedError, match="There is no run"):
            client.runs.get("run-0")

    assert solved.objective is not None
    assert plan.objective == solved.objective
    assert result.plan is not None
    assert result.plan.objective == solved.objective
    assert dataset.valid
    assert policy.policy.constraints is not None
    for read in (
        solved,
        ticket,
        ended,
        plan,
        plan.objective,
        result,
        dataset,
        dataset.tables[0],
        policy,
        policy.policy,
    ):
        assert (read.model_extra or {}).keys() == {NEW_FIELD}
    assert later.told >= {"solve", "submit_run", "follow_run", "show_plan", "submit_batch", "show_results", "put_table"}


def test_a_client_outlives_its_service(tmp_path: Path) -> None:
    """The service is killed while a run is followed and while another is submitted: each event once, each run once."""
    heard: list[RunEvent] = []
    made: list[str] = []
    with deployment(tmp_path, slots=2) as running, Client(running.url) as client:
        ticket = client.runs.submit(**slow(6))

        def submit() -> None:
            time.sleep(0.5)  # the service is down by then
            with Client(running.url) as other:
                made.append(other.runs.submit(**TINY).run_id)

        def kill() -> None:
            time.sleep(2)
            assert running.api is not None
            running.api.kill()
            running.api.wait()
            submitting.start()
            time.sleep(1)
            running.start_api("--role", "api")

        submitting, killing = threading.Thread(target=submit), threading.Thread(target=kill)
        killing.start()
        state = client.runs.wait(ticket.run_id, heard.append)
        killing.join()
        submitting.join()
        listed = [run.run_id for run in client.runs.list()]

    assert state.job_status == "completed"
    assert [event.number for event in heard] == list(range(1, len(heard) + 1))
    assert heard[-1].kind == "ended"
    assert listed == [*made, ticket.run_id]


def test_a_client_shows_its_key_and_comes_back_when_it_may(
    postgres: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty calls a minute: the next one is answered three seconds later, or refused where nobody waits."""
    url = postgres.database()  # type: ignore[attr-defined]
    secret = new_key(url, requests_per_minute=20)
    with deployment(tmp_path, workers=0, database_url=url) as running:
        with Client(running.url, patience_s=0) as stranger, pytest.raises(RefusedError, match="key"):
            next(stranger.runs.list(), None)
        monkeypatch.setenv(KEY_VARIABLE, secret)
        with Client(running.url) as client, Client(running.url, api_key=secret, patience_s=0) as hasty:
            for _ in range(20):
                assert list(client.runs.list()) == []
            with pytest.raises(UnavailableError) as refusal:
                next(hasty.runs.list(), None)
            began = time.monotonic()
            assert list(client.runs.list()) == []

    assert 1.0 <= refusal.value.retry_after_s <= 3.0
    assert 1.0 < time.monotonic() - began < 12.0
