"""The documents of datasets: books of tables that are uploaded once and solved many times."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from coverplan.payload.base import Document, Id, Name, Uri
from coverplan.payload.creator import CREATED_BY, REQUEST_ID, Creator
from coverplan.payload.issues import Issue
from coverplan.payload.problem import FirstFault, Horizon, Segment

TableName = Literal["territories", "managers", "reps", "accounts", "fit", "pairs"]
TableFormat = Literal["ndjson", "csv", "parquet", "arrow", "arrow_stream"]
SUFFIXES: dict[TableFormat, str] = {
    "ndjson": "ndjson",
    "csv": "csv",
    "parquet": "parquet",
    "arrow": "arrow",
    "arrow_stream": "arrows",
}
"""Of the files of each format."""
_FORMATS: dict[str, TableFormat] = {f".{suffix}": form for form, suffix in SUFFIXES.items()}
DatasetStatus = Literal["open", "queued", "running", "completed", "failed"]

_ID = "ds-0198b2c4d5e6a1b2c3d4e5f60718"


class Head(Document):
    """A problem without what its tables hold."""

    horizon: Horizon = Field(
        default_factory=Horizon,
        description="First day and length of the time that is planned.",
        examples=[{"start": "2027-01-01", "months": 12}],
    )
    currency: Id = Field(default="USD", description="Label of all amounts; nothing is converted.", examples=["EUR"])
    segments: FirstFault[Segment] = Field(
        default_factory=list,
        max_length=10000,
        description="The coverage model; accounts without a segment belong to `default`.",
        examples=[[{"id": "enterprise", "roles": [{"role": "account_executive", "hours": 120}]}]],
    )


class DatasetRequest(Document):
    """A dataset to fill with tables."""

    name: Name | None = Field(default=None, description="For people.", examples=["FY27 book"])
    problem: Head = Field(
        default_factory=Head,
        description="What the tables do not hold: horizon, currency and coverage model.",
        examples=[{"currency": "EUR"}],
    )
    table_uris: dict[TableName, Uri] | None = Field(
        default=None,
        min_length=1,
        description="Tables that a worker fetches from where the operator allows, instead of being sent: `s3://`, "
        "`gs://`, `az://` or `file:///`, their formats by `.parquet`, `.csv`, `.ndjson`, `.arrow` or `.arrows`. The "
        "dataset takes no others and is checked at once; what is wrong with a place is in its report. null: they are "
        "sent.",
        examples=[{"accounts": "s3://planning/fy27/accounts.parquet", "reps": "s3://planning/fy27/reps.csv"}],
    )


class TableState(Document):
    """One table of a dataset."""

    table: TableName = Field(description="Which table.", examples=["accounts"])
    format: TableFormat = Field(description="As it was sent; once checked, it is kept as Parquet.", examples=["csv"])
    bytes: int = Field(description="Its size in storage.", examples=[30223234])
    rows: int | None = Field(default=None, description="Its rows; null: not counted yet.", examples=[1000000])


class DatasetSummary(Document):
    """A dataset: how far it is and how much it holds."""

    dataset_id: str = Field(description="Id of the dataset.", examples=[_ID])
    name: str | None = Field(default=None, description="As given.", examples=["FY27 book"])
    job_status: DatasetStatus = Field(
        description="`open`: takes tables; then how far its check is. `failed`: it could not be checked.",
        examples=["completed"],
    )
    valid: bool | None = Field(
        default=None, description="Whether it can be solved; null: not checked yet.", examples=[True]
    )
    total_errors: int = Field(default=0, description="How many errors its check found.", examples=[0])
    parent_id: str | None = Field(default=None, description="The dataset that it was patched from.", examples=[None])
    table_uris: dict[str, str] | None = Field(
        default=None,
        description="Where its tables were fetched from, or are to be; null: they were sent.",
        examples=[{"accounts": "s3://planning/fy27/accounts.parquet"}],
    )
    tables: list[TableState] = Field(
        description="Its tables.", examples=[[{"table": "accounts", "format": "parquet", "bytes": 10, "rows": 1}]]
    )
    bytes: int = Field(
        description="Bytes of its tables in storage, which datasets of the same content share.", examples=[30417000]
    )
    content_hash: str | None = Field(
        default=None, description="Hash of what was sent; null: it still takes tables.", examples=["5f2b"]
    )
    problem_hash: str | None = Field(
        default=None, description="Hash of the facts, as in plans; null: not sound, or not checked.", examples=["5f2b"]
    )
    created_by: Creator | None = CREATED_BY
    request_id: str | None = REQUEST_ID
    created_at: dt.datetime = Field(description="When it was created (UTC).", examples=["2027-01-05T08:30:00Z"])
    ended_at: dt.datetime | None = Field(
        default=None, description="When its check ended.", examples=["2027-01-05T08:30:09Z"]
    )
    expires_at: dt.datetime | None = Field(
        default=None, description="When it is deleted unless it is committed; null: it stays.", examples=[None]
    )


def format_of(name: str) -> TableFormat | None:
    """The format of a file by its name; None: none of ours."""
    return _FORMATS.get(name[name.rfind(".") :])


class CheckFailure(Document):
    """Why a dataset could not be checked."""

    code: str = Field(description="The kind of failure; stable.", examples=["memory_limit"])
    message: str = Field(description="What went wrong.", examples=["It needs more memory than is allowed."])


class CheckReport(Document):
    """What the check of a book found."""

    issues: list[Issue] = Field(
        default_factory=list,
        description="The first 20 rows of each rule, errors first. Pointers are those of the problem document that the "
        "tables stand for, rows from 0: `/problem/accounts/3/territory_id`.",
        examples=[[]],
    )
    total_errors: int = Field(default=0, description="How many errors there are.", examples=[0])
    total_warnings: int = Field(default=0, description="How many warnings there are.", examples=[0])
    complete: bool = Field(
        default=True, description="False when counting stopped early: the totals are lower bounds.", examples=[True]
    )
    more: dict[str, int] = Field(
        default_factory=dict,
        description="By rule: how many rows are counted, but not among the issues.",
        examples=[{"accounts.territory_id [unknown_territory]": 380}],
    )
    error: CheckFailure | None = Field(
        default=None, description="Why it could not be checked; null: it could.", examples=[None]
    )


class DatasetState(DatasetSummary):
    """A dataset, with what its check found."""

    report: CheckReport | None = Field(
        default=None, description="What its check found; null: not ended.", examples=[{"issues": [], "total_errors": 0}]
    )


class CheckBook(Document):
    """A book to check: files of tables in, a folder of Parquet tables out."""

    uploads: str = Field(description="Folder of the tables as they were sent.", examples=["uploads"])
    formats: dict[TableName, TableFormat] = Field(description="Format of each.", examples=[{"accounts": "csv"}])
    book: str = Field(description="Folder with `problem.json`; takes the tables.", examples=["book"])
    patch: str | None = Field(default=None, description="File of a patch to apply to the tables.", examples=[None])
    max_rows: int = Field(description="Most rows of a table.", examples=[20000000])


class CheckedBook(Document):
    """What was made of it."""

    report: CheckReport = Field(description="What is wrong.", examples=[{"total_errors": 0}])
    rows: dict[str, int] = Field(description="Rows of each table.", examples=[{"accounts": 2}])
    problem_hash: str | None = Field(description="Hash of the facts of a sound book.", examples=["sha256:5f2b"])
