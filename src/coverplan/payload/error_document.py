"""The one document that every failed HTTP call answers with."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from coverplan.payload.base import Document
from coverplan.payload.issues import Issue


@dataclass(frozen=True)
class ErrorKind:
    """One kind of error: `code` and `status` are stable, `title` is for people."""

    code: str
    status: int
    title: str


ERROR_KINDS: dict[str, ErrorKind] = {
    kind.code: kind
    for kind in (
        ErrorKind("bad_request", 400, "The request cannot be read"),
        ErrorKind("unauthorized", 401, "The call needs an API key"),
        ErrorKind("forbidden", 403, "The key lacks a scope"),
        ErrorKind("host_not_allowed", 403, "The service does not answer to this host name"),
        ErrorKind("origin_not_allowed", 403, "Calls from another site's pages are refused"),
        ErrorKind("not_found", 404, "What the call names is not there"),
        ErrorKind("method_not_allowed", 405, "The path does not take this method"),
        ErrorKind("not_acceptable", 406, "The answer has none of the accepted media types"),
        ErrorKind("run_not_ended", 409, "The run has not ended"),
        ErrorKind("batch_not_ended", 409, "The batch has not ended"),
        ErrorKind("experiment_not_ended", 409, "The experiment has not ended"),
        ErrorKind("experiment_without_results", 409, "The experiment ended without results"),
        ErrorKind("experiment_changed", 409, "The experiment was extended meanwhile"),
        ErrorKind("run_not_running", 409, "The run is not running"),
        ErrorKind("inline_only", 409, "Only runs of inline problems have this"),
        ErrorKind("run_without_plan", 409, "The run ended without a plan"),
        ErrorKind("too_many_webhooks", 409, "The tenant has as many webhooks as it may"),
        ErrorKind("too_many_secrets", 409, "The webhook has as many secrets as it may"),
        ErrorKind("too_many_keys", 409, "The tenant has as many keys as it may"),
        ErrorKind("last_admin_key", 409, "The tenant would have no key left that makes others"),
        ErrorKind("dataset_not_open", 409, "The dataset takes no more tables"),
        ErrorKind("dataset_not_ready", 409, "The dataset has not been checked, or has errors"),
        ErrorKind("dataset_in_use", 409, "The dataset is at work"),
        ErrorKind("head_timeout", 408, "The head of the request did not arrive in time"),
        ErrorKind("body_timeout", 408, "The body did not arrive in time"),
        ErrorKind("idempotency_in_flight", 409, "The first call with this Idempotency-Key has not ended"),
        ErrorKind("body_too_large", 413, "The body is too large"),
        ErrorKind("quota_bytes", 413, "The tenant stores as much as the key may bring it to"),
        ErrorKind("problem_too_large", 413, "The problem is too large for a synchronous solve"),
        ErrorKind("unsupported_media_type", 415, "The call does not take bodies of this media type"),
        ErrorKind("unsupported_encoding", 415, "The body may be compressed with gzip only"),
        ErrorKind("broken_encoding", 422, "The body is not what its Content-Encoding says"),
        ErrorKind("too_many_cells", 422, "The experiment needs more solves than are taken"),
        ErrorKind("invalid", 422, "The request has errors"),
        ErrorKind("idempotency_key_reused", 422, "The Idempotency-Key belongs to a call with another body"),
        ErrorKind("rate_limited", 429, "The key calls too often"),
        ErrorKind("quota_runs", 429, "The tenant has as many open runs as the key may bring it to"),
        ErrorKind("internal_error", 500, "Something went wrong inside"),
        ErrorKind("solver_lost", 500, "The solver was lost before it found a plan"),
        ErrorKind("memory_limit", 500, "The solve needs more memory than it is allowed"),
        ErrorKind("time_limit", 500, "The solver was not heard of in time"),
        ErrorKind("not_ready", 503, "The service is not ready"),
        ErrorKind("storage_lost", 503, "The storage does not answer, or is full"),
        ErrorKind("busy", 503, "All slots are busy"),
        ErrorKind("shutting_down", 503, "The service is about to stop"),
    )
}


class Limit(Document):
    """A limit that was hit."""

    name: str = Field(description="Its name in `/v1/limits`.", examples=["max_body_bytes"])
    value: float = Field(description="Its value.", examples=[8388608])


class ErrorDocument(Document):
    """What went wrong (RFC 9457), with every issue of the request."""

    type: str = Field(description="Names the kind of error.", examples=["urn:coverplan:error:invalid"])
    title: str = Field(description="The kind of error, for people.", examples=["The request has errors"])
    status: int = Field(description="HTTP status.", examples=[422])
    code: str = Field(description="The kind of error, for programs; stable.", examples=["invalid"])
    detail: str = Field(
        description="What went wrong this time.",
        examples=['/problem/accounts/3/territory_id: Territory "wset" does not exist.'],
    )
    suggestion: str | None = Field(default=None, description="A way out.", examples=["Did you mean west?"])
    limit: Limit | None = Field(
        default=None, description="The limit that was hit.", examples=[{"name": "max_body_bytes", "value": 8388608}]
    )
    request_id: str | None = Field(
        default=None, description="Id of the request, as in the log.", examples=["0198b2c4d5e6"]
    )
    errors: list[Issue] = Field(
        default_factory=list,
        description="The first 1,000 issues of the request.",
        examples=[
            [
                {
                    "code": "unknown_territory",
                    "severity": "error",
                    "pointer": "/problem/accounts/3/territory_id",
                    "entity": {"type": "account", "id": "a4"},
                    "message": 'Territory "wset" does not exist.',
                    "value": "wset",
                    "suggestion": 'Did you mean "west"?',
                }
            ]
        ],
    )
    total_errors: int = Field(default=0, description="How many errors there are in all.", examples=[1])
