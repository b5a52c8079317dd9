"""What can go wrong in a call of the library, or of its client; `except coverplan.CoverplanError` catches all of it.

CoverplanError
|-- InvalidError            what was given cannot be used; `issues` say what, where and what to do, as over HTTP
|-- FailedError             there is no answer; `code` says why
`-- in coverplan.client.errors, between a client and the service:
    |-- ConnectionFailedError   no answer, or one that is not the service's
    |-- SignatureError          a webhook's message that is not genuine
    `-- AnswerError             an error document; `document` has it, and its `errors` are such issues
        |-- RefusedError        the request was wrong (4xx)
        `-- UnavailableError    try again after `retry_after_s`

No plan is no error: a plan without an objective says by its `solution_status` whether that is proven.
"""

from __future__ import annotations

from coverplan.payload.issues import Issue, IssueReport

SHOWN = 10
"""Issues in the message of an error; `issues` has the others."""


class CoverplanError(Exception):
    """Base of all exceptions of the library and its client."""


class InvalidError(CoverplanError, ValueError):
    """What was given cannot be used.

    `issues` are the first 1,000, each with `code`, `pointer`, `entity`, `message`, `value` and `suggestion`, as in the
    error documents of the service; errors come first, warnings may follow.
    """

    def __init__(self, report: IssueReport) -> None:
        super().__init__(_message(report))
        self.report = report

    @property
    def issues(self) -> list[Issue]:
        """What is wrong, the first 1,000."""
        return self.report.issues

    @property
    def total_errors(self) -> int:
        """How many errors there are in all."""
        return self.report.total_errors


class FailedError(CoverplanError):
    """There is no answer: `code` is `memory_limit`, `time_limit`, `solver_lost` or `internal_error`.

    `last_words` are the end of what the process that worked on it wrote to standard error.
    """

    def __init__(self, message: str, code: str, last_words: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.last_words = last_words


def _message(report: IssueReport) -> str:
    """The first issues, one a line, and how many there are."""
    total = report.total_errors
    lines = [f"{total:,} error{'s' * (total != 1)}", *(_line(issue) for issue in report.errors[:SHOWN])]
    return "\n  ".join([*lines, f"and {total - SHOWN:,} more"] if total > SHOWN else lines)


def _line(issue: Issue) -> str:
    advice = f" {issue.suggestion}" if issue.suggestion else ""
    return f"{issue.pointer or 'the document'}: {issue.message}{advice} [{issue.code}]"
