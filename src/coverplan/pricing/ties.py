"""Rules that tie units together, as the priced method sees them: as rows of small programs, and as blocks of the bound.

Rows that tie units would add a price per account: they get none. A block of tied units has a closed-form maximum
instead. Which ties count in the bound (the independent check keeps to the same rule):

1. Units joined by `same_team` form teams, one unit per role. A team of at most `LARGEST_TEAM` units counts.
2. A soft `family` tie counts if neither of its units has any `same_team` tie; such ties form trees.

Leaving a tie out can only raise the bound. Ties without weight tie nothing.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from coverplan.domain.components import components
from coverplan.domain.instance import Bools, Floats
from coverplan.formulation.build import Formulation
from coverplan.formulation.program import Choice
from coverplan.mip.rows import Joined
from coverplan.pricing.segments import Indices
from coverplan.pricing.standing import ranges
from coverplan.pricing.teams import LARGEST_TEAM, Teams
from coverplan.pricing.trees import Trees


@dataclass(frozen=True, eq=False)
class Piece:
    """Teams of one size, or all trees, with the units and columns of the formulation that they are about."""

    block: Teams | Trees
    units: Indices
    columns: Indices

    @property
    def first_units(self) -> Indices:
        """One unit of each block."""
        block = self.block
        return self.units[:: block.size] if isinstance(block, Teams) else self.units[block.roots]

    def maxima(self, worth: Floats, idle: Floats, temperature: float) -> tuple[Floats, Floats, Floats]:
        """Maximum of each block, share of each of `columns`, share of idle of each of `units`."""
        if isinstance(self.block, Teams):
            idle = idle.reshape(self.block.count, self.block.size)
        value, column, empty = self.block.maxima(worth, idle, temperature)
        return value, column, empty.reshape(-1)


class Blocks:
    """All blocks of tied units of a formulation."""

    def __init__(self, formulation: Formulation) -> None:
        teams, family = tied_units(formulation)
        self.formulation = weakref.proxy(formulation)
        self.pieces: list[Piece] = []
        teamed = np.zeros(formulation.pairs.n_units, np.bool_)
        teamed[teams.units.reshape(-1)] = True
        if len(teams.units):
            self.pieces += _teams(formulation, teams)
        family = family.kept(np.asarray(~teamed[family.units].any(axis=1)))
        if len(family.units):
            self.pieces.append(_trees(formulation, family))
        self.tied: Bools = np.zeros(formulation.pairs.n_units, np.bool_)
        for piece in self.pieces:
            self.tied[piece.units] = True

    def __bool__(self) -> bool:
        return bool(self.pieces)

    def values(self, worth: Floats, idle: Floats, mine: Bools | None = None) -> Floats:
        """The exact maximum of every block, or of those of some units.

        `worth` is per column and `idle` per unit of the whole formulation.
        """
        found = [np.empty(0)]
        for piece in self.pieces:
            value, _, _ = piece.maxima(worth[piece.columns], idle[piece.units], 0.0)
            found.append(value if mine is None else value[mine[piece.first_units]])
        return np.concatenate(found)

    def choose(self, worth: Floats, idle: Floats, choice: Choice) -> None:
        """Overwrite the choice of tied units with the best of their blocks."""
        unit = self.formulation.pairs.column_unit
        for piece in self.pieces:
            _, column, _ = piece.maxima(worth[piece.columns], idle[piece.units], 0.0)
            taken = piece.columns[column > 0.5]
            choice[piece.units] = -1
            choice[unit[taken]] = taken


@dataclass(frozen=True, eq=False)
class Partners:
    """The units that each unit is tied to: those of unit u are `values[start[u]:start[u + 1]]`."""

    start: Indices
    values: Indices
    label: Indices
    """Per column: what tied choices should agree on."""

    @classmethod
    def of(cls, units: Indices, label: Indices, n_units: int) -> Partners:
        """From pairs of units, (n, 2)."""
        both = np.concatenate([units, units[:, ::-1]])
        order = np.argsort(both[:, 0], kind="stable")
        return cls(np.searchsorted(both[order, 0], np.arange(n_units + 1)), both[order, 1], label)


def partners_of(formulation: Formulation) -> Partners:
    """All units that rules tie to each unit, found once."""
    if formulation not in _PARTNERS:
        teams, family = tied_units(formulation)
        units = np.concatenate([teams.units, family.units])
        _PARTNERS[formulation] = Partners.of(units, teams.label, formulation.pairs.n_units)
    return _PARTNERS[formulation]


_PARTNERS: weakref.WeakKeyDictionary[Formulation, Partners] = weakref.WeakKeyDictionary()
_KNOWN: weakref.WeakKeyDictionary[Formulation, Blocks] = weakref.WeakKeyDictionary()


def blocks_of(formulation: Formulation) -> Blocks:
    """The blocks of a formulation, found once."""
    if formulation not in _KNOWN:
        _KNOWN[formulation] = Blocks(formulation)
    return _KNOWN[formulation]


@dataclass(frozen=True, eq=False)
class Ties:
    """Pairs of units (for families child, parent), their weight, and the label of each column."""

    units: Indices
    weight: Floats
    label: Indices

    def kept(self, which: Bools) -> Ties:
        return Ties(self.units[which], self.weight[which], self.label)


def tied_units(formulation: Formulation) -> tuple[Ties, Ties]:
    """Ties between teams, and between children and parents."""
    found: dict[bool, list[tuple[Joined, float]]] = {False: [], True: []}
    for rule, block in formulation.linked:
        weight = np.inf if rule.penalty is None else rule.penalty
        if block.joined is not None and weight > 0:
            found[block.joined.follows].append((block.joined, weight))
    return _gathered(formulation, found[False]), _gathered(formulation, found[True])


def _gathered(formulation: Formulation, found: list[tuple[Joined, float]]) -> Ties:
    """All ties of one sort between different units; weights of the same two units add up."""
    pairs = formulation.pairs
    label = np.zeros(pairs.n_columns, np.int64)
    if not found:
        return Ties(np.empty((0, 2), np.int64), np.empty(0), label)
    label[pairs.column] = found[0][0].label
    units = np.concatenate([pairs.unit_of_seat[joined.items].reshape(-1, 2) for joined, _ in found]).astype(np.int64)
    weight = np.concatenate([np.full(len(joined.items), each) for joined, each in found])
    if not found[0][0].follows:
        units = np.sort(units, axis=1)
    apart = units[:, 0] != units[:, 1]
    units, weight = units[apart], weight[apart]
    if len(units) == 0:
        return Ties(units, weight, label)
    keys, which = np.unique(units, axis=0, return_inverse=True)
    return Ties(keys, np.bincount(which.reshape(-1), weight, len(keys)).astype(np.float64), label)


def _columns_of(formulation: Formulation, units: Indices, label: Indices) -> tuple[Indices, Indices]:
    """Open columns of these units and the position of the unit of each, ordered by unit and label."""
    columns, owner = ranges(formulation.pairs.unit_start, units)
    opened = formulation.open_column[columns]
    columns, owner = columns[opened], owner[opened]
    order = np.lexsort((label[columns], owner))
    return columns[order], owner[order]


def _teams(formulation: Formulation, ties: Ties) -> list[Piece]:
    n_units = formulation.pairs.n_units
    component = components(ties.units[:, 0], ties.units[:, 1], n_units)
    sizes = np.bincount(component)
    members = np.argsort(component, kind="stable")
    start = np.concatenate([[0], np.cumsum(sizes)])
    tie_team = component[ties.units[:, 0]]
    position = np.empty(n_units, np.int64)
    position[members] = np.arange(n_units) - start[component[members]]
    pieces = []
    for size in range(2, LARGEST_TEAM + 1):
        chosen = np.flatnonzero(sizes == size)
        if len(chosen) == 0:
            continue
        places, _ = ranges(start, chosen)
        units = members[places].astype(np.int64)
        number = np.full(len(sizes), -1, np.int64)
        number[chosen] = np.arange(len(chosen))
        weights: dict[tuple[int, ...], Floats] = {}
        mine = np.flatnonzero(number[tie_team] >= 0)
        one, other = position[ties.units[mine]].T
        for a, b in combinations(range(size), 2):
            weight = np.zeros(len(chosen))
            at = mine[(one == a) & (other == b)]
            weight[number[tie_team[at]]] = ties.weight[at]
            weights[a, b] = weight
        columns, owner = _columns_of(formulation, units, ties.label)
        pieces.append(Piece(Teams.of(owner, ties.label[columns], len(chosen), size, weights), units, columns))
    return pieces


def _trees(formulation: Formulation, ties: Ties) -> Piece:
    units = np.unique(ties.units)
    child, parent = np.searchsorted(units, ties.units).T
    above, weight = np.full(len(units), -1, np.int64), np.zeros(len(units))
    above[child], weight[child] = parent, ties.weight
    columns, owner = _columns_of(formulation, units, ties.label)
    return Piece(Trees.of(owner, ties.label[columns], above, weight), units, columns)
