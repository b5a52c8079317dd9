"""Units that rules tie together: the blocks whose best choice the bound takes exactly.

A unit is a seat, or the seats that hard `family` rules merge. Two kinds of rules tie units to each other:

- `same_team`: two units that hold seats of one account under the rule. The weight of the tie is the sum of the
  penalties of all such rules and accounts, infinite where one of the rules is hard. It is due where both units are
  covered, from different pods.
- soft `family`: the unit of a child's seat and that of the parent's seat of the same role, where the two differ. The
  weight of the tie is the sum of the penalties of all such rules and children. It is due where the child's unit is
  covered and its rep is not the rep of the parent's unit (an idle parent has none).

A rule with penalty 0 ties nothing. Which ties count in the bound:

1. The components of units under the `same_team` ties alone are *teams*. They lie within one account, or one merged
   family, and have one unit per role. A team counts if it has at most `LARGEST_TEAM` units; the ties of a larger one
   are dropped.
2. A `family` tie counts if neither of its units has any `same_team` tie (of a team of any size); else it is dropped.
   As each account has one parent, the ties that count form trees, whose units all have the same role.

Dropping a tie can only raise the bound, so it stays valid. A block is a team, a tree, or a unit without ties; its
value is the largest sum, over the choices of a rep or nobody for each unit, of the units' worth at the prices less the
weights that are due. `spread` is left out altogether.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np

from coverplan.verify.book import Document
from coverplan.verify.case import Case, seat_links
from coverplan.verify.filters import filtered_accounts
from coverplan.verify.pairs import Floats, Indices

LARGEST_TEAM = 5

Partition = tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]
"""Who is idle, and the groups of the others."""


@dataclass(frozen=True)
class Worth:
    """What a unit brings at the prices: with each rep, -inf where it may not be, and with nobody."""

    gains: Floats
    idle: float

    @property
    def best(self) -> float:
        """The most that it can bring on its own."""
        return max(self.idle, float(self.gains.max(initial=-math.inf)))


@dataclass(frozen=True)
class Team:
    """Units of one account, or of one merged family, with the weight of each tie by positions in `units`."""

    units: list[int]
    weights: dict[tuple[int, int], float]

    def value(self, worths: list[Worth], pods: Indices) -> float:
        """The best choice of idle units and of a pod for each group of the others; `pods` gives the pod of each rep.

        Two groups may meet in one pod: that pays ties that are not due, and the partition that joins them does not.
        """
        by_pod = [_best_by_pod(worth.gains, pods) for worth in worths]
        joint: dict[tuple[int, ...], float] = {}
        best = -math.inf
        for idle, groups in _partitions(len(self.units)):
            total = sum(worths[place].idle for place in idle)
            for group in groups:
                if group not in joint:
                    joint[group] = float(np.sum([by_pod[place] for place in group], axis=0).max(initial=-math.inf))
                total += joint[group]
            for one, other in combinations(groups, 2):
                total -= sum(self.weights.get((min(a, b), max(a, b)), 0.0) for a in one for b in other)
            best = max(best, total)
        return best


@dataclass(frozen=True)
class Tree:
    """Units of one family and role: each with the position of its parent (-1: the root) and the weight of that tie.

    Parents stand before their children.
    """

    units: list[int]
    parents: list[int]
    weights: list[float]

    def value(self, worths: list[Worth], _pods: Indices) -> float:
        """The best choice of all units, from the leaves to the root."""
        gains = [worth.gains for worth in worths]
        idle = [worth.idle for worth in worths]
        for place in reversed(range(1, len(self.units))):
            parent, weight = self.parents[place], self.weights[place]
            apart = max(float(gains[place].max(initial=-math.inf)) - weight, idle[place])
            gains[parent] = gains[parent] + np.maximum(gains[place], apart)
            idle[parent] += apart
        return max(idle[0], float(gains[0].max(initial=-math.inf)))


Block = Team | Tree


def _best_by_pod(gains: Floats, pods: Indices) -> Floats:
    best = np.full(int(pods.max(initial=-1)) + 1, -math.inf)
    np.maximum.at(best, pods, gains)
    return best


@cache
def _partitions(size: int) -> list[Partition]:
    """Every way to leave some of the positions idle and to put the others into groups."""
    if size == 0:
        return [((), ())]
    found: list[Partition] = []
    last = size - 1
    for idle, groups in _partitions(last):
        found.append(((*idle, last), groups))
        found.append((idle, (*groups, (last,))))
        for place, group in enumerate(groups):
            found.append((idle, (*groups[:place], (*group, last), *groups[place + 1 :])))
    return found


def find_blocks(case: Case) -> list[Block]:
    """The teams and the trees of a problem under a policy; all other units stand alone."""
    team_ties, family_ties = _team_ties(case), _family_ties(case)
    teamed = {unit for tie in team_ties for unit in tie}
    family_ties = {tie: weight for tie, weight in family_ties.items() if teamed.isdisjoint(tie)}
    return [*_teams(team_ties), *_trees(family_ties)]


def _penalty(spec: Document) -> float:
    penalty = spec.get("penalty")
    return math.inf if penalty is None else float(penalty)


def _team_ties(case: Case) -> dict[tuple[int, int], float]:
    """Weight by pair of units, the smaller number first."""
    ties: dict[tuple[int, int], float] = {}
    for spec in case.specs:
        if spec["kind"] == "same_team" and _penalty(spec) > 0:
            admitted = filtered_accounts(case.book, spec.get("accounts"))
            units: dict[int, list[int]] = {}
            for seat in case.book.seats:
                if admitted[seat.account.index]:
                    units.setdefault(seat.account.index, []).append(int(case.unit_of[seat.index]))
            for mine in units.values():
                for tie in combinations(sorted(mine), 2):
                    ties[tie] = ties.get(tie, 0.0) + _penalty(spec)
    return ties


def _family_ties(case: Case) -> dict[tuple[int, int], float]:
    """Weight by units of child and parent."""
    ties: dict[tuple[int, int], float] = {}
    for spec in case.specs:
        if spec["kind"] == "family" and 0 < _penalty(spec) < math.inf:
            for child, parent in seat_links(case.book, spec):
                tie = int(case.unit_of[child]), int(case.unit_of[parent])
                if tie[0] != tie[1]:
                    ties[tie] = ties.get(tie, 0.0) + _penalty(spec)
    return ties


def _teams(ties: dict[tuple[int, int], float]) -> Iterator[Team]:
    neighbours: dict[int, list[int]] = {}
    for one, other in ties:
        neighbours.setdefault(one, []).append(other)
        neighbours.setdefault(other, []).append(one)
    seen: set[int] = set()
    for start in neighbours:
        if start in seen:
            continue
        units, waiting = [], [start]
        seen.add(start)
        while waiting:
            unit = waiting.pop()
            units.append(unit)
            fresh = [other for other in neighbours[unit] if other not in seen]
            seen.update(fresh)
            waiting += fresh
        if len(units) <= LARGEST_TEAM:
            units.sort()
            pairs = combinations(range(len(units)), 2)
            weights = {(a, b): ties[units[a], units[b]] for a, b in pairs if (units[a], units[b]) in ties}
            yield Team(units, weights)


def _trees(ties: dict[tuple[int, int], float]) -> Iterator[Tree]:
    """Roots are parents that are nobody's child; what hangs on no root (a cycle of parents) stays without ties."""
    children: dict[int, list[tuple[int, float]]] = {}
    has_parent = {child for child, _ in ties}
    for (child, parent), weight in ties.items():
        children.setdefault(parent, []).append((child, weight))
    for root in children:
        if root in has_parent:
            continue
        tree = Tree([root], [-1], [0.0])
        for place, unit in enumerate(tree.units):  # grows while it is read: breadth first
            for child, weight in children.get(unit, ()):
                tree.units.append(child)
                tree.parents.append(place)
                tree.weights.append(weight)
        yield tree
