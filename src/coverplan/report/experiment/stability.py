"""Stability: what becomes of plans on perturbed problems, in tables."""

from __future__ import annotations

from dataclasses import dataclass

from coverplan.payload.experiments.findings import PolicyStability, Quantiles, SeatPersistence
from coverplan.report.experiment.units import NOTHING, Units
from coverplan.wording.words import count, number, percent, sentence

LEAST_STABLE = 15


@dataclass(frozen=True)
class StabilityLine:
    """One plan over all perturbed problems."""

    problem: str
    policy: str
    persistence: str
    tenth: str
    feasible: str
    broken: str
    objective: tuple[str, str]
    """Mean, and where four fifths of the values lie."""
    regret: tuple[str, str]
    note: str


@dataclass(frozen=True)
class Unsteady:
    """The seats of one plan that change hands most often."""

    problem: str
    policy: str
    seats: list[tuple[SeatPersistence, str, str]]
    """The seat, its share, its revenue."""


@dataclass(frozen=True)
class StabilityView:
    """All plans, and their least stable seats."""

    lines: list[StabilityLine]
    unsteady: list[Unsteady]


def stability_view(
    found: list[PolicyStability], infeasible: set[tuple[str, str]], units: Units
) -> StabilityView | None:
    """The section of the stability; None where nothing was perturbed. `infeasible`: policies, and on which problem."""
    if not found:
        return None
    unsteady = []
    for one in found:
        seats = [] if one.persistence is None else [seat for seat in one.persistence.seats if seat.share < 1]
        if seats:
            shown = [(seat, percent(seat.share), units.amount(seat.revenue)) for seat in seats[:LEAST_STABLE]]
            unsteady.append(Unsteady(one.problem_id, one.policy_id, shown))
    return StabilityView([_line(one, (one.policy_id, one.problem_id) in infeasible, units) for one in found], unsteady)


def _line(one: PolicyStability, infeasible: bool, units: Units) -> StabilityLine:
    kept = one.persistence
    return StabilityLine(
        problem=one.problem_id,
        policy=one.policy_id,
        persistence=NOTHING if kept is None else percent(kept.mean),
        tenth=NOTHING if kept is None else percent(kept.p10),
        feasible=NOTHING if one.feasible_share is None else percent(one.feasible_share),
        broken=NOTHING if one.broken is None else number(one.broken.mean),
        objective=_range(one.objective, units),
        regret=_range(one.regret, units),
        note="infeasible: there is no plan to perturb" if infeasible else _note(one),
    )


def _range(found: Quantiles | None, units: Units) -> tuple[str, str]:
    if found is None:
        return NOTHING, ""
    ends = " to ".join(units.amount(end, short=True) for end in (found.p10, found.p90))
    return units.amount(found.mean, short=True), ends


def _note(one: PolicyStability) -> str:
    if one.objective is None and one.persistence is None:
        return "no plan to perturb"
    samples = one.objective.samples if one.objective is not None else 0
    again = 0 if one.persistence is None else one.persistence.samples
    return sentence(
        [
            count(samples, "perturbed problem"),
            f"{again:,} solved again" if again else "",
            f"{count(one.infeasible, 'has', 'have')} no plan left" if one.infeasible else "",
        ]
    )
