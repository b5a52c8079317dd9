"""The cells of an experiment: a pure function of its request and of what ended cells came to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from coverplan.payload.experiments.cells import Cell, CellFacts, NamedPolicy, content_of
from coverplan.payload.experiments.design import Design
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.experiments.state import CellKinds, EstimatedPolicy, ExperimentEstimate


def wanted(request: ExperimentRequest, policies: Sequence[NamedPolicy], facts: Mapping[str, CellFacts]) -> list[Cell]:
    """All cells that are wanted so far, those known already included, each key once.

    Cells whose key has no facts are to be solved. Facts are of cells that have ended. Once every wanted cell has
    facts, the experiment is complete. Where the others of a problem begin with one cell, they are wanted once it has.
    """
    design = Design(request, policies)
    first = [design.first_cell(problem) for problem in range(len(request.problems))]
    return [ready for cell in _distinct(design, facts) if (ready := _ready(cell, first[cell.problem], facts))]


def _ready(cell: Cell, first: Cell | None, facts: Mapping[str, CellFacts]) -> Cell | None:
    """The cell with what it begins with; None where that is still to come."""
    if first is None or cell.key == first.key:
        return cell
    return replace(cell, start_from=first.key) if first.key in facts else None


def _distinct(design: Design, facts: Mapping[str, CellFacts]) -> list[Cell]:
    """All cells, each key once, with all that it is for."""
    found: dict[str, Cell] = {}
    for cell in _all(design, facts):
        known = found.setdefault(cell.key, cell)
        if known is not cell:
            kinds, labels = (*known.kinds, *cell.kinds), (*known.labels, *cell.labels)
            found[cell.key] = replace(known, kinds=kinds, labels=labels)
    return list(found.values())


def _all(design: Design, facts: Mapping[str, CellFacts]) -> Iterator[Cell]:
    """Problem by problem: the policies, neighbours in a row, then what is asked about them."""
    names = sorted(design.near, key=design.near.__getitem__)
    for problem in range(len(design.request.problems)):
        for seed in design.seeds:
            yield from (design.policy_cell(problem, name, seed) for name in names)
        yield from (cell for name in names if (cell := design.reference_cell(problem, name)) is not None)
        for name in names:
            yield from (cell for _, _, cell in design.second_cells(problem, name, facts))
        yield from (point.cell for point in design.frontier(problem, facts))
        yield from (cell for _, cell in design.rule_cells(problem))
        for name in design.shaken:
            yield from design.stability_cells(problem, name)


def _second_solves(design: Design) -> int:
    """How many of them there are per problem."""
    return len({content_of(solve.policy) for name in design.near for _, solve in design.second_solves[name]})


def most_cells(request: ExperimentRequest, policies: int, rules: int) -> int:
    """How many cells there may be at most, reference cells apart; `rules` are those of the policy that is priced."""
    each = policies * len(request.all_seeds)
    if request.frontier is not None:
        each += request.frontier.points
    if request.rule_prices is not None:
        each += rules + (math.comb(rules, 2) if request.rule_prices.pairs else 0)
    if request.stability is not None and request.stability.mode == "solve":
        each += request.stability.samples * len(request.stability.policies or [""])
    return each * len(request.problems)


def estimate(request: ExperimentRequest, policies: Sequence[NamedPolicy], at_once: int = 1) -> ExperimentEstimate:
    """What the experiment comes to where so many solves run at once."""
    cells = _distinct(Design(request, policies), {})
    kinds = dict.fromkeys(CellKinds.model_fields, 0)
    for cell in cells:
        kinds[cell.kinds[0]] += 1
    notes = []
    if request.frontier is not None:
        kinds["frontier"] = request.frontier.points * len(request.problems)
        notes.append("The frontier takes fewer solves where the points in between are known to within the gap.")
    again = _second_solves(Design(request, policies)) * len(request.problems)
    if again:
        kinds["reference"] += again
        notes.append(
            f"{again:,} of the bounds by the reference are second solves: they tell apart what hard rules cannot. "
            "Set second_solve to false to do without."
        )
    total, limit = sum(kinds.values()), request.options.time_limit_s
    return ExperimentEstimate(
        cells=total,
        by_kind=CellKinds.model_validate(kinds),
        policies=[EstimatedPolicy(id=one.id, patches=list(one.patches)) for one in policies],
        solve_seconds_at_most=total * limit,
        seconds_at_most=math.ceil(total / max(1, at_once)) * limit,
        notes=notes,
    )
