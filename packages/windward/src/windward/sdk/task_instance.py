"""The task instance that is running: `ti` of the context, with Airflow's attributes and methods.

XCom reads follow the DAG's semantics: without `task_ids`, Airflow 2 reads the newest value of the key by any task of
the run, Airflow 3 the own one. What may not live here: how an attempt is run.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from windward.model.states import Semantics
from windward.protocol.calls import (
    CountAnswer,
    CountRuns,
    GetPreviousRun,
    GetRun,
    GetTaskStates,
    GetXCom,
    GetXComs,
    RunAnswer,
    TaskStatesAnswer,
)
from windward.protocol.work import TaskContext
from windward.sdk import bridge, xcom, xcom_pull
from windward.sdk.dag_run import DagRunView
from windward.sdk.exceptions import AirflowException
from windward.sdk.times import at_users_edge
from windward.sdk.unset import NOTSET, ArgNotSet
from windward.sdk.xcom_backend import Place

if TYPE_CHECKING:
    from windward.sdk.context import Context


class RuntimeTaskInstance:
    """The running task instance."""

    end_date: Any = None
    duration: float | None = None
    rendered_map_index: str | None = None
    base_url: str = ""
    """Address of the web interface, when the process was told; `log_url` stands below it."""
    test_mode: bool = False
    job_id: int | None = None
    pid: int | None = None
    is_premature: bool = False
    runs_triggered: int = 0
    """How many runs of DAGs this attempt has asked for."""

    def __init__(self, task: Any, work: TaskContext, dag_run: DagRunView) -> None:
        self._work = work
        self._context: Context | None = None
        self.task = task
        self.dag_run = dag_run
        self.dag_id = work.dag_id
        self.task_id = work.task_id
        self.run_id = work.run.run_id
        self.map_index = work.map_index
        self.try_number = work.try_number
        self.max_tries = work.max_tries
        self.state: str = "running"

    def __getattr__(self, name: str) -> Any:
        if name == "start_date":
            value = at_users_edge(self._work.start_date)
        elif name == "queued_dttm":
            value = at_users_edge(self._work.queued_at)
        elif name in {"logical_date", "execution_date"}:
            value = self.dag_run.logical_date
        elif name == "hostname":
            value = socket.gethostname()
        elif name in _FROM_TASK and self.__dict__.get("task") is not None:
            value = getattr(self.task, _FROM_TASK[name], None)
        else:
            raise AttributeError(f"a task instance has no `{name}`")
        self.__dict__[name] = value
        return value

    def __repr__(self) -> str:
        index = f" map_index={self.map_index}" if self.map_index >= 0 else ""
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id}{index} [{self.state}]>"

    @property
    def work(self) -> TaskContext:
        """What the attempt was told of itself."""
        return self._work

    @property
    def id(self) -> str:
        """A text that is unique to this attempt."""
        return f"{self._work.run.run_pk}:{self.task_id}:{self.map_index}:{self.try_number}"

    @property
    def key(self) -> TaskInstanceKey:
        """What names the task instance."""
        return TaskInstanceKey(self.dag_id, self.task_id, self.run_id, self.try_number, self.map_index)

    @property
    def is_mapped(self) -> bool:
        """Whether this is one instance of many of its task."""
        return self.map_index >= 0

    @property
    def prev_attempted_tries(self) -> int:
        """Tries before this one."""
        return self.try_number - 1

    @property
    def log(self) -> logging.Logger:
        """The logger of tasks."""
        return logging.getLogger("airflow.task")

    @property
    def log_url(self) -> str:
        """Address of the attempt's log in the web interface."""
        return f"{self._page_url}?try_number={self.try_number}"

    @property
    def mark_success_url(self) -> str:
        """Address of the page where a person marks the task instance."""
        return self._page_url

    @property
    def _page_url(self) -> str:
        mapped = f"/mapped/{self.map_index}" if self.map_index >= 0 else ""
        return (
            f"{self.base_url.rstrip('/')}/dags/{quote(self.dag_id)}/runs/{quote(self.run_id)}"
            f"/tasks/{quote(self.task_id)}{mapped}"
        )

    # The context and templates.

    def bind(self, context: Context) -> None:
        """Make `context` the one that `get_template_context` returns."""
        self._context = context

    def get_template_context(self, session: Any = None, ignore_param_exceptions: bool = True) -> Context:  # noqa: FBT001, FBT002 - 2.x's signature
        """Return the context of this attempt."""
        del session, ignore_param_exceptions
        assert self._context is not None, "a task instance is bound to its context when both are made"
        return self._context

    def render_templates(self, context: Context | None = None, jinja_env: Any = None) -> Any:
        """Render the template fields of a copy of the task, make it the running one and return it."""
        from windward.sdk.templating import render_template_fields  # a task without templates needs none

        here = context or self.get_template_context()
        task = self.task.prepare_for_execution()
        render_template_fields(task, here, jinja_env)
        self.task = task
        here["task"] = task
        return task

    # XComs.

    def xcom_push(self, key: str, value: Any, execution_date: Any = None, session: Any = None) -> None:
        """Store a value under a key of this task instance."""
        del execution_date, session
        xcom.push(key, value, place=self.place)

    async def axcom_push(self, key: str, value: Any) -> None:
        """Store a value, as `xcom_push`."""
        self.xcom_push(key, value)

    @property
    def place(self) -> Place:
        """Whose values the ones of this task instance are."""
        return Place(self.dag_id, self.run_id, self.task_id, self.map_index, self._work.run.run_pk)

    @property
    def owner_path(self) -> str:
        """The task instance as a path."""
        return self.place.owner

    def xcom_pull(
        self,
        task_ids: str | Iterable[str] | None = None,
        dag_id: str | None = None,
        key: str = xcom.XCOM_RETURN_KEY,
        include_prior_dates: bool = False,  # noqa: FBT001, FBT002 - Airflow's signature
        session: Any = None,
        *,
        map_indexes: int | Iterable[int] | ArgNotSet | None = NOTSET,
        default: Any = None,
        run_id: str | None = None,
    ) -> Any:
        """Return a value of one task, a lazy sequence of a mapped task's, or a list for several tasks.

        `default` stands for a value that nobody pushed. Several tasks give a list in the order of `task_ids`.
        """
        del session
        if getattr(self.task.dag, "subdag_groups", None):
            from windward.sdk.subdags import pulled_from  # only DAGs of Airflow 2 have sub-DAGs

            dag_id, task_ids = pulled_from(self.task.dag, self.task_id, dag_id, task_ids)
        dag_id, run_id = dag_id or self.dag_id, run_id or self.run_id
        where: dict[str, Any] = {
            "key": key, "dag_id": dag_id, "run_id": run_id, "include_prior_dates": include_prior_dates,
        }  # fmt: skip
        indexes = None if map_indexes is None or isinstance(map_indexes, ArgNotSet) else map_indexes
        if task_ids is None:
            if self._work.semantics is Semantics.AIRFLOW2 and indexes is None:
                return xcom_pull.pull_one(GetXCom(task_id=None, **where), default)
            task_ids, indexes = self.task_id, self.map_index if indexes is None else indexes
        if isinstance(indexes, int) and isinstance(task_ids, str):
            return xcom_pull.pull_one(GetXCom(task_id=task_ids, map_index=indexes, **where), default)
        names = (task_ids,) if isinstance(task_ids, str) else tuple(task_ids)
        if not names:
            return []
        wanted = None if indexes is None else (indexes,) if isinstance(indexes, int) else tuple(indexes)
        if isinstance(task_ids, str) and wanted is None:
            return xcom_pull.pull_inferred(
                GetXComs(task_ids=names, limit=xcom.PAGE_ITEMS_MAX, **where), default
            )
        # Airflow 2 leaves out what nobody pushed, 3 puts a None there.
        leaves_out = self._work.semantics is Semantics.AIRFLOW2
        return xcom_pull.pull_several(names, wanted, where, default=default, leaves_out=leaves_out)

    async def axcom_pull(self, *args: Any, **kwargs: Any) -> Any:
        """Return values, as `xcom_pull`."""
        return self.xcom_pull(*args, **kwargs)

    # The deployment's state, by calls.

    def get_dagrun(self, session: Any = None) -> DagRunView:
        """Return the DAG run."""
        del session
        return self.dag_run

    def get_previous_dagrun(self, state: Any = None, session: Any = None) -> DagRunView | None:
        """Return the run before this one by logical date, of a state when given."""
        del session
        call = GetPreviousRun(
            dag_id=self.dag_id, run_id=self.run_id, state=None if state is None else str(state)
        )
        return self._run_of(bridge.current_bridge(purpose="`ti.get_previous_dagrun()`").call(call))

    def get_previous_ti(self, state: Any = None, session: Any = None, **_more: Any) -> Any:
        """Return this task's instance in the run before, of a state when given; None when there is none."""
        previous = self.get_previous_dagrun(session=session)
        if previous is None:
            return None
        found = previous.get_task_instance(self.task_id, map_index=self.map_index)
        return found if found is not None and (state is None or found.state == str(state)) else None

    def get_previous_start_date(self, state: Any = None, session: Any = None) -> Any:
        """Return when the previous run (of a state) started."""
        previous = self.get_previous_dagrun(state, session)
        return previous.start_date if previous is not None else None

    def get_first_reschedule_date(self, context: Any = None) -> Any:
        """Return when this try first ran; None before it ever gave its slot back."""
        del context
        if not self._work.reschedule_count:
            return None
        return at_users_edge(self._work.first_start_date or self._work.start_date)

    @staticmethod
    def get_task_states(
        dag_id: str,
        map_index: int | None = None,
        task_ids: list[str] | None = None,
        task_group_id: str | None = None,
        logical_dates: list[datetime] | None = None,
        run_ids: list[str] | None = None,
    ) -> dict[str, Any]:
        """Return states by run id, then by task id (`task_map index` for mapped instances)."""
        items = _task_states(dag_id, task_ids, task_group_id, logical_dates, run_ids, states=None)
        found: dict[str, Any] = {}
        for item in items:
            if map_index is None or item.map_index == map_index:
                name = item.task_id if item.map_index < 0 else f"{item.task_id}_{item.map_index}"
                found.setdefault(item.run_id, {})[name] = item.state
        return found

    @staticmethod
    def get_ti_count(
        dag_id: str,
        map_index: int | None = None,
        task_ids: list[str] | None = None,
        task_group_id: str | None = None,
        logical_dates: list[datetime] | None = None,
        run_ids: list[str] | None = None,
        states: list[str] | None = None,
    ) -> int:
        """Return how many task instances there are."""
        items = _task_states(dag_id, task_ids, task_group_id, logical_dates, run_ids, states=states)
        return sum(1 for item in items if map_index is None or item.map_index == map_index)

    @staticmethod
    def get_dr_count(
        dag_id: str,
        logical_dates: list[datetime] | None = None,
        run_ids: list[str] | None = None,
        states: list[str] | None = None,
    ) -> int:
        """Return how many runs there are."""
        answer = bridge.current_bridge(purpose="counting runs").call(
            CountRuns(
                dag_id=dag_id,
                logical_dates=_tuple(logical_dates),
                run_ids=_tuple(run_ids),
                states=_tuple(states),
            )
        )
        if isinstance(answer, CountAnswer):
            return answer.count
        raise AirflowException(f"the runs of `{dag_id}` cannot be counted: {answer}")

    @staticmethod
    def get_dagrun_state(dag_id: str, run_id: str) -> str:
        """Return the state of a run. Raises `AirflowException` when there is none."""
        answer = bridge.current_bridge(purpose="reading a run's state").call(
            GetRun(dag_id=dag_id, run_id=run_id)
        )
        if isinstance(answer, RunAnswer) and answer.run is not None:
            return answer.run.state
        raise AirflowException(f"DAG `{dag_id}` has no run `{run_id}`")

    def get_dag(self, dag_id: str | None = None) -> Any:
        """Return the DAG of this task instance, or what is known of another one."""
        if dag_id is not None and dag_id != self.dag_id:
            from windward.sdk.run_lookups import find_dag  # few tasks ask for other DAGs

            return find_dag(dag_id)
        return self.task.dag

    def _run_of(self, answer: Any) -> DagRunView | None:
        if isinstance(answer, RunAnswer):
            return DagRunView(answer.run) if answer.run is not None else None
        raise AirflowException(f"the runs of `{self.dag_id}` cannot be read: {answer}")


