"""Decisions on attempts: when one is made, granted, ended, lost or found never to have started.

An attempt is named by its instance and fence. A message with another fence is stale and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import UNSET

from windward.core.actions import MoveTask, move
from windward.core.deferral import decide_deferral
from windward.core.expansion import pushed_length, unstorable
from windward.core.human_input import decide_ask
from windward.core.owed import owing
from windward.core.retries import due_at, may_retry, retry_delay_s
from windward.core.transitions import TaskEvent
from windward.core.view import UNSTARTED, RunView
from windward.model.records import TaskRecord
from windward.model.states import WAITING, TaskState
from windward.protocol.outcomes import (
    AwaitsInput,
    Deferred,
    Ending,
    ExitFact,
    Failed,
    Rescheduled,
    Skipped,
    Succeeded,
)

_JSON = msgspec.json.Encoder()

QUEUEABLE = UNSTARTED | WAITING


def coming_try(record: TaskRecord) -> int:
    """Return the number of the try for which an instance waits."""
    goes_on = record.state in (TaskState.UP_FOR_RESCHEDULE, TaskState.SCHEDULED)
    return record.try_number if goes_on else record.try_number + 1


def decide_queue(record: TaskRecord, *, now: datetime) -> MoveTask:
    """Make an attempt of an instance that is ready and was given a slot.

    A rescheduled sensor and a resumed deferral go on within their try; everything else begins a new one.
    """
    return move(
        record,
        TaskEvent.QUEUE,
        at=now,
        try_number=coming_try(record),
        queued_at=now,
        owner=None,
        start_date=record.start_date if record.trigger_class is not None else None,
        end_date=None,
        due_at=None,
        exit_fact=None,
    )


def decide_start(
    record: TaskRecord | None, *, fence: int, host_id: str, now: datetime
) -> MoveTask | str | None:
    """Decide whether user code of an attempt may run on a host.

    Returns the move that grants it, None when this host holds the grant already (its answer was lost on
    the way), or the reason of a refusal.
    """
    if record is None:
        return "there is no such task instance"
    if record.fence != fence:
        return f"the attempt was superseded (fence {fence}, now {record.fence})"
    if record.state is TaskState.RUNNING and record.owner == host_id:
        return None
    if record.state is not TaskState.QUEUED:
        return f"the instance is {record.state}"
    return move(
        record,
        TaskEvent.START,
        at=now,
        owner=host_id,
        start_date=record.start_date if record.trigger_class is not None and record.start_date else now,
        first_start_date=record.first_start_date or now,
        drop_xcoms=record.trigger_class is None
        and (record.first_start_date is not None or record.try_number > 1),
    )


def decide_end(
    view: RunView,
    record: TaskRecord | None,
    ending: Ending,
    *,
    fence: int,
    now: datetime,
    lost_attempts_max: int,
) -> list[MoveTask] | None:
    """Decide what an attempt's end means: the moves to make, or None when the message is stale."""
    if record is None or record.fence != fence:
        return None
    if record.state is TaskState.RESTARTING:
        return [_restart(record, reason="its old attempt has ended", now=now)]
    if record.state not in (TaskState.RUNNING, TaskState.QUEUED):
        return None
    ending = _in_time(record, ending, now)
    if record.state is TaskState.RUNNING:
        ending = _storable(ending)
    exit_fact = _JSON.encode(ending.exit).decode()
    rendered = _JSON.encode(ending.rendered).decode() if ending.rendered else None
    match ending.outcome:
        case Succeeded() as outcome if record.state is TaskState.RUNNING:
            done = move(
                record,
                TaskEvent.SUCCEED,
                at=now,
                end_date=ending.at,
                return_length=pushed_length(outcome.xcoms, outcome.return_length),
                map_label=ending.map_label or outcome.map_label,
                exit_fact=exit_fact,
                rendered=rendered,
                xcoms=outcome.xcoms,
            )
            return [done, *_skips(view, record, outcome.skip, now=now)]
        case Skipped(message=message) if record.state is TaskState.RUNNING:
            reason = message or "the task asked to be skipped"
            return [
                move(record, TaskEvent.SKIP, at=now, reason=reason, end_date=ending.at, exit_fact=exit_fact,
                     rendered=rendered, map_label=ending.map_label or UNSET)
            ]  # fmt: skip
        case Rescheduled(at=at) if record.state is TaskState.RUNNING:
            return [
                move(record, TaskEvent.RESCHEDULE, at=now, end_date=ending.at, due_at=at, exit_fact=exit_fact)
            ]
        case Failed() as outcome:
            reason = _in_words(ending.exit)
            failed = _fail(
                view, record, outcome, reason, exit_fact, rendered, ending.at, now, lost_attempts_max
            )
            if ending.map_label is not None:
                failed = msgspec.structs.replace(failed, map_label=ending.map_label)
            return [owing(view, record, failed) if ending.owes_callbacks else failed]
        case Deferred() as outcome if record.state is TaskState.RUNNING:
            return [decide_deferral(view, record, outcome, ending, now=now)]
        case AwaitsInput() as outcome if record.state is TaskState.RUNNING:
            return [decide_ask(record, outcome, ending, now=now)]
        case _:
            # Ended well without ever having been granted a start: nothing that it says may count.
            return None


def _in_time(record: TaskRecord, ending: Ending, now: datetime) -> Ending:
    """Return an ending that is not before its start and not to come, whatever the clock of its host says."""
    began = record.start_date or record.queued_at or now
    at = max(began, min(ending.at, now))
    return ending if at == ending.at else msgspec.structs.replace(ending, at=at)


