"""Tables of assets: which there are, what was written, whom it waits for, and what is kept of each."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer

from windward.store.sql.columns import JsonText, UtcTime, counted_pk, key_type, long_text
from windward.store.sql.metadata import table as _table

ASSET = _table(
    "asset",
    Column("asset_key", key_type(32), primary_key=True),
    Column("asset_id", BigInteger, nullable=False, index=True),
    Column("name", key_type(500), nullable=False),
    Column("uri", key_type(500), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
"""Every asset that a DAG has declared, or that was written through an alias."""

ASSET_LINK = _table(
    "asset_link",
    Column("dag_id", key_type(), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", key_type(20), nullable=False),
    Column("task_id", key_type(), nullable=False),
    Column("asset_key", key_type(32), nullable=False, index=True),
    Column("name", key_type(500), nullable=False, index=True),
    Column("uri", key_type(500), nullable=False, index=True),
    Column("details", JsonText),
)
"""What the newest version of a DAG says of assets; a reference has a name or a URI only, and an empty `asset_key`."""

ALIAS = _table(
    "alias",
    Column("name", key_type(500), primary_key=True),
    Column("alias_id", BigInteger, nullable=False, index=True),
    Column("group_name", long_text(), nullable=False),
)
"""Every alias that a DAG has declared."""

ASSET_EVENT = _table(
    "asset_event",
    Column("event_pk", counted_pk(), primary_key=True, autoincrement=False),
    Column("asset_key", key_type(32), nullable=False, index=True),
    Column("name", key_type(500), nullable=False, index=True),
    Column("uri", key_type(500), nullable=False, index=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("extra", JsonText, nullable=False),
    Column("aliases", JsonText, nullable=False),
    Column("source_dag_id", key_type()),
    Column("source_run_id", key_type()),
    Column("source_task_id", key_type()),
    Column("source_map_index", Integer, nullable=False),
    Column("source_interval_start", UtcTime),
    Column("source_interval_end", UtcTime),
    Column("reported_by", long_text()),
    Column("is_routed", Boolean, nullable=False),
    Index("ix_asset_event_is_routed", "is_routed", "event_pk"),
)

ASSET_USE = _table(
    "asset_use",
    Column("dag_id", key_type(), primary_key=True),
    Column(
        "event_pk", counted_pk(), ForeignKey("asset_event.event_pk"), primary_key=True, autoincrement=False
    ),
    Column("run_pk", counted_pk(), index=True),
    Index("ix_asset_use_event_pk", "event_pk"),
)
"""An event waits for a DAG until a run has taken it (`run_pk`)."""

ASSET_ALIAS = _table(
    "asset_alias",
    Column("alias", key_type(500), primary_key=True),
    Column("asset_key", key_type(32), primary_key=True),
    Column("written_at", UtcTime, nullable=False),
)

ASSET_STATE = _table(
    "asset_state",
    Column("asset", key_type(), primary_key=True),
    Column("state_key", key_type(), primary_key=True),
    Column("value", long_text(), nullable=False),
    Column("set_by", long_text(), nullable=False),
    Column("set_at", UtcTime, nullable=False),
)
