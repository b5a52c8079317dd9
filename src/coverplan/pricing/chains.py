"""Swaps and chains of three that bring an account home at no loss.

A chain: account a comes nearer to today and joins a rep; b makes room there and goes elsewhere; where that needs room
too, c makes it. The last goes uncovered, to a rep who has room, or takes the place that a left (a swap, a cycle). All
reps of a chain differ, so what it changes adds up rep by rep: rows of one rep are counted exactly, what other rows and
ties could give back is bounded from above, and what is left is counted whole.

A chain is wanted if its distances add up to less than 0 and its gains to 0 at least. Then for every multiplier m >= 0
gains - m x (distances + 1) add up to 0 at least: what cannot reach that, however it goes on, is cut off.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import sparse

from coverplan.domain.instance import Bools, Floats
from coverplan.mip.rows import violation
from coverplan.pricing.neighbourhood import rep_of_row
from coverplan.pricing.returns import Homeward
from coverplan.pricing.segments import Indices
from coverplan.pricing.standing import ranges

OWN_ROWS = 6
"""Rows per rep that are counted exactly, the fullest first; the others are left to the whole count."""
AT_ONCE = 40_000
"""Partial chains that are looked at together, between two looks at the clock."""
MOST_KEPT = 1_000_000
"""Partial chains that are kept of one look; where there are more, the search gives up: they would fill the memory."""
TRIED = 20
"""Chains per account that comes home, the best, that are tried before those of the next; the rest where none came."""
REPS_SQUARED = 2_000
"""Reps up to which the best way back is known for every two of them."""


@dataclass(frozen=True, eq=False)
class OwnRows:
    """The rows over one rep's columns alone, a few per rep, as dense tables."""

    row: Indices
    """(reps, rows): number of the row, -1 where a rep has fewer."""
    coefficient: Floats
    """(columns + 1, rows); the last column is none."""

    @classmethod
    def of(cls, homeward: Homeward) -> OwnRows:
        """The fullest rows of every rep."""
        formulation = homeward.formulation
        matrix, n_reps = formulation.matrix, formulation.pairs.instance.n_reps
        owner = rep_of_row(formulation)
        if formulation.idle_matrix.nnz:
            owner[formulation.idle_matrix.indices] = -1
        entries = np.bincount(matrix.indices, minlength=formulation.n_rows)
        rows = np.flatnonzero(owner >= 0)
        rows = rows[np.lexsort((-entries[rows], owner[rows]))]
        place = np.arange(len(rows)) - np.searchsorted(owner[rows], owner[rows])
        rows, place = rows[place < OWN_ROWS], place[place < OWN_ROWS]
        width = int(place.max(initial=-1)) + 1
        table = np.full((n_reps, width), -1, np.int64)
        table[owner[rows], place] = rows
        where = np.full(formulation.n_rows, -1, np.int64)
        where[rows] = place
        coefficient = np.zeros((formulation.pairs.n_columns + 1, width))
        column = np.repeat(np.arange(formulation.pairs.n_columns), np.diff(matrix.indptr))
        own = where[matrix.indices] >= 0
        np.add.at(coefficient, (column[own], where[matrix.indices[own]]), matrix.data[own])
        return cls(table, coefficient)


