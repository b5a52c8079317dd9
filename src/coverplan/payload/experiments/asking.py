"""The deeper questions of an experiment, answered: frontier, churn, prices of rules."""

from __future__ import annotations

import itertools

import numpy as np

from coverplan.domain.instance import Ints
from coverplan.mip.program import gap
from coverplan.payload.experiments.cells import rule_content
from coverplan.payload.experiments.design import Point, interval
from coverplan.payload.experiments.findings import (
    Churn,
    Frontier,
    FrontierPoint,
    PairChurn,
    RepChurn,
    RulePrice,
    SeatChange,
)
from coverplan.payload.experiments.plans import Plans
from coverplan.payload.policy import Policy
from coverplan.studies import churn, frontier
from coverplan.studies.rule_prices import Solved, price

MAX_CHURN = 200
"""Policies whose plans are compared two by two."""
MAX_DETAILED = 66
"""Pairs of policies with details: each two of twelve."""
MAX_CHANGES, MAX_REPS = 50, 200


def frontiers(plans: Plans) -> list[Frontier]:
    """The frontier of each problem, as far as its points have ended."""
    design = plans.design
    if design.request.frontier is None:
        return []
    found = []
    for problem, name in enumerate(design.request.problem_ids):
        points = [point for point in design.frontier(problem, plans.facts) if point.cell.key in plans.facts]
        points.sort(key=lambda point: point.bounds[::-1])
        found.append(
            Frontier(
                problem_id=name,
                policy_id=design.frontier_policy.id,
                request=design.request.frontier,
                points=_points(plans, points),
                knee_definition=frontier.KNEE,
            )
        )
    return found


def _points(plans: Plans, points: list[Point]) -> list[FrontierPoint]:
    if not points:
        return []
    bounds = np.array([point.bounds for point in points], np.float64)
    known = np.array([interval(plans.facts[point.cell.key]) for point in points], np.float64)
    status = frontier.statuses(bounds, known[:, 0], known[:, 1])
    knee = frontier.knee(bounds, known[:, 0], known[:, 1], status)
    found = []
    for place, point in enumerate(points):
        facts = plans.facts[point.cell.key]
        found.append(
            FrontierPoint(
                bounds=list(point.bounds),
                objective=facts.objective,
                dual_bound=facts.bound,
                gap=gap(facts.objective, facts.bound)[0],
                run_id=plans.run_id(point.cell),
                seconds=plans.seconds(point.cell),
                status=status[place],
                knee=place == knee,
                metrics=plans.values(point.cell),
            )
        )
    return found


def churn_of(plans: Plans) -> Churn | None:
    """The plans of each two policies, with the first seed; None where there are too many, or only one."""
    ids = [one.id for one in plans.design.policies]
    if not 2 <= len(ids) <= MAX_CHURN:
        return None
    size = len(ids)
    accounts, revenue, both = np.zeros((size, size)), np.zeros((size, size)), np.zeros((size, size), np.bool_)
    for problem, book in enumerate(plans.books):
        there = [place for place, name in enumerate(ids) if _seats(plans, problem, name) is not None]
        if not there:
            continue
        stacked = np.stack([_known_seats(plans, problem, ids[place]) for place in there])
        counts, amounts = churn.matrix(book, stacked)
        among = np.ix_(there, there)
        accounts[among] += counts
        revenue[among] += amounts
        both[among] = True
    added = both & (len(plans.currencies) == 1)
    return Churn(
        policies=ids,
        accounts=_matrix(accounts, both),
        revenue=_matrix(revenue, added),
        pairs=[_pair(plans, a, b, accounts, revenue) for a, b in _detailed(plans, ids) if both[a, b]],
    )


def _detailed(plans: Plans, ids: list[str]) -> list[tuple[int, int]]:
    """Each two policies, or each one with the baseline."""
    pairs = list(itertools.combinations(range(len(ids)), 2))
    if len(pairs) <= MAX_DETAILED:
        return pairs
    base = ids.index(plans.design.baseline.id)
    return [(base, other) for other in range(len(ids)) if other != base]


