"""Triggers that wait for other DAGs: for runs, tasks and task groups (`airflow.triggers.external_task`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Any

from windward.protocol.calls import FindRuns, RunsAnswer
from windward.sdk import bridge
from windward.sdk.exceptions import AirflowException
from windward.sdk.external import Seen, Target, Verdict, judge, look
from windward.sdk.triggers.base import BaseTrigger, TriggerEvent

POLL_S_MIN = 0.1
_PURPOSE = "a trigger that waits for another DAG"


class WorkflowTrigger(BaseTrigger):
    """Waits until tasks, a task group or a run of another DAG are in one of the allowed states, for all dates.

    The event's payload is `{"status": "success" | "failed" | "skipped"}`.
    """

    def __init__(
        self,
        external_dag_id: str,
        run_ids: list[str] | None = None,
        execution_dates: list[datetime] | None = None,
        logical_dates: list[datetime] | None = None,
        external_task_ids: Collection[str] | None = None,
        external_task_group_id: str | None = None,
        failed_states: Collection[str] | None = None,
        skipped_states: Collection[str] | None = None,
        allowed_states: Collection[str] | None = None,
        poke_interval: float = 2.0,
        soft_fail: bool = False,  # noqa: FBT001, FBT002 - Airflow's signature
        **_more: Any,
    ) -> None:
        super().__init__()
        self.external_dag_id = external_dag_id
        self.run_ids = run_ids
        self.logical_dates = logical_dates or execution_dates
        self.external_task_ids = external_task_ids
        self.external_task_group_id = external_task_group_id
        self.failed_states = failed_states
        self.skipped_states = skipped_states
        self.allowed_states = allowed_states
        self.poke_interval = poke_interval
        self.soft_fail = soft_fail

    @property
    def execution_dates(self) -> list[datetime] | None:
        """`logical_dates` by their old name."""
        return self.logical_dates

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path of the class and the arguments that make this trigger again."""
        return (
            f"{WorkflowTrigger.__module__}.{WorkflowTrigger.__name__}",
            {
                "external_dag_id": self.external_dag_id,
                "run_ids": self.run_ids,
                "logical_dates": self.logical_dates,
                "external_task_ids": _listed(self.external_task_ids),
                "external_task_group_id": self.external_task_group_id,
                "failed_states": _listed(self.failed_states),
                "skipped_states": _listed(self.skipped_states),
                "allowed_states": _listed(self.allowed_states),
                "poke_interval": self.poke_interval,
                "soft_fail": self.soft_fail,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look every `poke_interval` seconds."""
        while True:
            seen = await asyncio.to_thread(self._look)
            verdict = judge(
                seen,
                allowed=self.allowed_states or ("success",),
                failed=self.failed_states or (),
                skipped=self.skipped_states or (),
            )
            if verdict is not Verdict.WAITING:
                yield TriggerEvent({"status": str(verdict)})
                return
            await asyncio.sleep(max(POLL_S_MIN, self.poke_interval))

    def _look(self) -> Seen:
        target = Target(
            dag_id=self.external_dag_id,
            task_ids=tuple(self.external_task_ids) if self.external_task_ids else None,
            group_id=self.external_task_group_id,
        )
        service = bridge.current_bridge(purpose=_PURPOSE)
        return look(service, target, dates=self.logical_dates, run_ids=self.run_ids)


class DagStateTrigger(BaseTrigger):
    """Waits until runs of a DAG, named by run ids or dates, are all in one of `states`.

    The event's payload is this trigger as `serialize` gives it, with the state of each run under its run id.
    """

    def __init__(
        self,
        dag_id: str,
        states: Sequence[str],
        run_ids: list[str] | None = None,
        execution_dates: list[datetime] | None = None,
        poll_interval: float = 5.0,
    ) -> None:
        super().__init__()
        self.dag_id = dag_id
        self.states = [str(state) for state in states]
        self.run_ids = run_ids
        self.execution_dates = execution_dates
        self.poll_interval = poll_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path of the class and the arguments that make this trigger again."""
        return (
            f"{DagStateTrigger.__module__}.{DagStateTrigger.__name__}",
            {
                "dag_id": self.dag_id,
                "states": self.states,
                "run_ids": self.run_ids,
                "execution_dates": self.execution_dates,
                "poll_interval": self.poll_interval,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look every `poll_interval` seconds."""
        wanted = len(self.run_ids or self.execution_dates or ())
        while True:
            found = await asyncio.to_thread(self._states)
            if len(found) >= wanted and all(state in self.states for state in found.values()):
                path, arguments = self.serialize()
                yield TriggerEvent((path, {**arguments, **found}))
                return
            await asyncio.sleep(max(POLL_S_MIN, self.poll_interval))

    def _states(self) -> dict[str, str]:
        answer = bridge.current_bridge(purpose=_PURPOSE).call(
            FindRuns(
                dag_ids=(self.dag_id,),
                run_ids=None if self.run_ids is None else tuple(self.run_ids),
                logical_dates=None if self.execution_dates is None else tuple(self.execution_dates),
            )
        )
        if not isinstance(answer, RunsAnswer):
            raise AirflowException(f"the runs of `{self.dag_id}` cannot be read: {answer}")
        return {run.run_id: run.state for run in answer.runs}


def _listed(values: Collection[str] | None) -> list[str] | None:
    return None if values is None else [str(value) for value in values]
