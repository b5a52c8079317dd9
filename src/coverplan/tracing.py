"""One request can be followed: its W3C trace context, from the call that asks for work to the worker that does it.

Spans are made where the OpenTelemetry SDK is installed; without it a caller's context is passed on all the same.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from coverplan import __version__

LONGEST_STATE = 512
"""Characters of a `tracestate` that is passed on, as many as the standard asks for; a longer one is dropped."""
_W3C = TraceContextTextMapPropagator()

for _name in ("opentelemetry.trace.span", "opentelemetry.trace.propagation.tracecontext"):
    logging.getLogger(_name).setLevel(logging.ERROR)  # they tell of each header that a caller got wrong

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trace:
    """Where a request stands in a trace, as the headers of the W3C have it; nowhere without a `traceparent`."""

    traceparent: str | None = None
    tracestate: str | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Trace:
        """That of the span at work, or else what the headers of a call say, if they say it rightly."""
        works = trace.get_current_span().get_span_context().is_valid
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, None if works else _W3C.extract(headers))
        state = carrier.get("tracestate", "")
        return cls(carrier.get("traceparent"), state if 0 < len(state) <= LONGEST_STATE else None)

    @property
    def id(self) -> str | None:
        """Id of the trace, the same for all that is done for one request."""
        return None if self.traceparent is None else self.traceparent.split("-")[1]

    @property
    def headers(self) -> dict[str, str]:
        """As they are sent on."""
        found = {"traceparent": self.traceparent, "tracestate": self.tracestate}
        return {name: value for name, value in found.items() if value is not None}


@contextmanager
def continued(trace_before: Trace, name: str, **facts: str) -> Iterator[Trace]:
    """A span of this name below what came before, with these facts; all that is done within is a part of it."""
    tracer = trace.get_tracer("coverplan", __version__)
    attributes = {f"coverplan.{fact}": value for fact, value in facts.items()}
    before = _W3C.extract(trace_before.headers)
    with tracer.start_as_current_span(name, before, trace.SpanKind.CONSUMER, attributes):
        yield Trace.of({})


def export() -> None:
    """Send spans to OTEL_EXPORTER_OTLP_ENDPOINT, where that and the SDK are there; of the API, FastAPI does so."""
    places = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    if not any(map(os.environ.get, places)) or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - optional
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - optional
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - optional
    except ImportError as error:
        log.warning("no traces are sent: pip install 'fastapi[opentelemetry]' (%s)", error)
        return
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def flush() -> None:
    """Send what was not sent yet, before the process ends."""
    shutdown = getattr(trace.get_tracer_provider(), "shutdown", None)
    if shutdown is not None:
        shutdown()
