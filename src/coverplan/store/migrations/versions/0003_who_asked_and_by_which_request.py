"""Who asked for runs, batches, experiments and datasets, by which request and in which trace.

With them indexes of long lists that are filtered, and the audit log.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NAMED = sa.text("name IS NOT NULL")
_WITHOUT_ANSWER = sa.text("job_status = 'failed' OR job_status = 'cancelled'")
_FOLLOWED = ("runs", "batches", "experiments", "datasets")


def upgrade() -> None:
    """Go forward."""
    for table in _FOLLOWED:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("created_by", sa.JSON(none_as_null=True), nullable=True))
            batch_op.add_column(sa.Column("request_id", sa.String(64), nullable=True))
            batch_op.add_column(sa.Column("traceparent", sa.String(60), nullable=True))
            batch_op.add_column(sa.Column("tracestate", sa.String(512), nullable=True))
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


def downgrade() -> None:
    """Go back; the version before knows no key with the scope `metrics`."""
    op.drop_index("audit_by_age", "audit_lines")
    op.drop_index("audit_of_tenant", "audit_lines")
    op.drop_table("audit_lines")
    op.drop_index("deliveries_by_status", "webhook_deliveries")
    op.drop_index("runs_without_answer", "runs")
    op.drop_index("runs_by_name", "runs")
    keys = sa.table("api_keys", sa.column("id", sa.String), sa.column("scopes", sa.JSON))
    for key_id, scopes in op.get_bind().execute(sa.select(keys.c.id, keys.c.scopes)).all():
        if "metrics" in scopes:
            kept = [scope for scope in scopes if scope != "metrics"]
            op.execute(sa.update(keys).where(keys.c.id == key_id).values(scopes=kept))
    for table in _FOLLOWED:
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in ("tracestate", "traceparent", "request_id", "created_by"):
                batch_op.drop_column(column)
