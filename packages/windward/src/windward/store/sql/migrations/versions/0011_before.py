"""Which triggers a triggerer has."""

import sqlalchemy as sa
from alembic import op

from windward.store.sql.columns import long_text

revision = "0011_before"
down_revision = "0010_after"


def upgrade() -> None:
    op.add_column("host", sa.Column("held", long_text()))


def downgrade() -> None:
    op.drop_column("host", "held")
