"""`ExternalTaskSensor` waits for another DAG; `ExternalTaskMarker` says which of its tasks are cleared with this one.

What the other DAG's state means is in `windward.sdk.external`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from windward.model.states import RunState, TaskState
from windward.protocol.calls import DagAnswer, FindDag
from windward.sdk import bridge, deprecations
from windward.sdk.call_arguments import keyword_arguments
from windward.sdk.compat.links import BaseOperatorLink
from windward.sdk.configuration import conf
from windward.sdk.exceptions import AirflowException, AirflowSkipException
from windward.sdk.external import Target, Verdict, judge, look
from windward.sdk.operators.empty import EmptyOperator
from windward.sdk.sensor import BaseSensorOperator
from windward.sdk.triggering import run_url

TASK_STATES = frozenset(map(str, TaskState))
RUN_STATES = frozenset(map(str, RunState))
RECURSION_MAX = 10


class ExternalTaskSensorException(AirflowException):
    """What an external task sensor ends by."""


class DuplicateStateError(ExternalTaskSensorException, ValueError):
    """One state is allowed and forbidden at once."""


class ExternalDagNotFoundError(ExternalTaskSensorException):
    """The DAG to wait for does not exist."""


class ExternalDagDeletedError(ExternalDagNotFoundError):
    """The file of the DAG to wait for is gone."""


class ExternalTaskNotFoundError(ExternalTaskSensorException):
    """The task to wait for does not exist."""


class ExternalTaskGroupNotFoundError(ExternalTaskSensorException):
    """The task group to wait for does not exist."""


class ExternalDagFailedError(ExternalTaskSensorException):
    """The run that was waited for is in one of `failed_states`."""


class ExternalTaskFailedError(ExternalTaskSensorException):
    """A task that was waited for is in one of `failed_states`."""


class ExternalTaskGroupFailedError(ExternalTaskSensorException):
    """A task of the group that was waited for is in one of `failed_states`."""


class ExternalDagLink(BaseOperatorLink):
    """Leads from a sensor or a marker to the other DAG."""

    name = "External DAG"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address of the other DAG's run of the same id."""
        return run_url("", operator.external_dag_id, ti_key.run_id)


ExternalTaskSensorLink = ExternalDagLink
"""The name of early 2.x."""


