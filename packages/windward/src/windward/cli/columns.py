"""Columns that tables show, of a database's rows and of a server's alike."""

from __future__ import annotations

DAG_COLUMNS = ("dag_id", "schedule", "next_run", "next_run_local", "is_paused", "owners", "fileloc")
RUN_COLUMNS = ("dag_id", "run_id", "run_type", "state", "logical_date", "start_date", "end_date")
STATE_COLUMNS = ("task_id", "map_index", "state", "try_number", "start_date", "end_date")
CLEAR_COLUMNS = ("run_id", "logical_date", "task_id", "map_index", "state", "try_number")
MARK_COLUMNS = ("run_id", "logical_date", "task_id", "map_index", "state", "new_state")
RECOVERY_COLUMNS = ("dag_id", "run_id", "logical_date", "recoveries", "recover_at", "reason")
HITL_COLUMNS = (
    "dag_id",
    "run_id",
    "task_id",
    "map_index",
    "subject",
    "options",
    "due_at",
    "answer",
    "answered_by",
)
NEXT_COLUMNS = (
    "run_after",
    "run_after_local",
    "timezone",
    "logical_date",
    "data_interval_start",
    "data_interval_end",
)
TASK_STATE_COLUMNS = ("task_id", "map_index", "key", "value", "set_at")
ASSET_STATE_COLUMNS = ("asset", "key", "value", "set_by", "set_at")
USER_COLUMNS = ("username", "email", "first_name", "last_name", "roles", "is_active", "last_login_at")
CONFIG_COLUMNS = ("section", "key", "value", "origin")
COMPONENT_COLUMNS = (
    "kind",
    "name",
    "hostname",
    "pid",
    "status",
    "started_at",
    "latest_heartbeat",
    "silent_s",
)
HOST_COLUMNS = ("host_id", "hostname", "kind", "queues", "capacity", "status", "is_draining")
BACKFILL_COLUMNS = ("backfill_id", "dag_id", "state", "from_date", "to_date", "done", "created_by", "reason")
ASSET_COLUMNS = ("name", "uri", "group", "producers", "consumers")
CONNECTION_COLUMNS = ("conn_id", "conn_type", "host", "schema", "login", "port", "description")
"""Fields that are shown without being asked for; the others may hold secrets."""
