"""What became of all that was accepted: each run ended once, with the plan that it must have, and told so once."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.attack.ledger import ENDED, PATIENCE_S, Accepted, Ledger
from benchmarks.attack.outcome import Outcome
from coverplan.verify import verify
from support import cells
from support.batches import worth
from support.timing import look_again

_TOLD_S = 90.0
"""How long messages are waited for: one that a killed worker was sending is sent again after half a minute."""
_PAUSE_S = 0.2
_PAGE = 200
_TOLERANCE = 1e-6
"""Of a plan's worth, which is a sum of small whole numbers."""


def settle(kept: Ledger, outcome: Outcome) -> Outcome:
    """Submit no more, wait for the end of all that was accepted, and count what became of each."""
    kept.end_traffic()
    outcome.remarks += kept.faults
    outcome.wrong += len(kept.faults)
    outcome.refused += kept.refused
    known = {run_id for one in kept.runs for run_id in one.ids}
    for run_id in known:
        kept.wait(run_id)
    states = {state["run_id"]: state for state in _listed(kept)}
    for one in kept.runs:
        _settle_run(kept, one, states, outcome)
    alone = {run_id for run_id, state in states.items() if not state["batch_id"] and not state["experiment_id"]}
    for stray in alone - known:
        outcome.doubled += 1
        outcome.remarks.append(f"{stray} was never acknowledged, though its call was made until it was")
    for batch_id, count in kept.batches.items():
        _settle_batch(kept, batch_id, count, outcome)
    for experiment_id, count in kept.experiments.items():
        _settle_experiment(kept, experiment_id, count, outcome)
    _settle_messages(kept, known & states.keys(), outcome)
    return outcome


def sum_of(outcomes: Sequence[Outcome]) -> Counter[str]:
    """All outcomes together."""
    total: Counter[str] = Counter()
    for one in outcomes:
        names = ("tried", "accepted", "finished", "lost", "doubled", "wrong")
        total.update({name: getattr(one, name) for name in names})
    return total


def _listed(kept: Ledger) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        parameters = {"limit": _PAGE} | ({} if cursor is None else {"cursor": cursor})
        page = kept.get("/v1/runs", **parameters).json()
        yield from page["items"]
        if (cursor := page["next_cursor"]) is None:
            return


def _settle_run(kept: Ledger, one: Accepted, states: Mapping[str, dict[str, Any]], outcome: Outcome) -> None:
    outcome.accepted += 1
    run_id = min(one.ids)
    state = states.get(run_id)
    if len(one.ids) > 1:
        outcome.doubled += 1
        outcome.remarks.append(f"one key made {sorted(one.ids)}")
    if state is None or state["job_status"] != "completed":
        outcome.lost += 1
        outcome.remarks.append(f"{run_id} is lost: {None if state is None else _brief(state)}")
    elif (fault := _fault_of_plan(kept, run_id, one, state)) is not None:
        outcome.fault(f"{run_id}: {fault}")
    else:
        _settle_events(kept, run_id, state["attempts"], outcome)
        outcome.finished += 1


def _fault_of_plan(kept: Ledger, run_id: str, one: Accepted, state: Mapping[str, Any]) -> str | None:
    plan = kept.get(f"/v1/runs/{run_id}/plan").json()
    found = verify(one.document["problem"], one.document["policy"], plan)
    if not found.ok:
        return f"its plan does not verify: {found.failures[:3]}"
    if plan["objective"] is None:
        return f"it ended without a plan ({plan['stopped_by']})"
    value = plan["objective"]["value"]
    if value != state["objective_value"]:
        return f"state and plan differ: {state['objective_value']} and {value}"
    if one.worth is not None and abs(value - one.worth) > _TOLERANCE:
        return f"worth {value}, and {one.worth} is right"
    return None


