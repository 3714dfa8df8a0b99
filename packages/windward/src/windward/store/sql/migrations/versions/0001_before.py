"""Make the first schema.

The types are those of `windward.store.sql.columns`: what they mean on a database never changes.
Longer than 400 lines because it is the whole of a schema.
"""

import sqlalchemy as sa
from alembic import op

from windward.store.sql.columns import JsonText, UtcTime, bytes_type, counted_pk, key_type, long_text

revision = "0001_before"
down_revision = None

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
_METADATA = sa.MetaData(naming_convention=_NAMES)


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    sa.Table(
        name, _METADATA, *parts, mysql_engine="InnoDB", mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin"
    )


_table(
    "component",
    sa.Column("kind", key_type(50), primary_key=True),
    sa.Column("name", key_type(), primary_key=True),
    sa.Column("hostname", key_type(), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("last_beat_at", UtcTime, nullable=False),
)


_table(
    "connection",
    sa.Column("conn_id", key_type(), primary_key=True),
    sa.Column("conn_type", long_text()),
    sa.Column("host", long_text()),
    sa.Column("schema_name", long_text()),
    sa.Column("login", long_text()),
    sa.Column("password", long_text()),
    sa.Column("port", sa.Integer),
    sa.Column("extra", long_text()),
    sa.Column("description", long_text()),
)


_table(
    "counter",
    sa.Column("name", key_type(50), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)


_table(
    "dag",
    sa.Column("dag_id", key_type(), primary_key=True),
    sa.Column("document_hash", key_type(32), nullable=False),
    sa.Column("is_paused", sa.Boolean, nullable=False),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("fileloc", key_type(500), nullable=False, index=True),
    sa.Column("last_run_after", UtcTime),
    sa.Column("last_interval_start", UtcTime),
    sa.Column("last_interval_end", UtcTime),
    sa.Column("failed_in_a_row", sa.Integer, nullable=False),
    sa.Column("first_seen_at", UtcTime, nullable=False),
    sa.Column("last_changed_at", UtcTime, nullable=False),
    sa.Column("paused_at", UtcTime),
    sa.Column("paused_reason", long_text()),
    sa.Column("display_name", long_text(), nullable=False),
    sa.Column("description", long_text()),
    sa.Column("owners", JsonText, nullable=False),
    sa.Column("tags", JsonText, nullable=False),
    sa.Column("schedule_text", long_text()),
    sa.Column("timezone", key_type(100), nullable=False),
)


_table(
    "dag_document",
    sa.Column("document_hash", key_type(32), primary_key=True),
    sa.Column("dag_id", key_type(), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("body", bytes_type(), nullable=False),
    sa.UniqueConstraint("dag_id", "number"),
)


_table(
    "dag_file",
    sa.Column("fileloc", key_type(500), primary_key=True),
    sa.Column("content_hash", key_type(64), nullable=False),
    sa.Column("imports", JsonText, nullable=False),
    sa.Column("dag_ids", JsonText, nullable=False),
    sa.Column("error", long_text()),
    sa.Column("warnings", JsonText, nullable=False),
    sa.Column("parsed_at", UtcTime),
    sa.Column("duration_s", sa.Float(53), nullable=False),
)


_table(
    "backfill",
    sa.Column("backfill_pk", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("dag_id", key_type(), nullable=False, index=True),
    sa.Column("from_date", UtcTime, nullable=False),
    sa.Column("to_date", UtcTime, nullable=False),
    sa.Column("state", key_type(50), nullable=False),
    sa.Column("run_backwards", sa.Boolean, nullable=False),
    sa.Column("max_active_runs", sa.Integer, nullable=False),
    sa.Column("reprocess", key_type(50), nullable=False),
    sa.Column("conf", long_text(), nullable=False),
    sa.Column("is_latest_version", sa.Boolean, nullable=False),
    sa.Column("is_idle_class", sa.Boolean, nullable=False),
    sa.Column("created_by", key_type()),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("completed_at", UtcTime),
    sa.Column("reason", long_text(), nullable=False),
    sa.Column("open_dag_id", key_type()),
    sa.UniqueConstraint("open_dag_id"),
)


_table(
    "backfill_slot",
    sa.Column(
        "backfill_pk",
        sa.Integer,
        sa.ForeignKey("backfill.backfill_pk"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run_after", UtcTime, nullable=False),
    sa.Column("logical_date", UtcTime, nullable=False),
    sa.Column("interval_start", UtcTime, nullable=False),
    sa.Column("interval_end", UtcTime, nullable=False),
    sa.Column("state", key_type(50), nullable=False),
    sa.Column("run_pk", counted_pk()),
    sa.Column("reason", long_text(), nullable=False),
)


_table(
    "dag_run",
    sa.Column("run_pk", counted_pk(), primary_key=True, autoincrement=False),
    sa.Column("dag_id", key_type(), nullable=False),
    sa.Column("run_id", key_type(), nullable=False),
    sa.Column("run_type", key_type(50), nullable=False),
    sa.Column("state", key_type(50), nullable=False),
    sa.Column("document_hash", key_type(32), nullable=False, index=True),
    sa.Column("run_after", UtcTime, nullable=False),
    sa.Column("logical_date", UtcTime),
    sa.Column("data_interval_start", UtcTime),
    sa.Column("data_interval_end", UtcTime),
    sa.Column("queued_at", UtcTime),
    sa.Column("start_date", UtcTime),
    sa.Column("end_date", UtcTime),
    sa.Column("conf", long_text(), nullable=False),
    sa.Column("triggered_by", key_type(50), nullable=False),
    sa.Column("triggering_user", key_type()),
    sa.Column("note", long_text()),
    sa.Column("clear_number", sa.Integer, nullable=False),
    sa.Column("is_idle_class", sa.Boolean, nullable=False),
    sa.Column("reason", long_text(), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("backfill_pk", sa.Integer),
    sa.Column("recoveries", sa.Integer, nullable=False),
    sa.Column("recover_at", UtcTime, index=True),
    sa.Column("is_recovery_stopped", sa.Boolean, nullable=False),
    sa.Column("trail", long_text(), nullable=False),
    sa.UniqueConstraint("dag_id", "logical_date"),
    sa.UniqueConstraint("dag_id", "run_id"),
    sa.Index("ix_dag_run_dag_id_run_after", "dag_id", "run_after"),
    sa.Index("ix_dag_run_run_after", "run_after"),
    sa.Index("ix_dag_run_state", "state", "end_date"),
)


_table(
    "dead_object",
    sa.Column("dead_pk", counted_pk(), primary_key=True),
    sa.Column("run_pk", counted_pk(), nullable=False),
    sa.Column("location", long_text(), nullable=False),
)


_table(
    "host",
    sa.Column("host_id", key_type(), primary_key=True),
    sa.Column("hostname", key_type(), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("queues", JsonText, nullable=False),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("lease_until", UtcTime, nullable=False),
    sa.Column("kind", key_type(50), nullable=False),
)


_table(
    "lease",
    sa.Column("name", key_type(), primary_key=True),
    sa.Column("holder", key_type(), nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("until_at", UtcTime),
)


_table(
    "note",
    sa.Column("note_pk", counted_pk(), primary_key=True, autoincrement=False),
    sa.Column("kind", key_type(50), nullable=False),
    sa.Column("subject", long_text(), nullable=False),
)


_table(
    "pool",
    sa.Column("name", key_type(), primary_key=True),
    sa.Column("slots", sa.Integer, nullable=False),
    sa.Column("description", long_text(), nullable=False),
    sa.Column("include_deferred", sa.Boolean, nullable=False),
)


_table(
    "variable",
    sa.Column("name", key_type(), primary_key=True),
    sa.Column("value", long_text(), nullable=False),
    sa.Column("description", long_text()),
)


_table(
    "asset_event",
    sa.Column("event_pk", counted_pk(), primary_key=True, autoincrement=False),
    sa.Column("asset_key", key_type(32), nullable=False, index=True),
    sa.Column("name", key_type(500), nullable=False, index=True),
    sa.Column("uri", key_type(500), nullable=False, index=True),
    sa.Column("at", UtcTime, nullable=False, index=True),
    sa.Column("extra", JsonText, nullable=False),
    sa.Column("aliases", JsonText, nullable=False),
    sa.Column("source_dag_id", key_type()),
    sa.Column("source_run_id", key_type()),
    sa.Column("source_task_id", key_type()),
    sa.Column("source_map_index", sa.Integer, nullable=False),
    sa.Column("source_interval_start", UtcTime),
    sa.Column("source_interval_end", UtcTime),
    sa.Column("reported_by", long_text()),
    sa.Column("is_routed", sa.Boolean, nullable=False),
    sa.Index("ix_asset_event_is_routed", "is_routed", "event_pk"),
)


_table(
    "asset_use",
    sa.Column("dag_id", key_type(), primary_key=True),
    sa.Column(
        "event_pk", counted_pk(), sa.ForeignKey("asset_event.event_pk"), primary_key=True, autoincrement=False
    ),
    sa.Column("run_pk", counted_pk(), index=True),
    sa.Index("ix_asset_use_event_pk", "event_pk"),
)


_table(
    "asset_alias",
    sa.Column("alias", key_type(500), primary_key=True),
    sa.Column("asset_key", key_type(32), primary_key=True),
    sa.Column("written_at", UtcTime, nullable=False),
)


_table(
    "callback",
    sa.Column("callback_pk", counted_pk(), primary_key=True),
    sa.Column("run_pk", counted_pk(), sa.ForeignKey("dag_run.run_pk"), nullable=False, index=True),
    sa.Column("dag_id", key_type(), nullable=False),
    sa.Column("kind", key_type(50), nullable=False),
    sa.Column("reason", long_text(), nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("state", key_type(50), nullable=False, index=True),
    sa.Column("owner", key_type()),
    sa.Column("task_id", key_type()),
    sa.Column("map_index", sa.Integer),
    sa.Column("try_number", sa.Integer, nullable=False),
    sa.Column("deadline_number", sa.Integer),
    sa.Column("moved_at", UtcTime, nullable=False),
)


_table(
    "deferral",
    sa.Column("run_pk", counted_pk(), sa.ForeignKey("dag_run.run_pk"), primary_key=True, autoincrement=False),
    sa.Column("task_id", key_type(), primary_key=True),
    sa.Column("map_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("class_path", long_text(), nullable=False),
    sa.Column("arguments", long_text(), nullable=False),
    sa.Column("next_method", long_text(), nullable=False),
    sa.Column("resumed", long_text()),
)


_table(
    "human_input",
    sa.Column("run_pk", counted_pk(), sa.ForeignKey("dag_run.run_pk"), primary_key=True, autoincrement=False),
    sa.Column("task_id", key_type(), primary_key=True),
    sa.Column("map_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("try_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("request", long_text(), nullable=False),
    sa.Column("asked_at", UtcTime, nullable=False),
    sa.Column("due_at", UtcTime),
    sa.Column("answered_at", UtcTime, index=True),
    sa.Column("answered_by", long_text()),
    sa.Column("answer", long_text()),
    sa.Column("is_timeout", sa.Boolean, nullable=False),
)


_table(
    "deadline",
    sa.Column("run_pk", counted_pk(), sa.ForeignKey("dag_run.run_pk"), primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", long_text()),
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("missed_at", UtcTime),
)


_table(
    "task_state",
    sa.Column("run_pk", counted_pk(), sa.ForeignKey("dag_run.run_pk"), primary_key=True, autoincrement=False),
    sa.Column("task_id", key_type(), primary_key=True),
    sa.Column("map_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state_key", key_type(), primary_key=True),
    sa.Column("value", long_text(), nullable=False),
    sa.Column("set_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, index=True),
)


_table(
    "asset_state",
    sa.Column("asset", key_type(), primary_key=True),
    sa.Column("state_key", key_type(), primary_key=True),
    sa.Column("value", long_text(), nullable=False),
    sa.Column("set_by", long_text(), nullable=False),
    sa.Column("set_at", UtcTime, nullable=False),
)


_table(
    "task_attempt",
    sa.Column("run_pk", counted_pk(), sa.ForeignKey("dag_run.run_pk"), primary_key=True, autoincrement=False),
    sa.Column("task_id", key_type(), primary_key=True),
    sa.Column("map_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("try_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("state", key_type(50), nullable=False),
    sa.Column("event", key_type(50), nullable=False),
    sa.Column("reason", long_text(), nullable=False),
    sa.Column("owner", key_type()),
    sa.Column("queued_at", UtcTime),
    sa.Column("start_date", UtcTime),
    sa.Column("end_date", UtcTime),
    sa.Column("exit_fact", long_text()),
    sa.Column("rendered", long_text()),
    sa.Column("map_label", long_text()),
)


_table(
    "run_link",
    sa.Column("run_pk", counted_pk(), sa.ForeignKey("dag_run.run_pk"), primary_key=True, autoincrement=False),
    sa.Column("parent_run_pk", counted_pk(), nullable=False, index=True),
    sa.Column("parent_dag_id", key_type(), nullable=False),
    sa.Column("parent_run_id", key_type(), nullable=False),
    sa.Column("parent_task_id", key_type(), nullable=False),
    sa.Column("parent_map_index", sa.Integer, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
)


_table(
    "sla_miss",
    sa.Column("run_pk", counted_pk(), sa.ForeignKey("dag_run.run_pk"), primary_key=True, autoincrement=False),
    sa.Column("task_id", key_type(), primary_key=True),
    sa.Column("dag_id", key_type(), nullable=False),
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("missed_at", UtcTime, nullable=False, index=True),
    sa.Index("ix_sla_miss_dag_id_missed_at", "dag_id", "missed_at"),
)


_table(
    "task_instance",
    sa.Column("run_pk", counted_pk(), sa.ForeignKey("dag_run.run_pk"), primary_key=True, autoincrement=False),
    sa.Column("task_id", key_type(), primary_key=True),
    sa.Column("map_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", key_type(50), nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("try_number", sa.Integer, nullable=False),
    sa.Column("max_tries", sa.Integer, nullable=False),
    sa.Column("owner", key_type()),
    sa.Column("queued_at", UtcTime),
    sa.Column("start_date", UtcTime),
    sa.Column("end_date", UtcTime),
    sa.Column("due_at", UtcTime),
    sa.Column("first_start_date", UtcTime),
    sa.Column("return_length", sa.BigInteger),
    sa.Column("lost_count", sa.Integer, nullable=False),
    sa.Column("map_label", long_text()),
    sa.Column("skip_by", key_type()),
    sa.Column("note", long_text()),
    sa.Column("reason", long_text(), nullable=False),
    sa.Column("trigger_class", long_text()),
    sa.Column("exit_fact", long_text()),
    sa.Column("rendered", long_text()),
    sa.Column("trail", long_text(), nullable=False),
)


_table(
    "timetable_window",
    sa.Column("dag_id", key_type(), primary_key=True),
    sa.Column("body", long_text(), nullable=False),
)


_table(
    "xcom",
    sa.Column("run_pk", counted_pk(), sa.ForeignKey("dag_run.run_pk"), primary_key=True, autoincrement=False),
    sa.Column("task_id", key_type(), primary_key=True),
    sa.Column("map_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("xcom_key", key_type(500), primary_key=True),
    sa.Column("encoding", key_type(20), nullable=False),
    sa.Column("data", bytes_type()),
    sa.Column("location", long_text()),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("preview", long_text(), nullable=False),
    sa.Column("length", sa.BigInteger),
    sa.Column("set_at", UtcTime, nullable=False),
)


def upgrade() -> None:
    connection = op.get_bind()
    _METADATA.create_all(connection)
    connection.execute(sa.insert(_METADATA.tables["counter"]).values(name="note", value=0))
    connection.execute(
        sa.insert(_METADATA.tables["pool"]).values(
            name="default_pool", slots=128, description="Default pool", include_deferred=False
        )
    )


def downgrade() -> None:
    _METADATA.drop_all(op.get_bind())
