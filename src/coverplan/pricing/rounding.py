"""From prices to a first plan: each unit its best column, then what overloads a row goes where there is room.

Rows that only take up room (no negative coefficient, a hard upper bound) are respected; what violates other rows is
left to the neighbourhoods. A few vectorised rounds, none of them over more than the units that must move.
"""

from __future__ import annotations

import time

import numpy as np

from coverplan.domain.instance import Bools, Floats
from coverplan.formulation.build import Formulation
from coverplan.formulation.program import Choice
from coverplan.pricing.neighbourhood import Landscape
from coverplan.pricing.segments import Indices
from coverplan.pricing.standing import entries_of, loads, ranges
from coverplan.pricing.ties import Partners, tied_units


def rounded(landscape: Landscape, deadline: float = np.inf) -> Choice:
    """A choice that overloads no packing row, as far as room and time (`time.monotonic`) admit."""
    formulation, choice = landscape.formulation, landscape.argmax()
    packing = _packing(landscape)
    everyone = np.arange(len(choice))
    activity = loads(formulation, everyone, choice)
    homeless = _evicted(landscape, choice, packing & (activity > formulation.upper + formulation.rounding[1]))
    if len(homeless) == 0:
        return choice
    room = np.where(packing, formulation.upper - activity + loads(formulation, homeless, choice[homeless]), np.inf)
    before = choice.copy()
    choice[homeless] = -1
    bonds = Bonds(landscape.formulation)
    while len(homeless) and time.monotonic() < deadline:
        homeless, placed = _place(landscape, bonds, choice, homeless, room, packing)
        if not placed:
            break
    stuck = (choice < 0) & ~np.isfinite(landscape.idle_cost)
    choice[stuck] = before[stuck]
    return choice


class Bonds:
    """Hard ties between units: which columns of a unit go with what its partners have."""

    def __init__(self, formulation: Formulation) -> None:
        ties, _ = tied_units(formulation)
        hard = ties.kept(np.isinf(ties.weight))
        partners = Partners.of(hard.units, hard.label, formulation.pairs.n_units)
        self.label, self.start, self.partner = partners.label, partners.start, partners.values
        self.any = len(hard.units) > 0

    def forbids(self, choice: Choice, units: Indices, columns: Indices, owner: Indices) -> Bools:
        """Columns whose label differs from that of a covered partner of their unit, `units[owner]`."""
        places, whose = ranges(self.start, units)
        taken = choice[self.partner[places]]
        covered = taken >= 0
        wanted = np.full(len(units), -1, np.int64)
        wanted[whose[covered]] = self.label[taken[covered]]
        return np.asarray((wanted[owner] >= 0) & (self.label[columns] != wanted[owner]))

    def first_of_each(self, units: Indices) -> Bools:
        """Units none of whose partners comes before them in the list."""
        rank = np.full(len(self.start) - 1, len(units), np.int64)
        rank[units] = np.arange(len(units))
        places, whose = ranges(self.start, units)
        later = np.ones(len(units), np.bool_)
        later[whose[rank[self.partner[places]] < whose]] = False
        return later


def _packing(landscape: Landscape) -> Bools:
    formulation = landscape.formulation
    packing = np.isinf(formulation.penalty) & np.isfinite(formulation.upper)
    for matrix in (formulation.matrix, formulation.idle_matrix):
        packing[matrix.indices[matrix.data < 0]] = False
    return np.asarray(packing)


def _evicted(landscape: Landscape, choice: Choice, over: Bools) -> Indices:
    """Units that leave overloaded rows: those that lose least by it, per unit of load, until the rest fits."""
    formulation = landscape.formulation
    units = np.flatnonzero(choice >= 0)
    entries, owner = entries_of(formulation.matrix, choice[units])
    row = formulation.matrix.indices[entries]
    used = over[row] & (formulation.matrix.data[entries] > 0)
    row, load, unit = row[used], formulation.matrix.data[entries[used]], units[owner[used]]
    order = np.lexsort((-(landscape.margin()[unit] / load), row))
    row, load, unit = row[order], load[order], unit[order]
    leaves = _running(row, load) > formulation.upper[row]
    return np.unique(unit[leaves])


def _running(row: Indices, load: Floats) -> Floats:
    """Running sums of the loads within each row; rows in order."""
    total = np.cumsum(load)
    first = np.flatnonzero(np.diff(row, prepend=-1))
    before = np.repeat(total[first] - load[first], np.diff(np.append(first, len(row))))
    return np.asarray(total - before)


def _place(
    landscape: Landscape, bonds: Bonds, choice: Choice, homeless: Indices, room: Floats, packing: Bools
) -> tuple[Indices, bool]:
    """Place those of greatest regret whose best column with room is not taken by another; the rest come again.

    Units for which nothing has room stay uncovered.
    """
    formulation = landscape.formulation
    matrix = formulation.matrix
    columns, owner = ranges(formulation.pairs.unit_start, homeless)
    entries, place = entries_of(matrix, columns)
    row = matrix.indices[entries]
    fits = np.isfinite(landscape.cost[columns])
    fits[place[packing[row] & (matrix.data[entries] > room[row] + formulation.rounding[1][row])]] = False
    if bonds.any:
        fits &= ~bonds.forbids(choice, homeless, columns, owner)
    cost = np.where(fits, landscape.cost[columns], np.inf)
    order = np.lexsort((cost, owner))
    first = np.searchsorted(owner[order], np.arange(len(homeless)))
    has = first < len(order)
    has[has] &= owner[order[first[has]]] == np.flatnonzero(has)
    best = np.full(len(homeless), -1, np.int64)
    best[has] = columns[order[first[has]]]
    least, second = np.full(len(homeless), np.inf), np.full(len(homeless), np.inf)
    least[has] = cost[order[first[has]]]
    follows = has & (first + 1 < len(order))
    follows[follows] &= owner[order[first[follows] + 1]] == np.flatnonzero(follows)
    second[follows] = cost[order[first[follows] + 1]]
    idle = landscape.idle_cost[homeless]
    alone = np.isfinite(idle) & (idle <= least)
    stuck = ~alone & np.isinf(least)
    movers = np.flatnonzero(~alone & ~stuck)
    regret = np.minimum(second, idle)[movers] - least[movers]
    movers = movers[np.argsort(-regret, kind="stable")]
    accepted = _accepted(landscape, best[movers], room, packing)
    if bonds.any:
        accepted &= bonds.first_of_each(homeless[movers])
    taken = movers[accepted]
    choice[homeless[taken]] = best[taken]
    room -= np.where(packing, loads(formulation, homeless[taken], best[taken]), 0.0)
    return homeless[movers[~accepted]], bool(accepted.any())


def _accepted(landscape: Landscape, columns: Indices, room: Floats, packing: Bools) -> Bools:
    """Which columns fit one after the other, earlier ones first."""
    matrix = landscape.formulation.matrix
    entries, place = entries_of(matrix, columns)
    used = packing[matrix.indices[entries]]
    entries, place = entries[used], place[used]
    row, load = matrix.indices[entries], matrix.data[entries]
    order = np.lexsort((place, row))
    spare = room + landscape.formulation.rounding[1]
    late = order[_running(row[order], load[order]) > spare[row[order]]]
    accepted = np.ones(len(columns), np.bool_)
    accepted[place[late]] = False
    return accepted
