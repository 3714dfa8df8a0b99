"""Worker hosts may be drained."""

import sqlalchemy as sa
from alembic import op

revision = "0010_before"
down_revision = "0009_after"


def upgrade() -> None:
    op.add_column("host", sa.Column("is_draining", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("host", "is_draining")
