"""The solver child dies, grows or is abandoned in the middle of a real solve."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from httpx_sse import ServerSentEvent, connect_sse

from coverplan.client import AnswerError, Client
from coverplan.payload.plan import Progress
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.settings import MEGABYTE
from coverplan.verify import verify
from support.books import hard_request
from support.service import EVENTS, JSON, Service, service, wait_for
from support.timing import within

SMALL = json.loads((Path(__file__).parents[2] / "openapi" / "examples" / "small.json").read_text())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture
def documents() -> tuple[Problem, Policy]:
    request = hard_request()
    problem = Problem.model_validate_json(json.dumps(request["problem"], default=str))
    return problem, Policy.model_validate_json(json.dumps(request["policy"]))


def busiest(running: Service) -> psutil.Process:
    """The child that solves."""
    return max(running.children(), key=worked)


def worked(child: psutil.Process) -> float:
    """Seconds for which a child had a processor."""
    return float(sum(child.cpu_times()[:2]))


def still_works(running: Service) -> None:
    with Client(running.url) as client:
        assert client.solve(SMALL["problem"], SMALL["policy"], SMALL["options"]).solution_status == "optimal"


def test_a_killed_child_leaves_its_best_plan(running: Service, documents: tuple[Problem, Policy]) -> None:
    """kill -9 once a plan is known: the caller gets it, verified, and the next call works."""
    problem, policy = documents
    known = threading.Event()

    def listen(progress: Progress) -> None:
        if progress.objective_value is not None and not known.is_set():
            known.set()
            busiest(running).kill()

    with Client(running.url) as client:
        plan = client.solve(problem, policy, {"time_limit_s": 60, "relative_gap": 0}, on_progress=listen)

    assert known.is_set()
    assert plan.stopped_by == "solver_lost"
    assert plan.assignments
    assert verify(problem.model_dump(mode="json"), policy.filled(), plan.model_dump(mode="json")).ok
    still_works(running)


def test_a_child_killed_before_its_first_plan_is_a_clear_error(tmp_path: Path) -> None:
    """1,500 accounts x 60 reps take a while until the first plan."""
    request = hard_request(1500, 60)
    with service(tmp_path) as running:
        known, killed = list[Progress](), list[psutil.Process]()

        def listen(progress: Progress) -> None:
            known.append(progress)
            if progress.phase != "load" and not killed:
                killed.append(busiest(running))
                killed[0].kill()

        with Client(running.url) as client, pytest.raises(AnswerError) as failure:
            client.solve(request["problem"], request["policy"], request["options"], on_progress=listen)

        assert all(progress.objective_value is None for progress in known)
        assert failure.value.document.code == "solver_lost"
        still_works(running)


def test_a_child_that_grows_is_stopped(running: Service, tmp_path: Path) -> None:
    """The limit is 15 MB above what an idle child has; 3,000 accounts x 60 reps need more just to be loaded."""
    request = hard_request(3000, 60)
    idle = max(child.memory_info().rss for child in running.children())
    with service(tmp_path, memory_limit_mb=idle // MEGABYTE + 15) as small:
        with Client(small.url) as client:
            try:
                stopped_by: Any = client.solve(request["problem"], request["policy"], request["options"]).stopped_by
            except AnswerError as error:
                stopped_by = error.document.code
        assert stopped_by == "memory_limit"
        still_works(small)


@pytest.mark.parametrize("headers", [JSON, EVENTS], ids=["plain", "events"])
def test_hanging_up_stops_the_solve(running: Service, headers: dict[str, str]) -> None:
    still_works(running)
    body = json.dumps(hard_request(), default=str).encode()
    lines = [f"{name}: {value}" for name, value in {**headers, "Content-Length": len(body)}.items()]
    head = "\r\n".join(["POST /v1/solve HTTP/1.1", "Host: localhost", *lines, "", ""])
    port = httpx.URL(running.url).port
    assert port is not None

    def trial() -> float:
        still_works(running)
        idle = worked(busiest(running))
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(head.encode() + body)
            assert wait_for(lambda: worked(busiest(running)) > idle + 0.5, 30)
            child = busiest(running)
            assert not wait_for(lambda: not child.is_running(), 1)
        return _until_gone(child)

    assert within(1.0, trial)
    still_works(running)


def test_cancel_is_answered_within_a_second(running: Service) -> None:
    """The stream ends, and the slot is free for the next solve."""
    body = json.dumps(hard_request(), default=str)

    def trial() -> float:
        with running.client() as http, connect_sse(http, "POST", "/v1/solve", content=body, headers=EVENTS) as source:
            events: Iterator[ServerSentEvent] = source.iter_sse()
            while json.loads(next(events).data)["objective_value"] is None:
                pass
            child = busiest(running)
        return _until_gone(child)

    assert within(1.0, trial)
    still_works(running)


def _until_gone(child: psutil.Process) -> float:
    """Seconds until a process has ended."""
    began = time.monotonic()
    assert wait_for(lambda: not child.is_running(), 30)
    return time.monotonic() - began


def test_an_overdue_child_is_killed_with_its_plan_kept(running: Service, documents: tuple[Problem, Policy]) -> None:
    """The child is frozen (SIGSTOP): it cannot stop by itself at its limit of 3 s."""
    problem, policy = documents
    frozen: list[psutil.Process] = []
    began = time.monotonic()

    def listen(progress: Progress) -> None:
        if progress.objective_value is not None and not frozen:
            frozen.append(busiest(running))
            os.kill(frozen[0].pid, signal.SIGSTOP)

    with Client(running.url) as client:
        plan = client.solve(problem, policy, {"time_limit_s": 3, "relative_gap": 0}, on_progress=listen)

    assert frozen
    assert plan.stopped_by == "time_limit"
    assert plan.assignments
    assert time.monotonic() - began < 30  # 3 s, grace, and the reading of the checkpoint
    assert not frozen[0].is_running()