class TaskInstanceKey(NamedTuple):
    """What names a task instance."""

    dag_id: str
    task_id: str
    run_id: str
    try_number: int = 1
    map_index: int = -1


_FROM_TASK = {
    "operator": "task_type",
    "operator_name": "operator_name",
    "custom_operator_name": "operator_name",
    "task_display_name": "task_display_name",
    "pool": "pool",
    "pool_slots": "pool_slots",
    "queue": "queue",
    "priority_weight": "priority_weight",
    "executor": "executor",
    "executor_config": "executor_config",
    "map_index_template": "map_index_template",
}


def _task_states(
    dag_id: str,
    task_ids: list[str] | None,
    task_group_id: str | None,
    logical_dates: list[datetime] | None,
    run_ids: list[str] | None,
    *,
    states: list[str] | None,
) -> Sequence[Any]:
    answer = bridge.current_bridge(purpose="reading task states").call(
        GetTaskStates(
            dag_id=dag_id,
            task_ids=_tuple(task_ids),
            group_id=task_group_id,
            run_ids=_tuple(run_ids),
            logical_dates=_tuple(logical_dates),
            states=_tuple(states),
        )
    )
    if isinstance(answer, TaskStatesAnswer):
        return answer.items
    raise AirflowException(f"the task states of `{dag_id}` cannot be read: {answer}")


def _tuple(values: Iterable[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(values)
