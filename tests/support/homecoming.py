"""A slow search for what could bring an account home at no loss: every return, swap and chain of three, one by one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from coverplan.formulation.build import Formulation
from coverplan.formulation.program import Choice

Move = dict[int, int]
"""The new column of each unit; -1: uncovered."""


class Weighing:
    """What a choice of columns is worth and whether it may be, from dense rows and the links' own counts."""

    def __init__(self, formulation: Formulation) -> None:
        self.formulation = formulation
        self.rows = formulation.matrix.toarray()
        self.idle_rows = formulation.idle_matrix.toarray()
        pairs = formulation.pairs
        seats = pairs.book.seats
        self.members = [np.flatnonzero(pairs.unit_of_seat == unit) for unit in range(pairs.n_units)]
        self.today, self.held = seats.current, seats.held
        self.columns = [
            list(range(int(pairs.unit_start[unit]), int(pairs.unit_start[unit + 1]))) for unit in range(pairs.n_units)
        ]

    def rep(self, column: int) -> int:
        """The rep of a column; -1 for none."""
        return -1 if column < 0 else int(self.formulation.pairs.column_rep[column])

    def open(self, unit: int) -> list[int]:
        """The columns of a unit that may be taken, -1 among them where it may stay uncovered."""
        found = [column for column in self.columns[unit] if self.formulation.open_column[column]]
        return [*found, -1] if self.formulation.may_idle[unit] else found

    def distance(self, unit: int, column: int) -> np.ndarray:
        """Owners lost, owners changed, newly covered."""
        held, rep = self.held[self.members[unit]], self.rep(column)
        same = (self.today[self.members[unit]] == rep) & (rep >= 0)
        return np.array([(held & (rep < 0)).sum(), (held & ~same).sum(), (~held & (rep >= 0)).sum()])

    def objective(self, choice: Choice) -> float:
        """-inf where a hard rule is broken."""
        formulation, pairs = self.formulation, self.formulation.pairs
        covered = choice >= 0
        activity = self.rows[:, choice[covered]].sum(axis=1) + self.idle_rows[:, ~covered].sum(axis=1)
        missed = np.maximum(0.0, np.maximum(formulation.lower - activity, activity - formulation.upper))
        hard = np.isinf(formulation.penalty)
        if (missed[hard] > 1e-6 + 1e-9 * np.abs(activity[hard])).any():
            return -np.inf
        total = formulation.value[choice[covered]].sum() + formulation.idle_value[~covered].sum() + formulation.offset
        total -= float(formulation.penalty[~hard] @ missed[~hard])
        reps = np.array([self.rep(int(choice[unit])) for unit in pairs.unit_of_seat])
        for rule, block in formulation.linked:
            beyond = float(np.maximum(0.0, block.activity(reps) - block.limit).sum())
            if rule.penalty is None and beyond > 0:
                return -np.inf
            total -= (rule.penalty or 0.0) * beyond
        return float(total)


def moves(weighing: Weighing, choice: Choice) -> Iterator[Move]:
    """All returns, then all chains of two and three whose reps differ; the last may take the place the first left."""
    at = [weighing.rep(int(column)) for column in choice]
    book: dict[int, list[int]] = {}
    for unit, rep in enumerate(at):
        book.setdefault(rep, []).append(unit)
    for first, column in itertools.chain.from_iterable(
        ((unit, column) for column in weighing.open(unit) if column != choice[unit]) for unit in range(len(choice))
    ):
        if tuple(weighing.distance(first, column)) >= tuple(weighing.distance(first, int(choice[first]))):
            continue
        yield {first: column}
        r, s = weighing.rep(column), at[first]
        if r < 0:
            continue
        for second in book.get(r, []):
            for there in weighing.open(second):
                t = weighing.rep(there)
                if t == r:
                    continue
                yield {first: column, second: there}
                if t in (-1, s):
                    continue
                for third in book.get(t, []):
                    for end in weighing.open(third):
                        if weighing.rep(end) not in (r, t):
                            yield {first: column, second: there, third: end}


def homecoming(formulation: Formulation, choice: Choice, slack: float = 0.0) -> Move | None:
    """The first move that is closer to today and loses at most `slack`; None: there is none."""
    weighing = Weighing(formulation)
    now = weighing.objective(choice)
    assert np.isfinite(now)
    for move in moves(weighing, choice):
        apart = sum(
            (weighing.distance(unit, column) - weighing.distance(unit, int(choice[unit])))
            for unit, column in move.items()
        )
        if tuple(apart) < (0, 0, 0):
            moved = choice.copy()
            moved[list(move)] = list(move.values())
            if weighing.objective(moved) >= now - slack:
                return move
    return None
