"""The DAG run as a task sees it. A snapshot: only methods that say so ask the execution service."""

from __future__ import annotations

from typing import Any

from windward.model.states import RunType
from windward.protocol.calls import GetTaskStates, TaskStatesAnswer
from windward.protocol.work import RunContext
from windward.sdk import bridge
from windward.sdk.exceptions import AirflowException
from windward.sdk.times import at_users_edge


class DagRunView:
    """`dag_run` of the context."""

    partition_key: str | None = None
    partition_date: Any = None

    def __init__(self, run: RunContext, dag: Any = None) -> None:
        self._run = run
        self.dag = dag
        self.id = run.run_pk
        self.dag_id = run.dag_id
        self.run_id = run.run_id
        self.run_type: str = run.run_type
        self.state = run.state
        self.conf: dict[str, Any] = dict(run.conf)
        self.clear_number = run.clear_number
        self.triggered_by = run.triggered_by
        self.triggering_user_name = run.triggering_user
        self.note = run.note

    def __getattr__(self, name: str) -> Any:
        if name in _DATES:
            value = at_users_edge(getattr(self._run, _DATES[name]))
            self.__dict__[name] = value
            return value
        raise AttributeError(f"a DAG run has no `{name}`")

    def __repr__(self) -> str:
        return f"<DagRun {self.dag_id} @ {self._run.logical_date}: {self.run_id}, state: {self.state}>"

    @property
    def consumed_asset_events(self) -> list[Any]:
        """The asset events that the run was made of; asks the execution service."""
        if self.run_type != RunType.ASSET_TRIGGERED:
            return []
        from windward.sdk.asset_events import consumed_events  # few runs are made by assets

        return consumed_events(self.dag_id, self.run_id)

    @property
    def external_trigger(self) -> bool:
        """Whether the run was asked for, not scheduled (2.x)."""
        return self.run_type == RunType.MANUAL

    @property
    def is_backfill(self) -> bool:
        """Whether the run belongs to a backfill (2.x)."""
        return self.run_type == RunType.BACKFILL

    def get_state(self) -> str:
        """Return the state that the run had when this task began."""
        return self.state

    def get_dag(self) -> Any:
        """Return the DAG."""
        return self.dag

    def get_task_instances(self, state: Any = None, session: Any = None) -> list[TaskInstanceView]:
        """Return the run's task instances with their states now; asks the execution service."""
        del session
        wanted = None if state is None else {state} if isinstance(state, str) else set(state)
        answer = bridge.current_bridge(purpose="`dag_run.get_task_instances()`").call(
            GetTaskStates(dag_id=self.dag_id, run_ids=(self.run_id,))
        )
        if not isinstance(answer, TaskStatesAnswer):
            raise AirflowException(f"the task instances of run `{self.run_id}` cannot be had: {answer}")
        views = [TaskInstanceView(self, item.task_id, item.map_index, item.state) for item in answer.items]
        return views if wanted is None else [view for view in views if view.state in wanted]

    def get_task_instance(
        self, task_id: str, session: Any = None, *, map_index: int = -1
    ) -> TaskInstanceView | None:
        """Return one task instance with its state now, or None; asks the execution service."""
        del session
        found = (
            view
            for view in self.get_task_instances()
            if (view.task_id, view.map_index) == (task_id, map_index)
        )
        return next(found, None)


class TaskInstanceView:
    """Another task instance of a run: who it is and which state it has."""

    def __init__(self, run: DagRunView, task_id: str, map_index: int, state: str | None) -> None:
        self.dag_run = run
        self.dag_id = run.dag_id
        self.run_id = run.run_id
        self.task_id = task_id
        self.map_index = map_index
        self.state = state

    def current_state(self) -> str | None:
        """Return the state."""
        return self.state

    def __repr__(self) -> str:
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id} [{self.state}]>"


_DATES = {
    "logical_date": "logical_date",
    "execution_date": "logical_date",
    "data_interval_start": "data_interval_start",
    "data_interval_end": "data_interval_end",
    "run_after": "run_after",
    "start_date": "start_date",
    "end_date": "end_date",
    "queued_at": "queued_at",
}
