"""Who is best by the reference: what is proven of each policy, and what that decides."""

from __future__ import annotations

import itertools
import math
from functools import cached_property

import numpy as np

from coverplan.domain.instance import Bools, Floats
from coverplan.payload.experiments.design import Design, interval
from coverplan.payload.experiments.plans import Plans
from coverplan.payload.experiments.results import ReferenceInterval
from coverplan.payload.experiments.verdicts import (
    Basis,
    CurrencyInterval,
    CurrencyPair,
    Difference,
    PairVerdict,
    PolicyInterval,
)
from coverplan.studies.comparison import Interval, Outcome, paired, per_problem, rounding_of, winner
from coverplan.studies.deciding import Known, beats, in_sum, on_each

MAX_VERDICTS = 5000


class Decision:
    """All policies by the reference objective."""

    def __init__(self, plans: Plans) -> None:
        self.plans, self.design = plans, plans.design
        self.ids = [one.id for one in self.design.policies]
        self.same = same(self.design)
        self.distinct = [place for place, earlier in enumerate(self.same) if earlier is None]

    @cached_property
    def worths(self) -> Floats:
        """Reference objective of each plan, (policies, problems, seeds); NaN without one."""
        problems, seeds = range(len(self.plans.books)), self.design.seeds
        found = [
            [[self.plans.worth(problem, name, seed) for seed in seeds] for problem in problems] for name in self.ids
        ]
        return np.array(found, np.float64)

    @cached_property
    def groups(self) -> list[list[int]]:
        """Problems whose amounts may be added."""
        return list(self.plans.currencies.values())

    @cached_property
    def known(self) -> Known:
        """What is proven of each policy on each problem."""
        low = np.where(np.isnan(self.worths), -np.inf, self.worths).max(axis=2)
        problems = range(len(self.plans.books))
        high = np.array([[self._bound(problem, name) for problem in problems] for name in self.ids])
        own = np.array([[self._own(problem, name) for problem in problems] for name in self.ids])
        worst = np.where(np.isnan(self.worths), np.inf, self.worths).min(axis=2)
        least, most = np.minimum(own[:, :, 0], worst), np.minimum(np.maximum(own[:, :, 1], low), high)
        return Known(low, high, least, most)

    def _bound(self, problem: int, name: str) -> float:
        """What no plan that keeps a policy's hard rules exceeds by the reference; -inf: there is none."""
        highs = [interval(self.plans.facts.get(cell.key))[1] for cell in self.design.policy_cells(problem, name)]
        if min(highs) == -math.inf:
            return -math.inf
        if self.design.judge_themselves[name]:
            return min(highs)
        cell = self.design.reference_cell(problem, name)
        return math.inf if cell is None else interval(self.plans.facts.get(cell.key))[1]

    def _own(self, problem: int, name: str) -> tuple[float, float]:
        """Least and most, by the reference, of the plans that its own objective holds as good as all those found."""
        own = [interval(self.plans.facts.get(cell.key)) for cell in self.design.policy_cells(problem, name)]
        found = min((low for low, _ in own if math.isfinite(low)), default=-math.inf)
        if not math.isfinite(found):
            return -math.inf, math.inf
        if self.design.judge_themselves[name]:
            return found, min(high for _, high in own)
        least, most = -math.inf, math.inf
        for side, solve, cell in self.design.second_cells(problem, name, self.plans.facts):
            reach = solve.reach(interval(self.plans.facts.get(cell.key))[1], found)
            least, most = (-reach, most) if side == "least" else (least, reach)
        return least, most

    def tied(self, problem: int, place: int) -> tuple[float, float]:
        """Least and most by the reference among known plans that are as good by a policy's own objective."""
        name, low = self.ids[place], self.worths[place, problem]
        worth = low[~np.isnan(low)]
        ends = [float(worth.min()), float(worth.max())]
        own = [interval(self.plans.facts.get(cell.key))[0] for cell in self.design.policy_cells(problem, name)]
        found = min(value for value in own if math.isfinite(value))
        for _, solve, cell in self.design.second_cells(problem, name, self.plans.facts):
            plan, value = self.plans.plan(cell), self.plans.worth_of(cell, name)
            if plan is not None and plan.objective is not None and value is not None:
                as_good = solve.own(plan.objective.value, value) >= found - rounding_of(found)
                ends += [value] if as_good else []
        return min(ends), max(ends)

    @cached_property
    def differences(self) -> dict[tuple[int, int], list[Interval | None]]:
        """Paired differences of two policies, one per currency: of the listed pairs, and of who may win."""
        lead = winner(self.beats_but_for_chance, self.same)
        size = len(self.ids)
        one, other = np.triu_indices(size, 1)
        listed = np.arange(len(one)) < MAX_VERDICTS
        chosen = np.flatnonzero(listed | (one == lead) | (other == lead) if lead is not None else listed)
        found: dict[tuple[int, int], list[Interval | None]] = {
            (int(one[place]), int(other[place])): [] for place in chosen.tolist()
        }
        for group in self.groups:
            worths = self.worths[:, group]
            each = paired(per_problem(worths[one[chosen]] - worths[other[chosen]]))
            for pair, difference in zip(found, each, strict=True):
                found[pair].append(difference)
        return found

    @cached_property
    def likely(self) -> list[Bools]:
        """Per currency, (policies, policies): in whose favour the difference over its problems is more than chance."""
        size, found = len(self.ids), list[Bools]()
        for number, group in enumerate(self.groups):
            sure = np.full((size, size), len(group) == 1)
            for (a, b), differences in self.differences.items():
                difference = differences[number]
                if len(group) > 1 and difference is not None:
                    sure[a, b], sure[b, a] = difference.low > 0, difference.high < 0
            found.append(sure)
        return found

    @cached_property
    def beats_but_for_chance(self) -> Bools:
        """Who beats whom, chance left aside."""
        every = np.ones((len(self.ids), len(self.ids)), np.bool_)
        return beats(self.known, self.groups, [every] * len(self.groups))

    @cached_property
    def beats(self) -> Bools:
        """Who beats whom."""
        return beats(self.known, self.groups, self.likely)

    @cached_property
    def beats_by_hard_rules(self) -> Bools:
        """The same where hard rules alone decide."""
        return beats(self.known, self.groups, self.likely, own=False)

    @cached_property
    def winner(self) -> int | None:
        """The policy that beats each other one."""
        return winner(self.beats, self.same) if len(self.distinct) > 1 else None

    def reference(self, place: int, problem: int, seed: int) -> ReferenceInterval:
        """A plan under the reference, with what is proven of its policy."""
        known = self.known
        return ReferenceInterval(
            objective=_finite(self.worths[place, problem, seed]),
            bound=_finite(known.high[place, problem]),
            own_least=_finite(known.least[place, problem]),
            own_most=_finite(known.most[place, problem]),
        )

    def intervals(self) -> list[PolicyInterval]:
        """One per policy."""
        parts = [self.known.on(group).summed() for group in self.groups]
        single = parts[0] if len(parts) == 1 else None
        found = []
        for place, name in enumerate(self.ids):
            amounts = {} if single is None else _amounts(single, place)
            by_currency = [
                CurrencyInterval(currency=currency, low=_finite(part.low[place, 0]), high=_finite(part.high[place, 0]))
                for currency, part in zip(self.plans.currencies, parts, strict=True)
            ]
            infeasible = bool(self.known.lost[place])
            found.append(
                PolicyInterval(
                    policy_id=name,
                    **amounts,
                    infeasible=infeasible,
                    by_currency=by_currency if single is None else [],
                )
            )
        return found

    def by_pair(self) -> list[PairVerdict]:
        """Each two policies, the first ones."""
        pairs = itertools.islice(itertools.combinations(range(len(self.ids)), 2), MAX_VERDICTS)
        parts = [self.known.on(group) for group in self.groups]
        sums = [part.summed() for part in parts]
        apart = (
            [on_each(part) | (in_sum(part) & sure) for part, sure in zip(parts, self.likely, strict=True)]
            if len(parts) > 1
            else []
        )
        return [self._pair(a, b, sums, apart) for a, b in pairs]

    def _pair(self, a: int, b: int, sums: list[Known], apart: list[Bools]) -> PairVerdict:
        alike = self.alike(a, b)
        differences = self.differences[a, b]
        single = len(sums) == 1
        margins = _margins(sums[0], a, b) if single else {}
        by_currency = [
            CurrencyPair(
                currency=currency,
                outcome="same" if alike else _outcome(beaten, a, b),
                low=_less(part.low[a, 0], part.high[b, 0]),
                high=_less(part.high[a, 0], part.low[b, 0]),
                difference=difference_of(difference),
            )
            for currency, part, beaten, difference in zip(self.plans.currencies, sums, apart, differences, strict=False)
        ]
        return PairVerdict(
            a=self.ids[a],
            b=self.ids[b],
            outcome="same" if alike else _outcome(self.beats, a, b),
            by=None if alike else self.basis(a, b),
            **margins,
            difference=difference_of(differences[0]) if single else None,
            by_currency=by_currency,
        )

    def basis(self, a: int, b: int) -> Basis | None:
        """What decides between two policies; None where nothing does."""
        if not (self.beats[a, b] or self.beats[b, a]):
            return None
        hard = self.beats_by_hard_rules[a, b] or self.beats_by_hard_rules[b, a]
        return "hard_rules" if hard else "own_objective"

    def alike(self, a: int, b: int) -> bool:
        """Whether two policies have the same content."""
        first = [place if self.same[place] is None else self.same[place] for place in (a, b)]
        return first[0] == first[1]


