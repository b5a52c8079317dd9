"""The answer of a validation."""

from __future__ import annotations

from pydantic import Field

from coverplan.payload.base import Document
from coverplan.payload.issues import Issue, IssueReport


class ValidationReport(Document):
    """Everything that is wrong with a problem and a policy, or worth knowing before solving."""

    valid: bool = Field(description="Whether it can be solved: there are no errors.", examples=[True])
    total_errors: int = Field(description="How many errors there are.", examples=[0])
    total_warnings: int = Field(description="How many warnings there are.", examples=[1])
    complete: bool = Field(
        description="False when counting stopped early: the totals are lower bounds then.", examples=[True]
    )
    issues: list[Issue] = Field(description="The first 1,000 issues, errors first.", examples=[[]])

    @classmethod
    def of(cls, report: IssueReport) -> ValidationReport:
        """The report as a document."""
        return cls(
            valid=report.total_errors == 0,
            total_errors=report.total_errors,
            total_warnings=report.total_warnings,
            complete=report.complete,
            issues=report.issues,
        )
