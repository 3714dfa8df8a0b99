"""Backfills: which dates one has, what becomes of each, and when it is over.

The dates are worked out once, when the backfill is asked for, and written down: a schedule that changes
afterwards changes nothing. Their runs are made one after the other, as far as `max_active_runs` allows,
which is the backfill's own and takes nothing from the DAG's. A date that has a run already is passed over
with a reason, or its run is cleared, as `reprocess` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from windward.core.actions import (
    Action,
    CreateBackfill,
    CreateRun,
    MoveBackfill,
    MoveSlot,
    move,
    move_backfill,
    move_run,
)
from windward.core.people import decide_rerun
from windward.core.plan import DagPlan
from windward.core.runs import RunTypeError, new_tasks
from windward.core.transitions import BackfillEvent, RunEvent, TaskEvent
from windward.core.view import RunView
from windward.document import DagDocument
from windward.errors import UserError
from windward.model.records import BackfillRecord, BackfillSlot, RunRecord, TaskRecord
from windward.model.states import (
    BACKFILL_OPEN,
    FINISHED,
    RUN_FINISHED,
    BackfillState,
    Reprocess,
    RunState,
    RunType,
    SlotState,
    TriggeredBy,
)
from windward.timetable import RunSlot, run_id_of, slots_between

DATES_MAX = 10_000
"""Dates that one backfill may have: they are written down at once."""


class BackfillRequest(NamedTuple):
    """What somebody asks for; both dates are inclusive."""

    from_date: datetime
    to_date: datetime
    run_backwards: bool = False
    max_active_runs: int = 10
    reprocess: Reprocess = Reprocess.NONE
    conf: dict[str, Any] | None = None
    is_latest_version: bool = False
    is_idle_class: bool = True


def decide_backfill(
    document: DagDocument,
    request: BackfillRequest,
    *,
    backfill_pk: int,
    now: datetime,
    by: str | None,
    slots: Callable[[], Sequence[RunSlot]] | None = None,
) -> CreateBackfill:
    """Make a backfill; the conf has been checked against the params by the caller.

    `slots` gives the dates of a schedule that only its author's code can work out. Raises `UserError`
    for a schedule without dates, a range without any that are due, too many of them, dates in the future,
    and for running backwards what depends on the past.
    """
    _check(document, request, now=now)
    found = slots() if slots is not None else _due_slots(document, request, now=now)
    if not found:
        raise UserError(
            f"the schedule of DAG `{document.dag_id}` has no due date from"
            f" {request.from_date.isoformat()} to {request.to_date.isoformat()}",
            hint=f"`windward dags next-execution {document.dag_id} -n 5` shows when it runs; both ends are inclusive.",
        )
    if len(found) > DATES_MAX:
        raise UserError(
            f"a backfill has at most {DATES_MAX} dates, and this range has more",
            hint="Divide the range: several backfills, one after the other.",
        )
    backfill = BackfillRecord(
        backfill_pk=backfill_pk,
        dag_id=document.dag_id,
        from_date=request.from_date,
        to_date=request.to_date,
        run_backwards=request.run_backwards,
        max_active_runs=request.max_active_runs,
        reprocess=request.reprocess,
        conf=request.conf or {},
        is_latest_version=request.is_latest_version,
        is_idle_class=request.is_idle_class,
        created_by=by,
        created_at=now,
        reason=f"asked for by {by}" if by else "asked for",
    )
    ordered = found[::-1] if request.run_backwards else found
    return CreateBackfill(
        backfill=backfill,
        slots=tuple(
            BackfillSlot(
                backfill_pk=backfill_pk,
                ordinal=ordinal,
                run_after=slot.run_after,
                logical_date=slot.logical_date,
                interval_start=slot.data_interval.start,
                interval_end=slot.data_interval.end,
            )
            for ordinal, slot in enumerate(ordered, 1)
        ),
    )


def _check(document: DagDocument, request: BackfillRequest, *, now: datetime) -> None:
    if request.from_date > request.to_date:
        raise UserError(
            f"the range ends before it begins: {request.from_date.isoformat()} to {request.to_date.isoformat()}",
            hint="Exchange the two dates.",
        )
    if request.to_date > now:
        raise UserError(
            f"a backfill cannot reach into the future: {request.to_date.isoformat()}",
            hint="The schedule itself makes the runs to come.",
        )
    if request.max_active_runs < 1:
        raise UserError(
            "a backfill with no active run at a time would never end",
            hint="Let `max_active_runs` be at least 1.",
        )
    allowed = document.allowed_run_types
    if allowed is not None and RunType.BACKFILL not in allowed:
        raise RunTypeError(document, RunType.BACKFILL)
    past = next((task for task in document.tasks if task.depends_on_past or task.wait_for_downstream), None)
    if request.run_backwards and past is not None:
        raise UserError(
            f"DAG `{document.dag_id}` cannot be run backwards: task `{past.task_id}` depends on the run before",
            hint="Leave `--run-backwards` out.",
        )


def _due_slots(document: DagDocument, request: BackfillRequest, *, now: datetime) -> list[RunSlot]:
    slots = slots_between(document.schedule, start=request.from_date, end=request.to_date)
    return [slot for slot in islice(slots, DATES_MAX + 1) if slot.run_after <= now]


class Outcome(NamedTuple):
    """What is to become of a date: a new run, a cleared one (`clears`), or nothing, for a reason."""

    state: SlotState
    reason: str


def decide_slot(backfill: BackfillRecord, existing: RunRecord | None) -> Outcome:
    """Say what becomes of a date, whose run is `existing` if there is one."""
    if existing is None:
        return Outcome(SlotState.MADE, "")
    name = f"run `{existing.run_id}`"
    if existing.state not in RUN_FINISHED:
        return Outcome(SlotState.SKIPPED, f"{name} is {existing.state}")
    is_asked = backfill.reprocess is Reprocess.COMPLETED or (
        backfill.reprocess is Reprocess.FAILED and existing.state is RunState.FAILED
    )
    if not is_asked:
        return Outcome(SlotState.SKIPPED, f"{name} exists, and is {existing.state}")
    return Outcome(SlotState.CLEARED, f"{name} was {existing.state}")


def decide_backfill_run(
    document: DagDocument,
    backfill: BackfillRecord,
    slot: BackfillSlot,
    *,
    document_hash: str,
    run_pk: int,
    now: datetime,
) -> list[Action]:
    """Make the run of a date. The actions are one group."""
    run_id = run_id_of(
        RunType.BACKFILL,
        semantics=document.semantics,
        run_after=slot.run_after,
        logical_date=slot.logical_date,
        suffix=f"{run_pk:x}",
    )
    run = RunRecord(
        run_pk=run_pk,
        dag_id=document.dag_id,
        run_id=run_id,
        run_type=RunType.BACKFILL,
        state=RunState.QUEUED,
        document_hash=document_hash,
        run_after=slot.run_after,
        logical_date=slot.logical_date,
        data_interval_start=slot.interval_start,
        data_interval_end=slot.interval_end,
        queued_at=now,
        conf=backfill.conf,
        triggered_by=TriggeredBy.BACKFILL,
        triggering_user=backfill.created_by,
        is_idle_class=backfill.is_idle_class,
        backfill_pk=backfill.backfill_pk,
        reason=_in_words(backfill),
    )
    return [
        CreateRun(run=run, tasks=new_tasks(document, run_pk=run_pk), at=now),
        MoveSlot(backfill_pk=backfill.backfill_pk, ordinal=slot.ordinal, state=SlotState.MADE, run_pk=run_pk),
    ]


def decide_skip(slot: BackfillSlot, existing: RunRecord | None, *, reason: str) -> MoveSlot:
    """Pass over a date."""
    return MoveSlot(
        backfill_pk=slot.backfill_pk,
        ordinal=slot.ordinal,
        state=SlotState.SKIPPED,
        run_pk=existing.run_pk if existing is not None else None,
        reason=reason,
    )


def decide_reprocess(
    view: RunView,
    backfill: BackfillRecord,
    slot: BackfillSlot,
    *,
    reason: str,
    now: datetime,
    newest: DagPlan | None = None,
    records: Sequence[TaskRecord] | None = None,
) -> list[Action]:
    """Clear all of an ended run, which belongs to the backfill from then on. The actions are one group."""
    keys = [record.key for record in view.all_instances()]
    actions = decide_rerun(
        view,
        keys,
        reason=_in_words(backfill),
        now=now,
        newest=newest if backfill.is_latest_version else None,
        records=records,
        recoveries=0,
        is_recovery_stopped=False,
        run_type=RunType.BACKFILL,
        triggered_by=TriggeredBy.BACKFILL,
        is_idle_class=backfill.is_idle_class,
        backfill_pk=backfill.backfill_pk,
    )
    if not actions:
        return [
            decide_skip(slot, view.run, reason=f"run `{view.run.run_id}` has no task that could run again")
        ]
    note = MoveSlot(
        backfill_pk=backfill.backfill_pk,
        ordinal=slot.ordinal,
        state=SlotState.CLEARED,
        run_pk=view.run.run_pk,
        reason=reason,
    )
    return [note, *actions]


def _in_words(backfill: BackfillRecord) -> str:
    by = f" of {backfill.created_by}" if backfill.created_by else ""
    return f"backfill {backfill.backfill_pk}{by}"


def decide_backfill_end(
    backfill: BackfillRecord, *, waiting: int, open_runs: int, now: datetime
) -> MoveBackfill | None:
    """Return the move that completes a backfill, or None while something of it is left."""
    if backfill.state is not BackfillState.RUNNING or waiting or open_runs:
        return None
    return move_backfill(
        backfill,
        BackfillEvent.COMPLETE,
        at=now,
        reason="every date has been dealt with, and every run has ended",
    )


def decide_cancelled_run(view: RunView, backfill: BackfillRecord, *, now: datetime) -> list[Action]:
    """End a run of a cancelled backfill that has not begun: its tasks are skipped, and it counts as failed."""
    reason = f"backfill {backfill.backfill_pk}: {backfill.reason}"
    return [
        *(
            move(record, TaskEvent.SKIP, at=now, reason=reason, end_date=now)
            for record in view.all_instances()
            if record.state not in FINISHED
        ),
        move_run(view.run, RunEvent.FAIL, at=now, reason=reason, end_date=now, is_recovery_stopped=True),
    ]


_VERBS = {
    BackfillEvent.PAUSE: "paused",
    BackfillEvent.UNPAUSE: "unpaused",
    BackfillEvent.CANCEL: "cancelled",
}


def decide_backfill_change(
    backfill: BackfillRecord, event: BackfillEvent, *, by: str, now: datetime
) -> MoveBackfill | None:
    """Pause, unpause or cancel a backfill; None when it is so already. Raises `UserError` when it is over."""
    assert event in _VERBS, "nobody completes a backfill but the scheduler"
    if backfill.state not in BACKFILL_OPEN:
        raise UserError(
            f"backfill {backfill.backfill_pk} is {backfill.state} and cannot be {_VERBS[event]}",
            hint=f"`windward backfill list --dag-id {backfill.dag_id}` shows what is open.",
        )
    is_so = (event is BackfillEvent.PAUSE, event is BackfillEvent.UNPAUSE)
    if is_so[0] and backfill.state is BackfillState.PAUSED:
        return None
    if is_so[1] and backfill.state is BackfillState.RUNNING:
        return None
    return move_backfill(backfill, event, at=now, reason=f"{_VERBS[event]} by {by}")
