"""What the report knows of the problem: names, revenue, places, and today's books."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from coverplan.constraints.base import Constraint
from coverplan.domain.book import Book
from coverplan.domain.instance import Floats, Ints
from coverplan.payload.columns import to_instance
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem


@dataclass(frozen=True, eq=False)
class Facts:
    """A problem, a policy and what follows from them for every section."""

    problem: Problem
    policy: Policy
    book: Book

    @classmethod
    def of(cls, problem: dict[str, Any], policy: dict[str, Any]) -> Facts:
        """From the two documents; absent fields have their defaults."""
        facts = Problem.model_validate_json(json.dumps(problem, default=str))
        wishes = Policy.model_validate_json(json.dumps(policy, default=str))
        return cls(facts, wishes, Book.of(to_instance(facts)))

    @property
    def currency(self) -> str:
        return self.problem.currency

    @cached_property
    def rules(self) -> dict[str, Constraint]:
        """The constraints in force by id."""
        return {str(rule.id): rule for rule in self.policy.rules()}

    @cached_property
    def rep_names(self) -> dict[str, str]:
        """Name of each rep by id; the id beside it where two reps share a name."""
        names = [rep.name or rep.id for rep in self.problem.reps]
        times = Counter(names)
        labelled = zip(self.problem.reps, names, strict=True)
        return {rep.id: name if times[name] == 1 else f"{name} ({rep.id})" for rep, name in labelled}

    @cached_property
    def account_names(self) -> dict[str, str]:
        return {account.id: account.name or account.id for account in self.problem.accounts}

    @cached_property
    def account_index(self) -> dict[str, int]:
        return {account: place for place, account in enumerate(self.book.instance.accounts.ids)}

    @cached_property
    def rep_index(self) -> dict[str, int]:
        return {rep: place for place, rep in enumerate(self.book.instance.reps.ids)}

    @cached_property
    def several_roles(self) -> bool:
        """Whether seats of more than one role are to be filled."""
        return len(np.unique(self.book.seats.role)) > 1

    def rep_name(self, rep_id: str | None) -> str:
        """Name of a rep, who may have left, or be nobody."""
        if rep_id is None:
            return "nobody"
        return self.rep_names.get(rep_id, f"{rep_id} (left)")

    def revenue_of(self, account_id: str) -> float:
        """Base revenue of an account over the horizon."""
        return float(self.book.revenue[self.account_index[account_id]])

    def primary_reps_today(self) -> Ints:
        """Rep who holds the first role of each account today, -1 for nobody or somebody who left; (accounts,)."""
        seats = self.book.seats
        return seats.current[seats.primary]

    def primary_reps_planned(self, plan: Plan) -> Ints:
        """Rep who gets the first role of each account, -1 for nobody; (accounts,)."""
        seats, roles = self.book.seats, self.book.instance.roles
        first_role = seats.role[seats.primary].tolist()
        reps = np.full(self.book.instance.n_accounts, -1, np.int32)
        for item in plan.assignments:
            place = self.account_index[item.account_id]
            if roles[first_role[place]] == item.role:
                reps[place] = self.rep_index[item.rep_id]
        return reps

    @cached_property
    def books_today(self) -> dict[str, Floats]:
        """Revenue, hours and accounts that each rep holds today."""
        seats, size = self.book.seats, self.book.instance.n_reps
        held = seats.current >= 0
        columns = {"revenue": self.book.revenue[seats.account], "hours": self._hours_today(), "accounts": None}
        return {
            name: np.bincount(seats.current[held], None if values is None else values[held], minlength=size).astype(
                np.float64
            )
            for name, values in columns.items()
        }

    def _hours_today(self) -> Floats:
        """Hours of each seat with its current rep: the pair's own, where the caller gave them."""
        seats, pairs, width = self.book.seats, self.book.instance.pairs, self.book.instance.n_reps
        given = ~np.isnan(pairs.hours)
        if not given.any():
            return seats.hours
        keys = pairs.account[given].astype(np.int64) * width + pairs.rep[given]
        order = np.argsort(keys)
        wanted = np.where(seats.current >= 0, seats.account.astype(np.int64) * width + seats.current, -1)
        place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
        return np.where(keys[order][place] == wanted, pairs.hours[given][order][place], seats.hours)
