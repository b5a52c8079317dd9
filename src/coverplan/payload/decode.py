"""From an outcome to the plan document: assignments, roll-ups, rows and the certificate."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from coverplan.domain.geography import lineage
from coverplan.domain.handover import Handovers
from coverplan.domain.instance import Bools, Floats, Instance, Ints
from coverplan.domain.moves import moved
from coverplan.formulation.build import Formulation
from coverplan.formulation.ledger import Ledger, RuleState
from coverplan.formulation.program import Choice
from coverplan.mip.feasibility import tolerance
from coverplan.mip.program import gap
from coverplan.payload.change import Term
from coverplan.payload.plan import (
    Assignment,
    Certificate,
    ConstraintRow,
    Objective,
    Price,
    TowardsToday,
    Uncovered,
    UncoveredReason,
)
from coverplan.payload.rollups import RepBook, Summary, TeamBook, TerritoryBook
from coverplan.runs import towards_today as runs
from coverplan.runs.outcome import Outcome
from coverplan.runs.uncovered import reasons


class Decoder:
    """Reads one choice of a formulation; every column is computed once and vectorised."""

    def __init__(self, formulation: Formulation, choice: Choice, account: Ledger) -> None:
        self.formulation, self.choice, self.account = formulation, choice, account
        self.pairs, self.book = formulation.pairs, formulation.pairs.book
        self.rep = account.rep_of_seat
        self.covered: Bools = self.rep >= 0
        self.kept: Bools = self.covered & (self.book.seats.current == self.rep)
        self.forced: Bools = self.pairs.forced
        self.net = self._by_seat(self.pairs.measure("expected_revenue"))
        self.loss = self._by_seat(self.pairs.loss)
        self.hours = self._by_seat(self.pairs.hours)
        self.handovers = Handovers.of(self.book, self.rep)

    @property
    def instance(self) -> Instance:
        return self.book.instance

    def _by_seat(self, measure: Floats) -> Floats:
        """A measure of the chosen pair of each seat, 0 for uncovered ones."""
        values = np.zeros(len(self.rep))
        values[self.pairs.seat[self.account.chosen]] = measure[self.account.chosen]
        return values

    def _previous(self) -> list[str | None]:
        entry, ids = self.book.seats.current_entry, self.instance.current.rep_ids.tolist()
        return [ids[index] if index >= 0 else None for index in entry.tolist()]

    def objective(self) -> Objective:
        """The ledger."""
        terms = [
            Term.model_construct(term=cast(Any, term), constraint=name, value=value)
            for term, name, value in self.account.terms
        ]
        return Objective(value=self.account.objective, terms=terms)

    def assignments(self) -> list[Assignment]:
        """Covered seats in the order of the accounts."""
        seats, accounts, reps = self.book.seats, self.instance.accounts.ids.tolist(), self.instance.reps.ids
        change = np.where(self.kept, "kept", np.where(seats.held, "moved", "new")).tolist()
        previous, forced = self._previous(), self.forced.tolist()
        account, role, rep = seats.account.tolist(), seats.role.tolist(), self.rep.tolist()
        net, loss, hours = self.net.tolist(), self.loss.tolist(), self.hours.tolist()
        handover, interim = self.handovers.dates.tolist(), self.handovers.hours.tolist()
        return [
            Assignment.model_construct(
                account_id=accounts[account[seat]],
                role=self.instance.roles[role[seat]],
                rep_id=reps[rep[seat]],
                previous_rep_id=previous[seat],
                change=change[seat],
                forced=forced[seat],
                expected_revenue=net[seat],
                relationship_loss=loss[seat],
                hours=hours[seat],
                handover_date=handover[seat],
                interim_hours=interim[seat],
            )
            for seat in np.flatnonzero(self.covered).tolist()
        ]

    def uncovered(self) -> list[Uncovered]:
        """Seats left uncovered, with the reason."""
        seats, accounts = self.book.seats, self.instance.accounts.ids
        why, previous = reasons(self.formulation, self.choice, self.account), self._previous()
        return [
            Uncovered(
                account_id=accounts[seats.account[seat]],
                role=self.instance.roles[seats.role[seat]],
                previous_rep_id=previous[seat],
                forced=bool(self.forced[seat]),
                reason=cast(UncoveredReason, str(why[self.pairs.unit_of_seat[seat]])),
            )
            for seat in np.flatnonzero(~self.covered).tolist()
        ]

    def summary(self) -> Summary:
        """The plan in a few numbers."""
        seats = self.book.seats
        return Summary(
            accounts=self.instance.n_accounts,
            seats=len(seats),
            covered=int(self.covered.sum()),
            uncovered=int((~self.covered).sum()),
            kept=int(self.kept.sum()),
            forced=int((self.covered & self.forced & ~self.kept).sum()),
            new=int((self.covered & ~seats.held).sum()),
            **asdict(moved(self.pairs, self.rep)),
        )

    def _rep_sums(self) -> dict[str, npt.NDArray[Any]]:
        """Sums over each rep's book; an account counts once, even where its rep holds several of its seats."""
        size, n_accounts = self.instance.n_reps, self.instance.n_accounts
        rep, account = self.rep[self.covered], self.book.seats.account[self.covered]
        owner, held = np.divmod(np.unique(rep.astype(np.int64) * n_accounts + account), n_accounts)
        seats, kept = np.bincount(rep, minlength=size), np.bincount(self.rep[self.kept], minlength=size)
        return {
            "hours": np.bincount(rep, self.hours[self.covered], size),
            "interim_hours": self.handovers.of_reps(),
            "expected_revenue": np.bincount(rep, self.net[self.covered], size),
            "revenue": np.bincount(owner, self.book.revenue[held], size),
            "accounts": np.bincount(owner, minlength=size),
            "kept": kept,
            "gained": seats - kept,
        }

    def reps(self) -> list[RepBook]:
        """Each rep's book."""
        size = self.instance.n_reps
        sums, lost = self._rep_sums(), self._lost(size)
        capacity = self.book.capacity.tolist()
        columns = {name: values.tolist() for name, values in sums.items()}
        return [
            RepBook(
                rep_id=rep_id,
                hours=columns["hours"][rep],
                interim_hours=columns["interim_hours"][rep],
                capacity_hours=None if np.isnan(capacity[rep]) else capacity[rep],
                utilisation=columns["hours"][rep] / capacity[rep] if capacity[rep] > 0 else None,
                accounts=columns["accounts"][rep],
                revenue=columns["revenue"][rep],
                expected_revenue=columns["expected_revenue"][rep],
                kept=columns["kept"][rep],
                gained=columns["gained"][rep],
                lost=int(lost[rep]),
            )
            for rep, rep_id in enumerate(self.instance.reps.ids)
        ]

    def _lost(self, size: int) -> Ints:
        current = self.book.seats.current
        left = (current >= 0) & ~self.kept
        return np.bincount(current[left], minlength=size).astype(np.int32)

    def teams(self) -> list[TeamBook]:
        """The books of each manager's direct reports together."""
        manager, books = self.instance.reps.manager, self.reps()
        teams = np.unique(manager[manager >= 0])
        accounts, revenue = self._held_by(manager)
        rows = []
        for team in teams.tolist():
            members = [books[rep] for rep in np.flatnonzero(manager == team).tolist()]
            capacities = [book.capacity_hours for book in members]
            rows.append(
                TeamBook(
                    team_id=self.instance.managers.ids[team],
                    reps=len(members),
                    hours=sum(book.hours for book in members),
                    interim_hours=sum(book.interim_hours for book in members),
                    capacity_hours=None if None in capacities else sum(hours or 0.0 for hours in capacities),
                    accounts=int(accounts[team]),
                    revenue=float(revenue[team]),
                    expected_revenue=sum(book.expected_revenue for book in members),
                    kept=sum(book.kept for book in members),
                    gained=sum(book.gained for book in members),
                    lost=sum(book.lost for book in members),
                )
            )
        return rows

    def _held_by(self, manager: Ints) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Accounts with a rep of each manager, and their revenue; an account counts once for a team."""
        size, n_accounts = len(self.instance.managers.ids), self.instance.n_accounts
        team = np.where(self.covered, manager[self.rep], -1)
        there = team >= 0
        keys = np.unique(team[there].astype(np.int64) * n_accounts + self.book.seats.account[there])
        owner, held = np.divmod(keys, n_accounts)
        return np.bincount(owner, minlength=size), np.bincount(owner, self.book.revenue[held], size)

    def territories(self) -> list[TerritoryBook]:
        """Each territory with its subtree."""
        ids, seats = self.instance.territories.ids, self.book.seats
        if not ids:
            return []
        own = self.instance.accounts.territory
        placed, expected = own >= 0, np.where(self.covered, self.net, self.book.self_serve)
        here = own[seats.account]
        inside = here >= 0
        covered = inside & self.covered & seats.primary
        related = lineage(self.instance.territories.parent).T.astype(np.float64)
        accounts = related @ np.bincount(own[placed], minlength=len(ids))
        reached = related @ np.bincount(here[covered], minlength=len(ids))
        revenue = related @ np.bincount(own[placed], self.book.revenue[placed], len(ids))
        worth = related @ np.bincount(here[inside], expected[inside], len(ids))
        return [
            TerritoryBook(
                territory_id=ids[place],
                accounts=round(accounts[place]),
                covered=round(reached[place]),
                revenue=float(revenue[place]),
                expected_revenue=float(worth[place]),
            )
            for place in range(len(ids))
        ]

    def constraints(self) -> list[ConstraintRow]:
        """Every row of every rule, measured."""
        return [row for state in self.account.rules for row in _rule_rows(state)]


def _rule_rows(state: RuleState) -> list[ConstraintRow]:
    above, below = state.upper - state.activity, state.activity - state.lower
    slack = np.maximum(0.0, np.minimum(above, below))
    nearer = np.where(above <= below, state.upper, state.lower)
    binding = np.isfinite(slack) & (slack <= tolerance(nearer))
    rate, missed = state.rule.penalty or 0.0, state.violation
    columns = zip(
        state.labels,
        state.activity.tolist(),
        state.lower.tolist(),
        state.upper.tolist(),
        slack.tolist(),
        binding.tolist(),
        missed.tolist(),
        strict=True,
    )
    return [
        ConstraintRow.model_construct(
            id=str(state.rule.id),
            kind=state.rule.kind,
            scope=label,
            activity=activity,
            lower=lower if np.isfinite(lower) else None,
            upper=upper if np.isfinite(upper) else None,
            slack=distance if np.isfinite(distance) else None,
            binding=tight,
            violation=miss,
            penalty=rate * miss,
        )
        for label, activity, lower, upper, distance, tight, miss in columns
    ]


def certificate(outcome: Outcome) -> Certificate | None:
    """Prices that are not 0, and the bound they prove."""
    found = outcome.certificate
    if found is None:
        return None
    keys = outcome.formulation.row_keys()
    used = np.flatnonzero((found.prices.upper > 0) | (found.prices.lower > 0))
    prices = [
        Price(
            constraint=keys[row][0],
            scope=keys[row][1],
            upper=float(found.prices.upper[row]),
            lower=float(found.prices.lower[row]),
        )
        for row in used.tolist()
    ]
    objective = None if outcome.account is None else outcome.account.objective
    relative, _ = gap(objective, found.bound)
    return Certificate(
        bound=found.bound, gap=relative, scope=cast(Any, found.scope), source=cast(Any, found.source), prices=prices
    )


def nearness(found: runs.TowardsToday | None) -> TowardsToday | None:
    """What the last step did, as a document."""
    if found is None:
        return None
    return TowardsToday(
        scope=found.scope,
        undone=found.undone,
        owners_lost=found.owners_lost,
        owners_changed=found.owners_changed,
        newly_covered=found.newly_covered,
        objective_before=found.objective_before,
        tolerance=runs.TOLERANCE,
    )
