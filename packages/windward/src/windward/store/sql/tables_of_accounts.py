"""Tables of accounts and of the audit log. Secrets are there as digests and hashes only."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, UniqueConstraint

from windward.store.sql.columns import JsonText, UtcTime, counted_pk, key_type, long_text
from windward.store.sql.metadata import table as _table

ACCOUNT = _table(
    "account",
    Column("user_id", key_type(32), primary_key=True),
    Column("username", key_type(), nullable=False),
    Column("folded_name", key_type(), nullable=False),
    Column("email", key_type(), nullable=False),
    Column("first_name", key_type(), nullable=False),
    Column("last_name", key_type(), nullable=False),
    Column("password_hash", long_text()),
    Column("is_active", Boolean, nullable=False),
    Column("source", key_type(50), nullable=False),
    Column("subject", key_type(500)),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_login_at", UtcTime),
    UniqueConstraint("folded_name"),
    UniqueConstraint("subject"),
)

ACCOUNT_ROLE = _table(
    "account_role",
    Column("user_id", key_type(32), primary_key=True),
    Column("role", key_type(100), primary_key=True),
)
"""Which roles a user has. Built-in roles are in no table."""

CUSTOM_ROLE = _table("custom_role", Column("name", key_type(100), primary_key=True))

ACCESS_GRANT = _table(
    "access_grant",
    Column("grant_pk", counted_pk(), primary_key=True),
    Column("kind", key_type(10), nullable=False),
    Column("holder", key_type(100), nullable=False),
    Column("resource", key_type(50), nullable=False),
    Column("verb", key_type(50), nullable=False),
    Column("dag_id", key_type()),
    Column("tag", key_type()),
    Index("ix_access_grant_kind_holder", "kind", "holder"),
)
"""`kind` is `user` (the holder is a user's id), `role` (its name), or `dag`: what a DAG file gives to a role, in its words."""

LOGIN_SESSION = _table(
    "login_session",
    Column("session_id", key_type(32), primary_key=True),
    Column("digest", key_type(64), nullable=False),
    Column("user_id", key_type(), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
    Column("last_seen_at", UtcTime, nullable=False),
    Column("address", key_type(100), nullable=False),
    Column("user_agent", key_type(), nullable=False),
    UniqueConstraint("digest"),
)

API_TOKEN = _table(
    "api_token",
    Column("token_id", key_type(32), primary_key=True),
    Column("digest", key_type(64), nullable=False),
    Column("user_id", key_type(), nullable=False),
    Column("name", key_type(), nullable=False),
    Column("hint", key_type(10), nullable=False),
    Column("scopes", JsonText),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
    Column("last_used_at", UtcTime),
    UniqueConstraint("digest"),
    UniqueConstraint("user_id", "name"),
)

REVOKED_JWT = _table(
    "revoked_jwt",
    Column("jti", key_type(64), primary_key=True),
    Column("expires_at", UtcTime, nullable=False, index=True),
)

LOGIN_TICKET = _table(
    "login_ticket",
    Column("digest", key_type(64), primary_key=True),
    Column("user_id", key_type(), nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
)

LOGIN_TRY = _table(
    "login_try",
    Column("try_key", key_type(64), primary_key=True),
    Column("tries_left", Float(53), nullable=False),
    Column("counted_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
)
"""How many wrong passwords a name or an address has left; `try_key` is a digest of which."""

CONNECTION_TEST = _table(
    "connection_test",
    Column("digest", key_type(64), primary_key=True),
    Column("conn_id", key_type(), nullable=False),
    Column("open_conn_id", key_type(), unique=True),
    Column("state", key_type(20), nullable=False),
    Column("message", long_text()),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
)
"""Tests of connections in the background. `open_conn_id` is the connection until the test has ended, then null: a
connection has one open test at most. `message` is encrypted.
"""

AUDIT_EVENT = _table(
    "audit_event",
    Column("event_pk", counted_pk(), primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("event", key_type(100), nullable=False),
    Column("owner", key_type(), nullable=False),
    Column("status", Integer, nullable=False),
    Column("dag_id", key_type()),
    Column("run_id", key_type()),
    Column("task_id", key_type()),
    Column("map_index", Integer),
    Column("try_number", Integer),
    Column("logical_date", UtcTime),
    Column("address", key_type(100), nullable=False),
    Column("extra", long_text(), nullable=False),
    Index("ix_audit_event_dag_id_at", "dag_id", "at"),
)
