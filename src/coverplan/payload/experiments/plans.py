"""The plans of an experiment's cells: their seats, their metrics, and what they are worth by the reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from coverplan.domain.book import Book
from coverplan.domain.instance import Ints
from coverplan.payload.experiments.cells import Cell, CellFacts, CellOutcome
from coverplan.payload.experiments.derived import referred
from coverplan.payload.experiments.design import Design, interval
from coverplan.payload.missed import is_missed
from coverplan.payload.options import Options
from coverplan.payload.outcome import request_of
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.runs import RunError
from coverplan.runs.evaluate import evaluate
from coverplan.studies.metrics import METRICS, Values, measure, money


class Plans:
    """The plans that are there, by cell."""

    def __init__(self, design: Design, books: Sequence[Book], outcomes: Sequence[CellOutcome]) -> None:
        self.design, self.books = design, books
        self.outcomes = {outcome.key: outcome for outcome in outcomes}
        self.facts = {outcome.key: outcome.facts for outcome in outcomes}
        self._seats: dict[str, Ints] = {}
        self._values: dict[str, Values] = {}

    @cached_property
    def currencies(self) -> dict[str, list[int]]:
        """Problems by their currency, in order."""
        found: dict[str, list[int]] = {}
        for problem, book in enumerate(self.books):
            found.setdefault(book.instance.currency, []).append(problem)
        return found

    def plan(self, cell: Cell) -> Plan | None:
        """The document of a cell that found a plan; None without one."""
        outcome = self.outcomes.get(cell.key)
        return None if outcome is None or outcome.plan is None or outcome.plan.objective is None else outcome.plan

    def run_id(self, cell: Cell) -> str | None:
        outcome = self.outcomes.get(cell.key)
        return None if outcome is None else outcome.run_id

    def seats(self, cell: Cell) -> Ints | None:
        """Rep of each seat in a cell's plan, -1 uncovered; None without a plan."""
        plan = self.plan(cell)
        if plan is None:
            return None
        if cell.key not in self._seats:
            given = self.outcomes[cell.key].seats
            self._seats[cell.key] = seats_of(self.books[cell.problem], plan) if given is None else given
        return self._seats[cell.key]

    def error(self, cell: Cell) -> RunError | None:
        """Why a cell's run failed; None where it did not."""
        outcome = self.outcomes.get(cell.key)
        return None if outcome is None else outcome.error

    def seconds(self, cell: Cell) -> float | None:
        """From the start of a solve to its end."""
        outcome = self.outcomes.get(cell.key)
        if outcome is None:
            return None
        if outcome.seconds is None and outcome.plan is not None:
            return sum(outcome.plan.metrics.seconds.values())
        return outcome.seconds

    def penalty_today(self, cell: Cell) -> float | None:
        """What the soft rules of a cell's policy would cost today's assignment; None without a plan to say so."""
        plan = self.plan(cell)
        if plan is None or plan.objective is None or plan.against_today is None:
            return None
        paid = sum(term.value for term in plan.objective.terms if term.term == "penalty")
        return plan.against_today.penalties_saved - paid

    def values(self, cell: Cell) -> Values:
        """All metrics of a cell's plan; none without a plan."""
        plan, seats = self.plan(cell), self.seats(cell)
        if plan is None or seats is None:
            return {}
        if cell.key not in self._values:
            found = measure(self.books[cell.problem], seats) | _of_document(plan) | {"seconds": self.seconds(cell)}
            self._values[cell.key] = in_order(found)
        return self._values[cell.key]

    def infeasible(self, name: str) -> list[str]:
        """Problems on which a policy is proven to have no plan."""
        return [
            problem_id
            for problem, problem_id in enumerate(self.design.request.problem_ids)
            if any(interval(facts)[1] == -math.inf for facts in self._ended(problem, name))
        ]

    def unsolved(self, name: str) -> list[str]:
        """Problems on which no solve of a policy, all ended, found a plan, though there may be one."""
        proven = set(self.infeasible(name))
        return [
            problem_id
            for problem, problem_id in enumerate(self.design.request.problem_ids)
            if problem_id not in proven
            and all(facts is not None and facts.objective is None for facts in self._ended(problem, name))
        ]

    def _ended(self, problem: int, name: str) -> list[CellFacts | None]:
        """What is known of a policy's solves on a problem, by seed."""
        return [self.facts.get(cell.key) for cell in self.design.policy_cells(problem, name)]

    def worth(self, problem: int, name: str, seed: int) -> float | None:
        """The reference objective of a policy's plan; None without one."""
        return self.worth_of(self.design.policy_cell(problem, name, seed), name)

    def worth_of(self, cell: Cell, name: str) -> float | None:
        """The reference objective of a cell's plan, which keeps the hard rules of a policy; None without one."""
        plan, seats = self.plan(cell), self.seats(cell)
        if plan is None or seats is None or plan.objective is None:
            return None
        if self.design.judge_themselves[name]:
            return plan.objective.value
        return self._judge(self.books[cell.problem], self.design.referred[name], seats)

    def _judge(self, book: Book, policy: Policy, seats: Ints) -> float:
        """An assignment under a policy whose soft rules are those of the reference."""
        if any(rule.penalty for rule in self.design.reference.constraints):
            account = evaluate(request_of(book, policy, Options(), None), seats).outcome.account
            assert account is not None
            return account.objective
        found, weights = money(book, seats), policy.objective
        gained = weights.expected_revenue * found.expected_revenue
        return gained - weights.relationship_loss * found.relationship_loss - weights.travel_cost_per_km * found.km

    def today(self, problem: int) -> tuple[Values, float] | None:
        """Today's assignment of a problem and its reference objective; None where no rep holds a seat."""
        book = self.books[problem]
        seats = book.seats.current
        if not (seats >= 0).any():
            return None
        found = measure(book, seats) | dict.fromkeys(
            ("moved", "moved_share", "moved_revenue", "moved_revenue_share", "forced"), 0.0
        )
        bare = Policy(objective=self.design.reference.objective, constraints=[])
        return in_order(found), self._judge(book, referred(bare, self.design.reference), seats)


def in_order(values: Values) -> Values:
    """Every metric, in the order of the catalogue."""
    return {metric.name: values.get(metric.name) for metric in METRICS}


def seats_of(book: Book, plan: Plan) -> Ints:
    """Rep of each seat of a book in a plan that lists its assignments, -1 uncovered."""
    instance, seats = book.instance, book.seats
    account_of = {name: code for code, name in enumerate(instance.accounts.ids.tolist())}
    role_of = {name: code for code, name in enumerate(instance.roles)}
    rep_of = {name: code for code, name in enumerate(instance.reps.ids)}
    seat_of = {key: seat for seat, key in enumerate(zip(seats.account.tolist(), seats.role.tolist(), strict=True))}
    reps = np.full(len(seats), -1, np.int32)
    for item in plan.assignments:
        reps[seat_of[account_of[item.account_id], role_of[item.role]]] = rep_of[item.rep_id]
    return reps


def _of_document(plan: Plan) -> Values:
    """The metrics that depend on the policy, as the plan states them."""
    assert plan.objective is not None
    summary = plan.summary
    found: Values = {
        "objective": plan.objective.value,
        "violations": float(sum(is_missed(row) for row in plan.constraints)),
        "penalty": 0.0 - sum(term.value for term in plan.objective.terms if term.term == "penalty"),
        "gap": plan.gap,
    }
    if summary is not None:
        moves = ("moved", "moved_share", "moved_revenue", "moved_revenue_share", "forced")
        found |= {name: float(getattr(summary, name)) for name in moves}
    return found
