"""The sections of the settings, with their defaults. Names are Airflow's wherever the thing is the same.

Each field's docstring is its documentation; `windward config list --include-descriptions` prints it. Durations end
in `_s` inside; the key in files is the field's name unless `keys.RENAMED` says otherwise.
Longer than 400 lines because it is a table: one place for every setting, read from top to bottom.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class CoreSettings:
    """`[core]`: what all components share."""

    dags_folder: Path
    """Folder that is searched for DAG files; `WINDWARD_HOME/dags` by default."""
    executor: str = "local"
    """`local` or `sequential`; Airflow's class names are understood."""
    parallelism: int = 32
    """Task instances that may run at once, over all DAGs."""
    max_active_tasks_per_dag: int = 16
    """Limit of a DAG that does not set `max_active_tasks`."""
    max_active_runs_per_dag: int = 16
    """Limit of a DAG that does not set `max_active_runs`."""
    max_consecutive_failed_dag_runs_per_dag: int = 0
    """Failed runs in a row after which a DAG is paused; 0 is never."""
    dags_are_paused_at_creation: bool = True
    """Whether a DAG that is seen for the first time is paused."""
    load_examples: bool = False
    """Whether the example DAGs are loaded."""
    default_timezone: str = "UTC"
    """IANA name of the zone of naive times in DAG files."""
    semantics: str | None = None
    """`airflow2` or `airflow3` for every DAG that does not say so itself; by evidence in the file when unset."""
    default_task_retries: int = 5
    """Retries of a task that says nothing of retries."""
    default_task_retry_delay_s: float = 300.0
    """Delay of a task that sets `retries` but no delay."""
    default_retry_delay_s: float = 10.0
    """First delay of a task that says nothing of retries."""
    default_retry_exponential_backoff: float = 2.0
    """Factor from one delay to the next for such a task."""
    default_retry_delay_max_s: float = 300.0
    """Longest delay of such a task."""
    max_task_retry_delay_s: float = 86_400.0
    """Longest delay that back-off may reach for any task."""
    default_task_execution_timeout_s: float | None = None
    """Time limit of a task that sets none; no limit when unset."""
    default_task_weight_rule: str = "downstream"
    """How priorities are made from weights: `downstream`, `upstream` or `absolute`."""
    default_pool_task_slot_count: int = 128
    """Slots of `default_pool` when the database is made."""
    max_map_length: int = 1024
    """Most instances that one mapped task may have."""
    dag_discovery_safe_mode: bool = True
    """Whether files that mention neither a DAG nor a task are passed over."""
    dag_ignore_file_syntax: str = "auto"
    """`glob`, `regexp`, or `auto`: regexp patterns are recognised by what glob cannot mean."""
    killed_task_cleanup_time_s: float = 60.0
    """How long a task that is stopped may clean up before it is killed."""
    task_success_overtime_s: float = 20.0
    """How long the process of a task that has succeeded may live on, for its `on_success_callback`, before it is killed."""
    fernet_key: str = field(default="", repr=False)
    """Keys for secrets at rest, newest first, by commas; made at first start when empty."""
    hide_sensitive_var_conn_fields: bool = True
    """Whether values with telling names are masked in logs and output."""
    sensitive_var_conn_names: tuple[str, ...] = ()
    """Further telling names, by commas."""
    test_connection: str = "disabled"
    """Whether people may ask the API server to try connections out: `enabled`, or `disabled` or `hidden`."""
    default_impersonation: str = ""
    """User that tasks run as which name none by `run_as_user`; the worker's own when empty."""
    isolation: str = "isolated"
    """Default of tasks that do not say: `isolated` or `warm`."""
    xcom_backend: str = ""
    """Import path of the class that values between tasks pass through, a subclass of Airflow's `BaseXCom`."""
    cron_seconds: bool = False
    """Whether cron expressions may have a sixth field of seconds."""


@dataclass(frozen=True, kw_only=True)
class DatabaseSettings:
    """`[database]`: the metadata database."""

    sql_alchemy_conn: str = field(repr=False)
    """URL; `sqlite:///…/windward.db` in `WINDWARD_HOME` by default."""
    pool_size: int = 4
    """Connections that one process keeps."""
    statement_timeout_s: float = 30.0
    """Time after which a statement is given up."""


