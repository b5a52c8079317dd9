"""The problem document read into plain objects, with every default filled in."""

from __future__ import annotations

import datetime as dt
import math
import sys
from collections.abc import Iterable
from typing import Any

from coverplan.verify.book import Account, Book, Document, Point, Rep, Role, Seat, Segment, given
from coverplan.verify.months import Horizon, month_index

DEFAULT_ROLE = "account_executive"
DEFAULT_SEGMENT = "default"


def read_book(problem: Document) -> Book:
    """Read a problem document, raw or with its defaults written out; of each account only what counts is kept."""
    times = given(problem, "horizon", {})
    horizon = Horizon(month_index(_day(given(times, "start", "2027-01-01"))), float(given(times, "months", 12)))
    segments = {segment.id: segment for segment in map(_segment, given(problem, "segments", []))}
    segments.setdefault(DEFAULT_SEGMENT, _segment({"id": DEFAULT_SEGMENT}))
    territories = given(problem, "territories", [])
    accounts, seats = _read_accounts(problem["accounts"], segments, horizon)
    return Book(
        horizon=horizon,
        territory_parents={row["id"]: row.get("parent_id") for row in territories},
        territory_targets={row["id"]: row.get("revenue_target") for row in territories},
        reps=[_rep(i, row, horizon) for i, row in enumerate(problem["reps"])],
        accounts=accounts,
        seats=seats,
        fits=given(problem, "fit", []),
        pairs=given(problem, "pairs", []),
    )


def _day(value: str | dt.date) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


def _point(document: Document) -> Point | None:
    location = document.get("location")
    return None if location is None else (float(location["lat"]), float(location["lon"]))


def _segment(row: Document) -> Segment:
    needs = row.get("roles") or [{}]
    hours = [float(given(need, "hours", 1.0)) for need in needs]
    total = sum(hours)
    by_hours = [h / total if total > 0 else 1 / len(hours) for h in hours]
    roles = tuple(
        Role(
            name=given(need, "role", DEFAULT_ROLE),
            hours=hours[k],
            revenue_share=float(given(need, "revenue_share", by_hours[k])),
            relationship_weight=float(given(need, "relationship_weight", 1.0 if k == 0 else 0.0)),
        )
        for k, need in enumerate(needs)
    )
    return Segment(
        id=row["id"],
        roles=roles,
        cycle_days=float(given(row, "cycle_days", 0.0)),
        conversion=float(given(row, "conversion", 1.0)),
        self_serve_share=float(given(row, "self_serve_share", 0.0)),
        relationship_loss=row.get("relationship_loss"),
    )


def _rep(index: int, row: Document, horizon: Horizon) -> Rep:
    status = given(row, "status", "active")
    if row.get("start_date") is not None:
        start = month_index(_day(row["start_date"]))
    else:
        start = -math.inf if status == "active" else horizon.start
    end = math.inf
    if row.get("end_date") is not None:
        end = month_index(_day(row["end_date"]) + dt.timedelta(days=1))
    capacity = row.get("capacity_hours")
    manager, pod = row.get("manager_id"), row.get("pod")
    return Rep(
        index=index,
        id=row["id"],
        role=given(row, "role", DEFAULT_ROLE),
        manager=manager,
        pod=("own", row["id"]) if (pod or manager) is None else ("shared", str(pod or manager)),
        territories=frozenset(given(row, "territory_ids", [])),
        segments=frozenset(given(row, "segments", [])),
        skills=frozenset(given(row, "skills", [])),
        location=_point(row),
        status=status,
        first_day=None if row.get("start_date") is None else str(row["start_date"]),
        start=start,
        end=end,
        newcomer=status != "active" or start >= horizon.start,
        active=horizon.active_share(start, end),
        capacity=None if capacity is None else capacity * horizon.productive_share(start, end, row.get("ramp")),
        quota=row.get("quota"),
    )


def existing_revenue(history: list[float], last_year_months: float, horizon: Horizon) -> float:
    """Existing revenue over the horizon from yearly figures, oldest first; the last may cover less than a year."""
    if not history:
        return 0.0
    part = last_year_months / 12
    newest_first = [history[-1] / part, *history[-2:-4:-1]]
    weights = [0.5 * part, 0.3, 0.2][: len(newest_first)]
    mean = sum(w * h for w, h in zip(weights, newest_first, strict=True)) / sum(weights)
    trend = 1.0
    if len(newest_first) > 1 and newest_first[1] > 0:
        trend = min(1.25, max(0.75, newest_first[0] / newest_first[1]))
    return horizon.years * mean * trend


def _read_accounts(
    rows: Iterable[Document], segments: dict[str, Segment], horizon: Horizon
) -> tuple[list[Account], list[Seat]]:
    """The accounts and their seats, from one pass over the rows; equal sets and tuples are kept once."""
    accounts: list[Account] = []
    seats: list[Seat] = []
    shared: dict[Any, Any] = {}
    for row in rows:
        segment = segments[given(row, "segment", DEFAULT_SEGMENT)]
        account = _account(len(accounts), len(seats), row, segment, horizon, shared)
        accounts.append(account)
        holders = {role: rep for role, rep, _ in reversed(account.current)}
        for k, role in enumerate(segment.roles):
            hours = float(given(row, "hours", role.hours)) if k == 0 else role.hours
            seats.append(Seat(len(seats), account, role, k == 0, hours, holders.get(role.name)))
    return accounts, seats


def _once(text: str | None) -> str | None:
    """One object for all equal texts."""
    return None if text is None else sys.intern(text)


def _account(
    index: int, first_seat: int, row: Document, segment: Segment, horizon: Horizon, shared: dict[Any, Any]
) -> Account:
    prospect = given(row, "kind", "customer") == "prospect"
    history = [float(h) for h in given(row, "revenue_history", [])]
    remembered = existing_revenue(history, float(given(row, "last_year_months", 12.0)), horizon)
    existing = 0.0 if prospect else float(given(row, "expected_revenue", remembered))
    potential = float(given(row, "potential", 0.0))
    first = segment.roles[0].name
    current = tuple(
        (given(entry, "role", first), entry["rep_id"], None if entry.get("since") is None else str(entry["since"]))
        for entry in given(row, "current", [])
    )
    skills, tags = frozenset(given(row, "required_skills", [])), frozenset(given(row, "tags", []))
    return Account(
        index=index,
        first_seat=first_seat,
        id=row["id"],
        parent=row.get("parent_id"),
        territory=_once(row.get("territory_id")),
        segment=segment,
        industry=_once(row.get("industry")),
        kind="prospect" if prospect else "customer",
        existing=existing,
        new=potential * segment.conversion,
        potential=potential,
        loss_base=existing * float(given(row, "relationship_strength", 1.0)),
        current=shared.setdefault(current, current),
        open_opportunity=given(row, "open_opportunity", False),
        locked=given(row, "locked", False),
        skills=shared.setdefault(skills, skills),
        location=_point(row),
        tags=shared.setdefault(tags, tags),
    )
