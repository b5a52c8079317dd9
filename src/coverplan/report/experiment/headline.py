"""The headline of an experiment: what was compared, who is best, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator

from coverplan.payload.experiments.results import ExperimentResults
from coverplan.payload.experiments.verdicts import PolicyInterval
from coverplan.report.experiment.units import Units
from coverplan.report.headline import Headline, Tile
from coverplan.wording.words import count, percent_at_most, sentence

LEADERS = 3
"""Intervals in the headline."""


def headline(results: ExperimentResults, units: Units) -> Headline:
    """The first screen."""
    badge, mood, verdict = _verdict(results)
    parts = [results.verdict.why, _proof(results, units)]
    return Headline(badge, mood, verdict, " ".join(filter(None, parts)), list(_tiles(results, units)))


def compared(results: ExperimentResults) -> str:
    """How much was compared, in one line."""
    problems, seeds = {row.problem_id for row in results.rows}, {row.seed for row in results.rows}
    return ", ".join(
        [
            count(len(results.policies), "policy", "policies"),
            count(len(problems), "problem"),
            count(len(seeds), "seed"),
            count(len(results.cells), "solve"),
        ]
    )


def unfinished(results: ExperimentResults) -> str:
    """What is missing from results that are partial; empty where nothing is."""
    if results.status == "complete":
        return ""
    missing = [cell for cell in results.cells if cell.solution_status is None]
    failed = sum(cell.job_status == "failed" for cell in missing)
    stopped = sum(cell.job_status == "cancelled" for cell in missing)
    waiting = len(missing) - failed - stopped
    parts = [
        f"{count(size, 'solve')} {what}"
        for size, what in ((failed, "failed"), (stopped, "stopped early"), (waiting, "not ended"))
        if size
    ]
    return f"Partial results: {sentence(parts) or 'not all is there'}. What follows may change."


def _verdict(results: ExperimentResults) -> tuple[str, str, str]:
    best = results.verdict.winner
    if best is not None:
        return "Decided", "good", f"{best} is the best policy by the reference objective."
    if len(results.policies) < 2:
        return "Nothing to compare", "plain", "One policy, measured."
    return "Inconclusive", "fair", "Which policy is best by the reference objective is not proven."


def _proof(results: ExperimentResults, units: Units) -> str:
    """The intervals that decide, or that do not."""
    best = results.verdict.winner
    twins = {one.policy_id for one in results.policies if best is not None and one.same_as == best} | {best}
    known = [one for one in results.verdict.intervals if one.low is not None or one.high is not None]
    if best is None:
        leaders = sorted(known, key=lambda one: -(one.low if one.low is not None else float("-inf")))[:LEADERS]
        return sentence(f"{one.policy_id}: {interval(one, units)}" for one in leaders) + "." if leaders else ""
    own = next(one for one in results.verdict.intervals if one.policy_id == best)
    if any(one.by == "own_objective" for one in results.verdict.by_pair if best in {one.a, one.b}):
        return ""
    rivals = [one.high for one in known if one.policy_id not in twins and one.high is not None]
    if own.low is None or not rivals:
        return ""
    return (
        f"They are worth {units.at_least(own.low)} or more, "
        f"and no plan under another policy can be worth more than {units.at_most(max(rivals))}."
    )


def interval(one: PolicyInterval, units: Units) -> str:
    """Where the best of a policy lies, in words."""
    return "infeasible, no plan keeps its rules" if one.infeasible else units.between(one.low, one.high)


def infeasible_on(results: ExperimentResults) -> set[tuple[str, str]]:
    """Policies, and the problems on which no plan keeps their rules."""
    return {(one.policy_id, problem) for one in results.policies for problem in one.infeasible}


def _tiles(results: ExperimentResults, units: Units) -> Iterator[Tile]:
    ended = sum(cell.job_status == "completed" for cell in results.cells)
    yield Tile("Solves", f"{ended:,}", f"of {count(len(results.cells), 'solve')} have an answer")
    known = [one for one in results.verdict.intervals if one.low is not None]
    if known:
        best = max(known, key=lambda one: one.low or 0.0)
        yield Tile("Highest reference objective", units.amount(best.low, short=True), best.policy_id)
    gaps = [gap for row in results.rows if (gap := row.metrics.get("gap")) is not None]
    if gaps:
        yield Tile("Largest gap", percent_at_most(max(gaps)), f"of {count(len(gaps), 'plan')}, each by its own policy")
    infeasible = infeasible_on(results)
    if infeasible:
        cases = len(results.policies) * results.problems
        yield Tile(
            "Infeasible", f"{len(infeasible):,}", f"of {count(cases, 'policy on a problem', 'policies on problems')}"
        )
    if any(one.accepted for one in results.policies):
        rules = max(len(one.accepted) for one in results.policies)
        note = f"of {count(len(results.policies), 'policy', 'policies')}, by {count(rules, 'rule')}"
        yield Tile("Accepted", f"{len(results.accepted):,}", note)
