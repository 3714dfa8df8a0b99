"""One group of actions, applied whole or undone: the rules of `RunStore.apply`, row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from windward.core.actions import (
    Action,
    AddAssetEvent,
    AddTasks,
    CreateBackfill,
    CreateRun,
    ExpectRun,
    ForgetAssetEvents,
    LinkRun,
    MoveBackfill,
    MoveCallback,
    MoveRun,
    MoveSlot,
    MoveTask,
    PauseDag,
    PlanRecovery,
    RouteAssetEvent,
    SkipSlot,
    TouchRun,
    WriteNote,
)
from windward.core.slas import MissSla
from windward.core.waits import AnswerInput, AskDeadlines, MissDeadline, SetDeadlines
from windward.model.ids import TaskKey
from windward.model.records import TaskRecord
from windward.ports.reads import AttemptRecord
from windward.protocol.outcomes import XComPut
from windward.store.columns import RUN_CHANGES, TASK_CHANGES, archives, changes_failures, failures_in_a_row
from windward.store.history import ADDED, Line
from windward.store.memory.assets import consume_events, write_event
from windward.store.memory.backfill_moves import create_backfill, move_backfill, move_slot, plan_recovery
from windward.store.memory.slas import link_run, miss_sla
from windward.store.memory.tables import Tables
from windward.store.memory.waits import answer, ask, ask_deadlines, miss_deadline, put_callback, set_deadlines
from windward.store.memory.xcoms import drop_xcoms, put_xcom

K = TypeVar("K")
V = TypeVar("V")


class Group:
    """A group being applied: every write puts its inverse on a list, which a refusal plays backwards."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._undo: list[Callable[[], object]] = []
        self.rows = 0

    def apply(self, actions: Sequence[Action]) -> bool:
        """Apply all actions and return True, or none and return False."""
        dead_pk = self._tables.dead_pk
        self._undo.append(lambda: self._tables.exhume(dead_pk))
        for action in actions:
            if not self._apply_one(action):
                for undo in reversed(self._undo):
                    undo()
                self.rows = 0
                return False
        return True

    def _apply_one(self, action: Action) -> bool:
        match action:
            case MoveTask():
                return self._move_task(action)
            case AddTasks():
                return self._add_tasks(action)
            case CreateRun():
                return self._create_run(action)
            case MoveRun():
                return self._move_run(action)
            case LinkRun():
                return link_run(self._tables, action, self._put)
            case SkipSlot():
                return self._skip_slot(action)
            case ExpectRun(run_pk=run_pk, revision=revision):
                run = self._tables.runs.get(run_pk)
                return run is not None and run.revision == revision
            case TouchRun(run_pk=run_pk):
                return self._touch_run(run_pk)
            case WriteNote():
                return self._write_note(action)
            case AddAssetEvent() | RouteAssetEvent() | ForgetAssetEvents():
                return write_event(self._tables, action, self._put, self._drop)
            case PauseDag():
                return self._pause_dag(action)
            case MoveCallback():
                return self._move_callback(action)
            case AnswerInput():
                return answer(self._tables, action, self._put)
            case SetDeadlines():
                return set_deadlines(self._tables, action, self._put)
            case AskDeadlines():
                return ask_deadlines(self._tables, action, self._put)
            case MissDeadline():
                return miss_deadline(self._tables, action, self._put)
            case MissSla():
                return miss_sla(self._tables, action, self._put, put_callback)
            case PlanRecovery():
                return plan_recovery(self._tables, action, self._put)
            case CreateBackfill():
                return create_backfill(self._tables, action, self._put)
            case MoveBackfill():
                return move_backfill(self._tables, action, self._put)
            case MoveSlot():
                return move_slot(self._tables, action, self._put)

    def _put(self, table: dict[K, V], key: K, value: V, *, rows: int = 1) -> None:
        if key in table:
            before = table[key]
            self._undo.append(lambda: table.__setitem__(key, before))
        else:
            self._undo.append(lambda: table.pop(key))
        table[key] = value
        self.rows += rows

    def _drop(self, table: dict[K, V], key: K, *, rows: int = 1) -> None:
        before = table.pop(key)
        self._undo.append(lambda: table.__setitem__(key, before))
        self.rows += rows

    def _append(self, trails: dict[K, list[Line]], key: K, line: Line) -> None:
        trail = trails.setdefault(key, [])
        trail.append(line)
        self._undo.append(trail.pop)

    def _move_task(self, action: MoveTask) -> bool:
        key = action.key
        tasks = self._tables.tasks.get(key.run_pk, {})
        task = tasks.get((key.task_id, key.map_index))
        if task is None or (task.state, task.fence) != (action.expect_state, action.expect_fence):
            return False
        if archives(action):
            self._archive(task, action)
        changes = {name: value for name in TASK_CHANGES if (value := getattr(action, name)) is not UNSET}
        moved = msgspec.structs.replace(task, state=action.state, reason=action.reason, **changes)
        self._put(tasks, (key.task_id, key.map_index), moved)
        self._append(self._tables.trails, key, (action.at, str(action.event), action.reason))
        if action.rendered is not UNSET:
            self._put(self._tables.rendered, key, action.rendered, rows=0)
        if not self._keep_deferral(action):
            return False
        if action.drop_xcoms:
            gone = drop_xcoms(self._tables, key)
            self._undo.append(lambda: self._tables.xcoms[key.run_pk].update(gone))
            self.rows += len(gone)
        if action.drop_states:
            for place in [place for place in self._tables.task_states if place[0] == key]:
                self._drop(self._tables.task_states, place)
        for put in action.xcoms:
            self._put_xcom(key, put, at=action.at)
        if action.asks is not None:
            ask(self._tables, action, self._put)
        if action.callback is not None:
            put_callback(
                self._tables,
                self._put,
                key.run_pk,
                action.callback,
                action.reason,
                task=key,
                try_number=action.callback_try,
            )
        return True

    def _keep_deferral(self, action: MoveTask) -> bool:
        """Write what a move says of its instance's deferral; whether what it expects is there."""
        deferrals, key = self._tables.deferrals, action.key
        if action.resumed is not UNSET:
            if key not in deferrals:
                return False
            self._put(deferrals, key, msgspec.structs.replace(deferrals[key], resumed=action.resumed))
        if action.deferral is None:
            if key in deferrals:
                self._drop(deferrals, key)
        elif action.deferral is not UNSET:
            self._put(deferrals, key, action.deferral)
        return True

    def _put_xcom(self, key: TaskKey, put: XComPut, *, at: datetime) -> None:
        xcoms = self._tables.xcoms[key.run_pk]
        place = (key.task_id, key.map_index, put.key)
        before = put_xcom(self._tables, key, put.key, put.value, at=at)
        if before is None:
            self._undo.append(lambda: xcoms.pop(place))
        else:
            self._undo.append(lambda: xcoms.__setitem__(place, before))
        self.rows += 1

    def _archive(self, task: TaskRecord, action: MoveTask) -> None:
        archived = self._tables.attempts[task.key]
        if task.try_number in archived:
            return
        attempt = AttemptRecord(
            run_pk=task.run_pk,
            task_id=task.task_id,
            map_index=task.map_index,
            try_number=task.try_number,
            fence=task.fence,
            state=task.state,
            event=str(action.event),
            reason=action.reason,
            owner=task.owner,
            queued_at=task.queued_at,
            start_date=task.start_date,
            end_date=_newer(action.end_date, task.end_date),
            exit_fact=_newer(action.exit_fact, task.exit_fact),
            rendered=_newer(action.rendered, self._tables.rendered.get(task.key)),
            map_label=_newer(action.map_label, task.map_label),
        )
        self._put(archived, task.try_number, attempt)

    def _add_tasks(self, action: AddTasks) -> bool:
        if action.run_pk not in self._tables.runs:
            return False
        tasks = self._tables.tasks[action.run_pk]
        if action.replaces is not None:
            place = (action.replaces.task_id, action.replaces.map_index)
            task = tasks.get(place)
            if task is None or (task.state, task.fence) != (action.replaces_state, action.replaces_fence):
                return False
            self._drop(tasks, place)
            if action.replaces in self._tables.trails:
                self._drop(self._tables.trails, action.replaces, rows=0)
            if action.replaces in self._tables.rendered:
                self._drop(self._tables.rendered, action.replaces, rows=0)
        for task in action.tasks:
            if (task.task_id, task.map_index) in tasks:
                return False
            self._put(tasks, (task.task_id, task.map_index), task)
            self._put(self._tables.trails, task.key, [(action.at, ADDED, action.reason)], rows=0)
        return True

    def _create_run(self, action: CreateRun) -> bool:
        run = action.run
        tables = self._tables
        is_taken = run.run_pk in tables.runs or (run.dag_id, run.run_id) in tables.run_by_id
        if is_taken or (run.dag_id, run.logical_date) in tables.run_by_date:
            return False
        if action.advance_schedule and not self._advance_schedule(action):
            return False
        if action.consumes and not consume_events(tables, action, self._put):
            return False
        self._put(tables.runs, run.run_pk, run)
        self._put(tables.run_trails, run.run_pk, [], rows=0)
        self._put(tables.run_by_id, (run.dag_id, run.run_id), run.run_pk, rows=0)
        if run.logical_date is not None:
            self._put(tables.run_by_date, (run.dag_id, run.logical_date), run.run_pk, rows=0)
        tasks = {(task.task_id, task.map_index): task for task in action.tasks}
        assert len(tasks) == len(action.tasks), "a run is created with two task instances of one key"
        self._put(tables.tasks, run.run_pk, tasks, rows=len(tasks))
        return True

    def _advance_schedule(self, action: CreateRun) -> bool:
        run = action.run
        return self._advance(
            run.dag_id,
            action.expect_last_run_after,
            (run.run_after, run.data_interval_start, run.data_interval_end),
        )

    def _skip_slot(self, action: SkipSlot) -> bool:
        place = (action.run_after, action.interval_start, action.interval_end)
        return self._advance(action.dag_id, action.expect_last_run_after, place)

    def _advance(
        self,
        dag_id: str,
        expected: datetime | None,
        place: tuple[datetime, datetime | None, datetime | None],
    ) -> bool:
        """Move a DAG's place in its schedule (run after, interval), if it is where it is expected."""
        dag = self._tables.dags.get(dag_id)
        if dag is None or dag.last_run_after != expected:
            return False
        run_after, start, end = place
        advanced = msgspec.structs.replace(
            dag, last_run_after=run_after, last_interval_start=start, last_interval_end=end
        )
        self._put(self._tables.dags, dag_id, advanced)
        return True

    def _move_run(self, action: MoveRun) -> bool:
        run = self._tables.runs.get(action.run_pk)
        if run is None or run.state != action.expect_state or run.dag_id != action.dag_id:
            return False
        changes = {name: value for name in RUN_CHANGES if (value := getattr(action, name)) is not UNSET}
        moved = msgspec.structs.replace(run, state=action.state, reason=action.reason, **changes)
        self._put(self._tables.runs, action.run_pk, moved)
        self._append(self._tables.run_trails, action.run_pk, (action.at, str(action.event), action.reason))
        if action.callback is not None:
            put_callback(
                self._tables, self._put, run.run_pk, action.callback, action.reason, task=action.callback_task
            )
        dag = self._tables.dags.get(action.dag_id)
        if dag is not None and changes_failures(action):
            failures = failures_in_a_row([action], dag.failed_in_a_row)
            if failures != dag.failed_in_a_row:
                self._put(
                    self._tables.dags, dag.dag_id, msgspec.structs.replace(dag, failed_in_a_row=failures)
                )
        return True

    def _touch_run(self, run_pk: int) -> bool:
        run = self._tables.runs.get(run_pk)
        if run is None:
            return False
        self._put(self._tables.runs, run_pk, msgspec.structs.replace(run, revision=run.revision + 1))
        return True

    def _write_note(self, action: WriteNote) -> bool:
        if action.key is None:
            run = self._tables.runs.get(action.run_pk)
            if run is not None:
                self._put(self._tables.runs, run.run_pk, msgspec.structs.replace(run, note=action.text))
            return True
        tasks = self._tables.tasks.get(action.run_pk, {})
        place = (action.key.task_id, action.key.map_index)
        if place in tasks:
            self._put(tasks, place, msgspec.structs.replace(tasks[place], note=action.text))
        return True

    def _pause_dag(self, action: PauseDag) -> bool:
        dag = self._tables.dags.get(action.dag_id)
        if dag is None or dag.is_paused == action.is_paused:
            return False
        failures = dag.failed_in_a_row if action.is_paused else 0
        moved = msgspec.structs.replace(dag, is_paused=action.is_paused, failed_in_a_row=failures)
        self._put(self._tables.dags, dag.dag_id, moved)
        dates = self._tables.dag_dates[dag.dag_id]
        self._put(
            self._tables.dag_dates,
            dag.dag_id,
            dates._replace(paused_at=action.at, paused_reason=action.reason),
            rows=0,
        )
        return True

    def _move_callback(self, action: MoveCallback) -> bool:
        callback = self._tables.callbacks.get(action.callback_pk)
        expected = (action.expect_state, action.expect_fence)
        if callback is None or (callback.state, callback.fence) != expected:
            return False
        moved = msgspec.structs.replace(
            callback, state=action.state, fence=action.fence, owner=action.owner, tries=action.tries
        )
        self._put(self._tables.callbacks, action.callback_pk, moved)
        return True


def _newer(new: Any, old: Any) -> Any:
    return old if new is UNSET or new is None else new
