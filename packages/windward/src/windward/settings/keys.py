"""Every setting by the name that people write: `[section] key`, its type, and what is allowed.

What lives here: the table of keys, made from the dataclasses of `sections`, and suggestions for names that are not in
it. What may not: values, files, the environment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

from windward.settings.sections import Settings

ATTRIBUTES: dict[str, str] = {
    "core": "core",
    "database": "database",
    "scheduler": "scheduler",
    "dag_processor": "processor",
    "workers": "workers",
    "triggerer": "triggerer",
    "xcom": "xcom",
    "logging": "logging",
    "secrets": "secrets",
    "state_store": "state_store",
    "callbacks": "callbacks",
    "metrics": "metrics",
    "api": "api",
    "api_auth": "api_auth",
}
"""Section in files to attribute of `Settings`."""

RENAMED: dict[str, str] = {
    "core.default_task_retry_delay_s": "default_task_retry_delay",
    "core.default_retry_delay_s": "default_retry_delay",
    "core.default_retry_delay_max_s": "default_retry_delay_max",
    "core.max_task_retry_delay_s": "max_task_retry_delay",
    "core.default_task_execution_timeout_s": "default_task_execution_timeout",
    "core.killed_task_cleanup_time_s": "killed_task_cleanup_time",
    "core.task_success_overtime_s": "task_success_overtime",
    "database.pool_size": "sql_alchemy_pool_size",
    "scheduler.task_queued_timeout_s": "task_queued_timeout",
    "api_auth.jwt_expiration_s": "jwt_expiration_time",
    "api_auth.jwt_cli_expiration_s": "jwt_cli_expiration_time",
    "triggerer.heartbeat_s": "job_heartbeat_sec",
    "triggerer.blocked_warn_s": "blocked_main_thread_warning_threshold",
    "triggerer.on_kill_timeout_s": "on_kill_timeout",
    "triggerer.shared_stream_ack_timeout_s": "shared_stream_ack_timeout",
    "triggerer.shared_stream_cohort_grace_period_s": "shared_stream_cohort_grace_period",
    "callbacks.callback_execution_timeout_s": "callback_execution_timeout",
    "dag_processor.dag_file_processor_timeout_s": "dag_file_processor_timeout",
    "dag_processor.dagbag_import_timeout_s": "dagbag_import_timeout",
}
"""`section.field` to the key in files, where Airflow's name for the same thing is another than the field's."""

CHOICES: dict[str, tuple[str, ...]] = {
    "core.executor": ("local", "sequential"),
    "core.semantics": ("airflow2", "airflow3"),
    "core.default_task_weight_rule": ("downstream", "upstream", "absolute"),
    "core.dag_ignore_file_syntax": ("auto", "glob", "regexp"),
    "core.isolation": ("isolated", "warm"),
    "core.test_connection": ("disabled", "enabled", "hidden"),
    "scheduler.recover_failed_runs": ("explicit_catchup", "always", "never"),
    "api.expose_config": ("false", "true", "non-sensitive-only"),
    "logging.logging_level": ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
}
"""Keys whose value is one of a few words."""

LEAST: dict[str, float] = {
    "core.parallelism": 1,
    "core.max_active_tasks_per_dag": 1,
    "core.max_active_runs_per_dag": 1,
    "core.max_map_length": 1,
    "core.default_pool_task_slot_count": -1,
    "core.default_retry_exponential_backoff": 1,
    "database.sql_alchemy_pool_size": 1,
    "database.statement_timeout_s": 0.1,
    "scheduler.poll_interval_s": 0.1,
    "scheduler.lease_s": 1,
    "scheduler.host_lease_s": 1,
    "scheduler.task_queued_timeout": 1,
    "scheduler.runs_created_per_pass_max": 1,
    "scheduler.idle_class_per_pass_max": 1,
    "dag_processor.parsing_processes": 1,
    "dag_processor.dag_file_processor_timeout": 1,
    "dag_processor.dagbag_import_timeout": 0.1,
    "dag_processor.scan_interval_s": 0.1,
    "dag_processor.parse_memory_mb_max": 64,
    "workers.templates_max": 1,
    "workers.template_memory_mb_max": 64,
    "workers.warm_children_max": 1,
    "workers.warm_attempts_max": 1,
    "workers.warm_memory_mb_max": 64,
    "workers.heartbeat_s": 0.1,
    "api_auth.session_lifetime_s": 60,
    "api_auth.session_idle_s": 60,
    "api_auth.jwt_expiration_time": 1,
    "api_auth.jwt_cli_expiration_time": 1,
    "api_auth.token_lifetime_days_max": 0.01,
    "api_auth.ticket_lifetime_s": 10,
    "api_auth.login_tries_max": 1,
    "api_auth.login_tries_per_address_max": 1,
    "api_auth.login_window_s": 1,
    "triggerer.capacity": 1,
    "triggerer.job_heartbeat_sec": 0.1,
    "triggerer.blocked_main_thread_warning_threshold": 0.01,
    "triggerer.blocked_max_s": 1,
    "triggerer.shared_stream_subscriber_queue_size": 1,
    "triggerer.shared_stream_ack_timeout": 0.1,
    "metrics.otel_interval_milliseconds": 1,
}
"""Least number of a key; 0 for keys that are not named."""

MOST: dict[str, float] = {"api.port": 65_535, "metrics.otel_port": 65_535, "metrics.statsd_port": 65_535}
"""Greatest number of a key; no limit for keys that are not named."""

SECRETS: frozenset[str] = frozenset(
    {
        "core.fernet_key",
        "database.sql_alchemy_conn",
        "secrets.backend_kwargs",
        "workers.secrets_backend_kwargs",
        "api.secret_key",
        "api_auth.oidc_client_secret",
    }
)
"""Keys whose value is never shown, and that may come from a command (`_cmd`) or a secrets back end (`_secret`)."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """One setting. `kind` is the type of its value without `None`, which `is_optional` adds."""

    section: str
    name: str
    field: str
    kind: Any
    is_optional: bool
    default: Any
    depends_on_home: bool
    """Whether the default is a place in the home; `default` is None then."""

    @property
    def path(self) -> str:
        """Return `section.key`, which names the setting everywhere."""
        return f"{self.section}.{self.name}"

    @property
    def is_secret(self) -> bool:
        """Whether the value is never shown."""
        return self.path in SECRETS

    @property
    def variable(self) -> str:
        """Return the environment variable that sets it."""
        return f"WINDWARD__{self.section}__{self.name}".upper()

    @property
    def allowed(self) -> str:
        """Return what may stand there, as words that end a sentence."""
        if self.path in CHOICES:
            words = [f"`{word}`" for word in CHOICES[self.path]]
            text = f"{', '.join(words[:-1])} or {words[-1]}"
        elif self.kind is bool:
            text = "`true` or `false`"
        elif self.kind in {int, float}:
            text = f"{'a whole number' if self.kind is int else 'a number'} {self._range()}"
            text += " (seconds)" if self.field.endswith("_s") else ""
        elif self.kind is Path:
            text = "a path"
        elif self.kind is str:
            text = "a text"
        else:
            text = "words divided by commas"
        return f"{text}, or nothing" if self.is_optional else text

    def _range(self) -> str:
        least, most = LEAST.get(self.path, 0), MOST.get(self.path)
        return f"of at least {least:g}" if most is None else f"from {least:g} to {most:g}"


@cache
def all_keys() -> dict[str, Key]:
    """Return all settings by `section.key`, in the order of their declaration."""
    hints = get_type_hints(Settings)
    keys: dict[str, Key] = {}
    for section, attribute in ATTRIBUTES.items():
        declared = hints[attribute]
        types = get_type_hints(declared)
        for member in fields(declared):
            key = _key_of(section, member, types[member.name])
            keys[key.path] = key
    return keys


def _key_of(section: str, member: Field[Any], declared: Any) -> Key:
    parts = [part for part in get_args(declared) if part is not type(None)]
    is_optional = type(None) in get_args(declared)
    return Key(
        section=section,
        name=RENAMED.get(f"{section}.{member.name}", member.name),
        field=member.name,
        kind=parts[0] if is_optional else declared,
        is_optional=is_optional,
        default=None if member.default is MISSING else member.default,
        depends_on_home=member.default is MISSING,
    )


def suggestion(section: str, name: str) -> str:
    """Return a hint for a key that does not exist: the nearest name, or where the names are listed."""
    listed = "`windward config list` shows every key."
    keys = all_keys()
    if section not in ATTRIBUTES:
        elsewhere = [key for key in keys.values() if key.name == name]
        near = _near(section, ATTRIBUTES)
        if near and f"{near[0]}.{name}" in keys:
            return f"Did you mean `[{near[0]}] {name}`? {listed}"
        if elsewhere:
            return f"Did you mean `[{elsewhere[0].section}] {name}`? {listed}"
        sections = ", ".join(f"`{known}`" for known in ATTRIBUTES)
        return f"Sections are {sections}. {listed}"
    elsewhere = [key for key in keys.values() if name in {key.name, key.field}]
    if elsewhere:
        return f"Did you mean `[{elsewhere[0].section}] {elsewhere[0].name}`? {listed}"
    near = _near(name, [key.name for key in keys.values() if key.section == section])
    if near:
        return f"Did you mean `[{section}] {near[0]}`? {listed}"
    names = {key.name: key.path for key in keys.values()}
    near = _near(name, names, cutoff=0.75)
    if near:
        return f"Did you mean `[{names[near[0]].partition('.')[0]}] {near[0]}`? {listed}"
    return listed


def _near(name: str, names: Iterable[str], *, cutoff: float = 0.6) -> list[str]:
    from difflib import get_close_matches  # for what is misspelt only

    return get_close_matches(name, list(names), n=1, cutoff=cutoff)
