"""Deciding: which policy is proven better than which, by the reference objective, over all problems.

Two things can prove it on a problem. By hard rules: the plan at hand is worth more than anything that the other
policy's hard rules admit. By own objectives: each policy takes a plan that its own objective holds at least as good
as the one found; the worst of these by the reference beats the other policy's best of these. The second one tells
policies apart that share their hard rules. Over several problems a policy is better that is so on each of them, or
in sum, if that is not chance; amounts in different currencies are never added, so it must be so in each currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coverplan.domain.instance import Bools, Floats
from coverplan.studies.comparison import better


@dataclass(frozen=True, eq=False)
class Known:
    """Reference values of each policy on each problem, (policies, problems)."""

    low: Floats
    """What its plans are worth; -inf without one."""
    high: Floats
    """What no plan that keeps its hard rules exceeds; +inf without a bound, -inf: proven to have no plan."""
    least: Floats
    """Of the plans that its own objective holds as good as those found none is worth less; -inf: not known."""
    most: Floats
    """None of them is worth more; +inf: not known."""

    def on(self, problems: Sequence[int]) -> Known:
        """The same for some of the problems."""
        chosen = list(problems)
        return Known(self.low[:, chosen], self.high[:, chosen], self.least[:, chosen], self.most[:, chosen])

    def summed(self) -> Known:
        """The same for the sum of the problems, (policies, 1): without a plan on one of them there is none in all."""
        return Known(_least_sum(self.low), _most_sum(self.high), _least_sum(self.least), _most_sum(self.most))

    @property
    def lost(self) -> Bools:
        """Policies that are proven to have no plan on some problem, (policies,)."""
        return np.asarray(np.isneginf(self.high).any(axis=1), np.bool_)


def _least_sum(values: Floats) -> Floats:
    return np.asarray(values.sum(axis=1, keepdims=True), np.float64)


def _most_sum(values: Floats) -> Floats:
    none = np.isneginf(values)
    total = np.where(none, 0.0, values).sum(axis=1, keepdims=True)
    return np.where(none.any(axis=1, keepdims=True), -np.inf, total)


def on_each(known: Known, *, own: bool = True) -> Bools:
    """Who beats whom on each problem, (policies, policies); who has a plan everywhere beats who has none somewhere.

    `own`: by own objectives as well.
    """
    everywhere = np.ones((len(known.low), len(known.low)), np.bool_)
    for problem in range(known.low.shape[1]):
        found = better(known.low[:, problem], known.high[:, problem])
        if own:
            found = np.asarray(found | better(known.least[:, problem], known.most[:, problem]), np.bool_)
        everywhere = np.asarray(everywhere & found, np.bool_)
    complete = np.asarray(np.isfinite(known.low).all(axis=1), np.bool_)
    return np.asarray(everywhere | (complete[:, None] & known.lost[None, :]), np.bool_)


def in_sum(known: Known, *, own: bool = True) -> Bools:
    """Who beats whom in sum over problems of one currency, chance left aside."""
    return on_each(known.summed(), own=own)


def beats(known: Known, groups: Sequence[Sequence[int]], likely: Sequence[Bools], *, own: bool = True) -> Bools:
    """Who beats whom over all problems: in each group (the problems of one currency) on each problem, or in sum.

    `likely`, one per group: in whose favour a difference in sum is more than chance.
    """
    found = on_each(known, own=own)
    lost = found & known.lost[None, :]
    everywhere = np.ones_like(found)
    for group, sure in zip(groups, likely, strict=True):
        part = known.on(group)
        everywhere &= on_each(part, own=own) | (in_sum(part, own=own) & sure)
    return lost | everywhere