@dataclass(frozen=True, kw_only=True)
class SchedulerSettings:
    """`[scheduler]`: the loop, leases and limits."""

    poll_interval_s: float = 5.0
    """Safety net: the change feed is read at least this often, even without a wake-up."""
    lease_s: float = 15.0
    """How long a leader may be silent before another scheduler takes over."""
    host_lease_s: float = 30.0
    """How long a worker host may be silent before its attempts count as lost."""
    task_queued_timeout_s: float = 600.0
    """How long an attempt may stay queued without being started before it is requeued."""
    queued_retries_max: int = 2
    """How often an attempt that nobody starts is queued again before it fails."""
    lost_attempts_max: int = 3
    """Attempts lost to a dead worker that are tried again without using up the author's retries."""
    catchup_by_default: bool | None = None
    """Overrides the meaning by semantics (`airflow2`: True, `airflow3`: False)."""
    recover_failed_runs: str = "explicit_catchup"
    """Which failed runs are run again on their own: `explicit_catchup`, `always` or `never`."""
    recoveries_max: int = 5
    """How often one failed run is run again on its own."""
    recovery_delay_s: float = 300.0
    """Time from a failure to the first such try; each further one comes after four times as long, a day at most."""
    runs_created_per_pass_max: int = 500
    """Runs that the scheduler creates in one pass at most."""
    idle_class_per_pass_max: int = 2
    """How much of backfills and recovery one pass deals with, so that other work never waits for more of it: so many messages of workers, new attempts, and new runs of a backfill."""
    run_retention_days: float | None = None
    """Age, from their end, at which finished runs are deleted with their tasks, XComs and logs; never when unset."""
    asset_event_retention_days: float | None = 90.0
    """How long events of assets are kept, also those that a DAG still waits to take; `none` is for ever."""
    audit_retention_days: float | None = 365.0
    """How long lines of the audit log are kept; `none` is for ever."""
    allowed_run_id_pattern: str = r"^[A-Za-z0-9_.~:+-]+$"
    """Regular expression that run ids given by people must match."""


@dataclass(frozen=True, kw_only=True)
class ProcessorSettings:
    """`[dag_processor]`: finding and parsing files."""

    parsing_processes: int = 2
    """Files that are parsed at once."""
    dag_file_processor_timeout_s: float = 50.0
    """Time after which the process that parses a file is killed."""
    dagbag_import_timeout_s: float = 30.0
    """Time that the import of one file may take."""
    scan_interval_s: float = 5.0
    """Stat scan of the DAG folder; file events only shorten the delay."""
    parse_memory_mb_max: int = 2048
    """Memory that the process that parses a file may take."""
    snapshots_kept_max: int = 50
    """Code snapshots that are kept beyond those that current DAGs, open runs and recent runs need."""


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """`[workers]`: worker hosts."""

    concurrency: int = 0
    """Attempts at once; 0 means `[core] parallelism`."""
    queues: tuple[str, ...] = ("default",)
    """Queues that a worker host takes attempts from, by commas."""
    templates_max: int = 16
    """Template processes kept (one per file and code version)."""
    template_memory_mb_max: int = 1024
    """Memory of all template processes together."""
    warm_children_max: int = 4
    """Warm children of one worker host."""
    warm_attempts_max: int = 1000
    """Attempts after which a warm child is replaced."""
    warm_memory_mb_max: int = 512
    """Memory at which a warm child is replaced."""
    heartbeat_s: float = 5.0
    """Time between two signs of life of a worker host; at most a third of the lease that the scheduler gives it."""
    secrets_backend: str = ""
    """Import path of the class that tasks ask for variables and connections; `[secrets] backend` when empty."""
    secrets_backend_kwargs: str = field(default="", repr=False)
    """Its arguments, a JSON object."""
    state_store_backend: str = ""
    """Import path of the class that keeps what tasks put in `task_state_store` and `asset_state_store`; the database does when empty."""


@dataclass(frozen=True, kw_only=True)
class TriggererSettings:
    """`[triggerer]`: triggerers, which run what deferred tasks wait for."""

    capacity: int = 1000
    """Triggers at once in one triggerer."""
    queues_enabled: bool = False
    """Whether a trigger goes to triggerers that serve the queue of its task, and to no others."""
    queues: tuple[str, ...] = ("default",)
    """Queues that a triggerer serves; `default` is also that of asset watchers."""
    heartbeat_s: float = 5.0
    """Time between two signs of life of a triggerer; at most a third of its lease."""
    blocked_warn_s: float = 0.5
    """A trigger that keeps the event loop for longer is named in the log."""
    blocked_max_s: float = 60.0
    """A trigger that keeps the event loop for longer fails its task, and the triggerer begins anew."""
    on_kill_timeout_s: float = 30.0
    """How long `on_kill` of a trigger may take."""
    shared_stream_subscriber_queue_size: int = 1024
    """Events of a shared stream that one of its triggers may be behind; one further behind fails."""
    shared_stream_ack_timeout_s: float = 300.0
    """How long a trigger may take to be done with an event of a shared stream whose source waits for it."""
    shared_stream_cohort_grace_period_s: float = 0.0
    """How long a new shared stream waits for more triggers before it reads."""


