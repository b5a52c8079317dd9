"""Every operation with every key that may not make it: none, one revoked, and all scopes but the one it needs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx

from benchmarks.attack.calls import ABSENT
from benchmarks.attack.effort import Effort
from benchmarks.attack.outcome import Outcome
from benchmarks.attack.target import Target, postgres, target
from benchmarks.attack.things import things
from coverplan.payload.keys import Scope
from coverplan.store import keys
from coverplan.store.keys import Allowance
from support.api_keys import bearer
from support.operations import CALMEST_FIRST, Route, call
from support.receiver import receiver

PART = "scopes"
OPEN = {"/v1/constraint-kinds", "/v1/issue-codes", "/v1/limits", "/healthz", "/readyz", "/openapi.json"}
"""What anybody may ask."""
READS = {"/v1/validate", "/v1/experiments/estimate"}
"""Calls that post a question, and change nothing."""
OPERATORS = {
    "/metrics": frozenset({Scope.ADMIN, Scope.METRICS}),
    "/v1/keys": frozenset({Scope.ADMIN}),
    "/v1/keys/{key_id}": frozenset({Scope.ADMIN}),
    "/v1/audit": frozenset({Scope.ADMIN}),
}
"""Calls that need one of these."""
_UNAUTHORIZED, _FORBIDDEN = (401, "unauthorized"), (403, "forbidden")


def attack(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """On one service with things of one tenant."""
    del effort  # all of it takes seconds
    with ExitStack() as stack:
        running = stack.enter_context(target(folder, stack.enter_context(postgres()), workers=1))
        owner = stack.enter_context(_client(running, key(running, "acme", frozenset(Scope))))
        ids = things(owner, stack.enter_context(receiver()))
        yield without(running, ids)
        yield lesser(running, ids)


def without(running: Target, ids: Mapping[str, str]) -> Outcome:
    """No key, none that exists, and one that was revoked: 401, whatever is called."""
    outcome = Outcome(PART, "every operation without a key that is valid")
    revoked = key(running, "acme", frozenset(Scope))
    with running.database.begin() as connection:
        keys.revoke(connection, _id_of(running, revoked))
    for secret in (None, "cpk_unknown", revoked):
        with _client(running, secret) as client:
            for route in CALMEST_FIRST:
                if route.path not in OPEN:
                    _expect(outcome, client, route, ids, _UNAUTHORIZED)
    return outcome


def lesser(running: Target, ids: Mapping[str, str]) -> Outcome:
    """All scopes but the needed one, together and each alone: 403; the needed one alone is enough."""
    outcome = Outcome(PART, "every operation with every lesser scope")
    absent = dict.fromkeys(ids, ABSENT)
    for route in CALMEST_FIRST:
        if route.path in OPEN:
            continue
        needed = scopes_of(route)
        others = frozenset(Scope) - needed
        for scopes in (others, *(frozenset({scope}) for scope in others)):
            with _client(running, key(running, "acme", scopes)) as client:
                _expect(outcome, client, route, ids, _FORBIDDEN)
        for scope in needed:
            with _client(running, key(running, "acme", frozenset({scope}))) as client:
                outcome.tried += 1
                answer = call(client, route, absent)
            if answer.status_code in (401, 403) or answer.status_code >= 500:
                outcome.fault(f"{route} with {scope} alone: {answer.status_code} {answer.text[:200]}")
    return outcome


def scopes_of(route: Route) -> frozenset[Scope]:
    """Of which scopes a call needs one, by what it does."""
    if route.path in OPERATORS:
        return OPERATORS[route.path]
    reads = route.method in ("GET", "HEAD") or route.path in READS
    return frozenset({Scope.READ if reads else Scope.WRITE})


def key(running: Target, tenant: str, scopes: frozenset[Scope]) -> str:
    """The secret of a new key."""
    with running.database.begin() as connection:
        _, secret = keys.create(connection, tenant, "attack", scopes, Allowance(requests_per_minute=10**6))
    return secret


def _id_of(running: Target, secret: str) -> str:
    with running.database.read() as connection:
        found = keys.find(connection, keys.digest_of(secret))
    if found is None:
        raise LookupError("no such key")
    return found.id


def _client(running: Target, secret: str | None) -> httpx.Client:
    headers = {} if secret is None else bearer(secret)
    return httpx.Client(base_url=running.url, headers=headers, timeout=60, trust_env=False, verify=False)


def _expect(
    outcome: Outcome, client: httpx.Client, route: Route, ids: Mapping[str, str], wanted: tuple[int, str]
) -> None:
    """The call is refused in these words, which name nothing of what is there."""
    outcome.tried += 1
    answer = call(client, route, ids)
    try:
        code = answer.json().get("code")
    except json.JSONDecodeError:
        code = None
    if (answer.status_code, code) != wanted:
        outcome.fault(f"{route}: {answer.status_code} {answer.text[:200]}")
    elif any(value in answer.text for value in ids.values()):
        outcome.fault(f"{route} says what is there: {answer.text[:200]}")
