"""`BaseOperator`: what every task class derives from, real provider classes included.

Building it is in `operator_meta` and `operator_arguments`; what tasks share with mapped ones in `abstract_operator`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn, Self

from windward.sdk import scopes, setup_scopes
from windward.sdk.abstract_operator import AbstractOperator
from windward.sdk.exceptions import TaskDeferralError, TaskDeferralTimeout, TaskDeferred
from windward.sdk.operator_arguments import attributes_of
from windward.sdk.operator_meta import AirflowTypeError, BaseOperatorMeta, parameter_names
from windward.sdk.spelling import did_you_mean
from windward.sdk.templating import Templater
from windward.sdk.unset import NOTSET, ArgNotSet
from windward.sdk.weight_strategies import PriorityWeightStrategy

if TYPE_CHECKING:
    from windward.sdk.dag import DAG
    from windward.sdk.groups import TaskGroup
    from windward.sdk.mapping import OperatorPartial

TRIGGER_FAILED = "__fail__"
"""Method name with which a task is resumed whose trigger failed or timed out."""
TRIGGER_TIMEOUT = "Trigger timeout"
"""The `error` of one that timed out."""


class BaseOperator(AbstractOperator, Templater, metaclass=BaseOperatorMeta):
    """One unit of work: subclass it and write `execute(self, context)`; what that returns is pushed as an XCom.

    Arguments are given by keyword. Those that are left out come from `default_args`, then from the settings.
    """

    start_trigger_args: Any = None
    start_from_trigger: bool = False
    subdag: Any = None
    _is_built = False
    _from_mapped = False
    _pre_execute_hook: Callable[[Any], None] | None
    _post_execute_hook: Callable[[Any, Any], None] | None
    _resolved_ids: frozenset[int] | set[int] = frozenset()

    def __init__(  # the signature is the documentation
        self,
        *,
        task_id: str,
        owner: str | ArgNotSet = NOTSET,
        email: str | Iterable[str] | None = None,
        email_on_retry: bool = True,
        email_on_failure: bool = True,
        retries: int | ArgNotSet | None = NOTSET,
        retry_delay: timedelta | float | ArgNotSet = NOTSET,
        retry_exponential_backoff: bool | float | ArgNotSet = NOTSET,
        max_retry_delay: timedelta | float | ArgNotSet | None = NOTSET,
        retry_policy: Any = None,
        start_date: datetime | str | None = None,
        end_date: datetime | str | None = None,
        depends_on_past: bool = False,
        ignore_first_depends_on_past: bool = True,
        wait_for_past_depends_before_skipping: bool = False,
        wait_for_downstream: bool = False,
        dag: DAG | None = None,
        params: Mapping[str, Any] | None = None,
        default_args: dict[str, Any] | None = None,
        priority_weight: int = 1,
        weight_rule: str | PriorityWeightStrategy | type[PriorityWeightStrategy] | ArgNotSet = NOTSET,
        queue: str | ArgNotSet = NOTSET,
        pool: str | None = None,
        pool_slots: int = 1,
        sla: timedelta | None = None,
        execution_timeout: timedelta | ArgNotSet | None = NOTSET,
        on_execute_callback: Any = None,
        on_failure_callback: Any = None,
        on_success_callback: Any = None,
        on_retry_callback: Any = None,
        on_skipped_callback: Any = None,
        pre_execute: Callable[[Any], None] | None = None,
        post_execute: Callable[[Any, Any], None] | None = None,
        trigger_rule: str = "all_success",
        resources: dict[str, Any] | None = None,
        run_as_user: str | None = None,
        map_index_template: str | None = None,
        max_active_tis_per_dag: int | None = None,
        max_active_tis_per_dagrun: int | None = None,
        executor: str | None = None,
        executor_config: dict[str, Any] | None = None,
        do_xcom_push: bool = True,
        multiple_outputs: bool = False,
        inlets: Any = None,
        outlets: Any = None,
        task_group: TaskGroup | None = None,
        doc: str | None = None,
        doc_md: str | None = None,
        doc_json: str | None = None,
        doc_yaml: str | None = None,
        doc_rst: str | None = None,
        task_display_name: str | None = None,
        logger_name: str | None = None,
        allow_nested_operators: bool = True,
        render_template_as_native_obj: bool | None = None,
        isolation: str | None = None,
        task_concurrency: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Longer than 60 lines because the signature is what authors and editors read."""
        given = dict(locals())
        if kwargs:
            raise _unknown_arguments(type(self), task_id, kwargs)
        if task_concurrency is not None:
            given["max_active_tis_per_dag"] = _renamed_limit(given, task_id)
        dag, group = place_of(dag, task_group, detached=self._from_mapped)
        self.__dict__.update(attributes_of(given, kind=type(self).__name__, dag=dag))
        self.__dict__.update(
            task_id=task_id,
            upstream_task_ids=set(),
            downstream_task_ids=set(),
            default_args=default_args or {},
        )
        if dag is not None:
            attach(self, dag, group)

    def __setattr__(self, key: str, value: Any) -> None:
        object.__setattr__(self, key, value)
        if self._is_built and not self._from_mapped and key in self.template_fields:
            self._link_template_fields((key,))

    def _link_template_fields(self, fields: Iterable[str] | None = None) -> None:
        """Make the task wait for every task that its template fields refer to."""
        for field in self.template_fields if fields is None else fields:
            value = getattr(self, field, None)
            if value is None or isinstance(value, str | int | float):
                continue
            from windward.sdk.xcom_arg import iter_references  # fields of plain text need none

            for operator, _ in iter_references(value):
                if operator is not self:
                    self.set_upstream(operator)

    def __repr__(self) -> str:
        return f"<Task({self.task_type}): {self.__dict__.get('task_id', '?')}>"

    @classmethod
    def partial(cls, *, task_id: str, **kwargs: Any) -> OperatorPartial:
        """Return an operator waiting for `.expand(...)`: the arguments that are the same for all instances."""
        from windward.sdk.mapping import partial_of  # few tasks are mapped

        return partial_of(cls, {"task_id": task_id, **kwargs})

    def unmap(self, resolve: Mapping[str, Any] | None) -> Self:
        """Return the operator itself: it is not mapped."""
        del resolve
        return self

    def execute(self, context: Any) -> Any:
        """Do the work; what is returned is pushed as an XCom. Subclasses write this."""
        raise NotImplementedError(f"{type(self).__name__} has no `execute`")

    def pre_execute(self, context: Any) -> None:
        """Run the hook given as `pre_execute=`, before `execute`."""
        if self._pre_execute_hook is not None:
            self._pre_execute_hook(context)

    def post_execute(self, context: Any, result: Any = None) -> None:
        """Run the hook given as `post_execute=`, after `execute`."""
        if self._post_execute_hook is not None:
            self._post_execute_hook(context, result)

    def on_kill(self) -> None:
        """Clean up what would outlive the task's process. Subclasses may write this."""

    def defer(
        self,
        *,
        trigger: Any,
        method_name: str,
        kwargs: dict[str, Any] | None = None,
        timeout: timedelta | float | None = None,
    ) -> NoReturn:
        """Give the slot back until `trigger` fires; then `method_name` is called with its event."""
        raise TaskDeferred(trigger=trigger, method_name=method_name, kwargs=kwargs, timeout=timeout)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """Call the method that a deferral named, or raise what became of its trigger."""
        arguments = next_kwargs or {}
        if next_method == TRIGGER_FAILED:
            error = arguments.get("error", "Unknown")
            if arguments.get("traceback"):
                self.log.error("trigger failed:\n%s", "\n".join(arguments["traceback"]))
            raise (TaskDeferralTimeout if error == TRIGGER_TIMEOUT else TaskDeferralError)(error)
        return getattr(self, next_method)(context, **arguments)

    def expand_start_trigger_args(self, *, context: Any) -> Any:
        """Return what a task that starts in a trigger hands to it."""
        del context
        return self.start_trigger_args

    def dry_run(self) -> None:
        """Log the template fields, as they stand."""
        for field in self.template_fields:
            self.log.info("template field %s: %s", field, getattr(self, field, None))

    def prepare_for_execution(self) -> Self:
        """Return a copy to render and run, so that the declared task stays as it was written."""
        other = copy.copy(self)
        other.__dict__["_is_built"] = False
        return other

    @staticmethod
    def xcom_push(context: Any, key: str, value: Any, execution_date: Any = None) -> None:
        """Push an XCom, as in Airflow 2."""
        del execution_date
        context["ti"].xcom_push(key=key, value=value)

    @staticmethod
    def xcom_pull(
        context: Any,
        task_ids: str | Sequence[str] | None = None,
        dag_id: str | None = None,
        key: str = "return_value",
        include_prior_dates: bool | None = None,  # noqa: FBT001 - Airflow's signature
        session: Any = None,
    ) -> Any:
        """Pull XComs, as in Airflow 2."""
        del session
        return context["ti"].xcom_pull(
            key=key, task_ids=task_ids, dag_id=dag_id, include_prior_dates=bool(include_prior_dates)
        )

    def add_inlets(self, inlets: Iterable[Any]) -> None:
        """Add what the task reads."""
        self.inlets.extend(inlets)

    def add_outlets(self, outlets: Iterable[Any]) -> None:
        """Add what the task writes."""
        self.outlets.extend(outlets)

    def get_inlet_defs(self) -> list[Any]:
        """Return what the task reads."""
        return list(self.inlets)

    def get_outlet_defs(self) -> list[Any]:
        """Return what the task writes."""
        return list(self.outlets)

    @classmethod
    def get_serialized_fields(cls) -> Collection[str]:
        """Return the names of the arguments that a task has."""
        return parameter_names(cls)

    @property
    def is_async(self) -> bool:
        """True when `execute` runs an event loop."""
        return False


