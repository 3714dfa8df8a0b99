"""`AIRFLOW__SECTION__KEY` variables: which of our settings they mean, in the places of Airflow 3, 2 and 1.10.

What lives here: names. A variable that means nothing here is ignored and listed, never an error: an environment made
for Airflow must do. What may not: values.
"""

from __future__ import annotations

from windward.settings.keys import all_keys

PREFIX = "AIRFLOW__"

MOVED: dict[str, str] = {
    "core.sql_alchemy_conn": "database.sql_alchemy_conn",
    "core.sql_alchemy_pool_size": "database.sql_alchemy_pool_size",
    "core.dag_concurrency": "core.max_active_tasks_per_dag",
    "core.non_pooled_task_slot_count": "core.default_pool_task_slot_count",
    "core.base_log_folder": "logging.base_log_folder",
    "core.logging_level": "logging.logging_level",
    "core.dag_file_processor_timeout": "dag_processor.dag_file_processor_timeout",
    "scheduler.dag_dir_list_interval": "dag_processor.scan_interval_s",
    "scheduler.parsing_processes": "dag_processor.parsing_processes",
    "scheduler.max_threads": "dag_processor.parsing_processes",
    "webserver.web_server_host": "api.host",
    "webserver.web_server_port": "api.port",
    "webserver.base_url": "api.base_url",
    "webserver.instance_name": "api.instance_name",
    "webserver.secret_key": "api.secret_key",
    "admin.hide_sensitive_variable_fields": "core.hide_sensitive_var_conn_fields",
    "admin.sensitive_variable_fields": "core.sensitive_var_conn_names",
}
"""`section.key` of Airflow 2 or 1.10 to ours."""

CALLED: dict[str, str] = {
    "core.dagbag_import_timeout": "dag_processor.dagbag_import_timeout",
    "dag_processor.refresh_interval": "dag_processor.scan_interval_s",
}
"""`section.key` of Airflow 3 to ours, where ours has another name; no reason to warn."""

NOT_OFFERED: dict[str, str] = {
    "traces.otel_on": "no traces are sent; `[metrics] otel_on` sends metrics by OTLP",
    "state_store.backend": "the database is what keeps state stores; `[workers] state_store_backend` keeps values elsewhere",
}
"""`section.key` of Airflow that switches something on which is missing here: whoever does so is told."""
_OFF = frozenset({"", "0", "f", "false", "n", "no", "off"})
_USUAL = {
    "state_store.backend": "airflow.state.metastore.metastorebackend",
}
"""What Airflow has for them anyway, in lower case: whoever writes that out misses nothing."""


def missing_of(variable: str, raw: str) -> str | None:
    """Return a warning when a variable switches on what is not offered."""
    path = variable.removeprefix(PREFIX).lower().replace("__", ".", 1)
    if path not in NOT_OFFERED or raw.strip().lower() in {*_OFF, _USUAL.get(path)}:
        return None
    return f"{variable}: {NOT_OFFERED[path]}"


def place_of(path: str) -> tuple[str | None, str | None]:
    """Return the setting that Airflow's `section.key` means (None: none of ours), and a warning when it is old."""
    if path in all_keys():
        return path, None
    if path in CALLED:
        return CALLED[path], None
    if path in MOVED:
        old_section, _, old_name = path.partition(".")
        section, _, name = MOVED[path].partition(".")
        return MOVED[path], (
            f"`[{old_section}] {old_name}` is a name of older Airflow versions; it sets `[{section}] {name}` here"
        )
    return None, None
