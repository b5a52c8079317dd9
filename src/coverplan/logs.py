"""Logs as JSON lines on standard error, our own and the libraries', of services and workers alike; no secrets."""

from __future__ import annotations

import logging
import re
import sys
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

import structlog

from coverplan.settings import redacted

_SECRET_NAMES = re.compile(
    r"(?i)(^|_)(password|passwd|secret|token|authorization|cookie|api_key|apikey|database_url|blob_url|webhook_url)$"
)
_SECRETS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), r"\1 ***"),
    (re.compile(r"\bwhsec-[\w-]+"), "whsec-***"),
    (re.compile(r"(?i)\b(signature|api_?key)=[^\s&'\",;]+"), r"\1=***"),
)
_SUSPICIOUS = ("@", "=", "bearer", "basic", "whsec-")
"""What has one of these, whatever its case, is looked through for secrets."""
_QUIET = ("httpx", "httpcore", "alembic")
"""Libraries that tell of each step; httpx with whole URLs, in which there may be a secret."""


def configure(level: str) -> None:
    """Send every log line through structlog."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_colours,
                _without_secrets,
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def bound(**facts: Any) -> AbstractContextManager[None]:
    """Have every line of a block, and of the tasks that it starts, say these facts: `bound(run_id=...)`."""
    return structlog.contextvars.bound_contextvars(
        **{name: value for name, value in facts.items() if value is not None}
    )


def masked(text: str) -> str:
    """The text without the passwords, tokens and signatures that can be told by their form."""
    lowered = text.lower()
    if not any(mark in lowered for mark in _SUSPICIOUS):
        return text
    text = redacted(text)
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _without_colours(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """uvicorn sends its messages a second time, for terminals."""
    event.pop("color_message", None)
    return event


def _without_secrets(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Hide what has a secret's name or form."""
    return {name: "***" if _is_secret(name) else _shown(value) for name, value in event.items()}


@lru_cache(1000)
def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: "***" if _is_secret(str(name)) else _shown(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(inner) for inner in value]
    return value