def place_of(
    dag: DAG | None, group: TaskGroup | None, *, detached: bool
) -> tuple[DAG | None, TaskGroup | None]:
    """Return the DAG and group of a new task: those given, else those of the open blocks."""
    if detached:
        return None, None
    if dag is None:
        dag = group.dag if group is not None else scopes.current_dag()
    if group is None:
        group = scopes.current_group(dag) if dag is not None else None
    return dag, group


def attach(task: Any, dag: DAG, group: TaskGroup | None) -> None:
    """Put a new task into its group and DAG; its id gets the group's prefix."""
    if group is not None:
        task.__dict__["task_id"] = group.child_id(task.task_id)
    dag.add_task(task, group=group)
    setup_scopes.note_new_task(task)


def _renamed_limit(given: dict[str, Any], task_id: str) -> int:
    from windward.sdk import deprecations  # few files have old names

    deprecations.warn(f"`task_concurrency` of task `{task_id}` is now called `max_active_tis_per_dag`")
    limit: int = given["task_concurrency"]
    if given["max_active_tis_per_dag"] not in {None, limit}:
        raise AirflowTypeError(
            f"task `{task_id}` has both `task_concurrency` and `max_active_tis_per_dag`; keep the second"
        )
    return limit


def _unknown_arguments(cls: type, task_id: str, kwargs: dict[str, Any]) -> AirflowTypeError:
    known = parameter_names(cls)
    hints = "".join(did_you_mean(name, known) for name in kwargs)
    return AirflowTypeError(
        f"Invalid arguments were passed to {cls.__name__} (task_id: {task_id}). Invalid arguments were:\n"
        f"**kwargs: {kwargs}" + (f"\n\nhint: {hints.strip()}" if hints else "")
    )
