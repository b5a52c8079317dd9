"""Does a plan say what is true of its own assignments? Ledger, seats, rows and roll-ups, field by field."""

from __future__ import annotations

from typing import Any

from coverplan.verify.books import Books
from coverplan.verify.case import Case
from coverplan.verify.evaluation import Evaluation, RowState, Term
from coverplan.verify.findings import Findings, as_number, entries, near
from coverplan.verify.rows import Cover, tolerance

Plan = dict[str, Any]

REASONS = ("no_eligible_rep", "no_room", "not_worthwhile", "search_stopped")
LATER = {"interim_hours": 0.0}
"""Fields that plans of earlier versions lack, and what that means."""
WHOLE = ("accounts", "seats", "covered", "uncovered", "kept", "moved", "forced", "new", "gained", "lost", "reps")


def check_ledger(found: Findings, plan: Plan, evaluation: Evaluation) -> None:
    """The objective and its terms."""
    objective = plan.get("objective")
    if not isinstance(objective, dict):
        found.say("objective_missing", "the plan has no objective")
        return
    gross = sum(map(abs, evaluation.terms.values()))
    found.number("objective_differs", "objective value", objective.get("value"), evaluation.objective, near(gross))
    claimed: dict[Term, Any] = {}
    for row in entries(objective, "terms"):
        rule = row.get("constraint")
        key = (str(row.get("term")), None if rule is None else str(rule))
        if key in claimed or key not in evaluation.terms:
            found.say("terms_differ", f"term {_term_name(key)} is listed twice or does not belong to this policy")
        claimed[key] = row.get("value")
    for key, expected in evaluation.terms.items():
        if key in claimed:
            found.number("terms_differ", f"term {_term_name(key)}", claimed[key], expected, near(gross))
        else:
            found.say("terms_differ", f"term {_term_name(key)} is missing")
    total, value = sum(as_number(term) or 0.0 for term in claimed.values()), as_number(objective.get("value"))
    if value is not None and abs(total - value) > 1e-6 * max(1.0, abs(value)):
        found.say("terms_do_not_sum", f"the terms sum to {total:.12g}, the objective is {value:.12g}")


def _term_name(key: tuple[str, Any]) -> str:
    return key[0] if key[1] is None else f"{key[0]} of {key[1]!r}"


def check_seats(found: Findings, plan: Plan, case: Case, cover: Cover, evaluation: Evaluation) -> None:
    """Each seat once, assigned or uncovered, with the right facts beside it."""
    books = Books(case, cover, evaluation)
    for entry in entries(plan, "assignments"):
        place = case.book.seat_of(str(entry.get("account_id")), str(entry.get("role")))
        if place is None or cover[place] < 0 or case.book.reps[cover[place]].id != entry.get("rep_id"):
            found.say("seats_differ", f"assignment of {entry.get('account_id')!r}: it does not name its seat and rep")
            continue
        seat = case.book.seats[place]
        net, loss, hours = (
            float(of[place]) for of in (evaluation.filled.net, evaluation.filled.loss, evaluation.filled.hours)
        )
        found.same("previous_rep_differs", f"{seat.name}: previous_rep_id", entry.get("previous_rep_id"), seat.current)
        found.same("change_differs", f"{seat.name}: change", entry.get("change"), books.change(seat))
        found.same("forced_differs", f"{seat.name}: forced", entry.get("forced", False), case.forced[place])
        found.number(
            "expected_revenue_differs",
            f"{seat.name}: expected_revenue",
            entry.get("expected_revenue"),
            net,
            near(net, loss),
        )
        claimed = entry.get("relationship_loss", 0.0)
        found.number("relationship_loss_differs", f"{seat.name}: relationship_loss", claimed, loss)
        found.number("hours_differ", f"{seat.name}: hours", entry.get("hours"), hours)
        _check_handover(found, entry, case, place, case.book.reps[cover[place]].first_day, evaluation)
    _check_uncovered(found, plan, case, cover)


