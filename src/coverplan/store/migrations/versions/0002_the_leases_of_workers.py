"""The leases of workers; a worker of the version before has none, and its lock counts alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("leased_until", sa.Float(), nullable=True))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.drop_column("leased_until")
