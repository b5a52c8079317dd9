"""Every operation with what another tenant made: 404 in the words for what does not exist, and nothing is told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx

from benchmarks.attack.calls import ABSENT
from benchmarks.attack.effort import Effort
from benchmarks.attack.outcome import Outcome
from benchmarks.attack.scopes import OPEN, key
from benchmarks.attack.target import postgres, target
from benchmarks.attack.things import things
from coverplan.payload.keys import Scope
from support.api_keys import bearer
from support.deployment import TINY
from support.operations import CALMEST_FIRST, PARAMETER, Route, call
from support.receiver import receiver

PART = "tenants"
SECRETS = ("a secret name", "a-secret-tag", "a-secret-place", "a secret account", "a-secret-policy")
"""What the owner's things have in them."""
FILTERS: list[dict[str, str]] = [{}, {"tag": "a-secret-tag"}, {"name": "a secret name"}, {"status": "completed"}]
_OPERATORS = {"/metrics"}


def attack(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """On one service, by a stranger with all scopes."""
    del effort  # all of it takes seconds
    outcome = Outcome(PART, "every operation with another tenant's things")
    with ExitStack() as stack:
        running = stack.enter_context(target(folder, stack.enter_context(postgres()), workers=1))
        owner, stranger = (
            stack.enter_context(
                httpx.Client(
                    base_url=running.url,
                    headers=bearer(key(running, tenant, frozenset(Scope))),
                    timeout=60,
                    trust_env=False,
                    verify=False,
                )
            )
            for tenant in ("owner", "stranger")
        )
        ids = things(owner, stack.enter_context(receiver()))
        before = _states(owner, ids)
        for route in CALMEST_FIRST:
            if PARAMETER.search(route.path):
                _crossing(outcome, stranger, route, ids)
            elif route.method == "GET" and route.path not in OPEN | _OPERATORS:
                _listing(outcome, stranger, route, ids)
        _naming(outcome, stranger, ids)
        if _states(owner, ids) != before:
            outcome.fault("a stranger's calls changed what the owner has")
    yield outcome


def _crossing(outcome: Outcome, stranger: httpx.Client, route: Route, ids: Mapping[str, str]) -> None:
    """Each id of the path by itself, and all together."""
    absent = dict.fromkeys(ids, ABSENT)
    refused, unknown = call(stranger, route, ids), call(stranger, route, absent)
    outcome.tried += 1
    if refused.status_code not in (403, 404) or _shape(refused, ids) != _shape(unknown, absent):
        outcome.fault(f"{route}: {refused.status_code} {refused.text[:200]}, and not {unknown.text[:200]}")
    _silent(outcome, refused, route, {})


def _listing(outcome: Outcome, stranger: httpx.Client, route: Route, ids: Mapping[str, str]) -> None:
    for wanted in [*FILTERS, *({name: value} for name, value in ids.items())]:
        outcome.tried += 1
        _silent(outcome, stranger.get(route.path, params=wanted), route, ids)


def _naming(outcome: Outcome, stranger: httpx.Client, ids: Mapping[str, str]) -> None:
    """What a body names is looked up among the caller's own."""
    for path, body in (
        ("/v1/runs", {**TINY, "start_run_id": ids["run_id"]}),
        ("/v1/runs", {"dataset_id": ids["dataset_id"]}),
        ("/v1/runs", {"problem": TINY["problem"], "policy_ref": {"name": ids["name"]}}),
        ("/v1/experiments", {"problems": [{"dataset_id": ids["dataset_id"]}]}),
        ("/v1/experiments/estimate", {"problems": [{"dataset_id": ids["dataset_id"]}]}),
    ):
        outcome.tried += 1
        answer = stranger.post(path, json=body)
        if answer.status_code not in (403, 404):
            outcome.fault(f"{path} with {list(body)}: {answer.status_code} {answer.text[:200]}")


def _silent(outcome: Outcome, answer: httpx.Response, route: Route, ids: Mapping[str, str]) -> None:
    """An answer does not tell what the owner has; the query, which it may repeat, does not count."""
    if answer.is_success and any(value in answer.text for value in (*SECRETS, *ids.values())):
        outcome.fault(f"{route} tells what another tenant has: {answer.text[:200]}")


def _states(owner: httpx.Client, ids: Mapping[str, str]) -> list[str]:
    """What the owner sees of its things."""
    shown = [route for route in CALMEST_FIRST if route.method == "GET" and route.path.endswith("}")]
    return [call(owner, route, ids).text for route in shown]


def _shape(answer: httpx.Response, ids: Mapping[str, str]) -> dict[str, object]:
    """An error without what differs from call to call."""
    text = answer.text
    for value in ids.values():
        text = text.replace(value, "ID")
    try:
        return {**json.loads(text), "request_id": None}
    except ValueError:
        return {"text": text}
