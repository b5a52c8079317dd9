"""The plan: the answer of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

from pydantic import Field, PrivateAttr

from coverplan.payload.base import Document
from coverplan.payload.change import AgainstToday, Upheaval
from coverplan.payload.issues import Issue
from coverplan.payload.labels import Labels
from coverplan.payload.plan_parts import (
    Assignment,
    AssignmentIn,
    BoundSource,
    Certificate,
    Change,
    ConstraintRow,
    Method,
    Metrics,
    Objective,
    Price,
    Progress,
    SolutionStatus,
    StoppedBy,
    TowardsToday,
    Uncovered,
    UncoveredReason,
)
from coverplan.payload.problem import Problem
from coverplan.payload.rollups import RepBook, Summary, TeamBook, TerritoryBook
from coverplan.wording.figures import TYPESET
from coverplan.wording.statuses import STOPPED, verdict

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "Assignment",
    "AssignmentIn",
    "BoundSource",
    "Certificate",
    "Change",
    "ConstraintRow",
    "Method",
    "Metrics",
    "Objective",
    "Plan",
    "Price",
    "Progress",
    "SolutionStatus",
    "StoppedBy",
    "TowardsToday",
    "Uncovered",
    "UncoveredReason",
]


class Plan(Document):
    """The answer of a run: who covers which account, how good that provably is, and why."""

    run_id: str | None = Field(default=None, description="Id of the durable run; null: none.", examples=["run_01"])
    problem_hash: str = Field(
        description="Hash of the problem with its defaults filled in.", examples=["sha256:9f86d0"]
    )
    policy_hash: str = Field(description="Hash of the policy with its defaults filled in.", examples=["sha256:60303a"])
    seed: int = Field(default=0, description="Seed of every random choice.", examples=[0])
    versions: dict[str, str] = Field(
        default_factory=dict,
        description="Versions of what computed it.",
        examples=[{"coverplan": "0.1.0", "ortools": "9.15.6755"}],
    )
    solution_status: SolutionStatus = Field(
        description="`optimal` only when bound and objective agree to within rounding.", examples=["feasible"]
    )
    stopped_by: StoppedBy | None = Field(
        default=None,
        description="Why the search ended; null: nothing was solved. `listed_pairs`: none of the pairs looked "
        "at leads to a better plan, which says nothing of the others.",
        examples=["gap"],
    )
    reproducible: bool | None = Field(
        default=None,
        description="In deterministic mode: false when the wall clock ended the search, or one that it began with. "
        "Null otherwise.",
        examples=[True],
    )
    method: Method = Field(
        description="How it was found.",
        examples=[{"used": "exact", "backend": "highs", "why": "701 seats, 9,814 pairs"}],
    )
    notes: list[str] = Field(
        default_factory=list,
        description="What the numbers do not promise.",
        examples=[["CP-SAT rounded the objective to 1e-4."]],
    )
    upheaval: Upheaval | None = Field(
        default=None,
        description="Where more than a fifth of the revenue leaves reps who could stay: why, and what would prevent "
        "it. Null otherwise.",
        examples=[None],
    )
    objective: Objective | None = Field(
        default=None, description="Objective and its terms; null without a plan.", examples=[None]
    )
    against_today: AgainstToday | None = Field(
        default=None,
        description="Against today's assignment under the same policy; null without a plan, or where no rep holds a "
        "seat today.",
        examples=[None],
    )
    dual_bound: float | None = Field(
        default=None,
        description="No plan over all admissible pairs can be worth more; null: nothing is proven of all of them.",
        examples=[1262500.0],
        json_schema_extra={"unit": "currency"},
    )
    dual_bound_source: BoundSource | None = Field(
        default=None, description="The solver's claim, or the certificate's prices.", examples=["branch_and_bound"]
    )
    gap: float | None = Field(
        default=None, description="(dual_bound - objective) / max(|objective|, 1e-9); null: no bound.", examples=[0.01]
    )
    absolute_gap: float | None = Field(
        default=None,
        description="dual_bound - objective; null: no bound.",
        examples=[12500.0],
        json_schema_extra={"unit": "currency"},
    )
    towards_today: TowardsToday | None = Field(
        default=None,
        description="How close to today the plan is among those of equal worth, and what that took back; null: nothing "
        "was solved.",
        examples=[None],
    )
    summary: Summary | None = Field(
        default=None, description="The plan in a few numbers; null without a plan.", examples=[None]
    )
    assignments: list[Assignment] = Field(
        default_factory=list, description="Covered seats; empty without a plan.", examples=[[]]
    )
    uncovered: list[Uncovered] = Field(
        default_factory=list, description="Seats left uncovered, with the reason.", examples=[[]]
    )
    reps: list[RepBook] = Field(default_factory=list, description="Each rep's book.", examples=[[]])
    teams: list[TeamBook] = Field(default_factory=list, description="Each team's book.", examples=[[]])
    territories: list[TerritoryBook] = Field(
        default_factory=list, description="Each territory with its subtree.", examples=[[]]
    )
    constraints: list[ConstraintRow] = Field(
        default_factory=list, description="Every row of every constraint, measured.", examples=[[]]
    )
    certificate: Certificate | None = Field(
        default=None, description="Prices that prove a bound; null: none.", examples=[None]
    )
    least_violating: Plan | None = Field(
        default=None,
        description="When no plan keeps all hard rules: the one that breaks them least, where known. It is no plan.",
        examples=[None],
    )
    issues: list[Issue] = Field(default_factory=list, description="Warnings about the input.", examples=[[]])
    metrics: Metrics = Field(
        default_factory=Metrics, description="Size, effort and progress.", examples=[{"pairs": 9814, "rows": 743}]
    )
    _labels: Labels = PrivateAttr(default_factory=Labels)

    def labelled(self, problem: Problem) -> Self:
        """The same plan, shown with the names and the currency of its problem."""
        shown = self.model_copy()
        shown._labels = Labels.of(problem)
        return shown

    def table(self) -> pl.DataFrame:
        """The seats as a polars table, covered ones first: the columns of a plan in CSV or Parquet."""
        from coverplan.payload.seats import seat_frame  # noqa: PLC0415 - polars is for those who ask for tables

        covered, left = map(vars, self.assignments), map(vars, self.uncovered)
        return seat_frame(covered, left, self._labels.accounts, self._labels.reps)

    def _repr_html_(self) -> str:
        """What a notebook shows: the verdict, each rep's book, and the ledger."""
        from coverplan.payload.card import card  # noqa: PLC0415 - for notebooks only

        gap = None if self.gap is None else TYPESET.percent_at_most(self.gap)
        said = verdict(self.solution_status, gap, evaluated=self.method.used == "evaluated")
        terms, worth = ([], None) if self.objective is None else (self.objective.terms, self.objective.value)
        return card(said, self._facts(), self.reps, terms, worth, self._labels)

    def _facts(self) -> Iterator[tuple[str, str]]:
        """A few lines about the plan: name and text."""
        currency = self._labels.currency
        if self.objective is not None:
            yield "worth", TYPESET.money(self.objective.value, currency).lstrip(TYPESET.space)
        if self.dual_bound is not None:
            yield "at most", TYPESET.money_at_most(self.dual_bound, currency).lstrip(TYPESET.space)
        if self.summary is not None:
            seats = self.summary
            yield "seats", f"{seats.covered:,} covered, {seats.uncovered:,} uncovered"
            yield "moves", f"{seats.kept:,} kept, {seats.moved:,} moved, {seats.forced:,} forced, {seats.new:,} new"
        if self.stopped_by is not None:
            yield "stopped", STOPPED[self.stopped_by]
        if self.upheaval is not None:
            yield "upheaval", self.upheaval.message