def _check_handover(
    found: Findings, entry: dict[str, Any], case: Case, place: int, first_day: str | None, evaluation: Evaluation
) -> None:
    """Until when the previous rep holds the seat, and what that takes; absent is never and nothing."""
    filled, name = evaluation.filled, case.book.seats[place].name
    date, hours = entry.get("handover_date"), entry.get("interim_hours", 0.0)
    claimed, expected = None if date is None else str(date), first_day if filled.waits[place] else None
    found.same("handover_differs", f"{name}: handover_date", claimed, expected)
    found.number("handover_differs", f"{name}: interim_hours", hours, float(filled.interim_hours[place]))


def _check_uncovered(found: Findings, plan: Plan, case: Case, cover: Cover) -> None:
    open_seats = {(seat.account.id, seat.role.name): seat for seat in case.book.seats if cover[seat.index] < 0}
    listed = found.keyed("seats_differ", "uncovered", entries(plan, "uncovered"), ["account_id", "role"], open_seats)
    for key, entry in listed.items():
        seat, reason = open_seats[key], entry.get("reason")
        reachable, forced = case.reachable[seat.index], case.forced[seat.index]
        found.same("previous_rep_differs", f"{seat.name}: previous_rep_id", entry.get("previous_rep_id"), seat.current)
        found.same("forced_differs", f"{seat.name}: forced", entry.get("forced", False), forced)
        if reason not in REASONS:
            found.say("reason_differs", f"{seat.name}: {reason!r} is no reason")
        elif reachable == (reason == "no_eligible_rep"):
            some = "some rep is" if reachable else "no rep is"
            found.say("reason_differs", f"{seat.name}: {some} admissible, the reason given is {reason!r}")


def check_rows(found: Findings, plan: Plan, evaluation: Evaluation) -> None:
    """Every row of every constraint."""
    listed = found.keyed("rows_differ", "row", entries(plan, "constraints"), ["id", "scope"], evaluation.rows)
    for key, entry in listed.items():
        _check_row(found, entry, evaluation.rows[key])


def _check_row(found: Findings, entry: dict[str, Any], state: RowState) -> None:
    row, name, code = state.row, f"row {state.id} {state.row.scope}", "rows_differ"
    scale = max(abs(state.activity), abs(row.lower or 0.0), abs(row.upper or 0.0))
    within, slack = near(scale), row.slack(state.activity)
    found.same(code, f"{name}: kind", entry.get("kind"), state.kind)
    found.number(code, f"{name}: activity", entry.get("activity"), state.activity, within)
    found.number(code, f"{name}: lower", entry.get("lower"), row.lower)
    found.number(code, f"{name}: upper", entry.get("upper"), row.upper)
    found.number(code, f"{name}: slack", entry.get("slack"), slack, within)
    found.number(code, f"{name}: violation", entry.get("violation"), state.violation, within)
    found.number(code, f"{name}: penalty", entry.get("penalty"), state.penalty, max(1.0, state.rate or 0.0) * within)
    distances = [(abs(bound - state.activity), bound) for bound in (row.lower, row.upper) if bound is not None]
    limit = tolerance(min(distances)[1]) if distances else 0.0
    if slack is None or abs(slack - limit) > 1e-12 + 1e-11 * scale:
        found.same(code, f"{name}: binding", entry.get("binding"), slack is not None and slack <= limit)


def check_books(found: Findings, plan: Plan, case: Case, cover: Cover, evaluation: Evaluation) -> None:
    """Summary, reps, teams and territories."""
    books = Books(case, cover, evaluation)
    if plan.get("summary") is not None:
        _check_fields(found, "summary_differs", "summary", plan["summary"], books.summary())
    tables: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
        "reps": ("rep_id", {rep.id: books.rep(rep) for rep in case.book.reps}),
        "teams": ("team_id", books.teams()),
        "territories": ("territory_id", books.territories()),
    }
    for table, (key, expected) in tables.items():
        wanted = {(label,): fields for label, fields in expected.items()}
        listed = found.keyed(f"{table}_differ", f"{table}:", entries(plan, table), [key], wanted)
        for label, entry in listed.items():
            _check_fields(found, f"{table}_differ", f"{table} {label[0]}", entry, wanted[label])


def _check_fields(found: Findings, code: str, what: str, claimed: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        if name in WHOLE:
            found.same(code, f"{what}: {name}", claimed.get(name), value)
        else:
            found.number(code, f"{what}: {name}", claimed.get(name, LATER.get(name)), value)