def _pair(plans: Plans, a: int, b: int, accounts: np.ndarray, revenue: np.ndarray) -> PairChurn:
    ids = [plans.design.policies[place].id for place in (a, b)]
    moved, books, total, problems = list[SeatChange](), list[RepChurn](), 0, 0
    for problem in range(len(plans.books)):
        one, other = (_seats(plans, problem, name) for name in ids)
        if one is not None and other is not None:
            seats = churn.changes(plans.books[problem], one, other)
            total, problems = total + len(seats), problems + 1
            moved += _changes(plans, problem, seats[:MAX_CHANGES], one, other)
            books += _by_rep(plans, problem, one, other)
    moved.sort(key=lambda change: -change.revenue)
    books.sort(key=lambda change: -change.gained_revenue - change.lost_revenue)
    shown = moved[:MAX_CHANGES]
    return PairChurn(
        a=ids[0],
        b=ids[1],
        accounts=int(accounts[a, b]),
        revenue=float(revenue[a, b]) if len(plans.currencies) == 1 else None,
        problems=problems,
        by_rep=books[:MAX_REPS],
        changes=shown,
        more_changes=total - len(shown),
    )


def _changes(plans: Plans, problem: int, seats: Ints, one: Ints, other: Ints) -> list[SeatChange]:
    book, reps = plans.books[problem], plans.books[problem].instance.reps.ids
    return [
        SeatChange(
            problem_id=plans.design.request.problem_ids[problem],
            account_id=str(book.instance.accounts.ids[account]),
            role=book.instance.roles[int(book.seats.role[seat])],
            a=reps[one[seat]] if one[seat] >= 0 else None,
            b=reps[other[seat]] if other[seat] >= 0 else None,
            revenue=float(book.revenue[account]),
        )
        for seat, account in zip(seats.tolist(), book.seats.account[seats].tolist(), strict=True)
    ]


def _by_rep(plans: Plans, problem: int, one: Ints, other: Ints) -> list[RepChurn]:
    book = plans.books[problem]
    found = churn.by_rep(book, one, other)
    return [
        RepChurn(
            problem_id=plans.design.request.problem_ids[problem],
            rep_id=book.instance.reps.ids[rep],
            gained=int(found.gained[rep]),
            lost=int(found.lost[rep]),
            gained_revenue=float(found.gained_revenue[rep]),
            lost_revenue=float(found.lost_revenue[rep]),
        )
        for rep in found.order()[:MAX_REPS].tolist()
    ]


def _seats(plans: Plans, problem: int, name: str) -> Ints | None:
    return plans.seats(plans.design.policy_cell(problem, name, plans.design.seeds[0]))


def _known_seats(plans: Plans, problem: int, name: str) -> Ints:
    seats = _seats(plans, problem, name)
    assert seats is not None
    return seats


def _matrix(values: np.ndarray, known: np.ndarray) -> list[list[float | None]]:
    return [
        [value if there else None for value, there in zip(row, mask, strict=True)]
        for row, mask in zip(values.tolist(), known.tolist(), strict=True)
    ]


def rule_prices(plans: Plans) -> list[RulePrice]:
    """What the rules of a policy cost on each problem, as far as the solves without them have ended."""
    design, found = plans.design, list[RulePrice]()
    name = design.priced_policy.id
    for problem, problem_id in enumerate(design.request.problem_ids):
        own = design.policy_cell(problem, name, design.seeds[0])
        if own.key not in plans.facts:
            continue
        plan = plans.plan(own)
        terms = [] if plan is None or plan.objective is None else plan.objective.terms
        called = _called(own.policy, design.priced_policy.policy)
        rules = design.priced_policy.policy.rules()
        shared = {rule.id for rule in rules if rule.merging}
        for dropped, cell in design.rule_cells(problem):
            if cell.key not in plans.facts:
                continue
            penalty = 0.0 - sum(term.value for term in terms if called.get(term.constraint or "") in dropped)
            facts = plans.facts[cell.key]
            base, without = Solved(*interval(plans.facts[own.key])), Solved(*interval(facts))
            priced = price(base, without, penalty, forbids=shared.isdisjoint(dropped))
            found.append(
                RulePrice(
                    problem_id=problem_id,
                    policy_id=name,
                    dropped=list(dropped),
                    price_low=priced.low,
                    price_high=priced.high,
                    objective=facts.objective,
                    dual_bound=facts.bound,
                    penalty=penalty,
                    solution_status=facts.solution_status,
                    unlocks=priced.unlocks,
                    run_id=plans.run_id(cell),
                )
            )
    return found


def _called(solved: Policy, priced: Policy) -> dict[str, str]:
    """What the priced policy calls each rule of the one that was solved for it, which has the same content."""
    one, other = (sorted(policy.filled()["constraints"], key=rule_content) for policy in (solved, priced))
    return {str(rule["id"]): str(same["id"]) for rule, same in zip(one, other, strict=True)}
