"""The schema, as it is now. What lives here: tables and indexes; how older schemas become this one: `migrations`.

A task instance is one row that holds its current attempt. Its `trail` is text: one JSON array
`[microseconds, event, reason]` a line, appended by the update that makes the transition.

Longer than 400 lines because it is the whole of a schema.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, UniqueConstraint

from windward.model.states import TaskState
from windward.store.sql.columns import JsonText, UtcTime, bytes_type, counted_pk, key_type, long_text
from windward.store.sql.metadata import METADATA
from windward.store.sql.metadata import table as _table
from windward.store.sql.tables_of_accounts import (
    ACCESS_GRANT,
    ACCOUNT,
    ACCOUNT_ROLE,
    API_TOKEN,
    AUDIT_EVENT,
    CONNECTION_TEST,
    CUSTOM_ROLE,
    LOGIN_SESSION,
    LOGIN_TICKET,
    LOGIN_TRY,
    REVOKED_JWT,
)
from windward.store.sql.tables_of_assets import (
    ALIAS,
    ASSET,
    ASSET_ALIAS,
    ASSET_EVENT,
    ASSET_LINK,
    ASSET_STATE,
    ASSET_USE,
)
from windward.store.sql.tables_of_people import (
    COMPONENT,
    COMPONENT_METRICS,
    CONNECTION,
    COUNTER,
    FAVORITE,
    HOST,
    HOST_LETTER,
    HOST_MAIL,
    LEASE,
    NOTE,
    PARSE_REQUEST,
    POOL,
    VARIABLE,
)

__all__ = [
    "ACCESS_GRANT",
    "ACCOUNT",
    "ACCOUNT_ROLE",
    "ALIAS",
    "API_TOKEN",
    "ASSET",
    "ASSET_ALIAS",
    "ASSET_EVENT",
    "ASSET_LINK",
    "ASSET_STATE",
    "ASSET_USE",
    "AUDIT_EVENT",
    "BACKFILL",
    "BACKFILL_SLOT",
    "CALLBACK",
    "COMPONENT",
    "COMPONENT_METRICS",
    "CONNECTION",
    "CONNECTION_TEST",
    "COUNTER",
    "CUSTOM_ROLE",
    "DAG",
    "DAG_DOCUMENT",
    "DAG_FILE",
    "DAG_RUN",
    "DEADLINE",
    "DEAD_OBJECT",
    "DEFERRAL",
    "FAVORITE",
    "HOST",
    "HOST_LETTER",
    "HOST_MAIL",
    "HUMAN_INPUT",
    "LEASE",
    "LOGIN_SESSION",
    "LOGIN_TICKET",
    "LOGIN_TRY",
    "METADATA",
    "NOTE",
    "PARSE_REQUEST",
    "POOL",
    "REVOKED_JWT",
    "RUN_LINK",
    "SLA_MISS",
    "TASK_ATTEMPT",
    "TASK_INSTANCE",
    "TASK_STATE",
    "TIMETABLE_DATES",
    "TIMETABLE_WINDOW",
    "VARIABLE",
    "XCOM",
]


def _run_pk() -> Column[int]:
    return Column("run_pk", counted_pk(), ForeignKey("dag_run.run_pk"), primary_key=True, autoincrement=False)


def _instance() -> tuple[Column[int], Column[str], Column[int]]:
    return (
        _run_pk(),
        Column("task_id", key_type(), primary_key=True),
        Column("map_index", Integer, primary_key=True, autoincrement=False),
    )


DAG = _table(
    "dag",
    Column("dag_id", key_type(), primary_key=True),
    Column("document_hash", key_type(32), nullable=False),
    Column("is_paused", Boolean, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("fileloc", key_type(500), nullable=False, index=True),
    Column("last_run_after", UtcTime),
    Column("last_interval_start", UtcTime),
    Column("last_interval_end", UtcTime),
    Column("failed_in_a_row", Integer, nullable=False),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("last_changed_at", UtcTime, nullable=False),
    Column("paused_at", UtcTime),
    Column("paused_reason", long_text()),
    Column("display_name", long_text(), nullable=False),
    Column("description", long_text()),
    Column("owners", JsonText, nullable=False),
    Column("tags", JsonText, nullable=False),
    Column("schedule_text", long_text()),
    Column("timezone", key_type(100), nullable=False),
)

DAG_DOCUMENT = _table(
    "dag_document",
    Column("document_hash", key_type(32), primary_key=True),
    Column("dag_id", key_type(), nullable=False),
    Column("number", Integer, nullable=False),
    Column("body", bytes_type(), nullable=False),
    Column("stored_at", UtcTime),
    UniqueConstraint("dag_id", "number"),
)

DAG_FILE = _table(
    "dag_file",
    Column("fileloc", key_type(500), primary_key=True),
    Column("content_hash", key_type(64), nullable=False),
    Column("imports", JsonText, nullable=False),
    Column("dag_ids", JsonText, nullable=False),
    Column("error", long_text()),
    Column("warnings", JsonText, nullable=False),
    Column("parsed_at", UtcTime),
    Column("duration_s", Float(53), nullable=False),
)

DAG_RUN = _table(
    "dag_run",
    Column("run_pk", counted_pk(), primary_key=True, autoincrement=False),
    Column("dag_id", key_type(), nullable=False),
    Column("run_id", key_type(), nullable=False),
    Column("run_type", key_type(50), nullable=False),
    Column("state", key_type(50), nullable=False),
    Column("document_hash", key_type(32), nullable=False, index=True),
    Column("run_after", UtcTime, nullable=False),
    Column("logical_date", UtcTime),
    Column("data_interval_start", UtcTime),
    Column("data_interval_end", UtcTime),
    Column("queued_at", UtcTime),
    Column("start_date", UtcTime),
    Column("end_date", UtcTime),
    Column("conf", long_text(), nullable=False),
    Column("triggered_by", key_type(50), nullable=False),
    Column("triggering_user", key_type()),
    Column("note", long_text()),
    Column("clear_number", Integer, nullable=False),
    Column("is_idle_class", Boolean, nullable=False),
    Column("reason", long_text(), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("backfill_pk", Integer),
    Column("recoveries", Integer, nullable=False),
    Column("recover_at", UtcTime, index=True),
    Column("is_recovery_stopped", Boolean, nullable=False),
    Column("trail", long_text(), nullable=False),
    UniqueConstraint("dag_id", "run_id"),
    UniqueConstraint("dag_id", "logical_date"),
    Index("ix_dag_run_state", "state", "end_date"),
    Index("ix_dag_run_dag_id_run_after", "dag_id", "run_after"),
    Index("ix_dag_run_run_after", "run_after"),
)

RUN_LINK = _table(
    "run_link",
    _run_pk(),
    Column("parent_run_pk", counted_pk(), nullable=False, index=True),
    Column("parent_dag_id", key_type(), nullable=False),
    Column("parent_run_id", key_type(), nullable=False),
    Column("parent_task_id", key_type(), nullable=False),
    Column("parent_map_index", Integer, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("place", Integer, nullable=False),
)
"""The task instance that triggered a run; the parent may be deleted before its child."""

SLA_MISS = _table(
    "sla_miss",
    _run_pk(),
    Column("task_id", key_type(), primary_key=True),
    Column("dag_id", key_type(), nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("missed_at", UtcTime, nullable=False, index=True),
    Index("ix_sla_miss_dag_id_missed_at", "dag_id", "missed_at"),
)

TASK_INSTANCE = _table(
    "task_instance",
    *_instance(),
    Column("state", key_type(50), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("max_tries", Integer, nullable=False),
    Column("owner", key_type()),
    Column("queued_at", UtcTime),
    Column("start_date", UtcTime),
    Column("end_date", UtcTime),
    Column("due_at", UtcTime),
    Column("first_start_date", UtcTime),
    Column("return_length", sa.BigInteger),
    Column("lost_count", Integer, nullable=False),
    Column("map_label", long_text()),
    Column("skip_by", key_type()),
    Column("note", long_text()),
    Column("reason", long_text(), nullable=False),
    Column("trigger_class", long_text()),
    Column("exit_fact", long_text()),
    Column("rendered", long_text()),
    Column("trail", long_text(), nullable=False),
)
WENT_WRONG = (TaskState.FAILED, TaskState.UPSTREAM_FAILED, TaskState.UP_FOR_RETRY)
IS_WRONG = f"state IN {tuple(map(str, WENT_WRONG))}"
Index(
    "ix_task_instance_wrong",
    TASK_INSTANCE.c.state,
    TASK_INSTANCE.c.run_pk,
    sqlite_where=sa.text(IS_WRONG),
    postgresql_where=sa.text(IS_WRONG),
).ddl_if(callable_=lambda *_, dialect, **__: dialect.name != "mysql")
"""What people look for when something broke, among all that ever ran. An index of these few rows costs nothing while
all goes well; one of every state would be written at each step of each task. MySQL has no index of some rows."""

DEFERRAL = _table(
    "deferral",
    *_instance(),
    Column("fence", Integer, nullable=False),
    Column("class_path", long_text(), nullable=False),
    Column("arguments", long_text(), nullable=False),
    Column("next_method", long_text(), nullable=False),
    Column("resumed", long_text()),
)
"""`arguments` (of the trigger and of the method) and `resumed` are encrypted."""

TASK_ATTEMPT = _table(
    "task_attempt",
    *_instance(),
    Column("try_number", Integer, primary_key=True, autoincrement=False),
    Column("fence", Integer, nullable=False),
    Column("state", key_type(50), nullable=False),
    Column("event", key_type(50), nullable=False),
    Column("reason", long_text(), nullable=False),
    Column("owner", key_type()),
    Column("queued_at", UtcTime),
    Column("start_date", UtcTime),
    Column("end_date", UtcTime),
    Column("exit_fact", long_text()),
    Column("rendered", long_text()),
    Column("map_label", long_text()),
)

BACKFILL = _table(
    "backfill",
    Column("backfill_pk", Integer, primary_key=True, autoincrement=False),
    Column("dag_id", key_type(), nullable=False, index=True),
    Column("from_date", UtcTime, nullable=False),
    Column("to_date", UtcTime, nullable=False),
    Column("state", key_type(50), nullable=False),
    Column("run_backwards", Boolean, nullable=False),
    Column("max_active_runs", Integer, nullable=False),
    Column("reprocess", key_type(50), nullable=False),
    Column("conf", long_text(), nullable=False),
    Column("is_latest_version", Boolean, nullable=False),
    Column("is_idle_class", Boolean, nullable=False),
    Column("created_by", key_type()),
    Column("created_at", UtcTime, nullable=False),
    Column("completed_at", UtcTime),
    Column("reason", long_text(), nullable=False),
    Column("open_dag_id", key_type(), unique=True),
)
"""`open_dag_id` is the DAG while the backfill is open, and null afterwards: a DAG has one open backfill at most."""

BACKFILL_SLOT = _table(
    "backfill_slot",
    Column("backfill_pk", Integer, ForeignKey("backfill.backfill_pk"), primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("run_after", UtcTime, nullable=False),
    Column("logical_date", UtcTime, nullable=False),
    Column("interval_start", UtcTime, nullable=False),
    Column("interval_end", UtcTime, nullable=False),
    Column("state", key_type(50), nullable=False),
    Column("run_pk", counted_pk()),
    Column("reason", long_text(), nullable=False),
)

XCOM = _table(
    "xcom",
    *_instance(),
    Column("xcom_key", key_type(500), primary_key=True),
    Column("encoding", key_type(20), nullable=False),
    Column("data", bytes_type()),
    Column("location", long_text()),
    Column("size_bytes", sa.BigInteger, nullable=False),
    Column("preview", long_text(), nullable=False),
    Column("length", sa.BigInteger),
    Column("set_at", UtcTime, nullable=False),
    Column("backend", long_text()),
)

DEAD_OBJECT = _table(
    "dead_object",
    Column("dead_pk", counted_pk(), primary_key=True),
    Column("run_pk", counted_pk(), nullable=False),
    Column("location", long_text(), nullable=False),
    Column("backend", long_text()),
    Column("dag_id", key_type()),
    Column("run_id", key_type()),
    Column("task_id", key_type()),
    Column("map_index", Integer),
    Column("xcom_key", key_type(500)),
    Column("encoding", key_type(20)),
    Column("data", bytes_type()),
    Column("tries", Integer),
)
"""What deleted values leave behind. With a `backend`, that has to purge it first: the columns after it say what, and
`location` is empty when the object store has nothing of it.
"""

CALLBACK = _table(
    "callback",
    Column("callback_pk", counted_pk(), primary_key=True),
    Column("run_pk", counted_pk(), ForeignKey("dag_run.run_pk"), nullable=False, index=True),
    Column("dag_id", key_type(), nullable=False),
    Column("kind", key_type(50), nullable=False),
    Column("reason", long_text(), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("state", key_type(50), nullable=False, index=True),
    Column("owner", key_type()),
    Column("task_id", key_type()),
    Column("map_index", Integer),
    Column("try_number", Integer, nullable=False),
    Column("deadline_number", Integer),
    Column("moved_at", UtcTime, nullable=False),
)

HUMAN_INPUT = _table(
    "human_input",
    *_instance(),
    Column("try_number", Integer, primary_key=True, autoincrement=False),
    Column("request", long_text(), nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("due_at", UtcTime),
    Column("answered_at", UtcTime, index=True),
    Column("answered_by", long_text()),
    Column("answer", long_text()),
    Column("is_timeout", Boolean, nullable=False),
    Column("subject", long_text()),
    Column("text", long_text()),
    Column("answered_by_id", long_text()),
    Column("answered_by_name", long_text()),
)
"""Questions of tasks to people. `request`, `answered_by` and `answer` are JSON of `windward.model.waits`.

The columns after them say parts of these once more, for lists to be searched and ordered by.
"""

DEADLINE = _table(
    "deadline",
    _run_pk(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", long_text()),
    Column("due_at", UtcTime, nullable=False),
    Column("missed_at", UtcTime),
)

TASK_STATE = _table(
    "task_state",
    *_instance(),
    Column("state_key", key_type(), primary_key=True),
    Column("value", long_text(), nullable=False),
    Column("set_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, index=True),
)
"""Small values that tasks keep over their tries; `value` is JSON text."""

TIMETABLE_DATES = _table(
    "timetable_dates",
    Column("dag_id", key_type(), primary_key=True),
    Column("range_start", UtcTime, primary_key=True, autoincrement=False),
    Column("range_end", UtcTime, primary_key=True, autoincrement=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("answer", long_text()),
)

TIMETABLE_WINDOW = _table(
    "timetable_window",
    Column("dag_id", key_type(), primary_key=True),
    Column("body", long_text(), nullable=False),
)
