"""What a task's wish for a run of some DAG leads to: a new run, one that it triggered before, or one that is run again.

A wish is made once for all attempts of an instance since its last clear: an attempt that crashed after it had
triggered a run finds that run, and does not trigger a second one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from windward.core.actions import Action, LinkRun, move_run
from windward.core.people import decide_clear
from windward.core.runs import decide_manual_run
from windward.core.transitions import RunEvent
from windward.core.view import RunView
from windward.document import DagDocument
from windward.errors import ConflictError, UserError
from windward.model.records import DagRecord, RunParent, RunRecord
from windward.model.states import RUN_FINISHED, RunType, Semantics, TriggeredBy
from windward.timetable import Windows


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a task asks for."""

    dag_id: str
    run_id: str | None = None
    logical_date: datetime | None = None
    has_no_date: bool = False
    """The run has no logical date at all; without this, a date that is left out is the present."""
    run_after: datetime | None = None
    conf: dict[str, Any] = {}
    note: str | None = None
    resets: bool = False
    """A run of that id or date that exists already is run again from the start."""
    again_after: frozenset[str] = frozenset()
    """States in which a run that the task triggered before does not count: it asks for another."""
    needs_unpaused: bool = False


class Joined(msgspec.Struct, frozen=True):
    """The task triggered this run before."""

    run: RunRecord


class Again(msgspec.Struct, frozen=True):
    """This run is to be run again: see `decide_reset`."""

    run: RunRecord


class Made(msgspec.Struct, frozen=True):
    """A new run, and the writes that make it."""

    run: RunRecord
    actions: list[Action]


class PausedError(UserError):
    """The DAG is paused, and the task wants that to be an error."""


def decide_trigger(
    document: DagDocument,
    dag: DagRecord,
    wish: Wish,
    *,
    parent: RunParent | None,
    mine: RunRecord | None,
    same: RunRecord | None,
    now: datetime,
    run_pk: int,
    windows: Windows | None = None,
) -> Joined | Again | Made:
    """Decide on a wish of the task `parent`; its conf has been checked against the params by the caller.

    `mine` is the newest run that this wish triggered before, `same` a run with the id or the date that is asked for.

    Raises:
        ConflictError: there is such a run, and it is not to be run again.
        PausedError: the DAG is paused and must not be.
        UserError: the run cannot be, or the task would run itself again.
    """
    if mine is not None and mine.state not in wish.again_after:
        return Joined(mine)
    if wish.needs_unpaused and dag.is_paused:
        raise PausedError(f"DAG `{dag.dag_id}` is paused", hint=f"Run `windward dags unpause {dag.dag_id}`.")
    if same is not None:
        return _taken(same, wish, parent)
    made = decide_manual_run(
        document,
        document_hash=dag.document_hash,
        run_pk=run_pk,
        now=now,
        run_id=wish.run_id,
        logical_date=wish.logical_date,
        has_no_date=wish.has_no_date,
        run_after=wish.run_after,
        conf=wish.conf,
        note=wish.note,
        windows=windows,
        run_type=_run_type(document),
        triggered_by=TriggeredBy.OPERATOR,
        reason=_reason(parent),
    )
    return Made(made.run, [made, *_links(run_pk, parent)])


def decide_reset(view: RunView, *, parent: RunParent | None, now: datetime) -> list[Action]:
    """Run a run again from the start, for a task; its conf stays as it was."""
    keys = [record.key for record in view.all_instances()]
    by = f"task `{parent.dag_id}.{parent.task_id}`" if parent is not None else "a task"
    actions = decide_clear(view, keys, by=by, now=now)
    if not actions and view.run.state in RUN_FINISHED:
        actions = [move_run(view.run, RunEvent.CLEAR, at=now, reason=f"cleared by {by}", queued_at=now)]
    return [*actions, *_links(view.run.run_pk, parent)]


def _taken(same: RunRecord, wish: Wish, parent: RunParent | None) -> Again:
    if not wish.resets:
        raise ConflictError(_in_words(same, wish))
    if parent is not None and parent.run_pk == same.run_pk:
        raise UserError(
            f"task `{parent.task_id}` would run its own run `{same.run_id}` again, and so for ever",
            hint="Give the run that it triggers another `trigger_run_id` or `logical_date`.",
        )
    return Again(same)


def _in_words(same: RunRecord, wish: Wish) -> str:
    if wish.logical_date is not None and same.run_id != wish.run_id:
        return f"DAG `{same.dag_id}` already has a run of {wish.logical_date.isoformat()}: `{same.run_id}`"
    return f"DAG `{same.dag_id}` already has a run `{same.run_id}`"


def _run_type(document: DagDocument) -> RunType:
    """Airflow 2 knows no other name for what was not scheduled."""
    return RunType.MANUAL if document.semantics is Semantics.AIRFLOW2 else RunType.OPERATOR_TRIGGERED


def _reason(parent: RunParent | None) -> str:
    if parent is None:
        return "triggered by a callback"
    index = f"[{parent.map_index}]" if parent.map_index >= 0 else ""
    return f"triggered by task `{parent.dag_id}.{parent.task_id}`{index} of run `{parent.run_id}`"


def _links(run_pk: int, parent: RunParent | None) -> list[LinkRun]:
    return [LinkRun(run_pk=run_pk, parent=parent)] if parent is not None else []
