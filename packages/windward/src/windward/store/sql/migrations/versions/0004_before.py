"""Make the tables of accounts and of the audit log.

The types are those of `windward.store.sql.columns`: what they mean on a database never changes.
"""

import sqlalchemy as sa
from alembic import op

from windward.store.sql.columns import JsonText, UtcTime, counted_pk, key_type, long_text

revision = "0004_before"
down_revision = "0003_after"

_METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    sa.Table(
        name, _METADATA, *parts, mysql_engine="InnoDB", mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin"
    )


_table(
    "account",
    sa.Column("user_id", key_type(32), primary_key=True),
    sa.Column("username", key_type(), nullable=False),
    sa.Column("folded_name", key_type(), nullable=False),
    sa.Column("email", key_type(), nullable=False),
    sa.Column("first_name", key_type(), nullable=False),
    sa.Column("last_name", key_type(), nullable=False),
    sa.Column("password_hash", long_text()),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("source", key_type(50), nullable=False),
    sa.Column("subject", key_type(500)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("last_login_at", UtcTime),
    sa.UniqueConstraint("folded_name"),
    sa.UniqueConstraint("subject"),
)

_table(
    "account_role",
    sa.Column("user_id", key_type(32), primary_key=True),
    sa.Column("role", key_type(100), primary_key=True),
)

_table("custom_role", sa.Column("name", key_type(100), primary_key=True))

_table(
    "access_grant",
    sa.Column("grant_pk", counted_pk(), primary_key=True),
    sa.Column("kind", key_type(10), nullable=False),
    sa.Column("holder", key_type(100), nullable=False),
    sa.Column("resource", key_type(50), nullable=False),
    sa.Column("verb", key_type(50), nullable=False),
    sa.Column("dag_id", key_type()),
    sa.Column("tag", key_type()),
    sa.Index("ix_access_grant_kind_holder", "kind", "holder"),
)

_table(
    "login_session",
    sa.Column("session_id", key_type(32), primary_key=True),
    sa.Column("digest", key_type(64), nullable=False),
    sa.Column("user_id", key_type(), nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
    sa.Column("last_seen_at", UtcTime, nullable=False),
    sa.Column("address", key_type(100), nullable=False),
    sa.Column("user_agent", key_type(), nullable=False),
    sa.UniqueConstraint("digest"),
)

_table(
    "api_token",
    sa.Column("token_id", key_type(32), primary_key=True),
    sa.Column("digest", key_type(64), nullable=False),
    sa.Column("user_id", key_type(), nullable=False),
    sa.Column("name", key_type(), nullable=False),
    sa.Column("hint", key_type(10), nullable=False),
    sa.Column("scopes", JsonText),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
    sa.Column("last_used_at", UtcTime),
    sa.UniqueConstraint("digest"),
    sa.UniqueConstraint("user_id", "name"),
)

_table(
    "revoked_jwt",
    sa.Column("jti", key_type(64), primary_key=True),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
)

_table(
    "login_ticket",
    sa.Column("digest", key_type(64), primary_key=True),
    sa.Column("user_id", key_type(), nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
)

_table(
    "audit_event",
    sa.Column("event_pk", counted_pk(), primary_key=True),
    sa.Column("at", UtcTime, nullable=False, index=True),
    sa.Column("event", key_type(100), nullable=False),
    sa.Column("owner", key_type(), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("dag_id", key_type()),
    sa.Column("run_id", key_type()),
    sa.Column("task_id", key_type()),
    sa.Column("map_index", sa.Integer),
    sa.Column("try_number", sa.Integer),
    sa.Column("logical_date", UtcTime),
    sa.Column("address", key_type(100), nullable=False),
    sa.Column("extra", long_text(), nullable=False),
    sa.Index("ix_audit_event_dag_id_at", "dag_id", "at"),
)


def upgrade() -> None:
    _METADATA.create_all(op.get_bind())


def downgrade() -> None:
    _METADATA.drop_all(op.get_bind())
