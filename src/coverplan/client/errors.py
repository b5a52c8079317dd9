"""What can go wrong between a client and the service.

CoverplanError              base of the library's exceptions too (in `coverplan.payload.errors`)
|-- ConnectionFailedError   no answer, or one that is not the service's
|-- SignatureError          a webhook's message that is not genuine (in `webhooks`)
`-- AnswerError             an error document; `document` has it
    |-- RefusedError        the request was wrong (4xx)
    `-- UnavailableError    try again after `retry_after_s` (503, 429; also while a call of the same key is at work)
"""

from __future__ import annotations

from coverplan.payload.error_document import ErrorDocument
from coverplan.payload.errors import CoverplanError

__all__ = [
    "AnswerError",
    "ConnectionFailedError",
    "CoverplanError",
    "RefusedError",
    "UnavailableError",
]


class ConnectionFailedError(CoverplanError):
    """The service could not be reached, hung up, or is no Coverplan service.

    `may_pass` says whether trying again may help.
    """

    def __init__(self, message: str, *, may_pass: bool = True) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class AnswerError(CoverplanError):
    """The service answered with an error."""

    def __init__(self, document: ErrorDocument) -> None:
        super().__init__(f"{document.title}: {document.detail}")
        self.document = document


class RefusedError(AnswerError):
    """The service refused the request; `document.errors` says what to mend."""


class UnavailableError(AnswerError):
    """The service cannot work on the request now."""

    def __init__(self, document: ErrorDocument, retry_after_s: float) -> None:
        super().__init__(document)
        self.retry_after_s = retry_after_s
