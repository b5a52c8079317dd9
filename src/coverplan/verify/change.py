"""Does a plan say rightly what it changes against today's assignment, and own up to it where that is much?"""

from __future__ import annotations

from typing import Any

from coverplan.verify.books import Books
from coverplan.verify.evaluation import Evaluation, Judge, Term
from coverplan.verify.findings import Findings, entries, near
from coverplan.verify.rows import Cover

UPHEAVAL_FROM = 0.2
CODE = "against_today_differs"


def check_change(found: Findings, plan: dict[str, Any], judge: Judge, cover: Cover, answer: Evaluation) -> None:
    """Revenue and penalties against today, term by term, and the word on a plan that moves much.

    Plans of earlier versions say neither; absent and null are the same in every document.
    """
    holders = [judge.case.holder(seat) for seat in judge.case.book.seats]
    held = any(rep >= 0 for rep in holders)
    told, said = plan.get("against_today"), plan.get("upheaval")
    if told is not None or said is not None:
        _check_upheaval(found, said, Books(judge.case, cover, answer).summary(), held=held)
    if told is None:
        return
    if not held:
        found.say(CODE, "against_today is given, though no rep holds a seat today")
    else:
        _check_numbers(found, told, judge.evaluate_cover(holders), answer)


def _check_numbers(found: Findings, claimed: dict[str, Any], today: Evaluation, answer: Evaluation) -> None:
    within = near(sum(map(abs, today.terms.values())) + sum(map(abs, answer.terms.values())))
    changes = {term: value - today.terms[term] for term, value in answer.terms.items()}
    sums = {False: 0.0, True: 0.0}
    for (term, _), value in changes.items():
        sums[term == "penalty"] += value
    found.number(CODE, "against_today: revenue", claimed.get("revenue"), sums[False], within)
    found.number(CODE, "against_today: penalties_saved", claimed.get("penalties_saved"), sums[True], within)
    found.number(CODE, "against_today: objective", claimed.get("objective"), today.objective, within)
    listed: dict[Term, Any] = {}
    for row in entries(claimed, "terms"):
        name = row.get("constraint")
        listed[str(row.get("term")), None if name is None else str(name)] = row.get("value")
    for key in {**changes, **listed}:
        found.number(CODE, f"against_today: term {key[0]} of {key[1]}", listed.get(key), changes.get(key), within)
    broken = dict.fromkeys(state.id for state in today.rows.values() if state.broken)
    found.same(CODE, "against_today: broken", sorted(map(str, claimed.get("broken") or ())), sorted(broken))
    misplaced = sum(failure.code == "not_admissible" for failure in today.hard_violations)
    found.same(CODE, "against_today: inadmissible", claimed.get("inadmissible"), misplaced)


def _check_upheaval(found: Findings, said: dict[str, Any] | None, summary: dict[str, float], *, held: bool) -> None:
    """It is there exactly where more than a fifth of the revenue moves, with the summary's numbers."""
    share = summary["moved_revenue_share"]
    if said is None and share > UPHEAVAL_FROM + 1e-9:
        found.say("upheaval_unsaid", f"{100 * share:.3g} % of the revenue moves, and upheaval is null")
    elif said is not None and (not held or share < UPHEAVAL_FROM - 1e-9):
        found.say("upheaval_differs", f"upheaval is given, but {100 * share:.3g} % of the revenue moves")
    elif said is not None:
        for name in ("moved_revenue", "moved_revenue_share"):
            found.number("upheaval_differs", f"upheaval: {name}", said.get(name), summary[name])
