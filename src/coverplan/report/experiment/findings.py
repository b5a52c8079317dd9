"""Frontier, churn and prices of rules in words and tables."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from coverplan.payload.experiments.findings import Churn, Frontier, FrontierPoint, PairChurn, RulePrice, SeatChange
from coverplan.payload.experiments.parts import FrontierAxis
from coverplan.report.experiment.units import NOTHING, Units
from coverplan.wording.words import percent_at_most, rate, words

MAXIMISED = {
    "reference": "reference objective",
    "net_revenue": "expected revenue less relationship loss",
    "expected_revenue": "expected revenue",
    "relationship_loss": "relationship loss, as a negative amount",
}
BOUNDED = {
    "moved_share": "moved seats, as a share",
    "moved_revenue_share": "moved revenue, as a share",
    "uncovered_share": "uncovered accounts, as a share",
}
DETAILED, CHANGES, REPS = 12, 10, 10
"""Pairs with details, and the lines of each."""


@dataclass(frozen=True)
class PointLine:
    """One point of a frontier."""

    bounds: list[str]
    low: str
    high: str
    gap: str
    status: str
    knee: bool
    seconds: float | None


@dataclass(frozen=True)
class FrontierView:
    """The trade-off on one problem."""

    problem: str
    policy: str
    maximised: str
    axes: list[str]
    points: list[PointLine]
    knee: str
    definition: str


def frontier_view(found: Frontier, units: Units) -> FrontierView:
    """The points as a table, and the knee in words."""
    knee = next((point for point in found.points if point.knee), None)
    axes = [axis_words(axis) for axis in found.request.bounds]
    return FrontierView(
        problem=found.problem_id,
        policy=found.policy_id,
        maximised=MAXIMISED[found.request.maximise],
        axes=axes,
        points=[_point(one, units) for one in found.points],
        knee="" if knee is None else _knee(knee, axes, units),
        definition=found.knee_definition,
    )


def axis_words(axis: FrontierAxis) -> str:
    """What a bound limits."""
    if axis.metric == "balance":
        return f"tolerance of the balance of {words(axis.measure)}"
    return BOUNDED[axis.metric]


def _point(one: FrontierPoint, units: Units) -> PointLine:
    return PointLine(
        bounds=[rate(bound) for bound in one.bounds],
        low=units.amount(one.objective),
        high=units.at_most(one.dual_bound),
        gap=NOTHING if one.gap is None else percent_at_most(one.gap),
        status=one.status,
        knee=one.knee,
        seconds=one.seconds,
    )


def _knee(point: FrontierPoint, axes: list[str], units: Units) -> str:
    where = " and ".join(f"{axis} {rate(bound)}" for axis, bound in zip(axes, point.bounds, strict=True))
    return f"{where}, worth {units.amount(point.objective)}"


@dataclass(frozen=True)
class PairView:
    """Two plans that differ: how much, in whose books, and by which seats."""

    pair: PairChurn
    revenue: str
    books: list[tuple[str, str, str, str]]
    """Problem, rep, what comes, what goes."""
    changes: list[tuple[str, SeatChange, str]]
    more: int


@dataclass(frozen=True)
class ChurnView:
    """All pairs as a table, the first ones in detail."""

    pairs: list[tuple[str, str, str, int, str, float]]
    """Two policies, on which problems, accounts, revenue, and the revenue to sort by."""
    detailed: list[PairView]


def churn_view(found: Churn | None, size: int, units: Units) -> ChurnView | None:
    """The section of the churn; None without one, or where there is nothing to compare."""
    if found is None or not found.pairs:
        return None
    differing = [one for one in found.pairs if one.accounts]
    return ChurnView(
        pairs=[
            (one.a, one.b, _of(one.problems, size), one.accounts, units.amount(one.revenue), one.revenue or 0.0)
            for one in found.pairs
        ],
        detailed=[_pair(one, units) for one in differing[:DETAILED]],
    )


def _of(problems: int, size: int) -> str:
    """On how many of the problems both have a plan; empty: on all."""
    return f"{problems:,} of {size:,} problems" if 0 < problems < size else ""


def _pair(one: PairChurn, units: Units) -> PairView:
    books = [
        (
            rep.problem_id,
            rep.rep_id,
            f"{rep.gained:,} ({units.amount(rep.gained_revenue, short=True)})",
            f"{rep.lost:,} ({units.amount(rep.lost_revenue, short=True)})",
        )
        for rep in one.by_rep[:REPS]
    ]
    changes = [(change.problem_id, change, units.amount(change.revenue)) for change in one.changes[:CHANGES]]
    more = one.more_changes + len(one.changes) - len(changes)
    return PairView(one, units.amount(one.revenue, short=True), books, changes, more)


@dataclass(frozen=True)
class PriceLine:
    """What leaving out rules would bring."""

    problem: str
    policy: str
    rules: str
    low: str
    high: str
    penalty: str
    note: str
    sort: float


def price_lines(prices: list[RulePrice], units: Units) -> list[PriceLine]:
    """Prices as ranges: the least and the most that is proven."""
    return [
        PriceLine(
            problem=one.problem_id,
            policy=one.policy_id,
            rules=" and ".join(one.dropped),
            low=units.at_least(one.price_low),
            high="without limit" if one.unlocks else units.at_most(one.price_high),
            penalty=units.amount(one.penalty) if one.penalty else NOTHING,
            note=_price_note(one),
            sort=one.price_high if one.price_high is not None else one.price_low or 0.0,
        )
        for one in prices
    ]


def _price_note(one: RulePrice) -> str:
    if one.unlocks:
        return "only without it there is a plan"
    if one.solution_status is None or one.solution_status == "no_solution_found":
        return "not solved" if one.solution_status is None else "no plan was found without it"
    if one.solution_status == "infeasible":
        return "infeasible: without it there is no plan either"
    if one.price_low is not None and one.price_low > 0:
        return "it costs"
    noise = 1e-6 * max(1.0, abs(one.objective or 0.0))
    if one.price_high is None or one.price_high > noise:
        return "whether it costs is not proven"
    return "it costs nothing" if one.price_high >= -noise else "it brings something"


def levels(points: list[FrontierPoint]) -> list[float]:
    """The second bounds, each once, smallest first; those that differ by rounding alone are one."""
    found = sorted({point.bounds[1] for point in points if len(point.bounds) > 1})
    kept = [high for low, high in pairwise([float("-inf"), *found]) if high - low > 1e-9]
    return kept or found
