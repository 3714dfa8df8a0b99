"""The shape of a serialized DAG. Everything the control plane may know of a DAG file is here.

A document is plain JSON with a schema version. Durations are seconds, times are aware UTC datetimes.
Fields that only people look at (docs, colours, owners) are kept too: the API never imports the file.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from windward.document.assets import AliasDocument, AssetDocument
from windward.document.expansion import Expansion
from windward.model.states import Isolation, Semantics, TriggerRule, WeightRule
from windward.timetable.conditions import Leaf
from windward.timetable.schedule import NullSchedule, Schedule

SCHEMA_VERSION = 1


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all parts: defaults are left out of the JSON, so that documents stay small."""


class ParamDocument(_Part, frozen=True):
    """One param of a DAG or task: its default (when it has one), description and JSON schema.

    `place` is where its author put it among the others: names are sorted in a document.
    """

    has_default: bool = False
    default: Any = None
    description: str | None = None
    schema: dict[str, Any] = {}
    place: int = 0


class EdgeDocument(_Part, frozen=True):
    """A label on an edge."""

    upstream: str
    downstream: str
    label: str


class GroupDocument(_Part, frozen=True):
    """A task group. `group_id` is the full id, `parent` the full id of the group around it."""

    group_id: str
    parent: str | None = None
    label: str = ""
    tooltip: str = ""
    doc_md: str | None = None
    ui_color: str = ""
    ui_fgcolor: str = ""
    expansion: Expansion | None = None


class StartTrigger(_Part, frozen=True):
    """The trigger in which a task begins, without a worker; the bytes are packed values."""

    class_path: str
    next_method: str
    kwargs: bytes
    next_kwargs: bytes
    timeout_s: float | None = None
    template_fields: tuple[str, ...] = ()
    """Attributes of the trigger that hold templates: the triggerer renders them."""


class ExternalMark(_Part, frozen=True):
    """A task of another DAG that is cleared together with this one; the texts may be templates."""

    dag_id: str
    task_id: str
    logical_date: str
    recursion_depth: int = 10


class TaskDocument(_Part, frozen=True):
    """A task. `upstream` holds the full ids of its direct upstream tasks, sorted."""

    task_id: str
    operator: str
    """Class name, as shown."""
    operator_module: str = ""
    label: str = ""
    """Id without the group's prefix."""
    display_name: str | None = None
    group_id: str | None = None
    upstream: tuple[str, ...] = ()
    trigger_rule: TriggerRule = TriggerRule.ALL_SUCCESS

    retries: int = 0
    retry_delay_s: float = 300.0
    retry_backoff: float = 0.0
    """Multiplier of the exponential back-off; 0 is off."""
    retry_delay_max_s: float | None = None
    retry_backoff_max_s: float = 86_400.0
    """Where the installation ends every back-off."""
    execution_timeout_s: float | None = None

    depends_on_past: bool = False
    ignore_first_depends_on_past: bool = True
    wait_for_downstream: bool = False
    wait_for_past_depends_before_skipping: bool = False
    start_date: datetime | None = None
    end_date: datetime | None = None

    pool: str = "default_pool"
    pool_slots: int = 1
    priority_weight: int = 1
    weight_rule: WeightRule = WeightRule.DOWNSTREAM
    retry_weights: tuple[int, ...] = ()
    """Effective priorities of the second try and those after it, the last one for all more; empty: as the first."""
    max_active_tis_per_dag: int | None = None
    max_active_tis_per_dagrun: int | None = None
    queue: str = "default"
    retry_queues: tuple[str, ...] = ()
    """Queues of the second try and those after it, the last one for all more; empty: `queue`. A policy may say so."""
    executor: str | None = None
    executor_config: dict[str, Any] = {}
    isolation: Isolation = Isolation.ISOLATED
    run_as_user: str | None = None

    is_inline: bool = False
    """Nothing to run: the scheduler itself finishes it."""
    is_setup: bool = False
    is_teardown: bool = False
    on_failure_fail_dagrun: bool = False
    expansion: Expansion | None = None
    """Set for a mapped task. A task inside a mapped group has None; see `mapped_group`."""
    start_trigger: StartTrigger | None = None
    """Set for a task that begins in a trigger; a mapped one always begins on a worker."""
    mapped_group: str | None = None
    """Full id of the mapped group the task is in."""
    map_index_template: str | None = None
    do_xcom_push: bool = True
    multiple_outputs: bool = False
    callbacks: tuple[str, ...] = ()
    """Which of `execute`, `success`, `failure`, `retry`, `skipped` are set."""
    mails_on: tuple[str, ...] = ()
    """Upon which of `failure` and `retry` its addresses get a mail."""
    sla_s: float | None = None
    inlets: tuple[Leaf, ...] = ()
    """Assets and aliases that the task reads."""
    outlets: tuple[Leaf, ...] = ()
    """Assets that the task writes when it succeeds, and aliases through which it may write any."""

    owner: str = "airflow"
    email: tuple[str, ...] = ()
    params: dict[str, ParamDocument] = {}
    template_fields: dict[str, Any] = {}
    """Name to the unrendered value, as JSON (a representation when it is not JSON-able)."""
    template_renderers: dict[str, str] = {}
    ui_color: str = "#fff"
    ui_fgcolor: str = "#000"
    doc_md: str | None = None
    extra_links: tuple[str, ...] = ()
    link_keys: tuple[str, ...] = ()
    """Keys of the XComs that hold the addresses of `extra_links`, in their order."""
    marks: ExternalMark | None = None

    def weight_of(self, try_number: int, first: int) -> int:
        """Return the effective priority of a try; the first is 1, and has what its relatives make of it."""
        if try_number <= 1 or not self.retry_weights:
            return first
        return self.retry_weights[min(try_number - 2, len(self.retry_weights) - 1)]

    def queue_of(self, try_number: int) -> str:
        """Return the queue that a try waits in; the first is 1."""
        if try_number <= 1 or not self.retry_queues:
            return self.queue
        return self.retry_queues[min(try_number - 2, len(self.retry_queues) - 1)]


