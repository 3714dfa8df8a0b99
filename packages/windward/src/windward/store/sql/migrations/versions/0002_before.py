"""Make the table of questions to timetables of authors' own."""

import sqlalchemy as sa
from alembic import op

from windward.store.sql.columns import UtcTime, key_type, long_text

revision = "0002_before"
down_revision = "0001_after"


def upgrade() -> None:
    op.create_table(
        "timetable_dates",
        sa.Column("dag_id", key_type(), nullable=False),
        sa.Column("range_start", UtcTime, nullable=False, autoincrement=False),
        sa.Column("range_end", UtcTime, nullable=False, autoincrement=False),
        sa.Column("asked_at", UtcTime, nullable=False),
        sa.Column("answer", long_text()),
        sa.PrimaryKeyConstraint("dag_id", "range_start", "range_end", name="pk_timetable_dates"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def downgrade() -> None:
    op.drop_table("timetable_dates")
