"""Moves that bring accounts home at no loss: which are open, what each would change, and taking many at once."""

from __future__ import annotations

import time

import numpy as np

from coverplan.domain.instance import Bools, Floats
from coverplan.formulation.build import Formulation
from coverplan.formulation.closeness import Closeness
from coverplan.formulation.ledger import ledger
from coverplan.formulation.program import Choice
from coverplan.mip.rows import violation
from coverplan.pricing.segments import Indices
from coverplan.pricing.standing import Standing, entries_of, ranges
from coverplan.pricing.ties import partners_of

STEP = 4.0
"""How much one count of seats outweighs the next, times the seats of the largest unit: for three units it is enough."""


class Homeward:
    """A plan on its way to today. Every move keeps all hard rules and the objective at `floor` at least."""

    def __init__(self, formulation: Formulation, choice: Choice, closeness: Closeness, floor: float) -> None:
        self.formulation, self.closeness = formulation, closeness
        self.floor, self._deadline, self._work_end = floor, np.inf, np.inf
        self.standing = Standing(formulation, choice)
        self.counted = all(block.joined is not None for _, block in formulation.linked)
        """Whether `Standing` knows all linking rules; the others are recounted as a whole."""
        seats = np.bincount(formulation.pairs.unit_of_seat, minlength=formulation.pairs.n_units)
        step = 1.0 + STEP * float(seats.max(initial=1))
        weight = np.array([step * step, step, 1.0])
        self.distance: Floats = closeness.columns @ weight
        """Per column: from today, in one number that compares moves of up to three units."""
        self.idle_distance: Floats = closeness.idle @ weight
        self.allowed: Floats = np.maximum(*formulation.rounding)
        self.penalty = np.where(np.isinf(formulation.penalty), 0.0, formulation.penalty)
        self.refused: Bools = np.zeros(formulation.pairs.n_columns, np.bool_)
        self.refused_idle: Bools = np.zeros(formulation.pairs.n_units, np.bool_)

    @property
    def choice(self) -> Choice:
        return self.standing.choice

    def until(self, deadline: float, work_s: float) -> None:
        """End at this time of the clock, or once this thread has worked for so many seconds from now."""
        self._deadline, self._work_end = deadline, time.thread_time() + work_s

    def give_up(self) -> None:
        """End now."""
        self._deadline = -np.inf

    @property
    def over(self) -> bool:
        """Whether the time has ended."""
        return time.monotonic() >= self._deadline or time.thread_time() >= self._work_end

    def worth_now(self) -> tuple[Floats, Floats]:
        """What each unit's choice earns, and how far from today it is."""
        covered = self.choice >= 0
        worth, distance = self.formulation.idle_value.copy(), self.idle_distance.copy()
        worth[covered] = self.formulation.value[self.choice[covered]]
        distance[covered] = self.distance[self.choice[covered]]
        return worth, distance

    def sound(self, units: Indices, columns: Indices) -> bool:
        """Make the move if it keeps hard rules and floor; True if it was made."""
        move = self.standing.move(units, columns)
        if self.counted:
            if move.missed.any() or move.objective < self.floor:
                return False
        else:
            trial = self.choice.copy()
            trial[units] = columns
            account = ledger(self.formulation, trial)
            if not account.exact or account.objective < self.floor:
                return False
        self.standing.take(move)
        return True

    def take(self, units: list[Indices], columns: list[Indices]) -> Bools:
        """Make as many of these moves as go together, the earlier first; which were made. No two share a unit."""
        made = np.zeros(len(units), np.bool_)
        waiting = [(0, len(units))] if units else []
        while waiting and not self.over:
            first, last = waiting.pop()
            if self.sound(np.concatenate(units[first:last]), np.concatenate(columns[first:last])):
                made[first:last] = True
            elif last - first > 1:
                middle = (first + last) // 2
                waiting += [(middle, last), (first, middle)]
        return made

    def gains(self, units: Indices, columns: Indices) -> tuple[Floats, Bools]:
        """What each of several moves would add to the objective, ties left out, and whether hard rows admit it.

        `units` and `columns` are (moves, width); a unit of -1 fills up, a column of -1 is uncovered.
        """
        formulation, standing = self.formulation, self.standing
        size = len(units)
        move, place = np.nonzero(units >= 0)
        unit, new = units[move, place], columns[move, place]
        old = self.choice[unit]
        worth, _ = self.worth_now()
        gain = np.where(new >= 0, formulation.value[new], formulation.idle_value[unit]) - worth[unit]
        keys, amounts = [np.empty(0, np.int64)], [np.empty(0)]
        for matrix, which, at, sign in (
            (formulation.matrix, new >= 0, new, 1.0),
            (formulation.matrix, old >= 0, old, -1.0),
            (formulation.idle_matrix, new < 0, unit, 1.0),
            (formulation.idle_matrix, old < 0, unit, -1.0),
        ):
            entries, owner = entries_of(matrix, at[which])
            keys.append(move[which][owner] * formulation.n_rows + matrix.indices[entries])
            amounts.append(sign * matrix.data[entries])
        cell, where = np.unique(np.concatenate(keys), return_inverse=True)
        change = np.bincount(where.reshape(-1), np.concatenate(amounts), len(cell))
        owner, row = np.divmod(cell, max(1, formulation.n_rows))
        lower, upper, activity = formulation.lower[row], formulation.upper[row], standing.activity[row]
        before, after = violation(activity, lower, upper), violation(activity + change, lower, upper)
        broken = np.isinf(formulation.penalty[row]) & (after > self.allowed[row])
        lost = np.bincount(owner, self.penalty[row] * (after - before), size)
        total = np.asarray(np.bincount(move, gain, size) - lost, np.float64)
        admitted: Bools = np.bincount(owner, broken, size) == 0
        return total, admitted

    def relief(self) -> tuple[Floats, Floats]:
        """Per column and per unit: the most that ties give back when the unit's choice changes. Zero without ties."""
        pairs, ties = self.formulation.pairs, self.standing.ties
        per_unit = np.zeros(pairs.n_units)
        if not self.counted:
            soft = sum((rule.penalty or 0.0) * len(block.owner) for rule, block in self.formulation.linked)
            per_unit[:] = soft
        elif len(ties):
            excess = ties.excesses(self.standing.tie_activity)
            paid = np.where(np.isfinite(ties.penalty), ties.penalty, 0.0) * excess
            unit = np.repeat(pairs.column_unit, np.diff(ties.matrix.indptr))
            found = np.unique(unit.astype(np.int64) * len(paid) + ties.excess[ties.matrix.indices])
            owner, which = np.divmod(found, len(paid))
            per_unit = np.bincount(owner, paid[which], pairs.n_units).astype(np.float64)
        return per_unit[pairs.column_unit], per_unit

    def return_all(self) -> bool:
        """Bring units home one by one until none can come, then accounts and families together; True if any came."""
        came, again = False, True
        while again and not self.over:
            again = self._return_units()
            again = self._return_groups() or again
            came |= again
        return came

    def _return_units(self) -> bool:
        """Every unit that can be nearer to today by itself takes the nearest choice that costs nothing."""
        came = False
        self.refused[:], self.refused_idle[:] = False, False
        while not self.over:
            units, columns = self._open_returns()
            if len(units) == 0:
                return came
            made = self.take(list(units[:, None]), list(columns[:, None]))
            came |= bool(made.any())
            lost, covered = ~made, columns >= 0
            self.refused[columns[lost & covered]] = True
            self.refused_idle[units[lost & ~covered]] = True
            if made.all():
                continue
            if made.any():  # what was refused beside others may fit now
                self.refused[:], self.refused_idle[:] = False, False
        return came

    def _open_returns(self) -> tuple[Indices, Indices]:
        """Units with a nearer choice that seems to cost nothing, and the nearest such choice of each."""
        formulation, pairs = self.formulation, self.formulation.pairs
        _, distance = self.worth_now()
        nearer = formulation.open_column & ~self.refused & (self.distance < distance[pairs.column_unit])
        column = np.flatnonzero(nearer)
        idle = np.flatnonzero(formulation.may_idle & ~self.refused_idle & (self.idle_distance < distance))
        idle = idle[self.choice[idle] >= 0]
        units = np.concatenate([pairs.column_unit[column], idle]).astype(np.int64)
        columns = np.concatenate([column, np.full(len(idle), -1)]).astype(np.int64)
        if len(units) == 0:
            return units, columns
        gain, admitted = self.gains(units[:, None], columns[:, None])
        _, relief = self.relief()
        good = admitted & (gain + relief[units] >= self.floor - self.standing.objective)
        if not self.counted:
            good = admitted  # the objective of `Standing` is another where it does not know all rules
        units, columns, gain = units[good], columns[good], gain[good]
        away = np.where(columns >= 0, self.distance[columns], self.idle_distance[units])
        order = np.lexsort((columns, -gain, away, units))
        units, columns = units[order], columns[order]
        first = np.flatnonzero(np.diff(units, prepend=-1))
        return units[first], columns[first]

    def _return_groups(self) -> bool:
        """Accounts of several units, and units that rules tie together, come home at once."""
        came = False
        for units, columns in self._groups():
            if self.over:
                break
            came |= self.sound(units, columns)
        return came

    def _groups(self) -> list[tuple[Indices, Indices]]:
        """Moves of two units or more: all that is not at its nearest choice in an account, and each unit's partners."""
        pairs = self.formulation.pairs
        if pairs.n_units == pairs.instance.n_accounts and not self.formulation.linked:
            return []
        home = self.closeness.nearest(pairs, self.formulation.open_column, self.formulation.may_idle)
        _, distance = self.worth_now()
        reach = np.where(home >= 0, self.distance[home], self.idle_distance)
        away = reach < distance
        account = np.full(pairs.n_units, -1, np.int64)
        account[pairs.unit_of_seat] = pairs.book.seats.account
        members = [np.flatnonzero(away)[np.argsort(account[away], kind="stable")]]
        starts = np.flatnonzero(np.diff(account[members[0]], prepend=-1))
        sets = np.split(members[0], starts[1:]) if len(starts) else []
        partners = partners_of(self.formulation) if self.counted else None
        if partners is not None and len(partners.values):
            places, owner = ranges(partners.start, np.flatnonzero(away))
            other = partners.values[places]
            both = np.column_stack([np.flatnonzero(away)[owner], other])[away[other]]
            sets += list(np.unique(np.sort(both, axis=1), axis=0))
        return [(units, home[units]) for units in sets if len(units) > 1]
