"""Who asked for things, by which request and in which trace; what is told of them, and to receivers that are down.

Datasets that share tables, and sizes that quotas count.

With them what makes calls that are made again the same, indexes of long lists that are filtered, and the audit log.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NAMED = sa.text("name IS NOT NULL")
_WITHOUT_ANSWER = sa.text("job_status = 'failed' OR job_status = 'cancelled'")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FOLLOWED = ("runs", "batches", "experiments", "datasets")
_INDEXES = {
    "runs_of_batch_by_status": ("runs", ["batch_id", "job_status"]),
    "webhooks_by_wake": ("webhooks", ["wake_at"]),
    "deliveries_in_order": ("webhook_deliveries", ["webhook_id", "status", "created_at"]),
}


def upgrade() -> None:
    """Go forward; batches that ended before are told to nobody any more."""
    for table in _FOLLOWED:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("created_by", sa.JSON(none_as_null=True), nullable=True))
            batch_op.add_column(sa.Column("request_id", sa.String(64), nullable=True))
            batch_op.add_column(sa.Column("traceparent", sa.String(60), nullable=True))
            batch_op.add_column(sa.Column("tracestate", sa.String(512), nullable=True))
    with op.batch_alter_table("datasets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sources", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("fetching", sa.Boolean(), nullable=True))
    op.create_index(
        "runs_by_name",
        "runs",
        ["tenant", "name"],
        postgresql_ops={"name": "text_pattern_ops"},
        postgresql_where=_NAMED,
        sqlite_where=_NAMED,
    )
    op.create_index(
        "runs_without_answer",
        "runs",
        ["tenant", "job_status", "id"],
        postgresql_where=_WITHOUT_ANSWER,
        sqlite_where=_WITHOUT_ANSWER,
    )
    op.create_index("deliveries_by_status", "webhook_deliveries", ["webhook_id", "status", "id"])
    op.create_table(
        "audit_lines",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("resource", sa.String(length=500), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_of_tenant", "audit_lines", ["tenant", "id"])
    op.create_index("audit_by_age", "audit_lines", ["created_at"])
    for table, columns in _columns().items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.add_column(column)
    for name, (table, indexed) in _INDEXES.items():
        op.create_index(name, table, indexed)
    op.execute(
        "UPDATE batches SET ended_at = read_at WHERE closed AND NOT EXISTS "
        "(SELECT 1 FROM runs WHERE runs.batch_id = batches.id AND runs.job_status IN ('queued', 'running'))"
    )
    with op.batch_alter_table("datasets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("content_of", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("own_bytes", _BIG, nullable=True))
        batch_op.create_index("datasets_by_folder", ["content_of"], unique=False)
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.add_column(sa.Column("error_bytes", _BIG, nullable=True))
    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.add_column(sa.Column("bytes", _BIG, nullable=True))
    op.create_table(
        "deleted_policies",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name"),
    )


def downgrade() -> None:
    """Go back: what was held back is due; keys with the scope `metrics`, and messages of new kinds, are not known."""
    op.execute("UPDATE webhook_deliveries SET next_at = created_at WHERE status = 'pending' AND next_at IS NULL")
    op.execute("DELETE FROM webhook_deliveries WHERE kind LIKE 'batch.%' OR kind LIKE 'dataset.%'")
    for name, (table, _) in _INDEXES.items():
        op.drop_index(name, table)
    for table, columns in _columns().items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.drop_column(column.name)
    op.drop_table("deleted_policies")
    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.drop_column("bytes")
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.drop_column("error_bytes")
    with op.batch_alter_table("datasets", schema=None) as batch_op:
        batch_op.drop_index("datasets_by_folder")
        batch_op.drop_column("own_bytes")
        batch_op.drop_column("content_of")
    op.drop_index("audit_by_age", "audit_lines")
    op.drop_index("audit_of_tenant", "audit_lines")
    op.drop_table("audit_lines")
    op.drop_index("deliveries_by_status", "webhook_deliveries")
    op.drop_index("runs_without_answer", "runs")
    op.drop_index("runs_by_name", "runs")
    with op.batch_alter_table("datasets", schema=None) as batch_op:
        batch_op.drop_column("fetching")
        batch_op.drop_column("sources")
    keys = sa.table("api_keys", sa.column("id", sa.String), sa.column("scopes", sa.JSON))
    for key_id, scopes in op.get_bind().execute(sa.select(keys.c.id, keys.c.scopes)).all():
        if "metrics" in scopes:
            kept = [scope for scope in scopes if scope != "metrics"]
            op.execute(sa.update(keys).where(keys.c.id == key_id).values(scopes=kept))
    for table in _FOLLOWED:
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in ("tracestate", "traceparent", "request_id", "created_by"):
                batch_op.drop_column(name)


def _columns() -> dict[str, list[sa.Column[Any]]]:
    return {
        "batches": [
            sa.Column("content_digest", sa.String(length=64), nullable=True),
            sa.Column("ended_at", sa.Float(), nullable=True),
        ],
        "idempotency_keys": [sa.Column("content_hash", sa.String(length=64), nullable=True)],
        "webhooks": [
            sa.Column("more_kinds", sa.JSON(none_as_null=True), nullable=True),
            sa.Column("include_parts", sa.Boolean(), nullable=True),
            sa.Column("names", sa.JSON(none_as_null=True), nullable=True),
            sa.Column("tags", sa.JSON(none_as_null=True), nullable=True),
            sa.Column("headers", sa.JSON(none_as_null=True), nullable=True),
            sa.Column("retired_secrets", sa.JSON(none_as_null=True), nullable=True),
            sa.Column("paused_at", sa.Float(), nullable=True),
            sa.Column("failing_since", sa.Float(), nullable=True),
            sa.Column("failures", sa.Integer(), nullable=True),
            sa.Column("last_error", sa.Text(), nullable=True),
            sa.Column("wake_at", sa.Float(), nullable=True),
            sa.Column("leased_until", sa.Float(), nullable=True),
        ],
        "webhook_deliveries": [
            sa.Column("batch_id", sa.String(length=40), nullable=True),
            sa.Column("dataset_id", sa.String(length=40), nullable=True),
            sa.Column("refusals", sa.Integer(), nullable=True),
            sa.Column("suspect", sa.Boolean(), nullable=True),
        ],
    }