def same(design: Design) -> list[int | None]:
    """Per policy: an earlier one of the same content."""
    place_of = {one.id: place for place, one in enumerate(design.policies)}
    earlier = [place_of[design.first[one.id].id] for one in design.policies]
    return [None if other == place else other for place, other in enumerate(earlier)]


def difference_of(found: Interval | None) -> Difference | None:
    """As documents have it."""
    if found is None:
        return None
    return Difference(
        difference=found.difference,
        low=_finite(found.low),
        high=_finite(found.high),
        pairs=found.problems,
        method=found.method,
    )


def _outcome(beaten: Bools, a: int, b: int) -> Outcome:
    return "a" if beaten[a, b] else "b" if beaten[b, a] else "inconclusive"


def _amounts(part: Known, place: int) -> dict[str, float | None]:
    names = {"low": part.low, "high": part.high, "own_least": part.least, "own_most": part.most}
    return {name: _finite(values[place, 0]) for name, values in names.items()}


def _margins(part: Known, a: int, b: int) -> dict[str, float | None]:
    return {
        "low": _less(part.low[a, 0], part.high[b, 0]),
        "high": _less(part.high[a, 0], part.low[b, 0]),
        "own_low": _less(part.least[a, 0], part.most[b, 0]),
        "own_high": _less(part.most[a, 0], part.least[b, 0]),
    }


def _less(one: float, other: float) -> float | None:
    """The first less the second; None where one of them is not known, or there is no plan."""
    return float(one - other) if math.isfinite(one) and math.isfinite(other) else None


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
