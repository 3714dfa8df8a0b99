"""What a decision may ask of the store: a closed set of compare-and-set writes.

Each action carries the state (and the fence) it was decided upon. A store that finds something else
refuses the action instead of overwriting a newer truth. A refused action is normal: someone else was
first; the cached view is dropped and decided again.

The constructors admit only legal combinations: `move` asserts the transition table and fixes what the
event itself determines.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from windward.core.slas import MissSla
from windward.core.transitions import (
    ARCHIVING,
    BACKFILL_TRANSITIONS,
    REVOKING,
    RUN_TRANSITIONS,
    TASK_TRANSITIONS,
    WITHIN_TRY,
    BackfillEvent,
    RunEvent,
    TaskEvent,
    is_legal,
    is_legal_for_run,
)
from windward.core.waits import AnswerInput, AskDeadlines, MissDeadline, SetDeadlines
from windward.model.ids import TaskKey
from windward.model.records import (
    AssetEventRecord,
    BackfillRecord,
    BackfillSlot,
    RunParent,
    RunRecord,
    TaskRecord,
    TriggerRecord,
)
from windward.model.states import BackfillState, RunState, RunType, SlotState, TaskState, TriggeredBy
from windward.model.waits import InputRequest
from windward.protocol.outcomes import XComPut


class MoveTask(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Move one task instance along the table. Fields left UNSET are not written.

    Applied only if the row still has `expect_state` and `expect_fence`. With `archives`, the attempt
    that ended is copied to the history in the same transaction. `event`, `at` and `reason` are appended
    to the row's trail, of which the state is the fold.
    """

    key: TaskKey
    event: TaskEvent
    expect_state: TaskState
    expect_fence: int
    state: TaskState
    at: datetime
    reason: str = ""
    archives: bool = False
    fence: int | UnsetType = UNSET
    try_number: int | UnsetType = UNSET
    max_tries: int | UnsetType = UNSET
    owner: str | UnsetType | None = UNSET
    queued_at: datetime | UnsetType | None = UNSET
    start_date: datetime | UnsetType | None = UNSET
    end_date: datetime | UnsetType | None = UNSET
    due_at: datetime | UnsetType | None = UNSET
    first_start_date: datetime | UnsetType | None = UNSET
    return_length: int | UnsetType | None = UNSET
    trigger_class: str | UnsetType | None = UNSET
    deferral: TriggerRecord | UnsetType | None = UNSET
    """The deferral to store beside the row, or None to delete it."""
    resumed: bytes | UnsetType = UNSET
    """What became of the trigger: written to the stored deferral, with the fence that the row has then."""
    lost_count: int | UnsetType = UNSET
    skip_by: str | UnsetType | None = UNSET
    exit_fact: str | UnsetType | None = UNSET
    map_label: str | UnsetType | None = UNSET
    rendered: str | UnsetType | None = UNSET
    """Rendered template fields as JSON text, masked."""
    xcoms: tuple[XComPut, ...] = ()
    """Stored in the same transaction."""
    drop_xcoms: bool = False
    """Delete what earlier attempts of the instance pushed, in the same transaction."""
    drop_states: bool = False
    """Delete the small values that the instance keeps, in the same transaction."""
    callback: str | None = None
    """Kind of callback that the attempt left undone: put into the outbox in the same transaction."""
    callback_try: int = 0
    """The try that it is about."""
    asks: InputRequest | None = None
    """The question that people have to answer, stored in the same transaction for the try `asks_try`."""
    asks_try: int = 0


def move(
    task: TaskRecord,
    event: TaskEvent,
    *,
    at: datetime,
    reason: str = "",
    **changes: object,
) -> MoveTask:
    """Build the move of `task` by `event`; `changes` are further columns of `MoveTask`."""
    assert is_legal(event, task.state), f"{event} is not legal in state {task.state}"
    if task.trigger_class is not None and event not in WITHIN_TRY:
        changes = {"trigger_class": None, "deferral": None, **changes}
    fence = task.fence + 1 if event in REVOKING else UNSET
    return MoveTask(
        key=task.key,
        event=event,
        expect_state=task.state,
        expect_fence=task.fence,
        state=TASK_TRANSITIONS[event][1],
        at=at,
        reason=reason,
        archives=event in ARCHIVING and task.try_number > 0,
        fence=fence,
        **changes,  # type: ignore[arg-type]
    )


def dropping_states(action: MoveTask) -> MoveTask:
    """Return a move that also forgets what the instance kept for its next try, when it needs none: it succeeds."""
    if action.state is not TaskState.SUCCESS:
        return action
    return msgspec.structs.replace(action, drop_states=True)


