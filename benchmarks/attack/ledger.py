"""What was accepted: every call is made until it is acknowledged, under an idempotency key of its own."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.attack.target import Target
from support import cells
from support.batches import NDJSON, lines, tiny, worth
from support.receiver import Receiver, receiver
from support.timing import look_again

ENDED = ("completed", "failed", "cancelled")
PATIENCE_S = 240.0
"""How long is tried and waited for what must come."""
PROBLEM = "application/problem+json"
_ACKNOWLEDGED = (httpx.codes.OK, httpx.codes.ACCEPTED)
_AGAIN = (httpx.codes.CONFLICT, httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
_PAUSE_S = 0.5
_TRAFFIC_S = 0.5
_REPEAT_EVERY = 5
"""Of so many calls one is made again although it was answered."""


@dataclass
class Accepted:
    """A run: what was asked, and what is known of the answer."""

    document: Mapping[str, Any]
    worth: float | None
    ids: set[str] = field(default_factory=set)


class Ledger:
    """Submits, and remembers; what becomes of it is the matter of `balance`."""

    def __init__(self, running: Target, told: Receiver) -> None:
        self.running = running
        self.told = told
        self.runs: list[Accepted] = []
        self.batches: dict[str, int] = {}
        """How many lines each has."""
        self.experiments: dict[str, int] = {}
        """How many cells each has."""
        self.refused = 0
        self.faults: list[str] = []
        self._lock = threading.Lock()
        self._enough = threading.Event()
        self._traffic: threading.Thread | None = None

    def submit(self, document: Mapping[str, Any], worth: float | None = None) -> str:
        """Submit a run; `worth` is the objective that its plan must have."""
        accepted = Accepted(document, worth)
        key = {"Idempotency-Key": uuid.uuid4().hex}
        accepted.ids.add(self._acknowledged("/v1/runs", key, json=document).json()["run_id"])
        with self._lock:
            self.runs.append(accepted)
            again = len(self.runs) % _REPEAT_EVERY == 0
        if again:
            accepted.ids.add(self._acknowledged("/v1/runs", key, json=document).json()["run_id"])
        return min(accepted.ids)

    def submit_tiny(self, number: int = 1) -> str:
        """Submit a run that takes no time, and whose worth is known."""
        return self.submit(tiny(number), worth(number))

    def adopt(self, document: Mapping[str, Any], run_id: str) -> None:
        """Remember a run that somebody else has submitted."""
        with self._lock:
            self.runs.append(Accepted(document, None, {run_id}))

    def submit_batch(self, count: int) -> str:
        """Submit a batch of tiny runs."""
        content = b"".join(lines(tiny(number) for number in range(1, count + 1)))
        headers = {**NDJSON, "Idempotency-Key": uuid.uuid4().hex}
        batch_id: str = self._acknowledged("/v1/batches", headers, content=content).headers["Coverplan-Batch-Id"]
        self.batches[batch_id] = count
        return batch_id

    def submit_experiment(self, seeds: int) -> str:
        """Submit an experiment of two tiny cells for each seed."""
        document = cells.tiny_experiment([0.01, 0.02], seeds)
        answer = self._acknowledged("/v1/experiments", {"Idempotency-Key": uuid.uuid4().hex}, json=document)
        experiment_id: str = answer.json()["experiment_id"]
        self.experiments[experiment_id] = 2 * seeds
        return experiment_id

    def begin_traffic(self, pause_s: float = _TRAFFIC_S) -> None:
        """Submit tiny runs all the time from now on, each of known worth."""

        def go_on() -> None:
            number = 0
            while not self._enough.wait(pause_s):
                number += 1
                try:
                    self.submit_tiny(number)
                except TimeoutError as error:
                    self.faults.append(str(error))

        self._traffic = threading.Thread(target=go_on)
        self._traffic.start()

    def end_traffic(self) -> None:
        """Submit no more."""
        self._enough.set()
        if self._traffic is not None:
            self._traffic.join()

    def wait(self, run_id: str, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """The state of a run once it has ended, or is not waited for any longer."""
        began, state = time.monotonic(), dict[str, Any]()
        while state.get("job_status") not in ENDED and time.monotonic() < began + patience_s:
            look_again(began)
            state = self.get(f"/v1/runs/{run_id}").json()
        return state

    def finish(self, run_id: str) -> None:
        """End a run as soon as it has a plan, and keep that."""
        began = time.monotonic()
        while self.get(f"/v1/runs/{run_id}").json()["objective_value"] is None:
            if time.monotonic() > began + PATIENCE_S:
                raise TimeoutError(f"{run_id} has no plan")
            look_again(began)
        with self.running.client() as client:
            client.post(f"/v1/runs/{run_id}/finish").raise_for_status()

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        """A successful answer, however long it takes until there is one."""
        until = time.monotonic() + PATIENCE_S
        with self.running.client() as client:
            while True:
                try:
                    answer = client.get(path, params=parameters)
                    if answer.status_code == httpx.codes.OK:
                        return answer
                except httpx.TransportError:
                    pass
                if time.monotonic() > until:
                    raise TimeoutError(path)
                time.sleep(_PAUSE_S)

    def _acknowledged(self, path: str, headers: Mapping[str, str], **body: Any) -> httpx.Response:
        until = time.monotonic() + PATIENCE_S
        with self.running.client() as client:
            while time.monotonic() < until:
                try:
                    answer = client.post(path, headers=headers, **body)
                except httpx.TransportError:
                    self.refused += 1
                else:
                    if answer.status_code in _ACKNOWLEDGED:
                        return answer
                    self.refused += 1
                    self._look_at_refusal(path, answer)
                time.sleep(_PAUSE_S)
        raise TimeoutError(f"{path} was not acknowledged within {PATIENCE_S:g} s")

    def _look_at_refusal(self, path: str, answer: httpx.Response) -> None:
        said = f"POST {path} was answered with {answer.status_code}: {answer.text[:200]}"
        if answer.status_code not in _AGAIN or answer.headers.get("content-type") != PROBLEM:
            self.faults.append(said)
        elif answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and "retry-after" not in answer.headers:
            self.faults.append(f"{said} (without Retry-After)")


@contextmanager
def ledger(running: Target) -> Iterator[Ledger]:
    """A ledger whose runs' ends are told to a receiver."""
    with receiver() as told:
        with running.client() as client:
            answer = client.post("/v1/webhooks", json={"url": told.url("/204")})
        if answer.status_code != httpx.codes.CREATED:
            raise RuntimeError(answer.text)
        kept = Ledger(running, told)
        try:
            yield kept
        finally:
            kept.end_traffic()