class ExternalTaskSensor(BaseSensorOperator):
    """Wait for tasks, a task group, or a whole run of another DAG, of the same logical date unless told otherwise.

    Args:
        external_dag_id: the DAG to wait for.
        external_task_id: one task to wait for; `external_task_ids` several of them, `external_task_group_id` all
            tasks of a group. Without any of the three the run as a whole is waited for.
        allowed_states: states in which the wait is over; `success` by default.
        skipped_states: states in which this sensor is skipped.
        failed_states: states in which it fails; without any it goes on waiting.
        execution_delta: how much earlier the other logical date is than the own one.
        execution_date_fn: gives the logical date, or a list of them, from the own one and values of the context.
        check_existence: fail at once when there is no such DAG, task or group.
        deferrable: wait in the triggerer, without a slot.
    """

    template_fields: Sequence[str] = (
        "external_dag_id", "external_task_id", "external_task_ids", "external_task_group_id",
    )  # fmt: skip
    ui_color = "#4db7db"
    operator_extra_links: Any = (ExternalDagLink(),)

    def __init__(
        self,
        *,
        external_dag_id: str,
        external_task_id: str | None = None,
        external_task_ids: Collection[str] | None = None,
        external_task_group_id: str | None = None,
        allowed_states: Iterable[str] | None = None,
        skipped_states: Iterable[str] | None = None,
        failed_states: Iterable[str] | None = None,
        execution_delta: timedelta | None = None,
        execution_date_fn: Callable[..., Any] | None = None,
        check_existence: bool = False,
        poll_interval: float | None = None,
        deferrable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        if poll_interval is not None:
            deprecations.warn("`poll_interval` of `ExternalTaskSensor` is now called `poke_interval`")
            kwargs.setdefault("poke_interval", poll_interval)
        super().__init__(**kwargs)
        self.allowed_states = _states(allowed_states) or [str(TaskState.SUCCESS)]
        self.skipped_states = _states(skipped_states)
        self.failed_states = _states(failed_states)
        given = [external_task_id is not None, bool(external_task_ids), external_task_group_id is not None]
        if sum(given) > 1:
            raise ValueError(
                f"sensor `{self.task_id}`: only one of `external_task_id`, `external_task_ids` and "
                "`external_task_group_id` may be given"
            )
        if execution_delta is not None and execution_date_fn is not None:
            raise ValueError(
                f"sensor `{self.task_id}`: only one of `execution_delta` and `execution_date_fn` may be given"
            )
        self._check_states(for_tasks=any(given))
        self.external_dag_id = external_dag_id
        self.external_task_id = external_task_id
        self.external_task_ids: Any = external_task_ids or None
        if external_task_id is not None:
            self.external_task_ids = [external_task_id]
        self.external_task_group_id = external_task_group_id
        self.execution_delta = execution_delta
        self.execution_date_fn = execution_date_fn
        self.check_existence = check_existence
        if deferrable is None:
            deferrable = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = deferrable
        self.external_dates_filter: str | None = None
        self._has_checked = False
        self._has_hinted = False

    def execute(self, context: Any) -> Any:
        """Wait here, or in the triggerer."""
        if not self.deferrable:
            return super().execute(context)
        from windward.sdk.triggers.external_task import WorkflowTrigger  # only sensors that defer need it

        dates = self._begin(context)
        return self.defer(
            timeout=timedelta(seconds=self.timeout),
            trigger=WorkflowTrigger(
                external_dag_id=self.external_dag_id,
                external_task_ids=self.external_task_ids,
                external_task_group_id=self.external_task_group_id,
                allowed_states=self.allowed_states,
                skipped_states=self.skipped_states,
                failed_states=self.failed_states,
                poke_interval=self.poke_interval,
                soft_fail=self.soft_fail,
                logical_dates=dates,
            ),
            method_name="execute_complete",
        )

    def execute_complete(self, context: Any, event: dict[str, Any] | None = None) -> None:
        """End as the trigger saw it."""
        del context
        status = (event or {}).get("status")
        if status not in set(Verdict):
            raise ExternalTaskNotFoundError(
                f"DAG `{self.external_dag_id}` could not be looked at: {(event or {}).get('message', event)}"
            )
        self._end(Verdict(str(status)))

    def poke(self, context: Any) -> bool:
        """Look once."""
        dates = self._begin(context)
        self.log.info("Poking for %s on %s", self._what(), self.external_dates_filter)
        service = bridge.current_bridge(purpose="`ExternalTaskSensor`")
        seen = look(service, self._target(), dates=dates)
        if not seen.is_complete:
            self._hint(context, dates)
        return self._end(
            judge(seen, allowed=self.allowed_states, failed=self.failed_states, skipped=self.skipped_states)
        )

    def _begin(self, context: Any) -> list[datetime]:
        if self.external_task_ids and len(self.external_task_ids) > len(set(self.external_task_ids)):
            raise ValueError("Duplicate task_ids passed in external_task_ids parameter")
        dates = self._dates(context)
        self.external_dates_filter = ",".join(date.isoformat() for date in dates)
        if self.check_existence and not self._has_checked:
            self._has_checked = True
            self._check_existence()
        return dates

    def _dates(self, context: Any) -> list[datetime]:
        own = context.get("logical_date") or getattr(context.get("dag_run"), "run_after", None)
        if own is None:
            raise ValueError(f"sensor `{self.task_id}`: the run has neither a logical date nor `run_after`")
        if self.execution_delta is not None:
            return [_utc(own - self.execution_delta)]
        if self.execution_date_fn is None:
            return [_utc(own)]
        named = keyword_arguments(self.execution_date_fn, (own,), context)
        found = self.execution_date_fn(own, **named)
        return [_utc(date) for date in (found if isinstance(found, list | tuple) else [found])]

    def _target(self) -> Target:
        return Target(
            dag_id=self.external_dag_id,
            task_ids=tuple(self.external_task_ids) if self.external_task_ids else None,
            group_id=self.external_task_group_id,
        )

    def _what(self) -> str:
        if self.external_task_ids:
            return f"tasks {list(self.external_task_ids)} in dag {self.external_dag_id}"
        if self.external_task_group_id:
            return f"task_group '{self.external_task_group_id}' in dag '{self.external_dag_id}'"
        return f"DAG '{self.external_dag_id}'"

    def _end(self, verdict: Verdict) -> bool:
        match verdict:
            case Verdict.SUCCESS:
                return True
            case Verdict.WAITING:
                return False
            case Verdict.SKIPPED:
                raise AirflowSkipException(f"{self._what()} is in one of {self.skipped_states}. Skipping.")
            case Verdict.FAILED:
                if self.soft_fail:
                    raise AirflowSkipException(f"{self._what()} failed. Skipping due to soft_fail.")
                raise self._failure()(f"{self._what()} is in one of {self.failed_states}.")

    def _failure(self) -> type[ExternalTaskSensorException]:
        if self.external_task_ids:
            return ExternalTaskFailedError
        return ExternalTaskGroupFailedError if self.external_task_group_id else ExternalDagFailedError

    def _check_existence(self) -> None:
        found = _ask(self.external_dag_id)
        if not found.is_known:
            raise ExternalDagNotFoundError(f"The external DAG {self.external_dag_id} does not exist.")
        for task_id in self.external_task_ids or ():
            if task_id not in found.task_ids:
                raise ExternalTaskNotFoundError(
                    f"The external task {task_id} in DAG {self.external_dag_id} does not exist."
                )
        group_id = self.external_task_group_id
        if group_id is not None and group_id not in found.group_ids:
            raise ExternalTaskGroupNotFoundError(
                f"The external task group '{group_id}' in DAG '{self.external_dag_id}' does not exist."
            )

    def _hint(self, context: Any, dates: list[datetime]) -> None:
        """Say once when the wait is likely to be in vain."""
        if self._has_hinted or context.get("task_reschedule_count"):
            return
        self._has_hinted = True
        found = _ask(self.external_dag_id, dates)
        if not found.is_known:
            self.log.warning("There is no DAG %s yet", self.external_dag_id)
        elif found.mismatch:
            self.log.warning("%s. Set `execution_delta` or `execution_date_fn`.", found.mismatch)

    def _check_states(self, *, for_tasks: bool) -> None:
        states = [*self.allowed_states, *self.skipped_states, *self.failed_states]
        if len(set(states)) != len(states):
            raise DuplicateStateError(
                f"sensor `{self.task_id}`: a state stands in two of allowed_states, skipped_states and failed_states"
            )
        valid, what = (TASK_STATES, "tasks") if for_tasks else (RUN_STATES, "DAG runs")
        unknown = sorted(set(states) - valid)
        if unknown:
            raise ValueError(
                f"sensor `{self.task_id}`: Valid values for `allowed_states`, `skipped_states` and "
                f"`failed_states` of {what} are {sorted(valid)}, not {unknown}"
            )


class ExternalTaskMarker(EmptyOperator):
    """Say that a task of another DAG depends on this one: `windward tasks clear --recursive` clears it with this.

    Args:
        external_dag_id: the other DAG.
        external_task_id: its task that depends on this one.
        logical_date: the logical date of its run; the own one by default.
        recursion_depth: how many markers may be followed from here, one from the next.
    """

    template_fields: Sequence[str] = ("external_dag_id", "external_task_id", "logical_date")
    ui_color = "#4db7db"
    operator_extra_links: Any = (ExternalDagLink(),)

    def __init__(
        self,
        *,
        external_dag_id: str,
        external_task_id: str,
        logical_date: str | datetime | None = "{{ logical_date.isoformat() }}",
        execution_date: str | datetime | None = None,
        recursion_depth: int = RECURSION_MAX,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if execution_date is not None:
            deprecations.warn("`execution_date` of `ExternalTaskMarker` is now called `logical_date`")
            logical_date = execution_date
        if isinstance(logical_date, datetime):
            logical_date = logical_date.isoformat()
        if not isinstance(logical_date, str):
            raise TypeError(
                f"Expected str or datetime.datetime type for logical_date. Got {type(logical_date)}"
            )
        if recursion_depth <= 0:
            raise ValueError("recursion_depth should be a positive integer")
        self.external_dag_id = external_dag_id
        self.external_task_id = external_task_id
        self.logical_date = logical_date
        self.recursion_depth = recursion_depth


def _ask(dag_id: str, dates: Sequence[datetime] = ()) -> DagAnswer:
    answer = bridge.current_bridge(purpose="`ExternalTaskSensor`").call(
        FindDag(dag_id=dag_id, logical_dates=tuple(dates))
    )
    if not isinstance(answer, DagAnswer):
        raise AirflowException(f"DAG `{dag_id}` cannot be looked up: {answer}")
    return answer


def _states(values: Iterable[str] | None) -> list[str]:
    return [str(getattr(value, "value", value)) for value in values or ()]


def _utc(date: Any) -> datetime:
    if not isinstance(date, datetime):
        raise TypeError(f"`execution_date_fn` returned {date!r}; it returns a datetime or a list of them")
    aware = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    moved = aware.astimezone(UTC)
    return datetime(
        moved.year, moved.month, moved.day, moved.hour, moved.minute, moved.second, moved.microsecond, UTC
    )
