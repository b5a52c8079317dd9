"""The verdict in words: what decides, or what keeps it open and whether more time can close it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from coverplan.payload.experiments.cells import content_of
from coverplan.payload.experiments.deciding import Decision
from coverplan.payload.experiments.plans import Plans
from coverplan.studies.comparison import rounding_of
from coverplan.studies.deciding import Known, in_sum, on_each
from coverplan.wording.figures import PLAIN
from coverplan.wording.words import listing

SHOWN = 5
"""Policies without a plan that are named."""
FIGURES = 6
"""Of amounts."""


def why(decision: Decision) -> str:
    """The reason of a verdict, in a few sentences."""
    if len(decision.distinct) < 2:
        return "There is nothing to compare it with: all policies are the same."
    parts = [_won(decision, decision.winner)] if decision.winner is not None else _open(decision)
    return " ".join([*parts, *without_plans(decision.plans, decision.distinct)])


def without_plans(plans: Plans, places: Sequence[int]) -> list[str]:
    """Who has no plan where, one sentence per policy."""
    found = []
    for place in places:
        name = plans.design.policies[place].id
        proven, not_found = plans.infeasible(name), plans.unsolved(name)
        if proven:
            found.append(f"{name} is infeasible on {_listing(proven)}: proven, no plan keeps its hard rules.")
        if not_found:
            found.append(f"{name} has no plan on {_listing(not_found)}: none was found.")
    more = [f"{len(found) - SHOWN:,} further policies have no plan on some problem."] if len(found) > SHOWN + 1 else []
    return found[:SHOWN] + more if more else found


def survivors(plans: Plans) -> list[str]:
    """Whose means leave problems out."""
    found = []
    for one in plans.design.policies:
        missing = [*plans.infeasible(one.id), *plans.unsolved(one.id)]
        size = len(plans.books)
        if 0 < len(missing) < size:
            left = f"over {size - len(missing):,} of {size:,} problems, without {_listing(missing)}"
            found.append(f"Means of {one.id} are {left}: they do not compare with those of other policies.")
    more = [f"So are those of {len(found) - SHOWN:,} further policies."] if len(found) > SHOWN + 1 else []
    return found[:SHOWN] + more if more else found


def _won(decision: Decision, best: int) -> str:
    name = decision.ids[best]
    others = [other for other in decision.distinct if not decision.alike(best, other)]
    by_own = [decision.ids[other] for other in others if decision.basis(best, other) == "own_objective"]
    if decision.known.lost[others].all():
        return f"{name} is the only policy that has a plan on every problem."
    text = f"The plans of {name} beat every plan that the hard rules of each other policy admit"
    if by_own:
        text = (
            f"{name} is better than {_listing(by_own)} whichever plans their own objectives take: the worst, by the "
            "reference, of those that its own objective holds at least as good as the one found beats the best of "
            "theirs"
        )
        if len(by_own) < len(others):
            text += "; and its plans beat every plan that the hard rules of the others admit"
    return f"{text}{_where(decision, best, others)}."


def _where(decision: Decision, best: int, others: Sequence[int]) -> str:
    """Over which problems, if there are several."""
    size = len(decision.plans.books)
    if size == 1:
        return ""
    each = on_each(decision.known)[best]
    if all(each[other] for other in others if not decision.known.lost[other]):
        return f", on each of the {size:,} problems"
    if len(decision.groups) > 1:
        return f", in each currency by itself: {_listing(list(decision.plans.currencies))}"
    return f", in sum over the {size:,} problems and beyond chance"


def _open(decision: Decision) -> list[str]:
    """Why nobody wins."""
    if not np.isfinite(decision.known.low[decision.distinct]).all(axis=1).any():
        return ["No policy has a plan on every problem."]
    if len(decision.groups) == 1:
        return [_undecided(decision, 0)]
    leads = {name: decision.ids[_lead(decision, number)] for number, name in enumerate(decision.plans.currencies)}
    shown = _listing([f"{lead} in {name}" for name, lead in leads.items()])
    text = f"Amounts in different currencies are never added, so a policy must win in each: {shown} "
    text += "is ahead everywhere, but not proven so." if len(set(leads.values())) == 1 else "lead."
    open_ = [
        f"In {name}: {_undecided(decision, number)}"
        for number, name in enumerate(decision.plans.currencies)
        if not _settled(decision, number)
    ]
    return [text, *open_]


def _lead(decision: Decision, number: int) -> int:
    """Whose plans are worth most in one currency."""
    worth = decision.known.on(decision.groups[number]).summed().low[:, 0]
    return max(decision.distinct, key=lambda place: worth[place])


def _settled(decision: Decision, number: int) -> bool:
    """Whether one policy wins in this currency."""
    part, lead = decision.known.on(decision.groups[number]), _lead(decision, number)
    won = (on_each(part) | (in_sum(part) & decision.likely[number]))[lead]
    return all(won[other] for other in decision.distinct if other != lead)


def _undecided(decision: Decision, number: int) -> str:
    """What keeps it open among problems of one currency."""
    part, lead = decision.known.on(decision.groups[number]), _lead(decision, number)
    total = part.summed()
    beaten = on_each(part)[lead] | in_sum(part)[lead]
    rivals = [other for other in decision.distinct if other != lead and not beaten[other]]
    first = decision.ids[lead]
    if not rivals:
        few = len(decision.groups[number])
        shown = f": {few:,} are too few to say" if few < 3 else ""
        return f"{first} is ahead in sum, but not beyond chance over the problems{shown}."
    rival = max(rivals, key=lambda place: (total.most[place, 0], total.high[place, 0]))
    other = decision.ids[rival]
    judge = decision.design.judge_themselves
    if judge[first] and judge[other]:
        return f"The interval of {first} and that of {other} are not disjoint."
    return " ".join(_by_own(decision, number, total, lead, rival))


def _by_own(decision: Decision, number: int, total: Known, lead: int, rival: int) -> list[str]:
    """The same where not both are the reference themselves: what their own objectives take."""
    first, other, design = decision.ids[lead], decision.ids[rival], decision.design
    if content_of(design.referred[first]) == content_of(design.referred[other]):
        start = f"{first} and {other} have the same hard rules, so these admit the same plans and can never decide."
    else:
        start = f"The hard rules of {other} may admit plans that are worth as much as those of {first}."
    if not design.request.second_solve:
        return [start, "Set second_solve to true to compare the plans that their own objectives take."]
    if not np.isfinite(total.low[rival, 0]):
        return [start, f"{other} has no plan on every problem, but one that is worth as much is not ruled out."]
    least, most = float(total.least[lead, 0]), float(total.most[rival, 0])
    if not math.isfinite(least) and not _bounded_below(decision, first):
        reason = "leaves out what the reference counts, so nothing bounds its plans from below by the reference"
        return [start, f"The own objective of {first} {reason}."]
    if not (math.isfinite(least) and math.isfinite(most)):
        missing = other if math.isfinite(least) else first
        return [start, f"What the own objective of {missing} takes is not bounded: its second solves have not ended."]
    own = (
        f"By the reference, what the own objective of {first} holds at least as good as the plan found is worth "
        f"{PLAIN.significant_at_least(least, FIGURES)} or more, and what that of {other} does "
        f"{PLAIN.significant_at_most(most, FIGURES)} at the most."
    )
    return [start, own, _outlook(decision, number, least, lead, rival)]


def _bounded_below(decision: Decision, name: str) -> bool:
    judges = decision.design.judge_themselves[name]
    return judges or any(side == "least" for side, _ in decision.design.second_solves[name])


def _outlook(decision: Decision, number: int, least: float, lead: int, rival: int) -> str:
    """Whether more time can help: not where a plan is known that is as good by the own objective of the rival."""
    group, first, other = decision.groups[number], decision.ids[lead], decision.ids[rival]
    ends = [decision.tied(problem, rival) for problem in group]
    worst, best = (sum(end[side] for end in ends) for side in (0, 1))
    noise = 2.0 * rounding_of(least) * len(group)
    if best < least - noise:
        return "Smaller gaps may tell them apart: a relative_gap of 0 asks for proofs."
    never = f"{first} is hardly ever worse" if best > least + noise else f"{first} is not worse"
    if best - worst <= noise:
        return f"{never}, but {other} has a plan that is worth as much: no time limit changes that."
    shown = [PLAIN.significant(worth, FIGURES) for worth in (worst, best)]
    return f"{never}, but no time limit decides: {other} holds plans worth {shown[0]} and {shown[1]} for equally good."


def _listing(names: Sequence[str]) -> str:
    return listing(names, SHOWN, least_rest=2)
