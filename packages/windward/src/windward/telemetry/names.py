"""Names of all metrics, with what they say and by which labels. Airflow's where the thing is the same.

`path` is the name for those who know no labels: StatsD without tags. Durations are seconds here; StatsD is told
milliseconds. Metrics of ours alone begin with `windward.`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """How values of one metric go together."""

    COUNTER = "counter"
    """They are added up."""
    GAUGE = "gauge"
    """The newest counts."""
    TIMER = "timer"
    """Each counts, by how long it is."""


class Metric(NamedTuple):
    """One metric."""

    name: str
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()
    path: str = ""
    """Name with its labels inside, as `{label}`; the name itself when empty."""


Teller = Callable[[float], None]
"""Takes values of one metric with one set of labels: how much to add, what a gauge shows, or seconds."""

_C, _G, _T = Kind.COUNTER, Kind.GAUGE, Kind.TIMER
_TASK = ("dag_id", "task_id")

SCHEDULER_HEARTBEAT = Metric("scheduler_heartbeat", _C, "Signs of life of schedulers.")
SCHEDULER_LOOP = Metric("scheduler.scheduler_loop_duration", _T, "How long a pass of the scheduler took.")
TASKS_EXECUTABLE = Metric(
    "scheduler.tasks.executable", _G, "Task instances that got a slot since the last look."
)
TASKS_STARVING = Metric("scheduler.tasks.starving", _G, "Task instances that wait for nothing but a slot.")
RUNS_RUNNING = Metric("scheduler.dagruns.running", _G, "Runs in progress.")
TASKS_LOST = Metric(
    "task_instances_without_heartbeats_killed", _C, "Attempts that were lost with the host that had them."
)
TI_START = Metric("ti.start", _C, "Attempts that were started.", _TASK, "ti.start.{dag_id}.{task_id}")
TI_FINISH = Metric(
    "ti.finish", _C, "Task instances that came to an end, by the state they ended in.",
    (*_TASK, "state"), "ti.finish.{dag_id}.{task_id}.{state}",
)  # fmt: skip
TI_SUCCESSES = Metric("ti_successes", _C, "Task instances that succeeded.")
TI_FAILURES = Metric("ti_failures", _C, "Task instances that failed.")
TASK_DURATION = Metric(
    "task.duration", _T, "How long an attempt ran.", _TASK, "dag.{dag_id}.{task_id}.duration"
)
TASK_QUEUED = Metric(
    "task.queued_duration", _T, "How long an attempt waited between its slot and its start.",
    _TASK, "dag.{dag_id}.{task_id}.queued_duration",
)  # fmt: skip
RUN_SUCCESS = Metric(
    "dagrun.duration.success", _T, "How long a run took that succeeded.",
    ("dag_id",), "dagrun.duration.success.{dag_id}",
)  # fmt: skip
RUN_FAILED = Metric(
    "dagrun.duration.failed", _T, "How long a run took that failed.",
    ("dag_id",), "dagrun.duration.failed.{dag_id}",
)  # fmt: skip
SCHEDULE_DELAY = Metric(
    "dagrun.schedule_delay", _T, "How long after its time a run started.",
    ("dag_id",), "dagrun.schedule_delay.{dag_id}",
)  # fmt: skip
EXECUTOR_OPEN = Metric("executor.open_slots", _G, "Slots that the executor has free.")
EXECUTOR_QUEUED = Metric("executor.queued_tasks", _G, "Attempts that wait for their start.")
EXECUTOR_RUNNING = Metric("executor.running_tasks", _G, "Attempts that run.")
POOL_OPEN = Metric(
    "pool.open_slots", _G, "Free slots of a pool.", ("pool_name",), "pool.open_slots.{pool_name}"
)
POOL_QUEUED = Metric(
    "pool.queued_slots", _G, "Slots of a pool that queued attempts have.",
    ("pool_name",), "pool.queued_slots.{pool_name}",
)  # fmt: skip
POOL_RUNNING = Metric(
    "pool.running_slots", _G, "Slots of a pool that running attempts have.",
    ("pool_name",), "pool.running_slots.{pool_name}",
)  # fmt: skip
POOL_DEFERRED = Metric(
    "pool.deferred_slots", _G, "Slots of a pool that deferred instances would have.",
    ("pool_name",), "pool.deferred_slots.{pool_name}",
)  # fmt: skip
POOL_STARVING = Metric(
    "pool.starving_tasks", _G, "Task instances that wait for nothing but a slot, by their pool.",
    ("pool_name",), "pool.starving_tasks.{pool_name}",
)  # fmt: skip
TRIGGERER_HEARTBEAT = Metric("triggerer_heartbeat", _C, "Signs of life of triggerers.")
TRIGGERS_RUNNING = Metric(
    "triggers.running", _G, "Triggers that run on a machine.", ("hostname",), "triggers.running.{hostname}"
)
TRIGGERER_LEFT = Metric(
    "triggerer.capacity_left", _G, "Triggers that a machine's triggerers could take.",
    ("hostname",), "triggerer.capacity_left.{hostname}",
)  # fmt: skip
TRIGGERS_SUCCEEDED = Metric("triggers.succeeded", _C, "Triggers that fired what their task waited for.")
TRIGGERS_FAILED = Metric("triggers.failed", _C, "Triggers that failed, or ended without an event.")
TRIGGERS_BLOCKED = Metric(
    "triggers.blocked_main_thread", _C, "How often a trigger kept the event loop for too long."
)

PROCESSOR_HEARTBEAT = Metric("dag_processor_heartbeat", _C, "Signs of life of DAG processors.")
FILE_DURATION = Metric(
    "dag_processing.last_duration", _T, "How long a DAG file took to be read.",
    ("file_name",), "dag_processing.last_duration.{file_name}",
)  # fmt: skip
IMPORT_ERRORS = Metric("dag_processing.import_errors", _G, "DAG files that cannot be read.")
DAGBAG_SIZE = Metric("dagbag_size", _G, "DAG files that are known.")

_OPERATION = ("operation", "method")
API_REQUESTS = Metric(
    "windward.api.requests", _C, "Requests that the API server answered, by the class of the status.",
    (*_OPERATION, "status"), "windward.api.requests.{operation}.{method}.{status}",
)  # fmt: skip
API_DURATION = Metric(
    "windward.api.request_duration", _T, "How long a request took, to the last byte of its answer.",
    _OPERATION, "windward.api.request_duration.{operation}.{method}",
)  # fmt: skip
API_IN_FLIGHT = Metric("windward.api.requests_in_flight", _G, "Requests that are not answered yet.")

SERIES_DROPPED = Metric(
    "windward.metrics.series_dropped",
    _C,
    "Values that were not kept: there are too many combinations of labels.",
)

METRICS: tuple[Metric, ...] = tuple(value for value in dict(globals()).values() if isinstance(value, Metric))
"""All of them."""
