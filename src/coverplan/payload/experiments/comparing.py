"""How the policies of an experiment compare: means, paired differences and acceptance."""

from __future__ import annotations

import numpy as np

from coverplan.domain.instance import Floats
from coverplan.payload.experiments.deciding import difference_of, same
from coverplan.payload.experiments.plans import Plans
from coverplan.payload.experiments.results import PolicyResult, RuleResult, TodayRow
from coverplan.payload.experiments.verdicts import Difference
from coverplan.studies.acceptance import Rule, parse
from coverplan.studies.comparison import paired, per_problem
from coverplan.studies.metrics import BY_NAME, GAP, METRICS, MONEY, Values
from coverplan.wording.figures import PLAIN

FIGURES, WHOLE_FROM = 6, 1e5
"""How many figures of a number are shown, and from where on none of a fraction."""
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

    def held(self, name: str) -> list[Values]:
        """Metrics of today's assignment on each problem and seed, its penalties those of a policy."""
        found: list[Values] = []
        for problem, seed in self.pairs:
            here = self.today.get(problem)
            penalty = self.plans.penalty_today(self.design.policy_cell(problem, name, seed))
            found.append({} if here is None else {**here.metrics, "penalty": penalty})
        return found

    def policies(self) -> list[PolicyResult]:
        """Each policy by itself, against the baseline and against today."""
        table = self._table([self.values(name) for name in self.ids])
        base = table[self.ids.index(self.design.baseline.id)]
        held = self._table([self.held(name) for name in self.ids])
        from_base, from_today = _differences(table - base), _differences(table - held)
        earlier_ones, accepted = same(self.design), self._accepted()
        results = []
        for place, name in enumerate(self.ids):
            earlier = earlier_ones[place]
            results.append(
                PolicyResult(
                    policy_id=name,
                    same_as=None if earlier is None else self.ids[earlier],
                    plans=sum(bool(values) for values in self.values(name)),
                    infeasible=self.plans.infeasible(name),
                    unsolved=self.plans.unsolved(name),
                    metrics=_means(per_problem(table[place])),
                    against_baseline=from_base[place],
                    against_today=from_today[place],
                    accepted=accepted[name],
                )
            )
        return results

    def _table(self, values: list[list[Values]]) -> Floats:
        """Values as (policies, metrics, problems, seeds), NaN where there is none, or none that may be summed."""
        summed = {one.name for one in METRICS if one.unit != MONEY or len(self.plans.currencies) == 1}
        table = np.array(
            [[[one.get(metric) if metric in summed else None for one in row] for metric in NAMES] for row in values],
            np.float64,
        )  # None becomes NaN
        return table.reshape(len(values), len(NAMES), -1, len(self.design.seeds))

    def _accepted(self) -> dict[str, list[RuleResult]]:
        rules = [parse(text, NAMES) for text in self.design.request.accept]
        base = self.values(self.design.baseline.id)
        return {
            name: [self._judge(rule, self.values(name), base, self.held(name)) for rule in rules] for name in self.ids
        }

    def _judge(self, rule: Rule, values: list[Values], base: list[Values], held: list[Values]) -> RuleResult:
        """A rule on each problem and seed; the first one that it fails on is the reason."""
        for (problem, seed), own, other, today in zip(self.pairs, values, base, held, strict=True):
            if rule.holds(own, other, today):
                continue
            where = f"{self.design.request.problem_ids[problem]}, seed {seed}"
            shown = ", ".join(_shown(name, own, other, today, rule.text) for name in rule.metrics)
            why = f"{where}: {shown}." if own else f"{where}: there is no plan."
            return RuleResult.model_validate({"rule": rule.text, "pass": False, "why": why})
        why = f"It holds on all {len(self.pairs)} problems and seeds." if len(self.pairs) > 1 else "It holds."
        return RuleResult.model_validate({"rule": rule.text, "pass": True, "why": why})


def _means(table: Floats) -> Values:
    """Mean of each metric, (metrics, problems), over the problems that have it."""
    return {
        name: float(row[~np.isnan(row)].mean()) if (~np.isnan(row)).any() else None
        for name, row in zip(NAMES, table, strict=True)
    }


def _differences(table: Floats) -> list[dict[str, Difference]]:
    """Paired differences per policy, by metric; those without a problem that has both values are left out."""
    found = [difference_of(one) for one in paired(per_problem(table).reshape(-1, table.shape[2]))]
    rows = [found[start : start + len(NAMES)] for start in range(0, len(found), len(NAMES))]
    return [{name: one for name, one in zip(NAMES, row, strict=True) if one is not None} for row in rows]


def _shown(name: str, own: Values, base: Values, today: Values, text: str) -> str:
    """A metric in the reason of a failure, with what it is compared with."""
    anchors = {"baseline": base, "today": today}
    others = [f"{anchor} {_number(name, values.get(name))}" for anchor, values in anchors.items() if anchor in text]
    return f"{name} is {_number(name, own.get(name))}" + (f" ({', '.join(others)})" if others else "")


def _number(name: str, value: float | None) -> str:
    if value is None:
        return "not defined"
    shown = PLAIN.significant_at_most if BY_NAME[name].unit == GAP else PLAIN.significant
    return shown(value, FIGURES, WHOLE_FROM)
