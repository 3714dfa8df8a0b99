"""What tasks have in common, mapped or not: identity, place in the DAG, setup and teardown, output.

What may not live here: building an operator (`operator`), mapping one (`mapping`).
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from windward.model.states import Isolation, TriggerRule, WeightRule
from windward.sdk import setup_scopes
from windward.sdk.edges import EdgeModifier
from windward.sdk.node import DAGNode
from windward.sdk.relations import DependencyMixin, nodes_of
from windward.sdk.times import at_users_edge
from windward.sdk.unset import NOTSET, is_arg_set
from windward.sdk.weight_strategies import PriorityWeightStrategy

if TYPE_CHECKING:
    from windward.sdk.dag import DAG
    from windward.sdk.groups import MappedTaskGroup, TaskGroup
    from windward.sdk.params import ParamsDict
    from windward.sdk.xcom_arg import XComArg

_SHARED_BY_COPIES = frozenset({"user_defined_macros", "user_defined_filters", "_log"})


class AbstractOperator(DAGNode):
    """A task of a DAG."""

    is_task: ClassVar[bool] = True
    is_mapped: ClassVar[bool] = False

    template_fields: Collection[str] = ()
    template_ext: Sequence[str] = ()
    template_fields_renderers: ClassVar[dict[str, str]] = {}
    shallow_copy_attrs: Sequence[str] = ()
    operator_extra_links: Collection[Any] = ()
    preloads: Sequence[str] = ()
    """Modules that a worker imports once, before it forks a process for each task of the file."""
    ui_color: str = "#fff"
    ui_fgcolor: str = "#000"
    inherits_from_empty_operator: bool = False
    """True for `EmptyOperator` and its subclasses: there is nothing to run, unless a subclass says otherwise."""

    task_id: str
    owner: str
    email: Any
    email_on_retry: bool
    email_on_failure: bool
    retries: int
    retry_delay: timedelta
    retry_exponential_backoff: float
    max_retry_delay: timedelta | None
    retry_policy: Any
    execution_timeout: timedelta | None
    depends_on_past: bool
    ignore_first_depends_on_past: bool
    wait_for_past_depends_before_skipping: bool
    wait_for_downstream: bool
    priority_weight: int
    weight_rule: WeightRule | PriorityWeightStrategy
    queue: str
    pool: str
    pool_slots: int
    max_active_tis_per_dag: int | None
    max_active_tis_per_dagrun: int | None
    map_index_template: str | None
    executor: str | None
    executor_config: dict[str, Any]
    isolation: Isolation
    run_as_user: str | None
    resources: Any
    sla: timedelta | None
    do_xcom_push: bool
    multiple_outputs: bool
    on_execute_callback: list[Any]
    on_failure_callback: list[Any]
    on_success_callback: list[Any]
    on_retry_callback: list[Any]
    on_skipped_callback: list[Any]
    inlets: list[Any]
    outlets: list[Any]
    doc: str | None
    doc_md: str | None
    doc_json: str | None
    doc_yaml: str | None
    doc_rst: str | None
    logger_name: str | None
    allow_nested_operators: bool
    render_template_as_native_obj: bool | None
    trigger_rule: TriggerRule
    task_group: TaskGroup | None = None
    is_setup: bool = False
    is_teardown: bool = False
    on_failure_fail_dagrun: bool = False
    _dag: DAG | None = None
    start_utc: Any = None
    end_utc: Any = None
    own_params: Any = None
    own_display_name: str | None = None
    _is_building: bool = False

    @property
    def node_id(self) -> str:
        """The task id."""
        return self.task_id

    def get_dag(self) -> DAG | None:
        """Return the DAG, None when there is none yet."""
        return self._dag

    @property
    def dag(self) -> DAG:
        """The DAG; raise RuntimeError when there is none yet. Assigning one makes the task part of it."""
        if self._dag is None:
            raise RuntimeError(f"Operator {self} has not been assigned to a DAG yet")
        return self._dag

    @dag.setter
    def dag(self, dag: DAG | None) -> None:
        if dag is None:
            self.__dict__["_dag"] = None
        elif self._dag is None:
            dag.add_task(self)
        elif self._dag is not dag:
            raise ValueError(f"The DAG assigned to {self} can not be changed: it is `{self._dag.dag_id}`")

    @property
    def task_display_name(self) -> str:
        """The name that people see."""
        return self.own_display_name or self.task_id

    @property
    def start_date(self) -> Any:
        """The own start date as a pendulum datetime in UTC, None when only the DAG's counts."""
        return at_users_edge(self.start_utc)

    @start_date.setter
    def start_date(self, value: Any) -> None:
        from windward.sdk.operator_arguments import date_of  # it is for operators

        self.__dict__["start_utc"] = date_of(value, self._dag, what=f"`start_date` of task `{self.task_id}`")

    @property
    def end_date(self) -> Any:
        """The own end date as a pendulum datetime in UTC."""
        return at_users_edge(self.end_utc)

    @end_date.setter
    def end_date(self, value: Any) -> None:
        from windward.sdk.operator_arguments import date_of  # it is for operators

        self.__dict__["end_utc"] = date_of(value, self._dag, what=f"`end_date` of task `{self.task_id}`")

    @property
    def params(self) -> ParamsDict:
        """The DAG's params, then the task's own over them."""
        from windward.sdk.params import ParamsDict  # few tasks have params

        merged = ParamsDict(suppress_exception=True)
        if self._dag is not None:
            merged.update(self._dag.params)
        if self.own_params:
            merged.update(self.own_params)
        return merged

    @params.setter
    def params(self, value: Any) -> None:
        from windward.sdk.params import ParamsDict  # few tasks have params

        self.__dict__["own_params"] = ParamsDict(value) if value else None

    @property
    def operator_class(self) -> type[Any]:
        """The class whose instance runs."""
        return type(self)

    @property
    def task_type(self) -> str:
        """The name of the class whose instance runs."""
        return self.operator_class.__name__

    @property
    def operator_name(self) -> str:
        """The name of the kind of task that people see."""
        return getattr(self.operator_class, "custom_operator_name", None) or self.task_type

    @property
    def roots(self) -> list[DAGNode]:
        """The task itself."""
        return [self]

    @property
    def leaves(self) -> list[DAGNode]:
        """The task itself."""
        return [self]

    @property
    def output(self) -> XComArg:
        """A reference to what the task will return."""
        from windward.sdk.xcom_arg import XComArg  # a task without readers needs none

        return XComArg(self)

    def as_setup(self) -> Self:
        """Mark as a setup: work after it needs its success, and it runs again when that work is cleared."""
        if self.is_teardown:
            raise ValueError(f"Cannot mark task '{self.task_id}' as setup; task is already a teardown.")
        self.is_setup = True
        return self

    def as_teardown(
        self, *, setups: Any = NOTSET, on_failure_fail_dagrun: Any = NOTSET, **options: Any
    ) -> Self:
        """Mark as a teardown: it runs when the work before has ended, if its setups (`setups=`) succeeded."""
        if options:
            raise TypeError(f"as_teardown() got an unexpected keyword argument '{next(iter(options))}'")
        if self.is_setup:
            raise ValueError(f"Cannot mark task '{self.task_id}' as teardown; task is already a setup.")
        self.is_teardown = True
        self.trigger_rule = TriggerRule.ALL_DONE_SETUP_SUCCESS
        if is_arg_set(on_failure_fail_dagrun) and on_failure_fail_dagrun is not None:
            self.on_failure_fail_dagrun = on_failure_fail_dagrun
        if is_arg_set(setups) and setups is not None:
            for setup in nodes_of(setups, what="`setups=`"):
                setup.as_setup()
                self.set_upstream(setup)
        return self

    def __enter__(self) -> setup_scopes.SetupScope:
        return setup_scopes.enter([self])

    def __exit__(self, *_exception: object) -> None:
        setup_scopes.leave()

    def iter_mapped_task_groups(self) -> Iterator[MappedTaskGroup]:
        """Yield the mapped groups around, the innermost first."""
        if self.task_group is not None:
            yield from self.task_group.iter_mapped_task_groups()

    def get_closest_mapped_task_group(self) -> MappedTaskGroup | None:
        """Return the innermost mapped group around."""
        return next(self.iter_mapped_task_groups(), None)

    def update_relative(
        self,
        other: DependencyMixin,
        upstream: bool = True,  # noqa: FBT001, FBT002 - Airflow's signature
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        """Nothing: the link itself is stored by `set_upstream` and `set_downstream`."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Copy all but what the class shares; the DAG is the copied one if the DAG is being copied."""
        shared = _SHARED_BY_COPIES.union(self.shallow_copy_attrs)
        new = type(self).__new__(type(self))
        memo[id(self)] = new
        dag = self._dag
        copied_dag = memo.get(id(dag), dag)
        for key, value in self.__dict__.items():
            if key == "_dag":
                new.__dict__[key] = copied_dag
            elif key in shared or (key == "task_group" and copied_dag is dag):
                new.__dict__[key] = value
            else:
                new.__dict__[key] = copy.deepcopy(value, memo)
        return new

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        state.pop("_log", None)
        return state