class Chains:
    """All chains around one plan."""

    def __init__(self, homeward: Homeward, own: OwnRows) -> None:
        self.homeward, self.own = homeward, own
        formulation = self.formulation = homeward.formulation
        pairs, choice = formulation.pairs, homeward.choice
        self.choice, self.rep_of_column, self.unit_of_column = choice, pairs.column_rep, pairs.column_unit
        self.n_reps = pairs.instance.n_reps
        self.rep = np.where(choice >= 0, pairs.column_rep[np.maximum(choice, 0)], -1).astype(np.int64)
        self.slack = homeward.floor - homeward.standing.objective
        held = np.flatnonzero(self.rep >= 0)
        self.books = held[np.argsort(self.rep[held], kind="stable")]
        self.book_start = np.searchsorted(self.rep[self.books], np.arange(self.n_reps + 1))
        self._rows()
        self._bounds()

    def _rows(self) -> None:
        """Where every rep's rows stand, and what they cost now."""
        formulation, row = self.formulation, self.own.row
        known, some = row >= 0, row[row >= 0]

        def table(values: Floats, default: float) -> Floats:
            found = np.full(row.shape, default)
            found[known] = values[some]
            return found

        self.activity = table(self.homeward.standing.activity, 0.0)
        self.lower, self.upper = table(formulation.lower, -np.inf), table(formulation.upper, np.inf)
        self.hard = np.isinf(table(formulation.penalty, 0.0))
        self.penalty, self.allowed = table(self.homeward.penalty, 0.0), table(self.homeward.allowed, 0.0)
        self.paid: Floats = (self.penalty * violation(self.activity, self.lower, self.upper)).sum(axis=1)

    def _bounds(self) -> None:
        """What each choice adds at most, apart from the rows of its rep, and how much nearer or farther it is."""
        formulation, homeward = self.formulation, self.homeward
        worth, distance = homeward.worth_now()
        column_relief, idle_relief = self._relief()
        unit = self.unit_of_column
        gain = formulation.value - worth[unit] + column_relief
        gain[~formulation.open_column] = -np.inf
        current = self.choice[self.choice >= 0]
        gain[current] = -np.inf
        self.gain: Floats = gain
        idle = np.where(formulation.may_idle & (self.choice >= 0), formulation.idle_value - worth, -np.inf)
        self.idle_gain: Floats = idle + idle_relief
        self.step: Floats = homeward.distance - distance[unit]
        self.idle_step: Floats = homeward.idle_distance - distance

    def _relief(self) -> tuple[Floats, Floats]:
        """The most that rows of no single rep, and ties, give back when a unit takes a column, or none."""
        formulation, homeward = self.formulation, self.homeward
        own = np.zeros(formulation.n_rows, np.bool_)
        own[self.own.row[self.own.row >= 0]] = True
        missed = violation(homeward.standing.activity, formulation.lower, formulation.upper)
        missed = np.where(own, 0.0, missed)
        columns, units = homeward.relief()
        columns, units = columns.copy(), units.copy()
        rows = np.flatnonzero(missed * homeward.penalty > 0)
        if len(rows):
            give = np.zeros(formulation.n_rows)
            give[rows] = homeward.penalty[rows]
            columns += _given(formulation.matrix, give, missed)
            units += _given(formulation.idle_matrix, give, missed)
            now = np.where(self.choice >= 0, columns[np.maximum(self.choice, 0)], units) if len(columns) else units
            columns, units = columns + now[self.unit_of_column], units + now
        return columns, units

    def change(self, rep: Indices, add: Indices, drop: Indices) -> Floats:
        """What the rows of these reps give back when each takes one column and gives up another (-1: none).

        -inf where a hard row would be broken. `add` and `drop` are as long as `rep`.
        """
        activity = self.activity[rep] + self.own.coefficient[add] - self.own.coefficient[drop]
        missed = violation(activity, self.lower[rep], self.upper[rep])
        broken = (self.hard[rep] & (missed > self.allowed[rep])).any(axis=1)
        return np.where(broken, -np.inf, self.paid[rep] - (self.penalty[rep] * missed).sum(axis=1))

    def prepare(self) -> None:
        """For every multiplier, the best that can follow: of a unit that must leave, and of a rep who must give one."""
        usable = self.gain[np.isfinite(self.gain)]
        most = 4.0 * (float(np.abs(usable).max(initial=0.0)) + float(self.paid.max(initial=0.0))) + 1.0
        # Small ones keep what gains, large ones what comes nearer; between them both have to hold.
        self.multipliers = (0.0, most / 1e4, most / 1e2, most)
        self.last: list[Floats] = []
        self.after: list[Floats] = []
        self.of_rep: list[Floats] = []
        self.back: list[npt.NDArray[np.float64] | None] = []
        paid = self.paid[self.rep_of_column]
        holder = self.rep[self.unit_of_column]
        for multiplier in self.multipliers:
            score = self.gain - multiplier * self.step
            last = np.where(self.choice >= 0, self.idle_gain - multiplier * self.idle_step, -np.inf)
            np.maximum.at(last, self.unit_of_column, score + paid)
            given = np.full(self.n_reps, -np.inf)
            np.maximum.at(given, self.rep[self.books], last[self.books])
            after = last.copy()
            np.maximum.at(after, self.unit_of_column, score + paid + np.maximum(given[self.rep_of_column], 0.0))
            self.last.append(last)
            self.after.append(after)
            self.of_rep.append(given)
            back = None
            if self.n_reps <= REPS_SQUARED:
                back = np.full((self.n_reps, self.n_reps), -np.inf)
                theirs = holder >= 0
                np.maximum.at(back, (holder[theirs], self.rep_of_column[theirs]), score[theirs])
            self.back.append(back)

    def starts(self) -> Indices:
        """Columns that are nearer to today than what their unit has."""
        return np.flatnonzero((self.step < 0) & np.isfinite(self.gain))

    def from_starts(self, starts: Indices) -> tuple[Indices, Indices]:
        """Chains that begin with these columns and seem to cost nothing: units, columns, (chains, 3); -1 fills up."""
        a = self.unit_of_column[starts].astype(np.int64)
        r, s = self.rep_of_column[starts].astype(np.int64), self.rep[a]
        leave = self._leave(s, a)
        head = _Head(starts, a, r, s, leave)
        opening = np.maximum(leave, self._paid(s))
        owner, b, gain = self._room(r, starts, self.gain[starts], self.step[starts], opening, self.after)
        head = head.some(owner)
        found = [self._ended_idle(head, b, gain), *self._next(head, b, gain)]
        units = np.concatenate([part[0] for part in found])
        return units, np.concatenate([part[1] for part in found])

    def _room(
        self, rep: Indices, add: Indices, gain: Floats, step: Floats, opening: Floats, after: list[Floats]
    ) -> tuple[Indices, Indices, Floats]:
        """Who can make room for each partial chain that ends with a column of this rep: rep by rep, all of the book.

        Returns the place of the partial chain, the unit that leaves, and the gain with what its leaving gives back;
        without those that cannot lead to a chain that costs nothing, as `after` bounds it.
        """
        found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
        order, kept = np.argsort(rep, kind="stable"), 0
        bounds = np.flatnonzero(np.diff(rep[order], prepend=-1, append=-1))
        for first, last in pairwise(bounds.tolist()):
            r = int(rep[order[first]])
            book = self.books[self.book_start[r] : self.book_start[r + 1]]
            at_once = max(1, AT_ONCE // max(1, len(book)))
            for begin in range(first, last, at_once):
                if self.homeward.over:
                    break
                mine = order[begin : min(last, begin + at_once)]
                total = gain[mine, None] + self._exchanged(r, add[mine], self.choice[book])
                hopeful = np.isfinite(total)
                for multiplier, best in zip(self.multipliers, after, strict=True):
                    needed = self.slack - opening[mine] + multiplier * (step[mine] + 1.0)
                    hopeful &= total + best[book] >= needed[:, None]
                place, unit = np.nonzero(hopeful)
                kept += len(place)
                if kept > MOST_KEPT:
                    self.homeward.give_up()
                    break
                found.append((mine[place], book[unit], total[place, unit]))
        places, units, gains = zip(*found, strict=True)
        return np.concatenate(places), np.concatenate(units), np.concatenate(gains)

    def _exchanged(self, rep: int, add: Indices, drop: Indices) -> Floats:
        """What a rep's rows give back for every column taken (rows) and every one given up (columns); see `change`."""
        total = np.full((len(add), len(drop)), self.paid[rep])
        for k in range(self.own.row.shape[1]):
            if self.own.row[rep, k] < 0:
                continue
            with_add = self.activity[rep, k] + self.own.coefficient[add, k]
            activity = with_add[:, None] - self.own.coefficient[drop, k]
            missed = violation(activity, self.lower[rep, k], self.upper[rep, k])
            if self.hard[rep, k]:
                total[missed > self.allowed[rep, k]] = -np.inf
            else:
                total -= self.penalty[rep, k] * missed
        return total

    def _paid(self, rep: Indices) -> Floats:
        return np.where(rep >= 0, self.paid[np.maximum(rep, 0)], 0.0) if self.n_reps else np.zeros(len(rep))

    def _leave(self, rep: Indices, unit: Indices) -> Floats:
        """What the rows of the rep whom a unit leaves give back; 0 for uncovered units."""
        found = np.zeros(len(rep))
        held = rep >= 0
        found[held] = self.change(rep[held], np.full(int(held.sum()), -1), self.choice[unit[held]])
        return found

    def _ended_idle(self, head: _Head, b: Indices, gain: Floats) -> tuple[Indices, Indices]:
        """a comes, b goes uncovered."""
        good = gain + head.leave + self.idle_gain[b] >= self.slack
        good &= self.step[head.column] + self.idle_step[b] < 0
        return _moves((head.a[good], head.column[good]), (b[good], np.full(int(good.sum()), -1)))

    def _next(self, head: _Head, b: Indices, gain: Floats) -> list[tuple[Indices, Indices]]:
        """Where b goes: to the place of a, to a rep with room, or to one where c makes room."""
        column, owner = ranges(self.formulation.pairs.unit_start, b)
        column = column.astype(np.int64)
        t = self.rep_of_column[column].astype(np.int64)
        usable = np.isfinite(self.gain[column]) & (t != head.r[owner])
        column, owner, t = column[usable], owner[usable], t[usable]
        head, b, gain = head.some(owner), b[owner], gain[owner] + self.gain[column]
        step = self.step[head.column] + self.step[column]
        swap = t == head.s
        total = np.where(swap, 0.0, gain + head.leave)
        total[~swap] += self.change(t[~swap], column[~swap], np.full(int((~swap).sum()), -1))
        total[swap] = gain[swap] + self.change(t[swap], column[swap], self.choice[head.a[swap]])
        good = (total >= self.slack) & (step < 0)
        found = [_moves((head.a[good], head.column[good]), (b[good], column[good]))]
        further = ~swap
        for multiplier, given, back in zip(self.multipliers, self.of_rep, self.back, strict=True):
            path = head.leave + given[t]
            cycle = self._paid(head.s) + (given[t] if back is None else back[t, np.maximum(head.s, 0)])
            reach = gain + self.paid[t] - multiplier * (step + 1.0)
            further &= reach + np.maximum(path, np.where(head.s >= 0, cycle, -np.inf)) >= self.slack
        head, b, column, t, gain, step = (
            head.some(further),
            b[further],
            column[further],
            t[further],
            gain[further],
            step[further],
        )
        return [*found, *self._third(head, b, column, gain, step)]

    def _third(
        self, head: _Head, b: Indices, column: Indices, gain: Floats, step: Floats
    ) -> list[tuple[Indices, Indices]]:
        """c makes room for b and goes uncovered, to a rep with room, or to the place of a."""
        t = self.rep_of_column[column].astype(np.int64)
        opening = np.maximum(head.leave, self._paid(head.s))
        owner, c, gain = self._room(t, column, gain, step, opening, self.last)
        head, b, column, t, step = head.some(owner), b[owner], column[owner], t[owner], step[owner]
        good = (gain + head.leave + self.idle_gain[c] >= self.slack) & (step + self.idle_step[c] < 0)
        two = (head.a[good], head.column[good]), (b[good], column[good])
        found = [_moves(*two, (c[good], np.full(int(good.sum()), -1)))]
        end, owner = ranges(self.formulation.pairs.unit_start, c)
        end = end.astype(np.int64)
        q = self.rep_of_column[end].astype(np.int64)
        usable = np.isfinite(self.gain[end]) & (q != head.r[owner]) & (q != t[owner])
        usable &= step[owner] + self.step[end] < 0
        end, owner, q = end[usable], owner[usable], q[usable]
        head, b, column, c = head.some(owner), b[owner], column[owner], c[owner]
        gain = gain[owner] + self.gain[end]
        cycle = q == head.s
        drop = np.where(cycle, self.choice[head.a], -1)
        total = gain + np.where(cycle, 0.0, head.leave) + self.change(q, end, drop)
        good = total >= self.slack
        found.append(_moves((head.a[good], head.column[good]), (b[good], column[good]), (c[good], end[good])))
        return found


@dataclass(frozen=True, eq=False)
class _Head:
    """The beginning of chains: unit a takes a column of rep r and leaves rep s (-1: it was uncovered)."""

    column: Indices
    a: Indices
    r: Indices
    s: Indices
    leave: Floats
    """What s gives back when nobody takes the place."""

    def some(self, which: npt.NDArray[np.generic] | slice) -> _Head:
        return _Head(self.column[which], self.a[which], self.r[which], self.s[which], self.leave[which])


def _given(matrix: sparse.csc_array, price: Floats, missed: Floats) -> Floats:
    """Per column: the most that its entries can end of what rows miss, at these prices."""
    amount = price[matrix.indices] * np.minimum(np.abs(matrix.data), missed[matrix.indices])
    owner = np.repeat(np.arange(matrix.shape[1]), np.diff(matrix.indptr))
    return np.bincount(owner, amount, matrix.shape[1]).astype(np.float64)


def _moves(*parts: tuple[Indices, Indices]) -> tuple[Indices, Indices]:
    """Units and columns of chains, filled up to a width of three."""
    units = np.full((len(parts[0][0]), 3), -1, np.int64)
    columns = units.copy()
    for place, (unit, column) in enumerate(parts):
        units[:, place], columns[:, place] = unit, column
    return units, columns


def bring_home(homeward: Homeward) -> bool:
    """Bring accounts home by returns, swaps and chains of three; True if none is left, False if time ended first."""
    own = OwnRows.of(homeward) if homeward.formulation.pairs.n_columns else None
    while not homeward.over:
        homeward.return_all()
        if own is None:
            return not homeward.over
        chains = Chains(homeward, own)
        if not _take_chains(homeward, chains):
            return not homeward.over
    return False


def _take_chains(homeward: Homeward, chains: Chains) -> bool:
    """Make the chains that cost nothing, in the caller's order of the accounts that come home; True if any was made."""
    starts = chains.starts()
    if len(starts) == 0:
        return False
    chains.prepare()
    book = np.diff(chains.book_start)[chains.rep_of_column[starts]] + 1
    per_unit = len(chains.unit_of_column) / max(1, len(chains.choice))
    part = (np.cumsum(book) * per_unit // AT_ONCE).astype(np.int64)
    touched = np.zeros(len(chains.choice), np.bool_)
    for some in np.split(starts, np.flatnonzero(np.diff(part)) + 1):
        if homeward.over:
            break
        units, columns = _likely(homeward, *chains.from_starts(some[~touched[chains.unit_of_column[some]]]))
        nth = np.arange(len(units)) - np.searchsorted(units[:, 0], units[:, 0])
        _take_in_turn(homeward, units[nth < TRIED], columns[nth < TRIED], touched)
        if not touched.any():
            _take_in_turn(homeward, units[nth >= TRIED], columns[nth >= TRIED], touched)
    return bool(touched.any())


def _take_in_turn(homeward: Homeward, units: Indices, columns: Indices, touched: Bools) -> None:
    """Make the first chain, drop what it leaves without ground, and so on; `touched` learns the units."""
    while len(units) and not homeward.over:
        filled = units[0] >= 0
        chain = units[0][filled]
        made = homeward.sound(chain, columns[0][filled])
        units, columns = units[1:], columns[1:]
        if made:
            touched[chain] = True
            free = ~(touched[units] & (units >= 0)).any(axis=1)
            units, columns = _likely(homeward, units[free], columns[free])


def _likely(homeward: Homeward, units: Indices, columns: Indices) -> tuple[Indices, Indices]:
    """Those that all rows but ties admit at no loss, by unit, the largest gain first."""
    if len(units) == 0:
        return units, columns
    gain, admitted = homeward.gains(units, columns)
    if homeward.counted:
        _, relief = homeward.relief()
        relief = np.where(units >= 0, relief[units], 0.0).sum(axis=1)
        admitted = admitted & (gain + relief >= homeward.floor - homeward.standing.objective)
    units, columns, gain = units[admitted], columns[admitted], gain[admitted]
    order = np.lexsort((-gain, units[:, 0]))
    return units[order], columns[order]
