"""Make room for what several API servers share for minutes: tries to sign in, and tests of connections."""

import sqlalchemy as sa
from alembic import op

from windward.store.sql.columns import UtcTime, key_type, long_text

revision = "0007_before"
down_revision = "0006_after"

_METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    sa.Table(
        name, _METADATA, *parts, mysql_engine="InnoDB", mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin"
    )


_table(
    "login_try",
    sa.Column("try_key", key_type(64), primary_key=True),
    sa.Column("tries_left", sa.Float(53), nullable=False),
    sa.Column("counted_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
)
_table(
    "connection_test",
    sa.Column("digest", key_type(64), primary_key=True),
    sa.Column("conn_id", key_type(), nullable=False),
    sa.Column("open_conn_id", key_type(), unique=True),
    sa.Column("state", key_type(20), nullable=False),
    sa.Column("message", long_text()),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
)


def upgrade() -> None:
    _METADATA.create_all(op.get_bind())


def downgrade() -> None:
    _METADATA.drop_all(op.get_bind())
