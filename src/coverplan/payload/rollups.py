"""The plan rolled up: summary, reps, teams and territories."""

from __future__ import annotations

from pydantic import Field
from pydantic.config import JsonDict

from coverplan.payload.base import Document

MONEY: JsonDict = {"unit": "currency"}
HOURS: JsonDict = {"unit": "hours"}
SHARE: JsonDict = {"unit": "share, 0 to 1"}


class Summary(Document):
    """The plan in a few numbers. Moves compare with today's reps; forced ones are counted apart."""

    accounts: int = Field(description="Accounts in the problem.", examples=[701])
    seats: int = Field(description="Seats in the problem.", examples=[701])
    covered: int = Field(description="Seats that a rep covers.", examples=[698])
    uncovered: int = Field(description="Seats that nobody covers.", examples=[3])
    kept: int = Field(description="Seats that stay with their rep.", examples=[640])
    moved: int = Field(
        description="Seats that leave a rep who could stay, for another one or for nobody.", examples=[40]
    )
    forced: int = Field(description="Seats that move because their rep cannot stay.", examples=[10])
    new: int = Field(description="Covered seats that nobody covers today.", examples=[8])
    moved_share: float = Field(
        description="Moved seats as a share of the seats whose rep can stay.", examples=[0.059], json_schema_extra=SHARE
    )
    moved_revenue: float = Field(
        description="Revenue of the moved seats' accounts; with several roles, once for each seat that moves.",
        examples=[410000.0],
        json_schema_extra=MONEY,
    )
    moved_revenue_share: float = Field(
        description="The same as a share of the revenue of the seats whose rep can stay.",
        examples=[0.048],
        json_schema_extra=SHARE,
    )

    @property
    def dropped(self) -> int:
        """Moved seats that the plan leaves to nobody: covered ones are kept, moved, forced or new."""
        return self.kept + self.moved + self.forced + self.new - self.covered


class RepBook(Document):
    """One rep's book."""

    rep_id: str = Field(description="Id of the rep.", examples=["r1"])
    hours: float = Field(description="Hours planned.", examples=[900.0], json_schema_extra=HOURS)
    interim_hours: float = Field(
        default=0.0,
        description="Hours on accounts that the rep holds only until their next rep starts; beside `hours`, and "
        "against the capacity only where a `capacity` rule says `count_interim`.",
        examples=[30.0],
        json_schema_extra=HOURS,
    )
    capacity_hours: float | None = Field(
        default=None,
        description="Hours after start, end and ramp; null: no limit.",
        examples=[1500.0],
        json_schema_extra=HOURS,
    )
    utilisation: float | None = Field(
        default=None, description="Hours planned / capacity; null: no limit, or none at all.", examples=[0.6]
    )
    accounts: int = Field(description="Accounts in the book.", examples=[12])
    revenue: float = Field(description="Base revenue of the accounts.", examples=[1.2e6], json_schema_extra=MONEY)
    expected_revenue: float = Field(
        description="Value of the pairs less their relationship loss.", examples=[1.1e6], json_schema_extra=MONEY
    )
    kept: int = Field(description="Accounts kept.", examples=[10])
    gained: int = Field(description="Accounts gained.", examples=[2])
    lost: int = Field(description="Accounts that leave the rep.", examples=[1])


class TeamBook(Document):
    """The books of one manager's direct reports together."""

    team_id: str = Field(description="Id of the manager.", examples=["m1"])
    reps: int = Field(description="Reps in the team.", examples=[8])
    hours: float = Field(description="Hours planned.", examples=[7200.0], json_schema_extra=HOURS)
    interim_hours: float = Field(
        default=0.0,
        description="Hours on accounts that its reps hold only until their next rep starts.",
        examples=[30.0],
        json_schema_extra=HOURS,
    )
    capacity_hours: float | None = Field(
        default=None,
        description="Sum of the reps' capacities; null when one of them has no limit.",
        examples=[12000.0],
        json_schema_extra=HOURS,
    )
    accounts: int = Field(description="Accounts with a rep of the team.", examples=[96])
    revenue: float = Field(
        description="Base revenue of those accounts, each counted once.", examples=[9.6e6], json_schema_extra=MONEY
    )
    expected_revenue: float = Field(
        description="Value of the pairs less their relationship loss.", examples=[8.8e6], json_schema_extra=MONEY
    )
    kept: int = Field(description="Seats kept by their rep.", examples=[80])
    gained: int = Field(description="Seats that its reps gain.", examples=[16])
    lost: int = Field(description="Seats that leave its reps.", examples=[8])


class TerritoryBook(Document):
    """One territory with its subtree."""

    territory_id: str = Field(description="Id of the territory.", examples=["west"])
    accounts: int = Field(description="Accounts in it.", examples=[120])
    covered: int = Field(description="Accounts whose primary seat is covered.", examples=[118])
    revenue: float = Field(description="Base revenue of the accounts.", examples=[1.4e7], json_schema_extra=MONEY)
    expected_revenue: float = Field(
        description="Value of the covered seats less their relationship loss, "
        "with the self-serve revenue of the uncovered ones.",
        examples=[1.25e7],
        json_schema_extra=MONEY,
    )
