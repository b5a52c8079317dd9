"""Experiments as they are stored: expanded, with their problems apart."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field, TypeAdapter

from coverplan.payload.base import Document
from coverplan.payload.experiments.cells import Cell, NamedPolicy
from coverplan.payload.experiments.parts import Patch
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.options import Options
from coverplan.payload.policy import Policy
from coverplan.payload.runs import RunError
from coverplan.studies.perturbation import Perturbation


class StoredProblem(Document):
    """Where a problem of an experiment is, and how large."""

    path: str | None = Field(default=None, description="Its blob; null: it is a dataset.", examples=[None])
    dataset_id: str | None = Field(default=None, description="Its dataset; null: it is a blob.", examples=["ds-01"])
    size: int = Field(description="Accounts x reps.", examples=[14400])


class ExpandedPolicy(Document):
    """A policy of the experiment."""

    id: str = Field(description="Its name in the results.", examples=["gentle"])
    policy: Policy = Field(description="The policy, patched.", examples=[{"constraints": []}])
    patches: list[Patch] = Field(description="What was changed in its base.", examples=[[]])


class StoredExperiment(Document):
    """What the workers need to know of an experiment."""

    request: ExperimentRequest = Field(description="As it was asked for, without inline problems.")
    policies: list[ExpandedPolicy] = Field(description="The policies, in order.")
    problems: list[StoredProblem] = Field(description="The problems, in order.")

    @classmethod
    def of(
        cls, request: ExperimentRequest, policies: Sequence[NamedPolicy], problems: Sequence[StoredProblem]
    ) -> StoredExperiment:
        """Take the problems out."""
        bare = [one.model_copy(update={"problem": None}) for one in request.problems]
        expanded = [ExpandedPolicy(id=one.id, policy=one.policy, patches=list(one.patches)) for one in policies]
        return cls(request=request.model_copy(update={"problems": bare}), policies=expanded, problems=list(problems))

    @property
    def named(self) -> list[NamedPolicy]:
        """The policies as the expansion takes them."""
        return [NamedPolicy(one.id, one.policy, tuple(one.patches)) for one in self.policies]


class BasePolicy(Document):
    """A stored policy that an experiment names, as it was then: it may be deleted since."""

    name: str = Field(description="Its name.", examples=["gentle"])
    version: int = Field(description="Its version.", examples=[3])
    policy: Policy = Field(description="The policy.", examples=[{"constraints": []}])


BASES = TypeAdapter(list[BasePolicy])
"""They lie beside the experiment: only who extends it reads them."""


class CellRequest(Document):
    """What the run of a cell has to do."""

    problem: str | None = Field(
        default=None, description="Blob of the problem, and the file that a solver reads; null: it is a dataset."
    )
    policy: Policy = Field(description="The rules.", examples=[{"constraints": []}])
    options: Options = Field(description="How long and how to solve.", examples=[{"time_limit_s": 10}])
    perturbation: Perturbation | None = Field(default=None, description="How the facts turn out; null: as given.")
    share: bool = Field(default=True, description="Whether to begin with plans of other cells.")
    start_from: str | None = Field(
        default=None,
        description="Key of the cell whose plan it begins with; null: those next to it that have ended, or in "
        "deterministic mode none.",
    )
    start_plans: list[str] = Field(
        default_factory=list, description="Files of plans to start from; a worker adds them.", examples=[[]]
    )

    @classmethod
    def of(cls, cell: Cell, problem: StoredProblem, *, share: bool) -> CellRequest:
        """The request of a cell."""
        return cls(
            problem=problem.path,
            policy=cell.policy,
            options=cell.options,
            perturbation=cell.perturbation,
            share=share,
            start_from=cell.start_from,
        )


class StoredOutcome(Document):
    """What became of a cell, its plan in a file."""

    key: str = Field(description="Key of the cell.")
    problem: int = Field(description="Its problem, by its place.")
    run_id: str | None = Field(description="Its run.")
    plan: str | None = Field(description="File of its plan; null: there is none.")
    table: str | None = Field(description="File of its seats; null: the plan lists them.")
    seconds: float | None = Field(description="From its start to its end.")
    error: RunError | None = Field(description="Why its run failed; null: it did not.")


class ResultsRequest(Document):
    """What to sum up; the files lie where the child can read them."""

    experiment_id: str = Field(description="Id of the experiment.")
    stored: StoredExperiment = Field(description="The experiment.")
    problems: list[str] = Field(description="File of each problem; of a dataset, the folder.")
    outcomes: list[StoredOutcome] = Field(description="The cells that have ended.")
