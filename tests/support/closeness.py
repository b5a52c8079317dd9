"""Distance from today counted from the documents alone, and the closest of all assignments of a tiny problem."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from coverplan.payload.plan import Plan
from coverplan.verify import Judge

Document = dict[str, Any]
Key = tuple[int, ...]


def holders(problem: Document, judge: Judge) -> list[str | None]:
    """Who holds each seat today, perhaps a rep who left; None: nobody. Seats in the verifier's order."""
    accounts = {account["id"]: account for account in problem["accounts"]}
    found = []
    for seat in judge.case.book.seats:
        given = [
            one for one in accounts[seat.account.id].get("current", []) if one.get("role") in (None, seat.role.name)
        ]
        found.append(given[0]["rep_id"] if given else None)
    return found


def distance(judge: Judge, today: Sequence[str | None], cover: Sequence[int]) -> Key:
    """Owners lost, owners changed, newly covered; then per unit the seats that change, then per unit the rep."""
    reps = [None if rep < 0 else judge.case.book.reps[rep].id for rep in cover]
    lost = sum(now is not None and rep is None for now, rep in zip(today, reps, strict=True))
    other = sum(now is not None and rep != now for now, rep in zip(today, reps, strict=True))
    new = sum(now is None and rep is not None for now, rep in zip(today, reps, strict=True))
    units = sorted(judge.case.units, key=min)
    changes = [sum(today[seat] != reps[seat] for seat in unit) for unit in units]
    return (lost, other, new, *changes, *(cover[unit[0]] for unit in units))


def closest(problem: Document, judge: Judge) -> tuple[float, Key] | None:
    """The best objective, and the least distance among all assignments that reach it; None if none keeps the rules."""
    choices = [
        [-1, *(place for place, rep in enumerate(judge.case.book.reps) if rep.role == seat.role.name)]
        for seat in judge.case.book.seats
    ]
    today = holders(problem, judge)
    found = []
    for cover in itertools.product(*choices):
        judged = judge.evaluate_cover(list(cover))
        if judged.feasible:
            found.append((judged.objective, distance(judge, today, cover)))
    if not found:
        return None
    best = max(objective for objective, _ in found)
    return best, min(key for objective, key in found if objective >= best - 1e-9 * abs(best) - 1e-9)


def cover_of(plan: Plan, judge: Judge) -> list[int]:
    """The rep of each seat in the verifier's order; -1: uncovered."""
    reps = {(one.account_id, one.role): one.rep_id for one in plan.assignments}
    index = {rep.id: place for place, rep in enumerate(judge.case.book.reps)}
    found = [reps.get((seat.account.id, seat.role.name)) for seat in judge.case.book.seats]
    return [-1 if rep is None else index[rep] for rep in found]
