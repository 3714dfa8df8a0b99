"""Make room for what components measure."""

import sqlalchemy as sa
from alembic import op

from windward.store.sql.columns import UtcTime, bytes_type, key_type

revision = "0006_before"
down_revision = "0005_after"


def upgrade() -> None:
    op.create_table(
        "component_metrics",
        sa.Column("kind", key_type(50), nullable=False),
        sa.Column("name", key_type(), nullable=False),
        sa.Column("taken_at", UtcTime, nullable=False),
        sa.Column("snapshot", bytes_type(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_component_metrics"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def downgrade() -> None:
    op.drop_table("component_metrics")