class DeadlineDocument(_Part, frozen=True):
    """A time by which a run ought to be over: `reference` plus the interval. What is called then, the file knows."""

    reference: Literal["logical_date", "queued_at", "fixed", "average_runtime", "custom"]
    """`custom` is an author's class: a worker is asked what it says of a run."""
    name: str | None = None
    at: datetime | None = None
    """The time of a `fixed` reference."""
    interval_s: float = 0.0
    interval_variable: str | None = None
    """Name of the variable that holds the interval in seconds, instead of `interval_s`."""
    runs_max: int = 10
    """How many of the last runs an average is made of, at most and at least."""
    runs_min: int = 10
    custom_name: str | None = None
    """What a `custom` reference is called."""
    is_asked_when_queued: bool = False
    """Whether a `custom` reference is asked again when the run is cleared."""


class DagDocument(_Part, frozen=True):
    """A DAG. `tasks` are in topological order."""

    dag_id: str
    fileloc: str
    """Path of the file relative to the DAG folder, with `/`; inside a zip: `pack.zip/inner.py`."""
    code_hash: str = ""
    """Names the code snapshot that a run of this document executes."""
    schema_version: int = SCHEMA_VERSION
    display_name: str | None = None
    description: str | None = None
    doc_md: str | None = None
    semantics: Semantics = Semantics.AIRFLOW3
    semantics_reason: str = ""
    timezone: str = "UTC"
    schedule: Schedule = NullSchedule()
    schedule_text: str | None = None
    """What the author wrote, as text."""
    start_date: datetime | None = None
    end_date: datetime | None = None
    catchup: bool = False
    is_catchup_explicit: bool = False
    max_active_runs: int = 16
    max_active_tasks: int = 16
    """Per run with `airflow3` semantics, per DAG with `airflow2`."""
    max_consecutive_failed_dag_runs: int = 0
    dagrun_timeout_s: float | None = None
    deadlines: tuple[DeadlineDocument, ...] = ()
    fail_fast: bool = False
    is_paused_upon_creation: bool | None = None
    render_template_as_native_obj: bool = False
    template_searchpath: tuple[str, ...] = ()
    default_args: dict[str, Any] = {}
    """What tasks take that do not say otherwise, as JSON to look at: the tasks hold what came of it."""
    callbacks: tuple[str, ...] = ()
    """Which of `success`, `failure` and `sla_miss` are set at DAG level, and what of runs the deployment's listeners hear.

    Those are `success`, `failure` and `running`.
    """
    allowed_run_types: tuple[str, ...] | None = None
    tags: tuple[str, ...] = ()
    owner_links: dict[str, str] = {}
    access_control: dict[str, dict[str, tuple[str, ...]]] = {}
    """By role: what its holders can do to the DAG, and to its runs, in Airflow's words."""
    params: dict[str, ParamDocument] = {}
    tasks: tuple[TaskDocument, ...] = ()
    groups: tuple[GroupDocument, ...] = ()
    edges: tuple[EdgeDocument, ...] = ()
    assets: tuple[AssetDocument, ...] = ()
    """Those that the schedule and the tasks name, by name and URI."""
    aliases: tuple[AliasDocument, ...] = ()
    warnings: tuple[str, ...] = ()
    """What the author should look at, from deprecated names to unknown pools."""
    xcom_retention_days: float | None = None
