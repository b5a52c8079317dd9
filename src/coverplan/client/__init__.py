"""The Python client of the HTTP service: `Client`, and its asynchronous twin `AsyncClient`."""

from coverplan.client.aio.client import AsyncClient
from coverplan.client.answers import RunEvent
from coverplan.client.errors import AnswerError, ConnectionFailedError, CoverplanError, RefusedError, UnavailableError
from coverplan.client.sync.client import Client
from coverplan.client.webhooks import SignatureError, read_webhook

__all__ = [
    "Client",
    "AsyncClient",
    "CoverplanError",
    "ConnectionFailedError",
    "AnswerError",
    "RefusedError",
    "UnavailableError",
    "RunEvent",
    "read_webhook",
    "SignatureError",
]
