"""Who asked for runs, batches, experiments and datasets, by which request and in which trace."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_FOLLOWED = ("runs", "batches", "experiments", "datasets")


def upgrade() -> None:
    """Go forward."""
    for table in _FOLLOWED:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("created_by", sa.JSON(none_as_null=True), nullable=True))
            batch_op.add_column(sa.Column("request_id", sa.String(64), nullable=True))
            batch_op.add_column(sa.Column("traceparent", sa.String(60), nullable=True))
            batch_op.add_column(sa.Column("tracestate", sa.String(512), nullable=True))


def downgrade() -> None:
    """Go back; the version before knows no key with the scope `metrics`."""
    keys = sa.table("api_keys", sa.column("id", sa.String), sa.column("scopes", sa.JSON))
    for key_id, scopes in op.get_bind().execute(sa.select(keys.c.id, keys.c.scopes)).all():
        if "metrics" in scopes:
            kept = [scope for scope in scopes if scope != "metrics"]
            op.execute(sa.update(keys).where(keys.c.id == key_id).values(scopes=kept))
    for table in _FOLLOWED:
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in ("tracestate", "traceparent", "request_id", "created_by"):
                batch_op.drop_column(column)
