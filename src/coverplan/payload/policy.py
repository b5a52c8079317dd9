"""The policy: the weights of the objective, the candidates and the constraints; the wishes without the facts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from coverplan.constraints import AnyKind, Constraint
from coverplan.constraints.balance import Balance
from coverplan.constraints.capacity import Capacity
from coverplan.constraints.keep_current import KeepCurrent
from coverplan.payload.base import MAX_AMOUNT, Document, Name
from coverplan.payload.leniency import Otherwise


class UnknownConstraint(Constraint):
    """A rule that this version does not know, as an answer of a later one may have."""

    model_config = ConfigDict(extra="allow")

    def asks(self, currency: str) -> str:
        return f"A rule of the kind {self.kind}, which this version does not know"


AnyConstraint = Annotated[AnyKind, Otherwise(UnknownConstraint)]
"""One rule; `kind` says which."""

RELATIONSHIP = KeepCurrent(max_moved_revenue_share=0.1, penalty=10.0)
"""At most a tenth of the revenue leaves its rep. A dollar that moves brings at most itself, times the fit, and 40 cents
of balance; ten dollars for each one beyond the cap are more than that, so that only a hard rule that today's books
break, or an account ten times as large that gets the freed hours, is worth it. More would drown the money in solvers
and gaps."""
DEFAULT_CONSTRAINTS: tuple[Constraint, ...] = (Capacity(), Balance(penalty=0.2), RELATIONSHIP)
"""Hard capacity; softly, revenue balanced within +-15 % and nine tenths of it left where it is."""


class ObjectiveWeights(Document):
    """Weights of the objective's terms; 0 switches a term off."""

    expected_revenue: float = Field(
        1.0, ge=0, le=1e6, description="Weight of the expected revenue of covered and self-served seats.", examples=[1]
    )
    relationship_loss: float = Field(
        1.0, ge=0, le=1e6, description="Weight of the revenue lost when a relationship changes hands.", examples=[1]
    )
    travel_cost_per_km: float = Field(
        0.0,
        ge=0,
        le=MAX_AMOUNT,
        description="Money per km between rep and account, over the horizon.",
        examples=[120],
        json_schema_extra={"unit": "currency per km"},
    )


class CandidateSettings(Document):
    """Which pairs are considered at all."""

    per_seat: int | None = Field(
        None,
        ge=1,
        description="At most this many reps per seat are given to the solver; null: all admissible ones. "
        "The bound still covers all of them.",
        examples=[12],
    )
    max_distance_km: float | None = Field(
        None,
        gt=0,
        description="Farthest rep of a seat; seats or reps without a location are not limited.",
        examples=[800],
        json_schema_extra={"unit": "km"},
    )
    respect_territories: bool = Field(True, description="Whether reps serve only the territories they cover.")


class Policy(Document):
    """A constraint set and the weights of the objective."""

    name: Name | None = Field(None, description="Name to show.", examples=["balanced, gentle"])
    objective: ObjectiveWeights = Field(
        default_factory=ObjectiveWeights, description="Weights of the objective.", examples=[{"relationship_loss": 2}]
    )
    candidates: CandidateSettings = Field(
        default_factory=CandidateSettings,
        description="Which pairs are considered.",
        examples=[{"max_distance_km": 800}],
    )
    constraints: list[AnyConstraint] | None = Field(
        None,
        max_length=200,
        description="The rules; null or absent: hard `capacity`, soft `balance` of revenue within +-15 % at 0.2 "
        "money per money outside, and soft `keep_current` at 10 % of revenue moved at 10 money per money beyond, which "
        "hardly anything but a broken hard rule is worth; an empty list: none.",
        examples=[[{"kind": "capacity", "utilisation": 0.95}, {"kind": "protect", "accounts": {"top": 20}}]],
    )

    def rules(self) -> list[Constraint]:
        """The constraints in force, each with an id: its own, else its kind, then `kind-2`, `kind-3`..."""
        rules: list[Constraint] = []
        seen: dict[str, int] = {}
        for rule in DEFAULT_CONSTRAINTS if self.constraints is None else self.constraints:
            seen[rule.kind] = seen.get(rule.kind, 0) + 1
            count = seen[rule.kind]
            default = rule.kind if count == 1 else f"{rule.kind}-{count}"
            rules.append(rule if rule.id is not None else rule.model_copy(update={"id": default}))
        return rules

    def filled(self) -> dict[str, Any]:
        """The policy as a plain document with every default written out."""
        document = self.model_dump(mode="json")
        document["constraints"] = [rule.model_dump(mode="json") for rule in self.rules()]
        return document
