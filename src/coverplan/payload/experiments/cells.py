"""Cells: the solves of an experiment, what is known of them, and what became of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from coverplan.domain.instance import Ints
from coverplan.payload.experiments.parts import Patch
from coverplan.payload.experiments.state import CellKind
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan, SolutionStatus
from coverplan.payload.policy import Policy
from coverplan.payload.runs import JobStatus, RunError
from coverplan.studies.perturbation import Perturbation

StoredPolicies = Mapping[tuple[str, int | None], Policy]
"""Stored policies by name and the version asked for (None: the latest)."""


@dataclass(frozen=True)
class NamedPolicy:
    """A policy of an experiment, expanded."""

    id: str
    policy: Policy
    patches: tuple[Patch, ...] = ()
    """What was changed in its base."""


@dataclass(frozen=True)
class Cell:
    """One solve."""

    key: str
    problem: int
    """Index of its problem in the request."""
    policy: Policy
    options: Options
    """With the seed of this cell."""
    perturbation: Perturbation | None
    kinds: tuple[CellKind, ...]
    labels: tuple[str, ...]
    """Policy, or what was done to it, one per kind."""
    near: float
    """Cells of a problem that lie close together have like policies."""
    start_from: str | None = None
    """Key of the only cell whose plan and prices it begins with; None: those of whichever have ended, if any."""


@dataclass(frozen=True)
class CellFacts:
    """What is known of a cell that has ended. One without facts is to be solved: also one that was cancelled."""

    job_status: JobStatus
    """completed or failed."""
    solution_status: SolutionStatus | None = None
    objective: float | None = None
    bound: float | None = None


@dataclass(frozen=True, eq=False)
class CellOutcome:
    """What became of a cell."""

    key: str
    run_id: str | None
    plan: Plan | None
    """Null: the run failed."""
    seats: Ints | None = None
    """Rep of each seat of the book, -1 uncovered; null: the plan lists its seats itself, or there is none."""
    seconds: float | None = None
    """From its start to its end."""
    error: RunError | None = None
    """Why the run failed, where it did."""

    @property
    def facts(self) -> CellFacts:
        """The part of it that decides what else is wanted."""
        plan = self.plan
        if plan is None:
            return CellFacts("failed")
        objective = None if plan.objective is None else plan.objective.value
        return CellFacts("completed", plan.solution_status, objective, plan.dual_bound)


def policy_text(policy: Policy) -> str:
    """What a policy says, as text; its name and the order of its rules make no difference."""
    document = policy.filled()
    del document["name"]
    document["constraints"].sort(key=_text)
    return _text(document)


def content_of(policy: Policy) -> str:
    """The same without what its rules, and the groups in them, are called: equal texts, equal plans."""
    document = policy.filled()
    rules = sorted(map(rule_content, document["constraints"]))
    return _text([{**document, "name": None, "constraints": None}, rules])


def rule_content(rule: Mapping[str, Any]) -> str:
    """What a rule says, as text, whatever it and its groups are called."""
    bare = {name: value for name, value in rule.items() if name != "id"}
    if "groups" in bare:
        groups = [{name: value for name, value in group.items() if name != "id"} for group in bare["groups"]]
        bare["groups"] = sorted(groups, key=_text)
    return _text(bare)


def cell_key(problem_id: str, policy: str, options: Options, perturbation: Perturbation | None = None) -> str:
    """Hash of what a cell solves; `policy` is the text of its policy."""
    shown = None if perturbation is None else asdict(perturbation)
    text = _text([problem_id, policy, options.model_dump(mode="json"), shown])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
