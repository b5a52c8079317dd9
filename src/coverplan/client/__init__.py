"""The Python client of the HTTP service."""

from coverplan.client.client import Client
from coverplan.client.errors import AnswerError, ConnectionFailedError, CoverplanError, RefusedError, UnavailableError
from coverplan.client.runs import RunEvent
from coverplan.client.webhooks import SignatureError, read_webhook

__all__ = [
    "Client",
    "CoverplanError",
    "ConnectionFailedError",
    "AnswerError",
    "RefusedError",
    "UnavailableError",
    "RunEvent",
    "read_webhook",
    "SignatureError",
]
