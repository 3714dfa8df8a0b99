"""Tables that belong to no run: the change feed, who leads and who works, and what people keep."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Index, Integer, false

from windward.store.sql.columns import JsonText, UtcTime, bytes_type, counted_pk, key_type, long_text
from windward.store.sql.metadata import table as _table

NOTE = _table(
    "note",
    Column("note_pk", counted_pk(), primary_key=True, autoincrement=False),
    Column("kind", key_type(50), nullable=False),
    Column("subject", long_text(), nullable=False),
)

COUNTER = _table(
    "counter",
    Column("name", key_type(50), primary_key=True),
    Column("value", sa.BigInteger, nullable=False),
)
"""`note`: the last `note_pk`. Its row is locked until the writer commits, so that notes become visible in order."""

HOST_LETTER = _table(
    "host_letter",
    Column("letter_pk", counted_pk(), primary_key=True),
    Column("host_id", key_type(), nullable=False),
    Column("body", bytes_type(), nullable=False),
)
"""What hosts of other machines said, until its consequences are written."""

HOST_MAIL = _table(
    "host_mail",
    Column("mail_pk", counted_pk(), primary_key=True),
    Column("host_id", key_type(), nullable=False, index=True),
    Column("body", bytes_type(), nullable=False),
)
"""What hosts of other machines are told, until they have fetched it."""

LEASE = _table(
    "lease",
    Column("name", key_type(), primary_key=True),
    Column("holder", key_type(), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("until_at", UtcTime),
)

HOST = _table(
    "host",
    Column("host_id", key_type(), primary_key=True),
    Column("hostname", key_type(), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("queues", JsonText, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("lease_until", UtcTime, nullable=False),
    Column("kind", key_type(50), nullable=False),
    Column("is_draining", Boolean, nullable=False, server_default=false()),
    Column("held", long_text()),
)
"""`held`: of a triggerer, which triggers it has."""

COMPONENT = _table(
    "component",
    Column("kind", key_type(50), primary_key=True),
    Column("name", key_type(), primary_key=True),
    Column("hostname", key_type(), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("last_beat_at", UtcTime, nullable=False),
)

COMPONENT_METRICS = _table(
    "component_metrics",
    Column("kind", key_type(50), primary_key=True),
    Column("name", key_type(), primary_key=True),
    Column("taken_at", UtcTime, nullable=False),
    Column("snapshot", bytes_type(), nullable=False),
)
"""What each component has measured since its start, where `[metrics] prometheus_on`."""

VARIABLE = _table(
    "variable",
    Column("name", key_type(), primary_key=True),
    Column("value", long_text(), nullable=False),
    Column("description", long_text()),
)
"""`value` is encrypted."""

CONNECTION = _table(
    "connection",
    Column("conn_id", key_type(), primary_key=True),
    Column("conn_type", long_text()),
    Column("host", long_text()),
    Column("schema_name", long_text()),
    Column("login", long_text()),
    Column("password", long_text()),
    Column("port", Integer),
    Column("extra", long_text()),
    Column("description", long_text()),
)
"""`password` and `extra` are encrypted."""

POOL = _table(
    "pool",
    Column("name", key_type(), primary_key=True),
    Column("slots", Integer, nullable=False),
    Column("description", long_text(), nullable=False),
    Column("include_deferred", Boolean, nullable=False),
)

FAVORITE = _table(
    "favorite",
    Column("user_id", key_type(), primary_key=True),
    Column("dag_id", key_type(), primary_key=True),
    Column("marked_at", UtcTime, nullable=False),
    Index("ix_favorite_dag_id", "dag_id"),
)

PARSE_REQUEST = _table(
    "parse_request",
    Column("fileloc", key_type(500), primary_key=True),
    Column("asked_at", UtcTime, nullable=False),
)
"""DAG files that somebody wants to be read again, until the processor has taken them up."""
