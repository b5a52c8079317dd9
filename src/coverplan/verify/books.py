"""The plan rolled up, recomputed: summary, reps, teams and territories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from coverplan.verify.book import Rep, Seat
from coverplan.verify.case import Case
from coverplan.verify.evaluation import Evaluation
from coverplan.verify.rows import Cover


class Books:
    """Sums over the seats of one assignment."""

    def __init__(self, case: Case, cover: Cover, evaluation: Evaluation) -> None:
        self.case = case
        self.cover = cover
        self.evaluation = evaluation
        self.filled: list[list[Seat]] = [[] for _ in case.book.reps]
        self.held: list[list[Seat]] = [[] for _ in case.book.reps]
        self.interim_hours = [0.0] * len(case.book.reps)
        for seat in case.book.seats:
            if cover[seat.index] >= 0:
                self.filled[cover[seat.index]].append(seat)
            if case.holder(seat) >= 0:
                self.held[case.holder(seat)].append(seat)
                self.interim_hours[case.holder(seat)] += float(evaluation.filled.interim_hours[seat.index])

    def change(self, seat: Seat) -> str:
        """kept, moved or new, for a covered seat."""
        if seat.current is None:
            return "new"
        return "kept" if self.cover[seat.index] == self.case.holder(seat) else "moved"

    def summary(self) -> dict[str, float]:
        """The plan in a few numbers; forced moves are counted apart, and leaving a seat to nobody moves it."""
        seats, forced = self.case.book.seats, self.case.forced
        covered = [seat for seat in seats if self.cover[seat.index] >= 0]
        held = [seat for seat in seats if self.case.can_stay[seat.index]]
        moved = [seat for seat in held if self.cover[seat.index] != self.case.holder(seat)]
        moved_revenue, held_revenue = _base_revenue(moved), _base_revenue(held)
        return {
            "accounts": len(self.case.book.accounts),
            "seats": len(seats),
            "covered": len(covered),
            "uncovered": len(seats) - len(covered),
            "kept": sum(self.change(seat) == "kept" for seat in covered),
            "moved": len(moved),
            "forced": sum(forced[seat.index] and self.change(seat) == "moved" for seat in covered),
            "new": sum(self.change(seat) == "new" for seat in covered),
            "moved_share": len(moved) / len(held) if held else 0.0,
            "moved_revenue": moved_revenue,
            "moved_revenue_share": moved_revenue / held_revenue if held_revenue else 0.0,
        }

    def _group(self, reps: list[Rep]) -> dict[str, Any]:
        filled = [seat for rep in reps for seat in self.filled[rep.index]]
        seats, worth = [seat.index for seat in filled], self.evaluation.filled
        accounts = {seat.account.index: seat.account for seat in filled}
        kept = sum(self.change(seat) == "kept" for seat in filled)
        return {
            "hours": float(worth.hours[seats].sum()),
            "interim_hours": sum(self.interim_hours[rep.index] for rep in reps),
            "accounts": len(accounts),
            "revenue": sum(account.revenue for account in accounts.values()),
            "expected_revenue": float(worth.net[seats].sum()),
            "kept": kept,
            "gained": len(filled) - kept,
            "lost": sum(len(self.held[rep.index]) for rep in reps) - kept,
        }

    def rep(self, rep: Rep) -> dict[str, Any]:
        """One rep's book."""
        book = self._group([rep])
        utilisation = book["hours"] / rep.capacity if rep.capacity else None
        return {**book, "capacity_hours": rep.capacity, "utilisation": utilisation}

    def teams(self) -> dict[str, dict[str, Any]]:
        """The books of each manager's direct reports together."""
        members: dict[str, list[Rep]] = {}
        for rep in self.case.book.reps:
            if rep.manager is not None:
                members.setdefault(rep.manager, []).append(rep)
        return {manager: self._team(reps) for manager, reps in members.items()}

    def _team(self, reps: list[Rep]) -> dict[str, Any]:
        known = [rep.capacity for rep in reps if rep.capacity is not None]
        return {
            **self._group(reps),
            "reps": len(reps),
            "capacity_hours": sum(known) if len(known) == len(reps) else None,
        }

    def territories(self) -> dict[str, dict[str, Any]]:
        """Each territory with its subtree."""
        book = self.case.book
        rolled: dict[str, dict[str, Any]] = {
            area: {"accounts": 0, "covered": 0, "revenue": 0.0, "expected_revenue": 0.0}
            for area in book.territory_parents
        }
        for seat in book.seats:
            covered = self.cover[seat.index] >= 0
            worth = float(self.evaluation.filled.net[seat.index]) if covered else seat.self_served
            for area in book.lineage(seat.account.territory):
                if area in rolled:
                    rolled[area]["expected_revenue"] += worth
                    rolled[area]["accounts"] += seat.primary
                    rolled[area]["covered"] += seat.primary and covered
                    rolled[area]["revenue"] += seat.account.revenue if seat.primary else 0.0
        return rolled


def _base_revenue(seats: Iterable[Seat]) -> float:
    return sum(seat.account.revenue for seat in seats)