@dataclass(frozen=True, kw_only=True)
class XComSettings:
    """`[xcom]`: values passed between tasks."""

    threshold_bytes: int = 65_536
    """Larger values go to the object store."""
    object_store_url: str = ""
    """Folder, `s3://`, `gs://` or `az://` URL; `WINDWARD_HOME/xcom` when empty."""
    retention_days: float | None = 30.0
    """Age, from their run's end, at which values are deleted; DAGs may say otherwise. `none` is never."""


@dataclass(frozen=True, kw_only=True)
class LoggingSettings:
    """`[logging]`: logs of tasks and components."""

    base_log_folder: Path
    """Folder of all logs; `WINDWARD_HOME/logs` by default."""
    logging_level: str = "INFO"
    """`DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`."""
    json_logs: bool = False
    """Whether components log JSON lines instead of text."""
    remote_logging: bool = False
    """Whether logs of tasks are copied to `remote_base_log_folder` when their attempts have ended."""
    remote_base_log_folder: str = ""
    """Folder, `s3://`, `gs://` or `az://` URL of those copies."""
    delete_local_logs: bool = False
    """Whether the worker's own file is deleted after it was copied."""
    min_length_masked_secret: int = 5
    """Secrets shorter than this are not masked: too much text would be."""


@dataclass(frozen=True, kw_only=True)
class SecretsSettings:
    """`[secrets]`: where variables and connections are looked up before the environment and the database."""

    backend: str = ""
    """Import path of the class that DAG files and tasks ask, such as a provider's."""
    backend_kwargs: str = field(default="", repr=False)
    """Its arguments, a JSON object."""
    use_cache: bool = False
    """Whether its answers to one DAG file are kept for the next ones."""
    cache_ttl_seconds: float = 900.0
    """How long such an answer is kept."""


@dataclass(frozen=True, kw_only=True)
class StateStoreSettings:
    """`[state_store]`: small values that tasks keep."""

    clear_on_success: bool = False
    """Whether a task's values are deleted when it succeeds, or is marked so."""
    default_retention_days: int = 30
    """How long a value is kept that says nothing of it; 0 is as long as its run."""
    max_value_storage_bytes: int = 65_535
    """A longer value of a task is stored all the same, with a warning in its log, and refused by the API; 0 is no limit."""


@dataclass(frozen=True, kw_only=True)
class CallbackSettings:
    """`[callbacks]`: what is called when something ends, or is late."""

    callback_execution_timeout_s: float = 0.0
    """How long callbacks may take before they are stopped; 0: for ever in a process of their own, else ten minutes."""


@dataclass(frozen=True, kw_only=True)
class MetricsSettings:
    """`[metrics]`: figures for Prometheus, StatsD and OpenTelemetry; nothing is measured unless one of them is on."""

    prometheus_on: bool = False
    """Whether the API server shows the figures of all components at `/metrics`. Needs `windward[prometheus]`."""
    statsd_on: bool = False
    """Whether each component sends its figures to a StatsD server."""
    statsd_host: str = "localhost"
    """Name or address of that server."""
    statsd_port: int = 8125
    """Its UDP port."""
    statsd_prefix: str = "airflow"
    """First part of all names."""
    statsd_influxdb_enabled: bool = False
    """Whether labels are sent as tags in the way of InfluxDB, and not inside of names."""
    statsd_datadog_enabled: bool = False
    """The same in the way of Datadog."""
    otel_on: bool = False
    """Whether each component sends its figures by OTLP over HTTP. Needs `windward[otel]`."""
    otel_host: str = "localhost"
    """Name or address of the receiver, unless `OTEL_EXPORTER_OTLP_ENDPOINT` says where."""
    otel_port: int = 8889
    """Its port for HTTP, which is 4318 at most receivers."""
    otel_ssl_active: bool = False
    """Whether it is asked by HTTPS."""
    otel_prefix: str = "airflow"
    """First part of all names."""
    otel_service: str = "Airflow"
    """The attribute `service.name`, unless `OTEL_SERVICE_NAME` says it."""
    otel_interval_milliseconds: int = 60_000
    """Milliseconds between two exports, unless `OTEL_METRIC_EXPORT_INTERVAL` says it."""


