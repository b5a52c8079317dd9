"""How the policies of an experiment compare: means, paired differences, acceptance, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from coverplan.domain.instance import Bools, Floats
from coverplan.payload.experiments.design import interval
from coverplan.payload.experiments.plans import Plans
from coverplan.payload.experiments.results import (
    Difference,
    PairVerdict,
    PolicyInterval,
    PolicyResult,
    RuleResult,
    TodayRow,
    Verdict,
)
from coverplan.studies.acceptance import Rule, parse
from coverplan.studies.comparison import Interval, better, paired, winner
from coverplan.studies.metrics import METRICS, Values

MAX_VERDICTS = 5000
WHOLE_FROM = 1e5
"""Numbers from here on are shown without a fraction."""
NAMES = tuple(metric.name for metric in METRICS)


class Comparison:
    """All policies on all problems and seeds."""

    def __init__(self, plans: Plans, today: dict[int, TodayRow]) -> None:
        self.plans, self.design, self.today = plans, plans.design, today
        self.ids = [one.id for one in self.design.policies]
        problems = range(len(self.design.request.problems))
        self.pairs = [(problem, seed) for problem in problems for seed in self.design.seeds]

    def values(self, name: str) -> list[Values]:
        """Metrics of a policy on each problem and seed."""
        return [self.plans.values(self.design.policy_cell(problem, name, seed)) for problem, seed in self.pairs]

    def policies(self) -> list[PolicyResult]:
        """Each policy by itself, against the baseline and against today."""
        table = _table([self.values(name) for name in self.ids])
        base = table[self.ids.index(self.design.baseline.id)]
        today = _table([[self.today[problem].metrics if problem in self.today else {} for problem, _ in self.pairs]])[0]
        from_base, from_today = _differences(table - base), _differences(table - today)
        same, accepted = self.same(), self._accepted()
        results = []
        for place, name in enumerate(self.ids):
            earlier = same[place]
            infeasible = [self.design.request.problem_ids[problem] for problem in self.infeasible(name)]
            results.append(
                PolicyResult(
                    policy_id=name,
                    same_as=None if earlier is None else self.ids[earlier],
                    plans=sum(bool(values) for values in self.values(name)),
                    infeasible=infeasible,
                    metrics=_means(table[place]),
                    against_baseline=from_base[place],
                    against_today=from_today[place],
                    accepted=accepted[name],
                )
            )
        return results

    def same(self) -> list[int | None]:
        """Per policy: an earlier one of the same content."""
        place_of = {name: place for place, name in enumerate(self.ids)}
        earlier = [place_of[self.design.first[name].id] for name in self.ids]
        return [None if other == place else other for place, other in enumerate(earlier)]

    def infeasible(self, name: str) -> Iterator[int]:
        """Problems on which a policy is proven to have no plan."""
        for problem in range(len(self.design.request.problems)):
            cells = [self.design.policy_cell(problem, name, seed) for seed in self.design.seeds]
            if any(interval(self.plans.facts.get(cell.key))[1] == -math.inf for cell in cells):
                yield problem

    def _accepted(self) -> dict[str, list[RuleResult]]:
        rules = [parse(text, NAMES) for text in self.design.request.accept]
        base = self.values(self.design.baseline.id)
        return {name: [self._judge(rule, self.values(name), base) for rule in rules] for name in self.ids}

    def _judge(self, rule: Rule, values: list[Values], base: list[Values]) -> RuleResult:
        """A rule on each problem and seed; the first one that it fails on is the reason."""
        for (problem, seed), own, other in zip(self.pairs, values, base, strict=True):
            today: Values = self.today[problem].metrics if problem in self.today else {}
            if rule.holds(own, other, today):
                continue
            where = f"{self.design.request.problem_ids[problem]}, seed {seed}"
            shown = ", ".join(_shown(name, own, other, today, rule.text) for name in rule.metrics)
            why = f"{where}: {shown}." if own else f"{where}: there is no plan."
            return RuleResult.model_validate({"rule": rule.text, "pass": False, "why": why})
        why = f"It holds on all {len(self.pairs)} problems and seeds." if len(self.pairs) > 1 else "It holds."
        return RuleResult.model_validate({"rule": rule.text, "pass": True, "why": why})

    def bound(self, problem: int, name: str) -> float:
        """What no plan that keeps a policy's hard rules exceeds by the reference; -inf: there is none."""
        cells = [self.design.policy_cell(problem, name, seed) for seed in self.design.seeds]
        highs = [interval(self.plans.facts.get(cell.key))[1] for cell in cells]
        if min(highs) == -math.inf:
            return -math.inf
        if self.design.judge_themselves[name]:
            return min(highs)
        cell = self.design.reference_cell(problem, name)
        return math.inf if cell is None else interval(self.plans.facts.get(cell.key))[1]

    def worths(self) -> Floats:
        """Reference objective of each policy's plans, (policies, problems, seeds); NaN without one."""
        problems, seeds = range(len(self.design.request.problems)), self.design.seeds
        found = [
            [[self.plans.worth(problem, name, seed) for seed in seeds] for problem in problems] for name in self.ids
        ]
        return np.array(found, np.float64)

    def verdict(self, worths: Floats, bounds: Floats) -> Verdict:
        """Who is best; `bounds` (policies, problems)."""
        low = np.where(np.isnan(worths), -np.inf, worths).max(axis=2).sum(axis=1)
        high = np.where(np.isneginf(bounds).any(axis=1), -np.inf, np.where(np.isneginf(bounds), 0, bounds).sum(axis=1))
        same = self.same()
        intervals = [
            PolicyInterval(policy_id=name, low=_finite(one), high=_finite(other), infeasible=bool(np.isneginf(other)))
            for name, one, other in zip(self.ids, low, high, strict=True)
        ]
        beats, by_pair = self._by_pair(worths, low, high, same)
        best = winner(beats, same) if sum(earlier is None for earlier in same) > 1 else None
        return Verdict(
            outcome="inconclusive" if best is None else "decided",
            winner=None if best is None else self.ids[best],
            why=self._why(best, low, high, same),
            intervals=intervals,
            by_pair=by_pair,
        )

    def _by_pair(
        self, worths: Floats, low: Floats, high: Floats, same: list[int | None]
    ) -> tuple[Bools, list[PairVerdict]]:
        """Who beats whom, and the first pairs. Over several problems, what may be chance decides nothing either.

        Chance is looked into for the pairs that are listed, and for those of the only policy that can win.
        """
        beats, size, lead = better(low, high), len(self.ids), int(np.argmax(low))
        one, other = np.triu_indices(size, 1)
        listed = np.arange(len(one)) < MAX_VERDICTS
        looked_into = np.flatnonzero(listed | (one == lead) | (other == lead))
        flat = worths.reshape(size, -1)
        found = paired(flat[one[looked_into]] - flat[other[looked_into]])
        shown = []
        for place, difference in zip(looked_into.tolist(), found, strict=True):
            a, b = int(one[place]), int(other[place])
            if worths.shape[1] > 1 and difference is not None and not math.isnan(difference.low):
                beats[a, b] &= difference.low > 0
                beats[b, a] &= difference.high < 0
            if listed[place]:
                shown.append(self._pair(a, b, beats, low, high, same, difference))
        return beats, shown

    def _pair(
        self,
        a: int,
        b: int,
        beats: Bools,
        low: Floats,
        high: Floats,
        same: list[int | None],
        found: Interval | None,
    ) -> PairVerdict:
        alike = (a if same[a] is None else same[a]) == (b if same[b] is None else same[b])
        return PairVerdict(
            a=self.ids[a],
            b=self.ids[b],
            outcome="same" if alike else "a" if beats[a, b] else "b" if beats[b, a] else "inconclusive",
            low=_finite(low[a] - high[b]) if np.isfinite(low[a]) else None,
            high=_finite(high[a] - low[b]) if np.isfinite(low[b]) else None,
            difference=None if found is None else _difference(found),
        )

    def _why(self, best: int | None, low: Floats, high: Floats, same: list[int | None]) -> str:
        distinct = [place for place, earlier in enumerate(same) if earlier is None]
        if best is not None:
            return f"The plans of {self.ids[best]} beat every plan that the hard rules of each other policy admit."
        if len(distinct) < 2:
            return "There is nothing to compare it with: all policies are the same."
        if not np.isfinite(low[distinct]).any():
            return "No policy has a plan on every problem."
        lead = max(distinct, key=lambda place: low[place])
        rivals = [place for place in distinct if place != lead and high[place] >= low[lead]]
        if not rivals:
            return f"{self.ids[lead]} is ahead in sum, but not beyond chance over the problems."
        rival = max(rivals, key=lambda place: high[place])
        return f"The interval of {self.ids[lead]} and that of {self.ids[rival]} are not disjoint."