class AddTasks(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Insert the instances of an expansion. Refused whole when one of them exists already.

    `replaces` is the placeholder (map index -1) that they stand for: its row is deleted in the same
    transaction, and the action is refused unless it is still in `replaces_state` with `replaces_fence`.
    """

    run_pk: int
    tasks: tuple[TaskRecord, ...]
    replaces: TaskKey | None = None
    replaces_state: TaskState = TaskState.NONE
    replaces_fence: int = 0
    at: datetime
    reason: str = ""


class CreateRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Insert a run with its task instances.

    Refused when the DAG already has a run of that run id or logical date. `advance_schedule` also moves
    the DAG's place in its schedule to this slot, if it is still at `expect_last_run_after`.
    """

    run: RunRecord
    tasks: tuple[TaskRecord, ...]
    at: datetime
    advance_schedule: bool = False
    expect_last_run_after: datetime | None = None
    consumes: tuple[int, ...] = ()
    """Asset events (`event_pk`) that the run is made of; refused unless all of them wait for the DAG."""


class MoveRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Move a run along the table. Applied only if the row still has `expect_state`."""

    run_pk: int
    dag_id: str
    event: RunEvent
    expect_state: RunState
    state: RunState
    at: datetime
    reason: str = ""
    document_hash: str | UnsetType = UNSET
    start_date: datetime | UnsetType | None = UNSET
    end_date: datetime | UnsetType | None = UNSET
    queued_at: datetime | UnsetType | None = UNSET
    clear_number: int | UnsetType = UNSET
    run_type: RunType | UnsetType = UNSET
    triggered_by: TriggeredBy | UnsetType = UNSET
    is_idle_class: bool | UnsetType = UNSET
    backfill_pk: int | UnsetType | None = UNSET
    recoveries: int | UnsetType = UNSET
    recover_at: datetime | UnsetType | None = UNSET
    is_recovery_stopped: bool | UnsetType = UNSET
    callback: str | None = None
    """Kind of DAG-level callback to put into the outbox in the same transaction."""
    callback_task: TaskKey | None = None


def move_run(
    run: RunRecord, event: RunEvent, *, at: datetime, reason: str = "", **changes: object
) -> MoveRun:
    """Build the move of `run` by `event`; `changes` are further columns of `MoveRun`."""
    assert is_legal_for_run(event, run.state), f"{event} is not legal in run state {run.state}"
    return MoveRun(
        run_pk=run.run_pk,
        dag_id=run.dag_id,
        event=event,
        expect_state=run.state,
        state=RUN_TRANSITIONS[event][1],
        at=at,
        reason=reason,
        **changes,  # type: ignore[arg-type]
    )


class LinkRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Note which task instance triggered a run, in place of an earlier one; refused when there is no such run."""

    run_pk: int
    parent: RunParent


class SkipSlot(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Move a DAG's place in its schedule past a slot whose logical date has a run already."""

    dag_id: str
    run_after: datetime
    interval_start: datetime
    interval_end: datetime
    expect_last_run_after: datetime | None


class ExpectRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Write nothing, but refuse the group unless the run still has this revision.

    Compare-and-set on a task's own row does not see that a person has just cleared what the task waits for.
    """

    run_pk: int
    revision: int


class TouchRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Raise the run's revision: part of everything that people do to its tasks."""

    run_pk: int


class WriteNote(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Replace what people noted on a run, or with `key` on an instance of it; None takes it away.

    It decides nothing, so it expects nothing: the last writer wins, and a note on what is gone is gone too.
    """

    run_pk: int
    key: TaskKey | None = None
    text: str | None


class PlanRecovery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Say when, or that not, a run is run again on its own. Applied only if the run has `expect_state`."""

    run_pk: int
    expect_state: RunState
    recoveries: int
    recover_at: datetime | None
    is_recovery_stopped: bool


class CreateBackfill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Insert a backfill with its dates. Refused when its number is taken or its DAG has an open one."""

    backfill: BackfillRecord
    slots: tuple[BackfillSlot, ...]


class MoveBackfill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Move a backfill along its table. Applied only if the row still has `expect_state`."""

    backfill_pk: int
    event: BackfillEvent
    expect_state: BackfillState
    state: BackfillState
    at: datetime
    reason: str = ""


def move_backfill(
    backfill: BackfillRecord, event: BackfillEvent, *, at: datetime, reason: str
) -> MoveBackfill:
    """Build the move of `backfill` by `event`."""
    before, after = BACKFILL_TRANSITIONS[event]
    assert backfill.state in before, f"{event} is not legal in backfill state {backfill.state}"
    return MoveBackfill(
        backfill_pk=backfill.backfill_pk,
        event=event,
        expect_state=backfill.state,
        state=after,
        at=at,
        reason=reason,
    )


class MoveSlot(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Write down what became of a date of a backfill. Applied only if it is still `waiting`."""

    backfill_pk: int
    ordinal: int
    state: SlotState
    run_pk: int | None = None
    reason: str = ""


class PauseDag(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Pause or unpause a DAG, if it is in the opposite state."""

    dag_id: str
    is_paused: bool
    at: datetime
    reason: str = ""


class MoveCallback(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Hand a callback to a worker (`submitted`), grant it (`started`), or finish it (`done`)."""

    callback_pk: int
    expect_fence: int
    expect_state: str
    fence: int
    state: str
    """`queued`, `submitted`, `started`, `done`, `failed`."""
    at: datetime
    owner: str | None = None
    tries: int = 0


class AddAssetEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Insert an event of an asset, which waits for `dag_ids` from then on.

    None: whom it waits for is still to be decided (`RouteAssetEvent`), because its maker does not know.
    """

    event: AssetEventRecord
    dag_ids: tuple[str, ...] | None = None


class RouteAssetEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Let an event wait for DAGs, if nobody has decided that before."""

    event_pk: int
    dag_ids: tuple[str, ...]


class ForgetAssetEvents(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Let events wait for a DAG no longer, because its schedule does not name them; refused unless all wait."""

    dag_id: str
    event_pks: tuple[int, ...]


Action = (
    MoveTask
    | AddAssetEvent
    | RouteAssetEvent
    | ForgetAssetEvents
    | AddTasks
    | CreateRun
    | LinkRun
    | SkipSlot
    | MoveRun
    | ExpectRun
    | TouchRun
    | WriteNote
    | PauseDag
    | MoveCallback
    | AnswerInput
    | SetDeadlines
    | AskDeadlines
    | MissDeadline
    | MissSla
    | PlanRecovery
    | CreateBackfill
    | MoveBackfill
    | MoveSlot
)
