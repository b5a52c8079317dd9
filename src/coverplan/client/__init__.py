"""The Python client of the HTTP service."""

from coverplan.client.client import Client
from coverplan.client.errors import AnswerError, ConnectionFailedError, CoverplanError, RefusedError, UnavailableError

__all__ = ["Client", "CoverplanError", "ConnectionFailedError", "AnswerError", "RefusedError", "UnavailableError"]