@dataclass(frozen=True, kw_only=True)
class ApiSettings:
    """`[api]`: the API server."""

    host: str = "127.0.0.1"
    """Address that the API server binds to."""
    port: int = 8080
    """Port that the API server binds to."""
    base_url: str = ""
    """Address that people and links use; `http://HOST:PORT` when empty."""
    instance_name: str = ""
    """Name shown in the web interface."""
    secret_key: str = field(default="", repr=False)
    """Signs sessions and tokens; made at first start when empty."""
    expose_config: str = "false"
    """Whether the settings can be read over HTTP, which never shows secrets: `true`, `false` or `non-sensitive-only`."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, by commas."""


@dataclass(frozen=True, kw_only=True)
class AuthSettings:
    """`[api_auth]`: who may come in, and for how long."""

    manager: str = "accounts"
    """Who knows people: `accounts`, or the name of an entry point in `windward.auth_managers`."""
    session_lifetime_s: float = 604_800.0
    """How long a browser stays signed in at most."""
    session_idle_s: float = 86_400.0
    """How long a browser stays signed in that asks for nothing."""
    jwt_expiration_s: float = 86_400.0
    """How long a JWT of `/auth/token` counts."""
    jwt_cli_expiration_s: float = 3_600.0
    """How long a JWT of `/auth/token/cli` counts."""
    jwt_issuer: str = "windward"
    """Who JWTs say they are from."""
    jwt_audience: str = "windward"
    """Whom JWTs say they are for; give each installation that shares a secret key its own."""
    token_lifetime_days_max: float = 366.0
    """How long an API token may be made to last."""
    ticket_lifetime_s: float = 900.0
    """How long a link counts with which one signs in once."""
    login_tries_max: int = 10
    """Wrong passwords for one user name within `login_window_s`, before more are refused."""
    login_tries_per_address_max: int = 50
    """The same for one address, whatever the names."""
    login_window_s: float = 300.0
    """Time in which used-up tries come back."""
    new_user_role: str = ""
    """Role of somebody whom a proxy or an OIDC provider vouches for and who is not known yet; unknown people are refused when empty."""
    proxy_user_header: str = ""
    """Header in which a proxy of `[api] trusted_proxies` says who signed in, such as `X-Remote-User`; off when empty."""
    oidc_issuer: str = ""
    """URL of the OpenID Connect provider that people may sign in with; off when empty. Needs `windward[oidc]`."""
    oidc_client_id: str = ""
    """Name of this installation at the provider."""
    oidc_client_secret: str = field(default="", repr=False)
    """Its secret; empty for a public client."""
    oidc_scopes: tuple[str, ...] = ("openid", "profile", "email")
    """What the provider is asked for, by commas."""
    oidc_username_claim: str = "preferred_username"
    """Claim that becomes the user name."""
    oidc_groups_claim: str = "groups"
    """Claim with the groups of `oidc_roles`."""
    oidc_roles: tuple[str, ...] = ()
    """Roles by group, as `GROUP=ROLE`, by commas. With any, each login sets the user's roles by them."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All of it. `home` is `WINDWARD_HOME`."""

    home: Path
    core: CoreSettings
    database: DatabaseSettings
    scheduler: SchedulerSettings
    processor: ProcessorSettings
    workers: WorkerSettings
    xcom: XComSettings
    logging: LoggingSettings
    api: ApiSettings
    api_auth: AuthSettings = field(default_factory=AuthSettings)
    secrets: SecretsSettings = field(default_factory=SecretsSettings)
    triggerer: TriggererSettings = field(default_factory=TriggererSettings)
    state_store: StateStoreSettings = field(default_factory=StateStoreSettings)
    callbacks: CallbackSettings = field(default_factory=CallbackSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    origins: dict[str, str] = field(default_factory=dict)
    """`section.key` to where its value came from: `default`, a file, or the name of a variable."""
    warnings: tuple[str, ...] = ()
    """What a person should change, such as names of older Airflow versions; one line each."""
    ignored: tuple[str, ...] = ()
    """`AIRFLOW__…` variables that mean nothing here."""

    @property
    def run_folder(self) -> Path:
        """Folder of sockets and pid files."""
        return self.home / "run"
