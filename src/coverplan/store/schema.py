"""The tables. Times are seconds since 1970 in UTC; documents of any size are blobs, of which a table has the path."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData()

_ID = String(40)
_NAME = String(500)
_HASH = String(64)
_PATH = String(400)
_BIG = BigInteger().with_variant(Integer, "sqlite")


def _provenance() -> tuple[Column[Any], ...]:
    """Who asked for what a row has, and by which request, in columns of its table."""
    return (
        Column("created_by", JSON(none_as_null=True)),  # {key_id, name} of the key; None: there was none
        Column("request_id", String(64)),
        Column("traceparent", String(60)),  # of the W3C
        Column("tracestate", String(512)),
    )


runs = Table(
    "runs",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", _ID, nullable=False),
    Column("name", _NAME),
    Column("job_status", String(12), nullable=False),  # queued | running | completed | failed | cancelled
    Column("wish", String(8)),  # finish | cancel: what the caller asked of a running one
    Column("priority", Integer, nullable=False, default=0),
    Column("timeout_s", Float),
    Column("retention_s", Float, nullable=False),
    Column("small", Boolean, nullable=False, default=True),  # whether a warm child may take it
    Column("request_path", _PATH, nullable=False),
    Column("request_hash", _HASH, nullable=False),
    Column("request_bytes", _BIG, nullable=False, default=0),
    Column("plan_path", _PATH),
    Column("plan_bytes", _BIG, nullable=False, default=0),
    Column("table_path", _PATH),  # seats of a plan that is too large for JSON
    Column("dataset_id", _ID),
    Column("policy_name", String(200)),
    Column("policy_version", Integer),
    Column("start_run_id", _ID),
    Column("batch_id", _ID),
    Column("batch_line", Integer),
    Column("experiment_id", _ID),
    Column("solution_status", String(20)),
    Column("objective_value", Float),
    Column("dual_bound", Float),
    Column("gap", Float),
    Column("phase", String(40)),
    Column("stopped_by", String(24)),
    Column("time_limit_s", Float, nullable=False),
    Column("spent_s", Float, nullable=False, default=0.0),  # solving time of attempts before this one
    Column("attempt", Integer, nullable=False, default=0),  # fences a worker that was given up too early
    Column("losses", Integer, nullable=False, default=0),  # attempts whose worker was lost
    Column("worker", _ID),
    Column("error", JSON(none_as_null=True)),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("expires_at", Float),
    Column("deleted", Boolean, nullable=False, default=False),  # unseen from now on, erased once it does not run
    *_provenance(),
    Index("runs_of_tenant", "tenant", "id"),
    Index("runs_of_worker", "worker", "job_status"),
    Index("runs_by_status", "job_status", "expires_at"),
    Index("runs_by_content", "tenant", "request_hash"),
    Index("runs_of_batch", "batch_id", "batch_line"),
    Index("runs_of_batch_by_status", "batch_id", "job_status"),
    Index("runs_of_experiment", "experiment_id", "job_status"),
)
_NAMED, _WITHOUT_ANSWER = runs.c.name.is_not(None), text("job_status = 'failed' OR job_status = 'cancelled'")
# Of few runs only: the others cost nothing more.
Index(
    "runs_by_name",
    runs.c.tenant,
    runs.c.name,
    postgresql_ops={"name": "text_pattern_ops"},
    postgresql_where=_NAMED,
    sqlite_where=_NAMED,
)
Index(
    "runs_without_answer",
    runs.c.tenant,
    runs.c.job_status,
    runs.c.id,
    postgresql_where=_WITHOUT_ANSWER,
    sqlite_where=_WITHOUT_ANSWER,
)

workers = Table(
    "workers",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("lock_key", _BIG, nullable=False),  # held as long as the worker lives
    Column("host", String(200), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("leased_until", Float),  # by the database's clock; None: its lock alone says whether it lives
)

run_tags = Table(
    "run_tags",
    metadata,
    Column("run_id", _ID, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", String(200), primary_key=True),
    Index("runs_by_tag", "tag", "run_id"),
)

events = Table(
    "run_events",
    metadata,
    Column("run_id", _ID, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("kind", String(20), nullable=False),  # queued | started | progress | ended
    Column("data", JSON, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", _ID, nullable=False),
    Column("name", _NAME),
    Column("key", String(200)),  # idempotency key of the call that sends it
    Column("lines", Integer, nullable=False, default=0),
    Column("accepted", Integer, nullable=False, default=0),
    Column("digest", _HASH),  # of the lines that were taken
    Column("content_digest", _HASH),  # of what they say, sealed with the digest; None: an earlier version took them
    Column("reader", _ID),  # the call that takes lines now; fences one that was given up
    Column("read_at", Float, nullable=False),
    Column("error_bytes", _BIG),  # of the lines that were refused; None: of a version that did not count them
    Column("closed", Boolean, nullable=False, default=False),  # whether it takes no more lines
    Column("deleted", Boolean, nullable=False, default=False),
    Column("created_at", Float, nullable=False),
    Column("ended_at", Float),  # when it was closed and its last run ended, and that was told
    Column("expires_at", Float),
    *_provenance(),
    Index("batches_of_tenant", "tenant", "id"),
    Index("batches_by_key", "tenant", "key", unique=True),
    Index("batches_by_end", "closed", "read_at"),
)

batch_errors = Table(
    "batch_errors",
    metadata,
    Column("batch_id", _ID, ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("error", JSON, nullable=False),
)

experiments = Table(
    "experiments",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", _ID, nullable=False),
    Column("name", _NAME),
    Column("job_status", String(12), nullable=False),  # running | completed | failed | cancelled (stopped)
    Column("phase", String(40)),
    Column("stage", Integer, nullable=False, default=0),  # fences a worker that was given up too early
    Column("pending", Boolean, nullable=False, default=True),  # whether there may be cells to add at once
    Column("worker", _ID),  # the one that adds cells or compares plans now
    Column("version", Integer, nullable=False, default=1),  # of the request
    Column("request_path", _PATH, nullable=False),
    Column("request_bytes", _BIG, nullable=False, default=0),  # with the problems
    Column("results_path", _PATH),
    Column("results_bytes", _BIG, nullable=False, default=0),
    Column("priority", Integer, nullable=False, default=0),
    Column("retention_s", Float, nullable=False),
    Column("error", JSON(none_as_null=True)),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("expires_at", Float),
    Column("deleted", Boolean, nullable=False, default=False),
    *_provenance(),
    Index("experiments_of_tenant", "tenant", "id"),
    Index("experiments_by_status", "job_status", "expires_at"),
)

experiment_cells = Table(
    "experiment_cells",
    metadata,
    Column("experiment_id", _ID, ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    Column("key", _HASH, primary_key=True),  # of its content: equal cells are one
    Column("place", Float, nullable=False),  # neighbours have similar policies
    Column("problem", Integer, nullable=False),  # its place in the request
    Column("details", JSON, nullable=False),  # what lists show of it
    Column("run_id", _ID),  # None: it waits for one
    Index("cells_by_place", "experiment_id", "problem", "place"),
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", _ID, nullable=False),
    Column("name", _NAME),
    Column("content_hash", _HASH),  # None while it takes tables
    Column("parent_id", _ID),  # the version that a patch was applied to
    Column("job_status", String(12), nullable=False),  # open (takes tables) | queued | running | completed | failed
    Column("valid", Boolean),  # None before its check has ended
    Column("head", JSON, nullable=False),  # the problem without its tables
    Column("tables", JSON, nullable=False),  # name -> {format, path, bytes, digest, rows}
    Column("patch_path", _PATH),
    Column("sources", JSON(none_as_null=True)),  # {uris: of its tables, stored_bytes: most of its tenant, or None}
    Column(
        "fetching", Boolean
    ),  # True: they are to be fetched; it is open meanwhile, which versions before leave alone
    Column("content_of", _ID),  # the dataset in whose folder its tables lie, be it gone; None: its own
    Column("report", JSON(none_as_null=True)),  # what its check found
    Column("total_errors", Integer, nullable=False, default=0),
    Column("problem_hash", String(80)),
    Column("bytes", _BIG, nullable=False, default=0),  # of its tables
    Column("own_bytes", _BIG),  # of head, patch and report; None: of a version that did not count them
    Column("attempt", Integer, nullable=False, default=0),  # fences a worker that was given up too early
    Column("leased_until", Float),  # when a worker that was not heard of counts as lost
    Column("created_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("expires_at", Float),
    *_provenance(),
    Index("datasets_of_tenant", "tenant", "id"),
    Index("datasets_by_content", "tenant", "content_hash"),
    Index("datasets_by_folder", "content_of"),
    Index("datasets_by_status", "job_status", "leased_until"),
)

policies = Table(
    "policies",
    metadata,
    Column("tenant", _ID, primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", JSON, nullable=False),
    Column("content_hash", String(80), nullable=False),
    Column("bytes", _BIG),  # of name and document; None: of a version that did not count them
    Column("created_at", Float, nullable=False),
)

deleted_policies = Table(
    "deleted_policies",
    metadata,
    Column("tenant", _ID, primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("version", Integer, nullable=False),  # the last: its number and those before are never given again
)

keys = Table(
    "api_keys",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", _ID, nullable=False),
    Column("name", _NAME),
    Column("digest", LargeBinary(32), nullable=False, unique=True),  # SHA-256 of the secret, which is random
    Column("scopes", JSON, nullable=False),  # read | write | admin | metrics
    Column("requests_per_minute", Integer),
    Column("running_runs", Integer),
    Column("stored_bytes", _BIG),
    Column("created_at", Float, nullable=False),
    Column("revoked_at", Float),
)

audit = Table(
    "audit_lines",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", _ID, nullable=False),
    Column("key_id", _ID),  # None: the service ran open, or it was the command line
    Column("action", String(40), nullable=False),
    Column("resource", _NAME, nullable=False),  # an id, or what callers name it by
    Column("request_id", String(64)),
    Column("address", String(64)),
    Column("created_at", Float, nullable=False),  # by the database's clock
    Index("audit_of_tenant", "tenant", "id"),
    Index("audit_by_age", "created_at"),
)

idempotency = Table(
    "idempotency_keys",
    metadata,
    Column("tenant", _ID, primary_key=True),
    Column("route", String(200), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("body_hash", _HASH, nullable=False),
    Column("content_hash", _HASH),  # of what the body says, sealed with its hash; None: that hash alone counts
    Column("status", Integer),  # None while the first call is in flight
    Column("headers", JSON(none_as_null=True)),
    Column("body", Text),
    Column("created_at", Float, nullable=False),
    Index("idempotency_by_age", "created_at"),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", _ID, nullable=False),
    Column("url", String(2000), nullable=False),
    Column("secret", String(200), nullable=False),
    Column("kinds", JSON, nullable=False),  # those that versions before revision 0003 know
    Column("more_kinds", JSON(none_as_null=True)),  # the others
    Column("include_parts", Boolean),  # whether runs of batches and cells are told; None: as once, they are
    Column("names", JSON(none_as_null=True)),  # what it is told of has one of them; None: any
    Column("tags", JSON(none_as_null=True)),
    Column("headers", JSON(none_as_null=True)),  # sent with each message
    Column("retired_secrets", JSON(none_as_null=True)),  # [{secret, until}]: they sign beside the newest until then
    Column("paused_at", Float),  # since its owner wants nothing sent
    Column("failing_since", Float),  # since only a message now and then is tried
    Column("failures", Integer),  # attempts that failed in a row
    Column("last_error", Text),
    Column("wake_at", Float),  # when a worker looks at what it holds back: to try one, or to send all in order
    Column("leased_until", Float),  # as long as a worker sends its messages
    Column("created_at", Float, nullable=False),
    Index("webhooks_of_tenant", "tenant", "id"),
    Index("webhooks_by_wake", "wake_at"),
)

deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("webhook_id", _ID, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("run_id", _ID),  # None: it tells of no run
    Column("experiment_id", _ID),  # None: it tells of no experiment
    Column("batch_id", _ID),
    Column("dataset_id", _ID),
    Column("kind", String(20), nullable=False),
    Column("body", Text, nullable=False),
    Column("status", String(12), nullable=False),  # pending | delivered | failed
    Column("attempts", Integer, nullable=False, default=0),
    Column("refusals", Integer),  # of them, those that failed while its receiver took others
    Column("suspect", Boolean),  # whether it is refused for its own sake, as far as answers say
    Column("next_at", Float),  # None: never, or once its webhook is awake
    Column("response_status", Integer),
    Column("error", Text),
    Column("created_at", Float, nullable=False),
    Column("delivered_at", Float),
    Index("deliveries_of_webhook", "webhook_id", "id"),
    Index("deliveries_by_status", "webhook_id", "status", "id"),
    Index("deliveries_due", "status", "next_at"),
    Index("deliveries_in_order", "webhook_id", "status", "created_at"),
)
