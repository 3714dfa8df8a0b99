"""Make the index of task instances that went wrong."""

import sqlalchemy as sa
from alembic import op

revision = "0009_before"
down_revision = "0008_after"

_NAME = "ix_task_instance_wrong"
_WHERE = sa.text("state IN ('failed', 'upstream_failed', 'up_for_retry')")


def upgrade() -> None:
    if op.get_context().dialect.name == "mysql":  # it has no index of some rows
        return
    op.create_index(_NAME, "task_instance", ["state", "run_pk"], sqlite_where=_WHERE, postgresql_where=_WHERE)


def downgrade() -> None:
    if op.get_context().dialect.name != "mysql":
        op.drop_index(_NAME, "task_instance")
