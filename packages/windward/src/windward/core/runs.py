"""Runs: how one is made, by a schedule or by a person, and which queued ones may start."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

from windward.core.actions import CreateRun, MoveRun, move_run
from windward.core.transitions import RunEvent
from windward.document import DagDocument
from windward.errors import UserError
from windward.model.ids import check_run_id
from windward.model.records import DagRecord, RunRecord, TaskRecord
from windward.model.states import RunState, RunType, TriggeredBy
from windward.timetable import (
    CustomSchedule,
    DataInterval,
    Restriction,
    RunSlot,
    Windows,
    by_time,
    manual_interval,
    manual_window,
    next_slot,
    run_id_of,
)

_UNRESTRICTED = Restriction(None, None, catchup=True)


class RunTypeError(UserError):
    """The author of a DAG does not allow runs of this type."""

    def __init__(self, document: DagDocument, run_type: RunType) -> None:
        super().__init__(
            f"DAG `{document.dag_id}` does not allow runs of type `{run_type}`",
            hint=f"Its `allowed_run_types` are: {', '.join(document.allowed_run_types or ())}.",
        )


def new_tasks(document: DagDocument, *, run_pk: int) -> tuple[TaskRecord, ...]:
    """Return the task instances that a new run begins with."""
    return tuple(
        TaskRecord(
            run_pk=run_pk,
            task_id=task.task_id,
            max_tries=task.retries,
        )
        for task in document.tasks
    )


def decide_scheduled_run(
    document: DagDocument,
    dag: DagRecord,
    slot: RunSlot,
    *,
    now: datetime,
    run_pk: int,
    is_missed: bool = False,
    is_id_taken: Callable[[str], bool] = lambda _run_id: False,
) -> CreateRun:
    """Make the run of a slot of the schedule.

    `is_missed`: a later slot is due as well, so that this one makes up for a time that is over. What is due
    now goes before it. Where another run has the id (one that a person named, or one from the time when the DAG
    had other semantics), the run's key is added to it.
    """
    run_id = slot.run_id or run_id_of(
        RunType.SCHEDULED,
        semantics=document.semantics,
        run_after=slot.run_after,
        logical_date=slot.logical_date,
        suffix=f"{run_pk:x}",
    )
    if is_id_taken(run_id):
        run_id = f"{run_id}__{run_pk:x}"
    run = RunRecord(
        run_pk=run_pk,
        dag_id=document.dag_id,
        run_id=run_id,
        run_type=RunType.SCHEDULED,
        state=RunState.QUEUED,
        document_hash=dag.document_hash,
        run_after=slot.run_after,
        logical_date=slot.logical_date,
        data_interval_start=slot.data_interval.start,
        data_interval_end=slot.data_interval.end,
        queued_at=now,
        triggered_by=TriggeredBy.TIMETABLE,
        is_idle_class=is_missed,
        reason="makes up for a missed time of its schedule" if is_missed else "due by its schedule",
    )
    return CreateRun(
        run=run,
        tasks=new_tasks(document, run_pk=run_pk),
        at=now,
        advance_schedule=True,
        expect_last_run_after=dag.last_run_after,
    )


def decide_manual_run(
    document: DagDocument,
    *,
    document_hash: str,
    run_pk: int,
    now: datetime,
    run_id: str | None = None,
    logical_date: datetime | None = None,
    conf: dict[str, Any] | None = None,
    note: str | None = None,
    run_type: RunType = RunType.MANUAL,
    triggered_by: TriggeredBy = TriggeredBy.CLI,
    triggering_user: str | None = None,
    run_after: datetime | None = None,
    has_no_date: bool = False,
    windows: Windows | None = None,
    interval: DataInterval | None = None,
    reason: str | None = None,
) -> CreateRun:
    """Make a run that somebody asked for; the conf has been checked against the params by the caller.

    The data interval is the one that the schedule gives to a run at that moment; without a logical date
    there is none, unless `interval` gives another. `run_after` is the moment before which the run does not start. `windows` are those of a
    timetable of the author's own.
    """
    if document.allowed_run_types is not None and run_type not in document.allowed_run_types:
        raise RunTypeError(document, run_type)
    moment = None if has_no_date else logical_date or now
    if moment is not None and interval is None:
        interval = _manual_interval(document, moment, windows)
    run_after = run_after or now
    if run_id is None:
        run_id = run_id_of(
            run_type,
            semantics=document.semantics,
            run_after=run_after,
            logical_date=moment,
            suffix=f"{run_pk:x}",
        )
    run = RunRecord(
        run_pk=run_pk,
        dag_id=document.dag_id,
        run_id=check_run_id(run_id),
        run_type=run_type,
        state=RunState.QUEUED,
        document_hash=document_hash,
        run_after=run_after,
        logical_date=moment,
        data_interval_start=interval.start if interval is not None else None,
        data_interval_end=interval.end if interval is not None else None,
        queued_at=now,
        conf=conf or {},
        note=note,
        triggered_by=triggered_by,
        triggering_user=triggering_user,
        reason=reason or f"asked for by {triggering_user or triggered_by}",
    )
    return CreateRun(run=run, tasks=new_tasks(document, run_pk=run_pk), at=now)


def _manual_interval(document: DagDocument, moment: datetime, windows: Windows | None) -> DataInterval:
    if isinstance(by_time(document.schedule), CustomSchedule):
        return manual_window(windows, moment)
    return manual_interval(document.schedule, moment)


def is_newest_slot(
    document: DagDocument, dag: DagRecord, run: RunRecord, windows: Windows | None, *, now: datetime
) -> bool:
    """Whether no later slot of the schedule is due than the run's, made or not, whatever made the run.

    A run without an interval, and one of a schedule that knows no next slot, has nothing newer.
    """
    if isinstance(by_time(document.schedule), CustomSchedule):
        # Windows that are over are not kept: the last run that was made tells of those.
        made = dag.last_run_after
        slots = windows.slots if windows is not None else ()
        is_due = any(run.run_after < slot.run_after <= now for slot in slots)
        return not is_due and (made is None or run.run_after >= made)
    if run.data_interval_start is None or run.data_interval_end is None:
        return True
    interval = DataInterval(run.data_interval_start, run.data_interval_end)
    following = next_slot(document.schedule, last=interval, restriction=_UNRESTRICTED, now=now)
    return following is None or following.run_after >= now


def decide_run_starts(
    queued: Iterable[RunRecord],
    *,
    running: int,
    active_max: int,
    now: datetime,
    callbacks: Collection[str] = (),
) -> list[MoveRun]:
    """Start queued runs of one DAG, oldest first, as far as `max_active_runs` allows.

    `queued` are runs of one DAG; those whose `run_after` lies ahead stay queued. `callbacks` are the DAG's.
    """
    free = active_max - running
    due = sorted((run for run in queued if run.run_after <= now), key=lambda run: (run.run_after, run.run_pk))
    return [
        move_run(
            run,
            RunEvent.START,
            at=now,
            start_date=run.start_date or now,
            callback="running" if "running" in callbacks else None,
        )
        for run in due[: max(0, free)]
    ]
