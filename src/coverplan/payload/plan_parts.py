"""What a plan is made of: seats, rows, prices, progress."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from coverplan.payload.base import Document
from coverplan.payload.change import Term

SolutionStatus = Literal["optimal", "feasible", "infeasible", "no_solution_found"]
StoppedBy = Literal[
    "gap",
    "proof",
    "listed_pairs",
    "time_limit",
    "work_limit",
    "finished_by_caller",
    "shutdown",
    "cancelled",
    "solver_lost",
    "memory_limit",
]
Change = Literal["kept", "moved", "new"]
UncoveredReason = Literal["no_eligible_rep", "no_room", "not_worthwhile", "search_stopped"]
BoundSource = Literal["branch_and_bound", "prices"]


class AssignmentIn(Document):
    """One assignment that a caller proposes."""

    account_id: str = Field(description="Id of the account.", examples=["a1"])
    role: str | None = Field(
        default=None, description="Role of the seat; null: the segment's first role.", examples=["account_executive"]
    )
    rep_id: str = Field(description="Id of the rep.", examples=["r1"])


class Method(Document):
    """How the plan was found."""

    used: Literal["exact", "priced", "evaluated"] = Field(
        description="Whole program, pricing, or evaluation of given assignments without solving.", examples=["exact"]
    )
    backend: str | None = Field(default=None, description="Solver; null when none was needed.", examples=["highs"])
    why: str = Field(default="", description="Why this one was picked.", examples=["701 seats, 9,814 pairs"])


class Objective(Document):
    """The objective and the terms that sum to it, within 1e-6 relative."""

    value: float = Field(description="Sum of the terms.", examples=[1250000.0], json_schema_extra={"unit": "currency"})
    terms: list[Term] = Field(
        description="All terms, also those that are 0.", examples=[[{"term": "expected_revenue", "value": 1250000.0}]]
    )


class Assignment(Document):
    """A seat and the rep who covers it."""

    account_id: str = Field(description="Id of the account.", examples=["a1"])
    role: str = Field(description="Role of the seat.", examples=["account_executive"])
    rep_id: str = Field(description="Id of the rep.", examples=["r1"])
    previous_rep_id: str | None = Field(
        default=None, description="Id of the rep who covers it today; null: nobody.", examples=["r1"]
    )
    change: Change = Field(description="Kept, moved from another rep, or new (nobody covered it).", examples=["kept"])
    forced: bool = Field(
        default=False,
        description="Whether the current rep could not stay: gone, inactive, in another role or excluded.",
        examples=[False],
    )
    expected_revenue: float = Field(
        description="Value of the pair less its relationship loss.",
        examples=[97500.0],
        json_schema_extra={"unit": "currency"},
    )
    relationship_loss: float = Field(
        default=0.0,
        description="Existing revenue that the change of rep is expected to cost.",
        examples=[0.0],
        json_schema_extra={"unit": "currency"},
    )
    hours: float = Field(
        description="Hours that it takes of the rep.", examples=[120.0], json_schema_extra={"unit": "hours"}
    )
    handover_date: dt.date | None = Field(
        default=None,
        description="First day of a rep who starts within the horizon and takes over from one who works until then: "
        "so long the previous rep holds the account. Null: nobody holds it for the rep.",
        examples=["2027-04-01", None],
    )
    interim_hours: float = Field(
        default=0.0,
        description="Hours that it takes of the previous rep until then; not part of `hours`.",
        examples=[30.0],
        json_schema_extra={"unit": "hours"},
    )


class Uncovered(Document):
    """A seat that no rep covers."""

    account_id: str = Field(description="Id of the account.", examples=["a2"])
    role: str = Field(description="Role of the seat.", examples=["account_executive"])
    previous_rep_id: str | None = Field(
        default=None, description="Id of the rep who covers it today; null: nobody.", examples=["r2"]
    )
    forced: bool = Field(default=False, description="Whether the current rep could not stay.", examples=[False])
    reason: UncoveredReason = Field(
        description="No rep is admissible; none has room within the hard rules; covering it alone would not raise the "
        "objective; or covering it would pay but the search stopped first.",
        examples=["no_eligible_rep"],
    )


class ConstraintRow(Document):
    """One row of one constraint, measured on the plan."""

    id: str = Field(description="Id of the constraint.", examples=["capacity"])
    kind: str = Field(description="Its kind.", examples=["capacity"])
    scope: str = Field(
        description="`company`, `rep:ID`, `team:ID`, `territory:ID`, `segment:ID`, or a group's own name; "
        "a qualifier after `/` where a constraint has several rows for one scope.",
        examples=["rep:r1"],
    )
    activity: float = Field(description="Left-hand side, in the constraint's unit.", examples=[900.0])
    lower: float | None = Field(default=None, description="Least activity allowed; null: none.", examples=[None])
    upper: float | None = Field(default=None, description="Largest activity allowed; null: none.", examples=[1500.0])
    slack: float | None = Field(
        default=None,
        description="Distance to the nearer bound, 0 when beyond it; null without bounds.",
        examples=[600.0],
    )
    binding: bool = Field(description="Whether the slack is 0 within 1e-6 + 1e-9 |bound|.", examples=[False])
    violation: float = Field(description="By how much a bound is missed.", examples=[0.0])
    penalty: float = Field(
        description="Penalty x violation; 0 for a hard constraint.",
        examples=[0.0],
        json_schema_extra={"unit": "currency"},
    )


class Price(Document):
    """The multipliers of one row, per unit of the row."""

    constraint: str = Field(description="Id of the constraint.", examples=["capacity"])
    scope: str = Field(description="Scope of the row.", examples=["rep:r1"])
    upper: float = Field(default=0.0, ge=0, description="Price of the upper bound.", examples=[12.5])
    lower: float = Field(default=0.0, ge=0, description="Price of the lower bound.", examples=[0.0])


class Certificate(Document):
    """Prices that prove an upper bound on every plan's objective; `verify` recomputes it."""

    bound: float = Field(
        description="The bound that the prices prove.", examples=[1262500.0], json_schema_extra={"unit": "currency"}
    )
    gap: float | None = Field(default=None, description="(bound - objective) / |objective|.", examples=[0.01])
    scope: Literal["all_admissible", "listed"] = Field(
        default="all_admissible",
        description="Whether the bound holds for all admissible pairs or for the listed ones only, where there are too "
        "many to look at. One over listed pairs is no `dual_bound`, and proves no plan optimal.",
        examples=["all_admissible"],
    )
    source: Literal["lp_relaxation", "lagrangian", "resolve"] = Field(
        description="Where the prices come from.", examples=["lp_relaxation"]
    )
    prices: list[Price] = Field(
        default_factory=list,
        description="Prices; a row that is not listed has price 0.",
        examples=[[{"constraint": "capacity", "scope": "rep:r1", "upper": 12.5, "lower": 0.0}]],
    )


