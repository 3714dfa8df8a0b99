"""Make the tables of questions to timetables of authors' own, and of letters of hosts on other machines."""

import sqlalchemy as sa
from alembic import op

from windward.store.sql.columns import UtcTime, bytes_type, counted_pk, key_type, long_text

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
    _letters("host_letter", "letter_pk")
    _letters("host_mail", "mail_pk")
    op.create_index("ix_host_mail_host_id", "host_mail", ["host_id"])


def _letters(table: str, pk: str) -> None:
    op.create_table(
        table,
        sa.Column(pk, counted_pk(), nullable=False),
        sa.Column("host_id", key_type(), nullable=False),
        sa.Column("body", bytes_type(), nullable=False),
        sa.PrimaryKeyConstraint(pk, name=f"pk_{table}"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def downgrade() -> None:
    op.drop_table("host_mail")
    op.drop_table("host_letter")
    op.drop_table("timetable_dates")
