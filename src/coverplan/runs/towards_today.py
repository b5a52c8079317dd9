"""The last step of every solve: among plans of equal worth, the one closest to today.

First who has an owner keeps an owner, then the same one, then who has none stays without; the caller's order decides
the rest. Where the plan is proven optimal, branch and bound finds the closest and proves it, if it is quick enough.
Elsewhere accounts come home by single returns, swaps and chains of three until none of these is free of cost.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from coverplan.formulation.build import Formulation
from coverplan.formulation.closeness import Closeness
from coverplan.formulation.ledger import Ledger, ledger
from coverplan.formulation.program import Choice
from coverplan.mip.program import Limits, hair, is_optimal
from coverplan.pricing.bound import Prices
from coverplan.pricing.chains import bring_home
from coverplan.pricing.returns import Homeward
from coverplan.runs.closest import MOST_COLUMNS, Open, closest, least
from coverplan.runs.few_plans import closest_of_few

TOLERANCE = 1e-9
"""Share of the objective that may be lost: what rounding leaves."""
SHARE, AT_ONCE_S, RESERVED_S = 0.04, 1.0, 0.1
"""Most of the time so far that the step takes; what it may take after a solve that was over at once, as far as the
limit leaves it: a share of nothing would leave accounts away from home for nothing; what is kept for it at least."""
RESERVED, RESERVED_S_PER_COLUMN = 0.035, 1e-4
"""Share of the time limit that is kept for it, and what it takes of a large book."""
PROOF_SHARE = 0.6
"""Share of the step's time that the proof may take; the rest is left for moves."""
NODES = 1_000
"""Limit of branch and bound in deterministic mode, where no clock may decide."""

Scope = Literal["closest", "no_exchange", "cut_short"]


@dataclass(frozen=True)
class TowardsToday:
    """What the last step promises of a plan, and what it did."""

    scope: Scope
    """`closest`: no plan of this worth is closer to today. `no_exchange`: no return, swap or chain of three accounts
    brings one home at no loss. `cut_short`: neither was established, for time
    ended first, or the plan needs the tolerances of hard rows."""
    undone: int
    """Seats fewer that change than in the plan that the search ended with."""
    objective_before: float
    owners_lost: int
    """Seats that somebody holds today and nobody would."""
    owners_changed: int
    """Seats that somebody holds today and today's rep would not, lost ones too."""
    newly_covered: int
    """Seats that nobody holds today and somebody would."""


@dataclass(frozen=True, eq=False)
class Nearer:
    """A plan after the last step."""

    choice: Choice
    account: Ledger
    told: TowardsToday
    clocked: bool
    """Whether the clock had a say in it."""


def reserve(limits: Limits, formulation: Formulation) -> float:
    """Seconds of the time limit that are kept for the last step."""
    needed = RESERVED_S + RESERVED_S_PER_COLUMN * formulation.pairs.n_columns
    return min(RESERVED * limits.time_limit_s, needed)


def towards_today(
    formulation: Formulation,
    choice: Choice,
    account: Ledger,
    dual_bound: float,
    prices: Prices | None,
    limits: Limits,
    left_s: float = np.inf,
) -> Nearer:
    """The plan as close to today as it gets at its worth, within `limits`. `prices` are any that prove a bound.

    On a busy machine moves may take `left_s` of the clock, as long as the processor works on them no longer than the
    limits say.
    """
    began = time.monotonic()
    closeness, allowed = Closeness.of(formulation.pairs), loss_allowed(formulation, account, dual_bound)
    found, proven = _proven(formulation, choice, closeness, dual_bound, prices, allowed, limits)
    scope: Scope = "closest"
    if not proven:
        homeward = Homeward(formulation, found, closeness, account.objective - allowed)
        used = time.monotonic() - began
        homeward.until(began + max(left_s, limits.time_limit_s), max(0.0, limits.time_limit_s - used))
        scope = "no_exchange" if bring_home(homeward) else "cut_short"
        found = homeward.choice
    recount = ledger(formulation, found)
    if not recount.exact or recount.objective < account.objective - allowed:
        found, recount, scope = choice, account, "cut_short"
    undone = max(0, closeness.changed(choice) - closeness.changed(found))
    told = TowardsToday(scope, undone, account.objective, *closeness.total(found))
    return Nearer(found, recount, told, scope == "cut_short")


def loss_allowed(formulation: Formulation, account: Ledger, dual_bound: float) -> float:
    """Money that may be lost: rounding of the objective, and no more than leaves a plan optimal that is."""
    objective = account.objective
    rounding = 1e-13 * sum(abs(amount) for _, _, amount in account.terms)
    least_seen = 1e-12 * float(np.abs(formulation.value).max(initial=0.0))
    # Beside huge penalties a share of the objective would be a good deal of money.
    money = sum(abs(amount) for term, _, amount in account.terms if term != "penalty")
    allowed = max(TOLERANCE * min(abs(objective), money), rounding, least_seen or 1e-12)
    if is_optimal(objective, dual_bound, formulation.size):
        left = objective - dual_bound + 0.999 * hair(objective, formulation.size)
        allowed = min(allowed, max(0.0, left))
    return allowed


def _proven(
    formulation: Formulation,
    choice: Choice,
    closeness: Closeness,
    dual_bound: float,
    prices: Prices | None,
    allowed: float,
    limits: Limits,
) -> tuple[Choice, bool]:
    """The closest plan and True; or False, with a plan that may be closer than the one given."""
    if formulation.pairs.best_net is not None:
        return choice, False
    opened = Open(formulation.open_column, formulation.may_idle)
    if _is_least(formulation, closeness, opened, choice):
        return choice, True
    objective = ledger(formulation, choice).objective
    if not is_optimal(objective, dual_bound, formulation.size) or allowed <= 0:
        return choice, False
    few = closest_of_few(formulation, closeness, objective, allowed)
    if few is not None:
        return few, True
    opened = Open.around(formulation, choice, objective - allowed, prices)
    if int(opened.columns.sum()) - formulation.pairs.n_units > MOST_COLUMNS:
        return choice, False
    limits = replace(limits, time_limit_s=PROOF_SHARE * limits.time_limit_s)
    return closest(formulation, choice, closeness, opened, allowed, limits)


def _is_least(formulation: Formulation, closeness: Closeness, opened: Open, choice: Choice) -> bool:
    """Whether each unit is as near to today as it could be by itself."""
    lowest = least(formulation, opened, closeness.columns, closeness.idle)
    return bool((closeness.of_units(choice) <= lowest).all())
