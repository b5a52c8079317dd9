"""The fields that a mapping can fill, table by table, and how each is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "id", "reference", "references", "label", "labels", "text", "number", "numbers", "date", "flag", "choice"
]
Base = Literal["hours", "money", "yearly_money"]


@dataclass(frozen=True)
class Field:
    """How one field is read.

    Attributes:
        kind: what its cells hold.
        base: for amounts, what they are counted in and over: the horizon, or one year.
        target: for references, the table that they point into.
        lowest, highest: the numbers allowed.
        choices: the words allowed.
    """

    kind: Kind
    base: Base | None = None
    target: str | None = None
    lowest: float | None = None
    highest: float | None = None
    choices: tuple[str, ...] = ()
    required: bool = False


ID = Field("id", required=True)
TEXT, LABEL, LABELS, DATE, FLAG = Field("text"), Field("label"), Field("labels"), Field("date"), Field("flag")
MONEY, HOURS = Field("number", "money", lowest=0), Field("number", "hours", lowest=0)
LAT, LON = Field("number", lowest=-90, highest=90), Field("number", lowest=-180, highest=180)

FIELDS: dict[str, dict[str, Field]] = {
    "territories": {
        "id": ID,
        "name": TEXT,
        "parent_id": Field("reference", target="territories"),
        "revenue_target": MONEY,
    },
    "managers": {"id": ID, "name": TEXT, "manager_id": Field("reference", target="managers")},
    "reps": {
        "id": ID,
        "name": TEXT,
        "email": TEXT,
        "role": LABEL,
        "manager_id": Field("reference", target="managers"),
        "pod": LABEL,
        "territory_ids": Field("references", target="territories"),
        "segments": LABELS,
        "skills": LABELS,
        "lat": LAT,
        "lon": LON,
        "status": Field("choice", choices=("active", "hired", "open")),
        "start_date": DATE,
        "end_date": DATE,
        "ramp": Field("numbers", lowest=0, highest=1),
        "capacity_hours": HOURS,
        "quota": MONEY,
        "cost": MONEY,
    },
    "accounts": {
        "id": ID,
        "name": TEXT,
        "parent_id": Field("reference", target="accounts"),
        "territory_id": Field("reference", target="territories"),
        "segment": LABEL,
        "industry": LABEL,
        "kind": Field("choice", choices=("customer", "prospect")),
        "revenue_history": Field("numbers", "yearly_money", lowest=0),
        "last_year_months": Field("number", lowest=1, highest=12),
        "expected_revenue": MONEY,
        "potential": MONEY,
        "hours": HOURS,
        "owner": Field("reference", target="reps"),
        "owner_since": DATE,
        "relationship_strength": Field("number", lowest=0, highest=1000),
        "open_opportunity": FLAG,
        "locked": FLAG,
        "required_skills": LABELS,
        "lat": LAT,
        "lon": LON,
        "tags": LABELS,
    },
    "pairs": {
        "account_id": Field("reference", target="accounts", required=True),
        "rep_id": Field("reference", target="reps", required=True),
        "value": Field("number", "money"),
        "hours": HOURS,
        "eligible": FLAG,
    },
}

KEYS: dict[str, tuple[str, ...]] = dict.fromkeys(FIELDS, ("id",)) | {"pairs": ("account_id", "rep_id")}
TABLES = tuple(FIELDS)
NEEDED = {"lat": "lon", "lon": "lat", "owner_since": "owner", "last_year_months": "revenue_history"}
"""Fields that say nothing without another one."""

UNITS: dict[Base | None, dict[str, float]] = {
    None: {"percent": 0.01},
    "hours": {"minutes": 1 / 60, "hours": 1.0, "days": 8.0},
    "money": {"thousand": 1e3, "million": 1e6},
    "yearly_money": {"thousand": 1e3, "million": 1e6},
}
"""Factors of `unit`; a working day has 8 hours."""

MONTHS_OF: dict[str, float] = {"week": 7 / 30.4375, "month": 1.0, "quarter": 3.0, "year": 12.0}
"""Months in a period that `per` names."""
