"""Make room for people's favourites, for files that they want to be read again, and for when a document was stored."""

import sqlalchemy as sa
from alembic import op

from windward.store.sql.columns import UtcTime, key_type

revision = "0003_before"
down_revision = "0002_after"


def upgrade() -> None:
    op.add_column("dag_document", sa.Column("stored_at", UtcTime))
    op.create_table(
        "favorite",
        sa.Column("user_id", key_type(), nullable=False),
        sa.Column("dag_id", key_type(), nullable=False),
        sa.Column("marked_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "dag_id", name="pk_favorite"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_favorite_dag_id", "favorite", ["dag_id"])
    op.create_table(
        "parse_request",
        sa.Column("fileloc", key_type(500), nullable=False),
        sa.Column("asked_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("fileloc", name="pk_parse_request"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def downgrade() -> None:
    op.drop_table("parse_request")
    op.drop_table("favorite")
    op.drop_column("dag_document", "stored_at")
