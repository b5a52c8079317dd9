"""What every document shares: strictness, and the types of ids and amounts."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_ID = 200
MAX_AMOUNT = 1e15
MAX_HOURS = 1e9


class Document(BaseModel):
    """Base of all payload models: no unknown fields, no coercion, finite numbers, immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A caller's identifier or label: 1 to 200 characters, no control characters, compared exactly."""

Name = Annotated[str, StringConstraints(max_length=500)]

Money = Annotated[float, Field(ge=0, le=MAX_AMOUNT, json_schema_extra={"unit": "currency"})]

SignedMoney = Annotated[float, Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT, json_schema_extra={"unit": "currency"})]

YearlyMoney = Annotated[float, Field(ge=0, le=MAX_AMOUNT, json_schema_extra={"unit": "currency per year"})]

Hours = Annotated[float, Field(ge=0, le=MAX_HOURS, json_schema_extra={"unit": "hours over the horizon"})]

Share = Annotated[float, Field(ge=0, le=1, json_schema_extra={"unit": "share, 0 to 1"})]