def _settle_events(kept: Ledger, run_id: str, attempts: int, outcome: Outcome) -> None:
    """Each number once, one begin for each attempt, and one end."""
    text = kept.get(f"/v1/runs/{run_id}/events").text.splitlines()
    told = Counter(line.removeprefix("event: ") for line in text if line.startswith("event: "))
    numbers = [int(line.removeprefix("id: ")) for line in text if line.startswith("id: ")]
    if told["ended"] > 1 or told["started"] > attempts or len(numbers) > len(set(numbers)):
        outcome.doubled += 1
    elif told["ended"] < 1 or told["started"] < attempts or numbers != list(range(1, len(numbers) + 1)):
        outcome.lost += 1
    else:
        return
    outcome.remarks.append(f"{run_id}: {attempts} attempts, and events {dict(told)}")


def _settle_batch(kept: Ledger, batch_id: str, count: int, outcome: Outcome) -> None:
    began, state = time.monotonic(), dict[str, Any]()
    while time.monotonic() < began + PATIENCE_S:
        state = kept.get(f"/v1/batches/{batch_id}").json()
        if state["closed"] and not state["runs"]["queued"] and not state["runs"]["running"]:
            break
        look_again(began)
    results = [json.loads(line) for line in kept.get(f"/v1/batches/{batch_id}/results", partial=True).text.splitlines()]
    good = [one for one in results if one["plan"] and _is_worth(one["plan"], worth(one["line"]))]
    outcome.accepted += count
    outcome.finished += len({one["line"] for one in good})
    _count(outcome, f"batch {batch_id} ({state['runs']})", count, len(good), len({one["run_id"] for one in good}))


def _is_worth(plan: Mapping[str, Any], value: float) -> bool:
    return bool(abs(plan["objective"]["value"] - value) <= _TOLERANCE)


def _settle_experiment(kept: Ledger, experiment_id: str, count: int, outcome: Outcome) -> None:
    began, state = time.monotonic(), dict[str, Any]()
    while state.get("job_status") not in ENDED and time.monotonic() < began + PATIENCE_S:
        look_again(began)
        state = kept.get(f"/v1/experiments/{experiment_id}").json()
    with kept.running.client() as client:
        found = cells.cells(client, experiment_id)
        ended = [one for one in cells.runs_of(client, experiment_id) if one["job_status"] == "completed"]
    done = {one["run_id"] for one in found if one["job_status"] == "completed"}
    outcome.accepted += count
    outcome.finished += len(done)
    told = dict(Counter(one["job_status"] for one in found))
    what = f"experiment {experiment_id} ({state['job_status']}, its cells {told})"
    _count(outcome, what, count, len(ended), len(done))


def _settle_messages(kept: Ledger, run_ids: set[str], outcome: Outcome) -> None:
    """Each end is told in one message, however often it is sent."""
    began = time.monotonic()
    while time.monotonic() < began + _TOLD_S and run_ids - _messages(kept).keys():
        time.sleep(_PAUSE_S)
    messages = _messages(kept)
    for run_id in run_ids:
        told = messages.get(run_id, set())
        if not told:
            outcome.lost += 1
            outcome.remarks.append(f"no message tells of the end of {run_id}: {kept.running.messages_of(run_id)}")
        elif len(told) > 1:
            outcome.doubled += 1
            outcome.remarks.append(f"{run_id} ends in {len(told)} messages: {sorted(told)}")


def _messages(kept: Ledger) -> dict[str, set[str]]:
    """Ids of the messages by the run of whose end they tell."""
    found: dict[str, set[str]] = {}
    for request in list(kept.told.got):
        event = json.loads(request.body)
        if event["kind"].startswith("run."):
            found.setdefault(event["run_id"], set()).add(event["id"])
    return found


def _count(outcome: Outcome, what: str, count: int, good: int, different: int) -> None:
    """Compare how many there are with how many there must be."""
    if different < count:
        outcome.lost += count - different
        outcome.remarks.append(f"{what}: {different} of {count}")
    if good > different:
        outcome.doubled += good - different
        outcome.remarks.append(f"{what}: {good} of {different}")


def _brief(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: state[name] for name in ("job_status", "attempts", "phase", "stopped_by", "error")}
