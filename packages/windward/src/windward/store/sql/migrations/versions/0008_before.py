"""Make room for what XCom backends have to purge."""

import sqlalchemy as sa
from alembic import op

from windward.store.sql.columns import bytes_type, key_type, long_text

revision = "0008_before"
down_revision = "0007_after"


def upgrade() -> None:
    op.add_column("xcom", sa.Column("backend", long_text()))
    for column in _of_dead_objects():
        op.add_column("dead_object", column)


def downgrade() -> None:
    for column in reversed(_of_dead_objects()):
        op.drop_column("dead_object", column.name)
    op.drop_column("xcom", "backend")


def _of_dead_objects() -> list[sa.Column[object]]:
    return [
        sa.Column("backend", long_text()),
        sa.Column("dag_id", key_type()),
        sa.Column("run_id", key_type()),
        sa.Column("task_id", key_type()),
        sa.Column("map_index", sa.Integer),
        sa.Column("xcom_key", key_type(500)),
        sa.Column("encoding", key_type(20)),
        sa.Column("data", bytes_type()),
        sa.Column("tries", sa.Integer),
    ]
