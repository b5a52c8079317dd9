"""What an experiment proves, against all assignments of tiny problems, judged by the independent verifier."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from coverplan.payload.experiments.findings import FrontierPoint
from coverplan.payload.experiments.results import ExperimentResults
from coverplan.payload.issues import PayloadError
from coverplan.verify import Judge
from support.brute import best_objective, covers
from support.experiments import run_experiment
from support.sampling import examples
from support.tiny import problems

Document = dict[str, Any]
EXACT: Document = {"relative_gap": 0.0, "time_limit_s": 20.0}
SOFT: Document = {"kind": "balance", "tolerance": 0.1, "penalty": 0.3}
RULES: list[Document] = [
    {"kind": "capacity"},
    {"kind": "must_cover"},
    {"kind": "must_cover", "penalty": 700.0},
    {"kind": "account_count", "max": 2},
    {"kind": "account_count", "min": 1, "penalty": 400.0},
    {"kind": "keep_current", "max_moved": 1},
    {"kind": "family"},
    {"kind": "protect", "accounts": {"kind": "customer"}, "penalty": 300.0},
    SOFT,
]
NET: Document = {}


def best(problem: Document, constraints: list[Document], objective: Document = NET) -> float:
    """The best of all assignments; -inf if none keeps the hard rules."""
    found = best_objective(Judge(problem, {"constraints": constraints, "objective": objective}))
    return -math.inf if found is None else found


def experiment(problem: Document, **fields: Any) -> ExperimentResults | None:
    """The results; None where a family is locked apart, which is refused before any solve."""
    try:
        return run_experiment({"problems": [{"problem": problem}], "options": EXACT, **fields})
    except PayloadError as refusal:
        if {issue.code for issue in refusal.report.errors} != {"family_locked_apart"}:
            raise
        return None


def close(one: float | None, other: float) -> bool:
    return math.isclose(-math.inf if one is None else one, other, rel_tol=1e-7, abs_tol=1e-4)


def inside(one: FrontierPoint, other: FrontierPoint) -> bool:
    """Whether the first point has tighter bounds."""
    return one.bounds != other.bounds and all(a <= b for a, b in zip(one.bounds, other.bounds, strict=True))


LIMITS = {
    "moved_share": lambda bound: {"kind": "keep_current", "max_moved_share": bound},
    "moved_revenue_share": lambda bound: {"kind": "keep_current", "max_moved_revenue_share": bound},
    "uncovered_share": lambda bound: {"kind": "coverage", "min_share": 1 - bound},
    "balance": lambda bound: {"kind": "balance", "tolerance": bound},
}


@given(
    problem=problems(),
    rules=st.lists(st.sampled_from(RULES), max_size=3, unique_by=str),
    metrics=st.lists(st.sampled_from(sorted(LIMITS)), min_size=1, max_size=2, unique=True),
    maximise=st.sampled_from(["reference", "net_revenue", "expected_revenue", "relationship_loss"]),
)
@examples(25)
def test_frontier_points_are_the_best_within_their_bounds(
    problem: Document, rules: list[Document], metrics: list[str], maximise: str
) -> None:
    bounds = [{"metric": metric, "from": 0.0, "to": 1.0} for metric in metrics]
    asked = {"bounds": bounds, "maximise": maximise, "points": 6}
    found = experiment(
        problem, policies=[{"policy": {"constraints": rules}}], frontier=asked, reference={"constraints": [SOFT]}
    )
    if found is None:
        return
    weights = {"expected_revenue": {"relationship_loss": 0}, "relationship_loss": {"expected_revenue": 0}}
    kept = [rule for rule in rules if "penalty" not in rule]
    kept += [SOFT] if maximise == "reference" else []

    (line,) = found.frontiers
    values = []
    for point in line.points:
        limits = [LIMITS[metric](bound) for metric, bound in zip(metrics, point.bounds, strict=True)]
        value = best(problem, [*kept, *limits], weights.get(maximise, {}))
        assert close(point.objective, value), point
        assert point.dual_bound is None or point.dual_bound >= value - 1e-6
        values.append(value)
    for value, point in zip(values, line.points, strict=True):
        tighter = max(
            (other for other, one in zip(values, line.points, strict=True) if inside(one, point)), default=-math.inf
        )
        if value == -math.inf:
            assert point.status == "infeasible"
        elif point.status == "efficient":
            assert value > tighter
        elif point.status == "dominated":
            assert close(tighter, value)


@given(problem=problems(), rules=st.lists(st.sampled_from(RULES), min_size=1, max_size=3, unique_by=str))
@examples(25)
def test_prices_of_rules_are_what_the_best_plan_gains_without_them(problem: Document, rules: list[Document]) -> None:
    named = [{**rule, "id": f"rule {place}"} for place, rule in enumerate(rules)]
    found = experiment(problem, policies=[{"policy": {"constraints": named}}], rule_prices={"pairs": True})
    if found is None:
        return
    own = best(problem, named)

    assert len(found.rule_prices) == len(named) * (len(named) + 1) // 2
    for priced in found.rule_prices:
        without = best(problem, [rule for rule in named if rule["id"] not in priced.dropped])
        assert close(priced.objective, without)
        if own == -math.inf:
            assert priced.unlocks == (without > -math.inf)
            assert priced.price_low is None
        elif without == -math.inf:  # only the shared rep of a family could cover what must be covered
            assert (priced.price_low, priced.price_high) == (None, None)
        else:
            assert priced.price_low is not None
            assert priced.price_high is not None
            assert priced.price_low - 1e-4 <= without - own <= priced.price_high + 1e-4
            assert priced.price_high - priced.price_low <= 1e-3


WEIGHTS: list[Document] = [{}, {"relationship_loss": 3}, {"expected_revenue": 0}]


def taken(problem: Document, own: Document, reference: Document) -> tuple[float, float] | None:
    """Least and most, by the reference, of the plans that are best by a policy; None where there is no plan."""
    judge = Judge(problem, own)
    hard = [rule for rule in own["constraints"] if "penalty" not in rule]
    by_reference = Judge(problem, {"constraints": [*hard, *reference["constraints"]]})
    found = [
        (judged.objective, by_reference.evaluate_cover(cover).objective)
        for cover in covers(judge)
        if (judged := judge.evaluate_cover(cover)).feasible
    ]
    if not found:
        return None
    best = max(value for value, _ in found)
    worths = [worth for value, worth in found if value >= best - 1e-6]
    return min(worths), max(worths)


@given(
    problem=problems(),
    one=st.lists(st.sampled_from(RULES), max_size=2, unique_by=str),
    other=st.lists(st.sampled_from(RULES), max_size=2, unique_by=str),
    weights=st.sampled_from(WEIGHTS),
    soft=st.booleans(),
)
@examples(25)
def test_the_verdict_is_never_wrong(
    problem: Document, one: list[Document], other: list[Document], weights: Document, soft: bool
) -> None:
    """What decides by hard rules beats any plan of the other; by own objectives, any that is best by its own."""
    reference: Document = {"constraints": [SOFT] if soft else []}
    policies: dict[str, Document] = {"a": {"constraints": one}, "b": {"constraints": other, "objective": weights}}
    listed = [{"id": name, "policy": policy} for name, policy in policies.items()]
    found = experiment(problem, policies=listed, reference=reference)
    if found is None:
        return
    most, own = {}, {}
    for name, policy in policies.items():
        hard = [rule for rule in policy["constraints"] if "penalty" not in rule]
        most[name] = best(problem, [*hard, *reference["constraints"]])
        own[name] = taken(problem, policy, reference)

    for interval in found.verdict.intervals:
        value, ends = most[interval.policy_id], own[interval.policy_id]
        assert interval.infeasible == (value == -math.inf)
        assert interval.low is None or interval.low <= value + 1e-4
        assert interval.high is None or interval.high >= value - 1e-4
        if ends is not None:
            assert interval.own_least is None or interval.own_least <= ends[0] + 1e-3
            assert interval.own_most is None or interval.own_most >= ends[1] - 1e-3
    if found.verdict.winner is not None:
        (loser,) = {"a", "b"} - {found.verdict.winner}
        worth = next(row.reference.objective for row in found.rows if row.policy_id == found.verdict.winner)
        if found.verdict.by_pair[0].by == "hard_rules":
            assert worth is not None
            assert worth > most[loser]
        else:
            ends, less = own[found.verdict.winner], own[loser]
            assert ends is not None
            assert less is not None
            assert ends[0] > less[1]


def two_policies(relative_gap: float) -> ExperimentResults:
    """Whole accounts that hardly fit: plans are worth less than the prices of hours let hope for."""
    random = np.random.default_rng(1)
    hours = random.integers(20, 60, 12).tolist()
    accounts = [
        {"id": f"a{place}", "hours": float(each), "potential": float(each * 10 + random.integers(0, 60))}
        for place, each in enumerate(hours)
    ]
    reps = [{"id": f"r{place}", "capacity_hours": 0.6 * sum(hours) / 3} for place in range(3)]
    return run_experiment(
        {
            "problems": [{"problem": {"accounts": accounts, "reps": reps}}],
            "policies": [
                {"id": "all hours", "policy": {"constraints": [{"kind": "capacity"}]}},
                {"id": "some spare", "policy": {"constraints": [{"kind": "capacity", "utilisation": 0.98}]}},
            ],
            "options": {"relative_gap": relative_gap, "time_limit_s": 20.0},
        }
    )


def test_policies_that_differ_by_less_than_their_gaps_are_told_apart_only_by_better_solves() -> None:
    """2 % fewer hours cost about 2 %: a gap of 10 % hides that, a proof does not, and says it right."""
    loose, exact = two_policies(0.1).verdict, two_policies(0.0).verdict

    assert (loose.outcome, loose.winner, loose.by_pair[0].outcome) == ("inconclusive", None, "inconclusive")
    assert (exact.outcome, exact.winner, exact.by_pair[0].outcome) == ("decided", "all hours", "a")
    (low, high), (true, _) = ((one.by_pair[0].low or 0.0, one.by_pair[0].high or 0.0) for one in (loose, exact))
    assert low < 0 < true < high
    orders = ("all hours", "some spare"), ("some spare", "all hours")  # whichever plan turned out the better one
    assert loose.why in [f"The interval of {one} and that of {other} are not disjoint." for one, other in orders]