def _storable(ending: Ending) -> Ending:
    """Return an ending; in the place of a success that no database can hold, a failure that says so."""
    said = ending.outcome
    problem = unstorable(said.xcoms, said.assets) if isinstance(said, Succeeded) else ""
    if not problem:
        return ending
    fact = msgspec.structs.replace(ending.exit, kind="exception", error_type="ValueError", message=problem)
    return msgspec.structs.replace(ending, outcome=Failed(), exit=fact, owes_callbacks=True)


def decide_lost(
    view: RunView, record: TaskRecord, *, reason: str, now: datetime, lost_attempts_max: int
) -> MoveTask | None:
    """Decide on an attempt whose worker is gone; None when there is nothing to decide."""
    if record.state is TaskState.RESTARTING:
        return _restart(record, reason=reason, now=now)
    if record.state is TaskState.QUEUED:
        return move(record, TaskEvent.REQUEUE, at=now, reason=reason, queued_at=now)
    if record.state is not TaskState.RUNNING:
        return None
    fact = _JSON.encode(ExitFact(kind="lost", message=reason)).decode()
    outcome = Failed(is_infrastructure=True)
    lost = _fail(view, record, outcome, reason, fact, None, now, now, lost_attempts_max)
    return owing(view, record, lost)


def decide_late(
    view: RunView, record: TaskRecord, *, times: int, times_max: int, reason: str, now: datetime
) -> MoveTask:
    """Decide on a queued attempt that no worker started in time, for the `times`-th time of this try.

    It is sent again, and at last counts as a failed try, so that a queue without workers does not wait in silence.
    """
    if times <= times_max:
        return move(record, TaskEvent.REQUEUE, at=now, reason=reason, queued_at=now)
    fact = _JSON.encode(ExitFact(kind="never_started", message=reason)).decode()
    failed = _fail(view, record, Failed(), reason, fact, None, now, now, lost_attempts_max=0)
    return owing(view, record, failed)


def _restart(record: TaskRecord, *, reason: str, now: datetime) -> MoveTask:
    """The old attempt of an instance that was cleared while it ran has ended: it may begin anew."""
    return move(
        record,
        TaskEvent.RESTARTED,
        at=now,
        reason=reason,
        owner=None,
        queued_at=None,
        start_date=None,
        end_date=None,
        first_start_date=None,
        exit_fact=None,
    )


def _fail(
    view: RunView,
    record: TaskRecord,
    outcome: Failed,
    reason: str,
    exit_fact: str,
    rendered: str | None,
    ended: datetime,
    now: datetime,
    lost_attempts_max: int,
) -> MoveTask:
    task = view.plan.tasks[view.plan.number_of[record.task_id]]
    if outcome.is_infrastructure and record.lost_count < lost_attempts_max:
        return move(
            record,
            TaskEvent.LOSE,
            at=now,
            reason=reason,
            end_date=ended,
            due_at=now,
            lost_count=record.lost_count + 1,
            max_tries=record.max_tries + 1,
            exit_fact=exit_fact,
        )
    if outcome.may_retry and may_retry(try_number=record.try_number, max_tries=record.max_tries):
        delay_s = outcome.retry_delay_s
        if delay_s is None:
            delay_s = retry_delay_s(
                task,
                dag_id=view.run.dag_id,
                run_id=view.run.run_id,
                logical_date=view.run.logical_date,
                try_number=record.try_number,
            )
        return move(
            record,
            TaskEvent.RETRY,
            at=now,
            reason=reason,
            end_date=ended,
            due_at=due_at(now, delay_s),
            exit_fact=exit_fact,
            rendered=rendered,
        )
    return move(
        record, TaskEvent.FAIL, at=now, reason=reason, end_date=ended, exit_fact=exit_fact, rendered=rendered
    )


def _skips(view: RunView, branch: TaskRecord, task_ids: tuple[str, ...], *, now: datetime) -> list[MoveTask]:
    """Skip what a branch decided against; what has begun already is left alone.

    One instance of many decides for its own map index only: not for a task that is there once for all of them.
    """
    indexes = None if branch.map_index < 0 else (branch.map_index,)
    moves: list[MoveTask] = []
    for task_id in task_ids:
        number = view.plan.number_of.get(task_id)
        if number is None or (indexes is not None and view.plan.expansions[number] is None):
            continue
        moves.extend(
            move(record, TaskEvent.SKIP, at=now, reason=f"`{branch.task_id}` decided against it",
                 end_date=now, skip_by=branch.task_id)
            for record in view.undecided(number, indexes)
        )  # fmt: skip
    return moves


def _in_words(fact: ExitFact) -> str:
    match fact.kind:
        case "ok":
            return ""
        case "exception" | "import_error":
            name = fact.error_type or "error"
            return name if fact.message in (None, "", name) else f"{name}: {fact.message}"
        case "timeout":
            return fact.message or "it ran longer than its execution_timeout"
        case "signal":
            return fact.message or f"it was killed by signal {fact.signal}"
        case "exit":
            return fact.message or f"its process left with exit code {fact.exit_code}"
        case "out_of_memory":
            return fact.message or "it was killed because memory ran out"
        case "cancelled":
            return fact.message or "it was stopped"
        case "lost":
            return fact.message or "its worker is gone"
        case "never_started":
            return fact.message or "it was never started by a worker"


def count_reschedules(events: Iterable[str]) -> int:
    """Return how often an instance gave its slot back since it was last cleared, by the events of its history."""
    count = 0
    for event in events:
        if event in _BEGIN_ANEW:
            count = 0
        elif event == TaskEvent.RESCHEDULE:
            count += 1
    return count


_BEGIN_ANEW = frozenset({TaskEvent.CLEAR, TaskEvent.RESTARTED})
