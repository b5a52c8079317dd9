"""Stability, answered: each policy's plan on the perturbed problems, and what solving them again makes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from coverplan.domain.book import Book
from coverplan.domain.instance import Ints
from coverplan.payload.experiments.cells import Cell
from coverplan.payload.experiments.findings import Persistence, PolicyStability, Quantiles, SeatPersistence
from coverplan.payload.experiments.plans import Plans
from coverplan.payload.options import Options
from coverplan.payload.outcome import request_of
from coverplan.payload.policy import Policy
from coverplan.runs.evaluate import evaluate
from coverplan.studies.perturbation import perturbed
from coverplan.studies.stability import least_stable, persistence

MAX_SEATS, STEPS = 100, 10
ROUNDING = 1e-9


@dataclass(eq=False)
class _Found:
    """What is known of one plan, sample by sample."""

    plan: Ints
    objectives: list[float] = field(default_factory=list)
    broken: list[float] = field(default_factory=list)
    regrets: list[float] = field(default_factory=list)
    again: list[Ints] = field(default_factory=list)
    infeasible: int = 0


def stability(plans: Plans) -> list[PolicyStability]:
    """Per problem and policy; without a plan there is nothing to say."""
    return [one for problem in range(len(plans.books)) for one in _of_problem(plans, problem)]


def _of_problem(plans: Plans, problem: int) -> list[PolicyStability]:
    design, book = plans.design, plans.books[problem]
    found: dict[str, _Found] = {}
    for name in design.shaken:
        seats = plans.seats(design.policy_cell(problem, name, design.seeds[0]))
        if seats is not None:
            found[name] = _Found(seats)
    again = {name: design.stability_cells(problem, name) for name in found}
    for number, perturbation in enumerate(design.perturbations() if found else []):
        shaken = Book.of(perturbed(book.instance, perturbation))
        for name, one in found.items():
            cells = again[name]
            _sample(plans, shaken, design.by_id[name].policy, one, cells[number] if cells else None)
    problem_id = design.request.problem_ids[problem]
    return [
        _document(book, problem_id, name, found[name])
        if name in found
        else PolicyStability(problem_id=problem_id, policy_id=name)
        for name in design.shaken
    ]


def _sample(plans: Plans, shaken: Book, policy: Policy, one: _Found, cell: Cell | None) -> None:
    """One perturbed problem: the unchanged plan on it, and the new plan if it was solved."""
    judged = evaluate(request_of(shaken, policy, Options(), None), one.plan)
    account = judged.outcome.account
    assert account is not None
    hard = [state for state in account.rules if state.rule.penalty is None]
    rows = sum(int(state.broken.sum()) for state in hard)
    one.objectives.append(account.objective)
    one.broken.append(float(rows + judged.foreign.sum() + judged.unlocked.sum()))
    if cell is None or cell.key not in plans.facts:
        return
    facts, seats = plans.facts[cell.key], plans.seats(cell)
    one.infeasible += facts.solution_status == "infeasible"
    if seats is None or facts.objective is None:
        return
    one.again.append(seats)
    if one.broken[-1] == 0:
        one.regrets.append(facts.objective - account.objective)


def _document(book: Book, problem_id: str, name: str, one: _Found) -> PolicyStability:
    return PolicyStability(
        problem_id=problem_id,
        policy_id=name,
        objective=_quantiles(one.objectives),
        broken=_quantiles(one.broken),
        feasible_share=float(np.mean(np.array(one.broken) == 0)) if one.broken else None,
        regret=_quantiles(one.regrets),
        persistence=_persistence(book, one) if one.again else None,
        infeasible=one.infeasible,
    )


def _persistence(book: Book, one: _Found) -> Persistence:
    shares = persistence(one.plan, np.stack(one.again))
    revenue = book.revenue[book.seats.account]
    instance = book.instance
    return Persistence(
        mean=float(shares.mean()) if len(shares) else 1.0,
        p10=float(np.quantile(shares, 0.1)) if len(shares) else 1.0,
        samples=len(one.again),
        histogram=np.bincount(
            np.minimum((STEPS * shares + ROUNDING).astype(np.int64), STEPS - 1), minlength=STEPS
        ).tolist(),
        seats=[
            SeatPersistence(
                account_id=str(instance.accounts.ids[book.seats.account[seat]]),
                role=instance.roles[int(book.seats.role[seat])],
                rep_id=instance.reps.ids[one.plan[seat]] if one.plan[seat] >= 0 else None,
                share=float(shares[seat]),
                revenue=float(revenue[seat]),
            )
            for seat in least_stable(shares, revenue, MAX_SEATS).tolist()
        ],
    )


def _quantiles(values: list[float]) -> Quantiles | None:
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return None
    p10, p50, p90 = np.quantile(known, (0.1, 0.5, 0.9)).tolist()
    return Quantiles(mean=float(np.mean(known)), p10=p10, p50=p50, p90=p90, samples=len(known))
