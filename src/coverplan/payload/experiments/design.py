"""The design of an experiment: which cell answers which question. Equal cells have equal keys."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from coverplan.payload.experiments import second
from coverplan.payload.experiments.cells import (
    Cell,
    CellFacts,
    NamedPolicy,
    cell_key,
    content_of,
    policy_text,
)
from coverplan.payload.experiments.derived import Bounds, judges_itself, referred, within
from coverplan.payload.experiments.parts import FrontierRequest, Reference
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.experiments.state import CellKind
from coverplan.payload.options import Options
from coverplan.payload.policy import Policy
from coverplan.studies import frontier
from coverplan.studies.comparison import rounding_of
from coverplan.studies.perturbation import Perturbation


@dataclass(frozen=True)
class Point:
    """A point of a frontier: the bounds, and the cell that solves for the best within them."""

    bounds: Bounds
    cell: Cell


class Design:
    """A request and its policies, as cells."""

    def __init__(self, request: ExperimentRequest, policies: Sequence[NamedPolicy]) -> None:
        self.request, self.policies = request, policies
        self.by_id = {one.id: one for one in policies}
        self._lasting: dict[int, tuple[Policy, str]] = {}
        self._policy_cells: dict[tuple[int, str, int], Cell] = {}

    @property
    def baseline(self) -> NamedPolicy:
        return self.by_id[self.request.baseline] if self.request.baseline is not None else self.policies[0]

    @cached_property
    def reference(self) -> Reference:
        """The objective that decides."""
        return self.request.reference or Reference(objective=self.baseline.policy.objective)

    @cached_property
    def first(self) -> dict[str, NamedPolicy]:
        """By policy: the first one of the same content, whose plan is that of all of them."""
        return {one.id: self._by_content[content_of(one.policy)] for one in self.policies}

    @cached_property
    def _by_content(self) -> dict[str, NamedPolicy]:
        found: dict[str, NamedPolicy] = {}
        for one in self.policies:
            found.setdefault(content_of(one.policy), one)
        return found

    @cached_property
    def near(self) -> dict[str, float]:
        """Rank of each policy: those one by one, then the grid as a snake, so that neighbours differ in one value."""
        axes = self.request.grid.axes if self.request.grid is not None else []
        shape = tuple(len(axis.values) for axis in axes)
        listed = len(self.policies) - (math.prod(shape) if shape else 0)
        ranks = [float(place) for place in range(listed)]
        ranks += [listed + rank for rank in _snake(shape)] if shape else []
        return {one.id: rank for one, rank in zip(self.policies, ranks, strict=True)}

    @cached_property
    def seeds(self) -> list[int]:
        return self.request.all_seeds

    def policy_cell(self, problem: int, name: str, seed: int) -> Cell:
        """A policy on a problem with a seed."""
        place = (problem, name, seed)
        if place not in self._policy_cells:
            policy, near = self.by_id[name].policy, self.near[name]
            self._policy_cells[place] = self._cell("policy", name, problem, policy, near, seed)
        return self._policy_cells[place]

    def first_cell(self, problem: int) -> Cell | None:
        """The cell that all others of a problem begin with, once it has ended; None where they do not wait for one.

        With several solves at once it is chance which of them end first. So a deterministic experiment shares what is
        named beforehand, and nothing else.
        """
        if not (self.request.share and self.request.options.deterministic):
            return None
        return self.policy_cell(problem, min(self.near, key=self.near.__getitem__), self.seeds[0])

    def policy_cells(self, problem: int, name: str) -> list[Cell]:
        """The same with each seed."""
        return [self.policy_cell(problem, name, seed) for seed in self.seeds]

    def reference_cell(self, problem: int, name: str) -> Cell | None:
        """The reference objective under a policy's hard rules; None where that is the policy itself."""
        if self.judge_themselves[name]:
            return None
        return self._cell("reference", name, problem, self.referred[name], self.near[name] + 0.25)

    @cached_property
    def judge_themselves(self) -> dict[str, bool]:
        """By policy: whether its own objective is the reference."""
        return {name: judges_itself(first.policy, self.reference) for name, first in self.first.items()}

    @cached_property
    def referred(self) -> dict[str, Policy]:
        """Hard rules of each policy with the reference as objective."""
        return {name: referred(first.policy, self.reference) for name, first in self.first.items()}

    def second_cells(
        self, problem: int, name: str, facts: Mapping[str, CellFacts]
    ) -> list[tuple[second.Side, second.SecondSolve, Cell]]:
        """What its own objective admits by the reference; wanted once its own solves have ended, with a plan."""
        ended = [facts.get(cell.key) for cell in self.policy_cells(problem, name)]
        if None in ended or all(one is None or one.objective is None for one in ended):
            return []
        near = self.near[name] + 0.2
        return [
            (side, solve, self._cell("reference", f"{name}: {side} by the reference", problem, solve.policy, near))
            for side, solve in self.second_solves[name]
        ]

    @cached_property
    def second_solves(self) -> dict[str, list[tuple[second.Side, second.SecondSolve]]]:
        """By policy; none where its own objective is the reference, or there is nothing to compare it with."""
        asked = self.request.second_solve and len(self._by_content) > 1
        gap = self.request.options.relative_gap
        return {
            name: second.solves(one.policy, self.reference, gap) if asked and not self.judge_themselves[name] else []
            for name, one in self.first.items()
        }

    def rule_cells(self, problem: int) -> list[tuple[tuple[str, ...], Cell]]:
        """Ids of the rules left out, and the policy without them."""
        asked = self.request.rule_prices
        if asked is None:
            return []
        priced = self.priced_policy
        rules = priced.policy.rules()
        ids = [str(rule.id) for rule in rules]
        groups: list[tuple[str, ...]] = [(one,) for one in ids]
        groups += list(itertools.combinations(ids, 2)) if asked.pairs else []
        found = []
        for number, dropped in enumerate(groups):
            left = [rule for rule in rules if str(rule.id) not in dropped]
            policy = priced.policy.model_copy(update={"constraints": left})
            label = f"{priced.id} without {' and '.join(dropped)}"
            near = self.near[priced.id] + 0.3 + 0.1 * number / len(groups)
            found.append((dropped, self._cell("rule", label, problem, policy, near)))
        return found

    @property
    def priced_policy(self) -> NamedPolicy:
        """The policy whose rules are priced."""
        asked = self.request.rule_prices
        return self.baseline if asked is None or asked.policy is None else self.by_id[asked.policy]

    @property
    def shaken(self) -> list[str]:
        """Policies whose stability is asked for."""
        asked = self.request.stability
        return [] if asked is None else list(dict.fromkeys(asked.policies or [self.baseline.id]))

    def perturbations(self) -> list[Perturbation]:
        """The same for all policies and problems, so that they are compared on equal facts."""
        asked = self.request.stability
        if asked is None:
            return []
        draws = np.random.SeedSequence(asked.seed).generate_state(asked.samples).tolist()
        return [Perturbation(asked.revenue, asked.potential, asked.hours, seed) for seed in draws]

    def stability_cells(self, problem: int, name: str) -> list[Cell]:
        """A policy on the perturbed problems; none where plans are only measured on them."""
        if self.request.stability is None or self.request.stability.mode != "solve":
            return []
        policy, near = self.by_id[name].policy, self.near[name] + 0.45
        return [
            self._cell("stability", f"{name}, sample {number}", problem, policy, near, perturbation=perturbation)
            for number, perturbation in enumerate(self.perturbations(), 1)
        ]

    @property
    def frontier_policy(self) -> NamedPolicy:
        """The policy whose hard rules hold on the frontier."""
        asked = self.request.frontier
        return self.baseline if asked is None or asked.policy is None else self.by_id[asked.policy]

    def frontier(self, problem: int, facts: Mapping[str, CellFacts]) -> list[Point]:
        """The points of a problem's frontier that are wanted so far: the next ones once all before them have ended."""
        asked = self.request.frontier
        if asked is None:
            return []
        if len(asked.bounds) == 1:
            return self._line(asked, problem, facts, asked.points, ())
        rows = math.isqrt(asked.points)
        other = asked.bounds[1]
        return [
            point
            for level in frontier.levels(other.start, other.end, rows)
            for point in self._line(asked, problem, facts, asked.points // rows, (level,))
        ]

    def _line(
        self, asked: FrontierRequest, problem: int, facts: Mapping[str, CellFacts], most: int, fixed: Bounds
    ) -> list[Point]:
        """Points along the first axis: evenly spaced ones, then the middles that tell most, round by round."""
        axis, options = asked.bounds[0], self.request.options
        gap = frontier.Gap(options.relative_gap, options.absolute_gap)
        places = frontier.levels(axis.start, axis.end, frontier.first_points(most))
        points = [self._point(asked, problem, (place, *fixed)) for place in places]
        while len(points) < most and all(point.cell.key in facts for point in points):
            known = [interval(facts[point.cell.key]) for point in points]
            further = frontier.next_bounds(
                [point.bounds[0] for point in points],
                [low for low, _ in known],
                [high for _, high in known],
                min(most - len(points), frontier.AT_ONCE),
                gap,
            )
            if not further:
                break
            points += [self._point(asked, problem, (place, *fixed)) for place in further]
        return points

    def _point(self, asked: FrontierRequest, problem: int, bounds: Bounds) -> Point:
        name = self.frontier_policy.id
        policy = within(self.frontier_policy.policy, asked, bounds, self.reference)
        axis = asked.bounds[0]
        share = (bounds[0] - axis.start) / (axis.end - axis.start)
        near = len(self.policies) + 1 + (bounds[1] if len(bounds) > 1 else 0.0) + share
        shown = zip(asked.bounds, bounds, strict=True)
        label = f"{name}: " + ", ".join(f"{axis.metric} <= {bound:.6g}" for axis, bound in shown)
        return Point(bounds, self._cell("frontier", label, problem, policy, near))

    def _cell(
        self,
        kind: CellKind,
        label: str,
        problem: int,
        policy: Policy,
        near: float,
        seed: int | None = None,
        perturbation: Perturbation | None = None,
    ) -> Cell:
        options = self._options[self.seeds[0] if seed is None else seed]
        solved, text = self._lasting.get(id(policy)) or self._solved(policy)
        if kind in ("policy", "reference", "stability"):  # these policies live as long as the design does
            self._lasting[id(policy)] = solved, text
        key = cell_key(self.request.problem_ids[problem], text, options, perturbation)
        return Cell(key, problem, solved, options, perturbation, (kind,), (label,), near)

    def _solved(self, policy: Policy) -> tuple[Policy, str]:
        """The policy that is solved for one: the first of its content. With its text."""
        first = self._by_content.get(content_of(policy))
        solved = policy if first is None else first.policy
        return solved, policy_text(solved)

    @cached_property
    def _options(self) -> dict[int, Options]:
        return {seed: self.request.options.model_copy(update={"seed": seed}) for seed in self.seeds}


def interval(facts: CellFacts | None) -> tuple[float, float]:
    """Where the optimum of a cell lies: -inf without a plan, +inf without a sound bound, (-inf, -inf) if infeasible."""
    if facts is None:
        return -math.inf, math.inf
    if facts.solution_status == "infeasible":
        return -math.inf, -math.inf
    low = -math.inf if facts.objective is None else facts.objective
    if facts.bound is None or facts.bound < low - rounding_of(low):  # its own plan refutes it
        return low, math.inf
    return low, max(facts.bound, low)


def _snake(shape: tuple[int, ...]) -> Iterator[int]:
    """Rank of each combination, first axis slowest, on a walk that changes one value by one step at a time."""
    for place in itertools.product(*(range(size) for size in shape)):
        rank = 0
        for step, size in zip(place, shape, strict=True):
            rank = rank * size + (size - 1 - step if rank % 2 else step)
        yield rank
