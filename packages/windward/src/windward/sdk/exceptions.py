"""Airflow's exception classes: its names, its bases, its attributes; signals of a task and errors of an author.

What may not live here: exceptions that only Windward knows (`windward.errors`). Where both have a class for one thing
it is one class with both as bases, so an `except` of either kind catches it.
Longer than 400 lines because it is one table of names.

How a task's end follows from what it raises::

    AirflowSkipException                          skipped
    AirflowFailException, AirflowSensorTimeout    failed, no retry
    AirflowRescheduleException                    waits, the slot is given back
    TaskDeferred, TaskAwaitingInput               waits for a trigger or a person
    DownstreamTasksSkipped                        success, and the named tasks are skipped
    AirflowTaskTerminated                         failed
    anything else                                 retried while tries are left, then failed
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Sized
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from windward import errors


class AirflowException(Exception):
    """The base of Airflow's errors."""

    status_code = HTTPStatus.INTERNAL_SERVER_ERROR

    def serialize(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """Return the import path, the positional and the named arguments that make the exception again."""
        cls = type(self)
        return f"{cls.__module__}.{cls.__name__}", self.args, {}


class _Hinted(AirflowException, errors.UserError):
    """An Airflow error that is also a `UserError`: made the way Airflow makes it, with an optional hint."""

    def __init__(self, message: object = "", *args: object, hint: str = "") -> None:
        super().__init__(str(message), hint=hint)
        self.args = (message, *args)

    def __str__(self) -> str:
        return f"{self.message}\n\nhint: {self.hint}" if self.hint else self.message


class AirflowBadRequest(AirflowException):
    """A request that cannot be carried out as it is."""

    status_code = HTTPStatus.BAD_REQUEST


class AirflowNotFoundException(AirflowException, errors.NotFoundError):
    """What was named does not exist."""

    status_code = HTTPStatus.NOT_FOUND


class AirflowConfigException(_Hinted, errors.SettingsError):
    """A setting that cannot be used."""


class AirflowInternalRuntimeError(BaseException):
    """Our own bug, not to be caught by `except Exception`."""


class AirflowRuntimeError(Exception):
    """The execution service refused a call."""

    def __init__(self, error: Any) -> None:
        self.error = error
        super().__init__(str(getattr(error, "message", error)))


# Signals of a running task.


class AirflowSkipException(AirflowException):
    """Skip this task instance."""


class AirflowFailException(AirflowException):
    """Fail this task instance without another try."""


class AirflowSensorTimeout(AirflowException):
    """A sensor waited longer than its `timeout`."""


class AirflowRescheduleException(AirflowException):
    """Give the slot back and run again at `reschedule_date`."""

    def __init__(self, reschedule_date: datetime) -> None:
        super().__init__(reschedule_date)
        self.reschedule_date = reschedule_date


class AirflowTaskTimeout(BaseException):
    """The task ran longer than its `execution_timeout`; a `BaseException`, so that user code does not eat it."""


class AirflowTaskTerminated(BaseException):
    """The task's process was asked to stop."""


class TaskDeferred(BaseException):
    """Hand the wait to a trigger; `method_name` is called with its event."""

    def __init__(
        self,
        *,
        trigger: Any,
        method_name: str,
        kwargs: dict[str, Any] | None = None,
        timeout: timedelta | float | None = None,
    ) -> None:
        super().__init__()
        self.trigger = trigger
        self.method_name = method_name
        self.kwargs = kwargs
        self.timeout = timedelta(seconds=timeout) if isinstance(timeout, int | float) else timeout
        if self.timeout is not None and not isinstance(self.timeout, timedelta):
            raise ValueError("`timeout` of a deferral is a timedelta or a number of seconds")

    def serialize(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """Return the import path and the arguments that make the signal again."""
        cls = type(self)
        return (
            f"{cls.__module__}.{cls.__name__}",
            (),
            {
                "trigger": self.trigger,
                "method_name": self.method_name,
                "kwargs": self.kwargs,
                "timeout": self.timeout,
            },
        )

    def __repr__(self) -> str:
        return f"<TaskDeferred trigger={self.trigger} method={self.method_name}>"


class TaskAwaitingInput(BaseException):
    """Wait for a person's answer."""

    def __init__(
        self, *, method_name: str, kwargs: dict[str, Any] | None = None, timeout: timedelta | None = None
    ) -> None:
        super().__init__()
        self.method_name = method_name
        self.kwargs = kwargs
        self.timeout = timeout
        self.request: Any = None
        """The question, as a `windward.model.waits.InputRequest`; whoever raises it sets it."""


class TaskDeferralError(AirflowException):
    """A deferred task's trigger failed."""


class TaskDeferralTimeout(AirflowException):
    """A deferred task's trigger did not fire in time."""


class DownstreamTasksSkipped(AirflowException):
    """End well, and skip these downstream tasks: task ids, or pairs of task id and map index."""

    def __init__(self, *, tasks: Sequence[str | tuple[str, int]]) -> None:
        super().__init__(tasks)
        self.tasks = tasks
        self.return_value: Any = None
        """What the task returned; stored like any task's."""


class DagRunTriggerException(AirflowException):
    """End by creating a run of another DAG."""

    def __init__(
        self,
        *,
        trigger_dag_id: str,
        dag_run_id: str,
        conf: dict[str, Any] | None,
        logical_date: datetime | None,
        reset_dag_run: bool,
        skip_when_already_exists: bool,
        wait_for_completion: bool,
        allowed_states: list[str],
        failed_states: list[str],
        poke_interval: int,
        deferrable: bool,
        note: str | None = None,
        run_after: datetime | None = None,
    ) -> None:
        super().__init__()
        self.trigger_dag_id = trigger_dag_id
        self.dag_run_id = dag_run_id
        self.conf = conf
        self.logical_date = logical_date
        self.run_after = run_after
        self.reset_dag_run = reset_dag_run
        self.skip_when_already_exists = skip_when_already_exists
        self.wait_for_completion = wait_for_completion
        self.allowed_states = allowed_states
        self.failed_states = failed_states
        self.poke_interval = poke_interval
        self.deferrable = deferrable
        self.note = note


# XCom and mapping.


class XComNotFound(AirflowException):
    """An XCom was asked for that nobody pushed."""

    def __init__(self, dag_id: str, task_id: str, key: str) -> None:
        super().__init__()
        self.dag_id = dag_id
        self.task_id = task_id
        self.key = key

    def __str__(self) -> str:
        return f"DAG `{self.dag_id}` has no XCom `{self.key}` of task `{self.task_id}`"


class UnmappableOperator(AirflowException):
    """An operator that cannot be mapped was mapped."""


class XComForMappingNotPushed(AirflowException, TypeError):
    """A mapped task expands over a task that returned nothing."""

    def __init__(self, task_id: str = "", mapped_by: str = "") -> None:
        super().__init__()
        self.task_id = task_id
        self.mapped_by = mapped_by

    def __str__(self) -> str:
        if not self.task_id:
            return "the upstream of a mapped task returned nothing to expand over"
        return f"task `{self.task_id}` returned nothing, but `{self.mapped_by}` expands over it; return a list or a dict"


class UnmappableXComTypePushed(AirflowException, TypeError):
    """A mapped task expands over a value that is neither list nor dict."""

    def __init__(self, value: Any, *values: Any, task_id: str = "", mapped_by: str = "") -> None:
        super().__init__(value, *values)
        self.value = value
        self.task_id = task_id
        self.mapped_by = mapped_by

    def __str__(self) -> str:
        kinds = " of ".join(f"`{type(value).__qualname__}`" for value in reversed(self.args))
        if not self.task_id:
            return f"a mapped task expands over this return value, but it is {kinds}; return a list or a dict"
        return f"task `{self.task_id}` returned {kinds}, but `{self.mapped_by}` expands over it; return a list or a dict"


class UnmappableXComLengthPushed(AirflowException, ValueError):
    """A mapped task would have more instances than `[core] max_map_length` allows."""

    def __init__(self, value: Sized, max_length: int, *, task_id: str = "", mapped_by: str = "") -> None:
        super().__init__(value)
        self.value = value
        self.max_length = max_length
        self.task_id = task_id
        self.mapped_by = mapped_by

    def __str__(self) -> str:
        told = f"a mapped task expands over {len(self.value)} items"
        if self.task_id:
            told = f"task `{self.task_id}` returned {len(self.value)} items, and `{self.mapped_by}` expands over them"
        return f"{told}; `[core] max_map_length` allows {self.max_length}"


# What a DAG file gets wrong.


class ParamValidationError(_Hinted, errors.InvalidParamError, ValueError):
    """Params or conf do not fit their schema."""


class DuplicateTaskIdFound(_Hinted, errors.DuplicateTaskError):
    """One task id is used twice in a DAG."""


class TaskAlreadyInTaskGroup(AirflowException):
    """A task was put into a second task group."""

    def __init__(self, task_id: str, existing_group_id: str | None, new_group_id: str) -> None:
        super().__init__(task_id, new_group_id)
        self.task_id = task_id
        self.existing_group_id = existing_group_id
        self.new_group_id = new_group_id

    def __str__(self) -> str:
        group = (
            f"the task group `{self.existing_group_id}`" if self.existing_group_id else "the DAG's top level"
        )
        return f"task `{self.task_id}` already stands in {group}; it cannot join `{self.new_group_id}` too"


class AirflowDagCycleException(_Hinted, errors.DagCycleError):
    """Tasks of a DAG wait for each other."""


class AirflowDagInconsistent(AirflowException):
    """A DAG's settings contradict each other."""


class AirflowDagDuplicatedIdException(AirflowException):
    """Two files declare one DAG id."""

    def __init__(self, dag_id: str, incoming: str, existing: str) -> None:
        super().__init__(dag_id, incoming, existing)
        self.dag_id = dag_id
        self.incoming = incoming
        self.existing = existing

    def __str__(self) -> str:
        return f"`{self.incoming}` declares DAG `{self.dag_id}`, which `{self.existing}` declares too"


class AirflowTimetableInvalid(_Hinted, errors.InvalidCronError):
    """A schedule that cannot be read, or that never fires."""


class AirflowClusterPolicyViolation(AirflowException):
    """A DAG or task breaks a rule of the deployment."""


class AirflowClusterPolicySkipDag(AirflowException):
    """A rule of the deployment leaves this DAG out."""


class AirflowClusterPolicyError(AirflowException):
    """A rule of the deployment failed itself."""


class FailFastDagInvalidTriggerRule(AirflowException):
    """A `fail_fast` DAG has a task whose trigger rule cannot go with it."""

    _allowed_rules = ("all_success", "all_done_setup_success")

    @classmethod
    def check(cls, *, fail_fast: bool = False, trigger_rule: str = "all_success", **renamed: bool) -> None:
        """Raise when a DAG with `fail_fast` (2.x: `fail_stop`, `dag`) has a task of another rule."""
        if (fail_fast or any(renamed.values())) and trigger_rule not in cls._allowed_rules:
            raise cls

    def __str__(self) -> str:
        return "a DAG with `fail_fast=True` may only have tasks with the trigger rule `all_success`"


FailStopDagInvalidTriggerRule = FailFastDagInvalidTriggerRule
DagInvalidTriggerRule = FailFastDagInvalidTriggerRule


class InvalidStatsNameException(AirflowException):
    """A metric name that cannot be used."""


class SerializationError(AirflowException):
    """A DAG that cannot be written as a document."""


class ConnectionNotUnique(AirflowException):
    """Several connections have one id."""


class PoolNotFound(AirflowNotFoundException):
    """A pool that does not exist."""


class FileSyntaxError:
    """A line of a file that cannot be read."""

    def __init__(self, line_no: int | None, message: str) -> None:
        self.line_no = line_no
        self.message = message

    def __str__(self) -> str:
        return f"line {self.line_no}: {self.message}"


class AirflowFileParseException(AirflowException):
    """A file of connections or variables that cannot be read."""

    def __init__(self, msg: str, file_path: str, parse_errors: Collection[FileSyntaxError]) -> None:
        super().__init__(msg)
        self.msg = msg
        self.file_path = file_path
        self.parse_errors = list(parse_errors)

    def __str__(self) -> str:
        lines = "\n".join(f"  {error}" for error in self.parse_errors)
        return f"{self.msg}\n`{self.file_path}` cannot be read:\n{lines}"


class AirflowUnsupportedFileTypeException(AirflowException):
    """A file of connections or variables in an unknown format."""


# What was asked for is not there, or already is.


class DagNotFound(AirflowNotFoundException):
    """A DAG that does not exist."""


class DagCodeNotFound(AirflowNotFoundException):
    """A DAG without stored code."""


class DagRunNotFound(AirflowNotFoundException):
    """A run that does not exist."""


class DagRunAlreadyExists(AirflowBadRequest):
    """A run of that id or logical date exists."""

    def __init__(self, dag_run: Any = None, *args: object, **_fields: object) -> None:
        self.dag_run = dag_run
        run_id = getattr(dag_run, "run_id", dag_run)
        super().__init__(f"DAG `{getattr(dag_run, 'dag_id', '')}` already has the run `{run_id}`", *args)


class DagFileExists(AirflowBadRequest):
    """A DAG file of that name exists."""


class TaskNotFound(AirflowNotFoundException, _Hinted, errors.UnknownTaskError):
    """A task id that the DAG does not have."""


class NodeNotFound(TaskNotFound):
    """A task or group id that the DAG does not have."""


class TaskInstanceNotFound(AirflowNotFoundException):
    """A task instance that does not exist."""


class NotMapped(Exception):
    """A task that is not mapped was taken for one that is."""


class TaskAlreadyRunningError(AirflowException):
    """A task instance that runs already was to be started."""


class AirflowClearRunningTaskException(AirflowException):
    """A running task instance was to be cleared where that is not allowed."""


class DagRunTypeNotAllowed(AirflowException):
    """The DAG does not allow runs of this type."""


class DagNotPartitionedError(ValueError):
    """A partition was asked of a DAG without partitions."""


class InvalidPartitionKeyError(ValueError):
    """A partition key that cannot be used."""


class DeserializationError(Exception):
    """A document that cannot be read as a DAG."""


class VariableNotUnique(AirflowException):
    """Several variables have one key."""


class AirflowSecretsBackendAccessDenied(PermissionError):
    """A secrets backend refused to answer."""


class DagConcurrencyLimitReached(AirflowException):
    """A DAG has no place for a further task (2.x)."""


class TaskConcurrencyLimitReached(AirflowException):
    """A task has no place for a further instance (2.x)."""


class NoAvailablePoolSlot(AirflowException):
    """A pool has no free slot (2.x)."""


class BackfillUnfinished(AirflowException):
    """A backfill of 1.10 or 2.x ended with work left."""

    def __init__(self, message: str, ti_status: Any) -> None:
        super().__init__(message)
        self.ti_status = ti_status


class AirflowOptionalProviderFeatureException(AirflowException):
    """A feature needs a package that is not installed."""


class AirflowInactiveAssetInInletOrOutletException(AirflowFailException):
    """A task reads or writes an asset that is not active."""

    def __init__(self, inactive_asset_keys: Collection[Any] = ()) -> None:
        super().__init__(inactive_asset_keys)
        self.inactive_asset_keys = inactive_asset_keys


class AirflowWebServerException(AirflowException):
    """The web server failed."""


class AirflowWebServerTimeout(AirflowException):
    """The web server did not answer in time."""


class DeserializingResultError(ValueError):
    """The result of a task in another interpreter cannot be read."""


class UnknownExecutorException(ValueError):
    """An executor that does not exist."""


class PodMutationHookException(AirflowException):
    """The deployment's pod hook failed."""


class PodReconciliationError(AirflowException):
    """A pod template and its overrides cannot be made one."""


class RemovedInAirflow3Warning(DeprecationWarning):
    """What is used was removed in Airflow 3; Windward keeps it."""

    deprecated_provider_since: str | None = None
    deprecated_since: str | None = None


class RemovedInAirflow4Warning(DeprecationWarning):
    """What is used will be removed in Airflow 4."""

    deprecated_since: str | None = None


class AirflowProviderDeprecationWarning(DeprecationWarning):
    """What is used will be removed from its provider."""

    deprecated_provider_since: str | None = None
