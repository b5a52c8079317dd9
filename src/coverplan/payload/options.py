"""Solve options."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from coverplan.payload.base import Document, Money


class Options(Document):
    """How long and how to solve; every option has its own default."""

    time_limit_s: float = Field(
        default=30.0,
        gt=0,
        le=86400,
        description="Time for solving.",
        examples=[60],
        json_schema_extra={"unit": "seconds"},
    )
    relative_gap: float = Field(
        default=0.001,
        ge=0,
        le=1,
        description="Stop once the proven gap is at most this share of the objective; 0 asks for a proof.",
        examples=[0.0],
        json_schema_extra={"unit": "share, 0 to 1"},
    )
    absolute_gap: Money = Field(
        default=0.0, description="Stop once bound and objective differ by at most this amount.", examples=[1000]
    )
    method: Literal["auto", "exact", "priced"] = Field(
        default="auto",
        description="The whole program at once, pricing for the large, or picked by size.",
        examples=["exact"],
    )
    backend: Literal["auto", "highs", "cp_sat", "scip", "cbc"] = Field(
        default="auto", description="Solver of the mixed-integer program.", examples=["highs"]
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="Seed of every random choice.", examples=[7])
    deterministic: bool = Field(
        default=False, description="The same input gives the same plan but for `run_id` and `metrics`.", examples=[True]
    )
    work_limit: float | None = Field(
        default=None,
        gt=0,
        le=1e15,
        description="Deterministic limit in the backend's own unit of work; null: none.",
        examples=[10000],
        json_schema_extra={"unit": "the backend's unit of work"},
    )
