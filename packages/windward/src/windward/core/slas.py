"""Service level agreements of Airflow 2: which tasks of a run are late, and when to look.

A task's `sla` counts from the end of its run's slot in the schedule, however late the run began. It is kept when
every instance of the task has succeeded or was skipped by then. Only the runs of a schedule have one, and only
in their first life: what a person clears later is late by intention.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from windward.core.moments import later
from windward.document import DagDocument, TaskDocument
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.slas import SLA_KIND, SlaMissRecord
from windward.model.states import RunType, Semantics, TaskState

KEPT = frozenset({TaskState.SUCCESS, TaskState.SKIPPED, TaskState.REMOVED})


class MissSla(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Write down tasks of a run that missed their SLA, and put one callback for all of them into the outbox.

    Refused when one of them was written down before.
    """

    run_pk: int
    misses: tuple[SlaMissRecord, ...]
    at: datetime
    reason: str
    callback: str | None = None

    @property
    def callback_task(self) -> TaskKey:
        """One of the misses: by its time the callback finds all that are told together."""
        return TaskKey(self.run_pk, self.misses[0].task_id)


def sla_times(document: DagDocument, run: RunRecord) -> list[datetime]:
    """Return when to look at a run, in order; nothing for a run without SLAs."""
    if not _has_slas(document, run):
        return []
    return sorted({due for task in document.tasks if (due := _due(task, run)) is not None})


def decide_sla(
    document: DagDocument,
    run: RunRecord,
    instances: Iterable[TaskRecord],
    *,
    recorded: Collection[str],
    now: datetime,
) -> MissSla | None:
    """Return what to write down of a run, or None; `recorded` are the tasks that were before."""
    if not _has_slas(document, run):
        return None
    states: dict[str, set[TaskState]] = {}
    for record in instances:
        states.setdefault(record.task_id, set()).add(record.state)
    late = [
        (task, due)
        for task in document.tasks
        if (due := _due(task, run)) is not None and due <= now
        if task.task_id not in recorded and not _is_kept(states.get(task.task_id))
    ]
    if not late:
        return None
    assert run.logical_date is not None, "a slot has a date"
    misses = tuple(
        SlaMissRecord(
            run_pk=run.run_pk,
            task_id=task.task_id,
            dag_id=run.dag_id,
            run_id=run.run_id,
            logical_date=run.logical_date,
            due_at=due,
            missed_at=now,
        )
        for task, due in late
    )
    is_told = SLA_KIND in document.callbacks or any(task.email for task, _ in late)
    names = ", ".join(f"`{task.task_id}`" for task, _ in late)
    return MissSla(
        run_pk=run.run_pk,
        misses=misses,
        at=now,
        reason=f"late by its SLA: {names}",
        callback=SLA_KIND if is_told else None,
    )


def _has_slas(document: DagDocument, run: RunRecord) -> bool:
    return (
        document.semantics is Semantics.AIRFLOW2
        and run.run_type is RunType.SCHEDULED
        and run.data_interval_end is not None
        and run.clear_number == 0
        and not run.is_idle_class
    )


def _due(task: TaskDocument, run: RunRecord) -> datetime | None:
    if not task.sla_s or run.data_interval_end is None:
        return None
    return later(run.data_interval_end, task.sla_s)


def _is_kept(states: Collection[TaskState] | None) -> bool:
    return bool(states) and KEPT.issuperset(states or ())