class TowardsToday(Document):
    """The last step of a solve: among plans of equal worth, the one closest to today.

    First who has an owner keeps an owner, then the same one, then who has none stays without; then the caller's order.
    """

    scope: Literal["closest", "no_exchange", "cut_short"] = Field(
        description="`closest`: no plan of this worth is closer to today. `no_exchange`: no single return of an "
        "account to today's rep, no swap and no chain of three accounts brings one home at no loss. `cut_short`: "
        "neither was established, for time ended first, or the plan needs the tolerances of hard rows.",
        examples=["closest"],
    )
    undone: int = Field(
        ge=0,
        description="Changes that were worth nothing and were taken back: seats fewer that are not as today than in "
        "the plan that the search ended with.",
        examples=[12],
        json_schema_extra={"unit": "seats"},
    )
    owners_lost: int = Field(
        ge=0,
        description="Seats that somebody holds today and nobody does in the plan.",
        examples=[0],
        json_schema_extra={"unit": "seats"},
    )
    owners_changed: int = Field(
        ge=0,
        description="Seats that somebody holds today and that rep does not in the plan, lost ones and those of reps "
        "who cannot stay too.",
        examples=[40],
        json_schema_extra={"unit": "seats"},
    )
    newly_covered: int = Field(
        ge=0,
        description="Seats that nobody holds today and somebody does in the plan.",
        examples=[8],
        json_schema_extra={"unit": "seats"},
    )
    objective_before: float = Field(
        description="Objective that the search ended with.",
        examples=[1250000.0],
        json_schema_extra={"unit": "currency"},
    )
    tolerance: float = Field(
        default=1e-9,
        description="Share of the objective that the step may lose, which is what rounding leaves.",
        examples=[1e-9],
        json_schema_extra={"unit": "share of the objective"},
    )


class Progress(Document):
    """Where a solve stands."""

    t: float = Field(description="Time since the start.", examples=[0.1], json_schema_extra={"unit": "seconds"})
    objective_value: float | None = Field(
        default=None,
        description="Objective of the best plan so far; null: none yet.",
        examples=[1240000.0],
        json_schema_extra={"unit": "currency"},
    )
    dual_bound: float | None = Field(
        default=None,
        description="Best proven bound; null: none yet.",
        examples=[1262500.0],
        json_schema_extra={"unit": "currency"},
    )
    gap: float | None = Field(default=None, description="(dual_bound - objective) / |objective|.", examples=[0.018])
    phase: str = Field(description="What the solver is doing.", examples=["bound"])


class Metrics(Document):
    """Size and effort; the only part beside `run_id` that differs between equal runs."""

    seats: int = Field(default=0, description="Seats to fill.", examples=[701])
    pairs: int = Field(default=0, description="Pairs in the program.", examples=[9814])
    rows: int = Field(default=0, description="Rows of the program.", examples=[743])
    peak_memory_mb: float | None = Field(
        default=None,
        description="Largest memory of the solving processes.",
        examples=[240.0],
        json_schema_extra={"unit": "MB"},
    )
    seconds: dict[str, float] = Field(
        default_factory=dict,
        description="Time per phase.",
        examples=[{"solve": 2.4}],
        json_schema_extra={"unit": "seconds"},
    )
    progress: list[Progress] = Field(
        default_factory=list,
        description="Objective and bound over time.",
        examples=[[{"t": 0.1, "objective_value": 1240000.0, "dual_bound": 1262500.0, "gap": 0.018, "phase": "bound"}]],
    )