def _table(values: list[list[Values]]) -> Floats:
    """Values as (policies, metrics, pairs), NaN where there is none."""
    return np.array(
        [[[one.get(metric) for one in row] for metric in NAMES] for row in values], np.float64
    )  # None becomes NaN


def _means(table: Floats) -> Values:
    """Mean of each metric over the plans that have it."""
    return {
        name: float(row[~np.isnan(row)].mean()) if (~np.isnan(row)).any() else None
        for name, row in zip(NAMES, table, strict=True)
    }


def _differences(table: Floats) -> list[dict[str, Difference]]:
    """Paired differences per policy, by metric; those without a pair are left out."""
    found = paired(table.reshape(-1, table.shape[2]))
    rows = [found[start : start + len(NAMES)] for start in range(0, len(found), len(NAMES))]
    return [{name: _difference(one) for name, one in zip(NAMES, row, strict=True) if one is not None} for row in rows]


def _difference(found: Interval) -> Difference:
    return Difference(difference=found.difference, low=_finite(found.low), high=_finite(found.high), pairs=found.pairs)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _shown(name: str, own: Values, base: Values, today: Values, text: str) -> str:
    """A metric in the reason of a failure, with what it is compared with."""
    anchors = {"baseline": base, "today": today}
    others = [f"{anchor} {_number(values.get(name))}" for anchor, values in anchors.items() if anchor in text]
    return f"{name} is {_number(own.get(name))}" + (f" ({', '.join(others)})" if others else "")


def _number(value: float | None) -> str:
    if value is None:
        return "not defined"
    return f"{value:,.0f}" if abs(value) >= WHOLE_FROM else f"{value:,.6g}"
