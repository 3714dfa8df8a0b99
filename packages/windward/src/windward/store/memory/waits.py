"""Questions, deadlines and small values in memory: their writes as parts of a group, and their reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from windward.core.actions import MoveTask
from windward.core.waits import AnswerInput, AskDeadlines, MissDeadline, SetDeadlines
from windward.errors import ConflictError
from windward.model.ids import TaskKey
from windward.model.records import DEADLINE_KIND, DEADLINE_REFERENCE_KIND, CallbackRecord
from windward.model.states import RUN_FINISHED
from windward.model.waits import DeadlineRecord, InputRecord
from windward.store.memory.slas import MemorySlaReads
from windward.store.memory.tables import StoredState, Tables

Put = Callable[..., None]


def ask(tables: Tables, action: MoveTask, put: Put) -> None:
    """Store the question of a move."""
    assert action.asks is not None, "asked only of moves with a question"
    due_at = action.due_at if isinstance(action.due_at, datetime) else None
    record = InputRecord(
        **action.key._asdict(),
        try_number=action.asks_try,
        request=action.asks,
        asked_at=action.at,
        due_at=due_at,
    )
    put(tables.inputs, (action.key, action.asks_try), record)


def answer(tables: Tables, action: AnswerInput, put: Put) -> bool:
    """Store an answer; False when there is one already, or no question."""
    place = (action.key, action.try_number)
    record = tables.inputs.get(place)
    if record is None or record.answered_at is not None:
        return False
    answered = msgspec.structs.replace(
        record,
        answered_at=action.at,
        answered_by=action.by,
        chosen=action.chosen,
        params_input=action.params_input,
        is_timeout=action.is_timeout,
    )
    put(tables.inputs, place, answered)
    return True


def set_deadlines(tables: Tables, action: SetDeadlines, put: Put) -> bool:
    """Write deadlines; False when the run is gone."""
    if action.run_pk not in tables.runs:
        return False
    for deadline in action.deadlines:
        put(tables.deadlines, (deadline.run_pk, deadline.number), deadline)
    return True


def ask_deadlines(tables: Tables, action: AskDeadlines, put: Put) -> bool:
    """Put questions about deadlines into the outbox, but for those that are there; a run that is over needs none."""
    run = tables.runs.get(action.run_pk)
    if run is None or run.state in RUN_FINISHED:
        return True
    there = {
        (one.deadline_number, one.try_number)
        for one in tables.callbacks.values()
        if one.run_pk == action.run_pk and one.kind == DEADLINE_REFERENCE_KIND and one.state != "failed"
    }
    for number, asked_round in action.asks:
        if (number, asked_round) not in there:
            put_callback(
                tables,
                put,
                action.run_pk,
                DEADLINE_REFERENCE_KIND,
                "",
                try_number=asked_round,
                deadline=number,
            )
    return True


def miss_deadline(tables: Tables, action: MissDeadline, put: Put) -> bool:
    """Note a missed deadline; False when somebody did, or there is none to miss."""
    run = tables.runs.get(action.run_pk)
    place = (action.run_pk, action.number)
    deadline = tables.deadlines.get(place)
    if run is None or run.state in RUN_FINISHED or deadline is None:
        return False
    if deadline.missed_at is not None or deadline.due_at != action.due_at:
        return False
    put(tables.deadlines, place, msgspec.structs.replace(deadline, missed_at=action.at))
    put_callback(tables, put, action.run_pk, DEADLINE_KIND, action.reason, deadline=action.number)
    return True


def put_callback(
    tables: Tables,
    put: Put,
    run_pk: int,
    kind: str,
    reason: str,
    *,
    task: TaskKey | None = None,
    try_number: int = 0,
    deadline: int | None = None,
) -> None:
    """Put a callback into the outbox."""
    tables.callback_pk += 1
    callback = CallbackRecord(
        callback_pk=tables.callback_pk,
        run_pk=run_pk,
        dag_id=tables.runs[run_pk].dag_id,
        kind=kind,
        reason=reason,
        task=task,
        try_number=try_number,
        deadline_number=deadline,
    )
    put(tables.callbacks, callback.callback_pk, callback)


class MemoryWaits(MemorySlaReads):
    """Reads of questions and deadlines."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def load_input(self, key: TaskKey, *, try_number: int) -> InputRecord | None:
        """Return the question of one try of an instance, or None."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            return self._tables.inputs.get((key, try_number))

    def list_inputs(self, *, run_pk: int | None = None, open_only: bool, limit: int) -> list[InputRecord]:
        """Return questions, the newest first."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            found = [
                record
                for record in self._tables.inputs.values()
                if run_pk in {None, record.run_pk} and not (open_only and record.answered_at is not None)
            ]
        found.sort(key=lambda record: (record.key, record.try_number))
        return sorted(found, key=lambda record: record.asked_at, reverse=True)[:limit]

    def load_deadlines(self, run_pks: Sequence[int]) -> list[DeadlineRecord]:
        """Return the deadlines of these runs by run and number."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            return [record for (pk, _), record in sorted(self._tables.deadlines.items()) if pk in run_pks]

    def list_deadlines(
        self, *, dag_id: str | None = None, missed_only: bool, limit: int
    ) -> list[DeadlineRecord]:
        """Return deadlines, the latest `due_at` first."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            found = [
                record
                for (run_pk, _), record in sorted(self._tables.deadlines.items())
                if dag_id in {None, self._tables.runs[run_pk].dag_id}
                and not (missed_only and record.missed_at is None)
            ]
        return sorted(found, key=lambda record: record.due_at, reverse=True)[:limit]


class MemoryStates:
    """Small values of task instances and assets."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def get_task_state(self, key: TaskKey, name: str, *, now: datetime) -> str | None:
        """Return a value of an instance, or None."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            found = self._tables.task_states.get((key, name))
            return found.value if found is not None and not found.is_expired(now) else None

    def set_task_state(
        self, key: TaskKey, name: str, value: str, *, fence: int, now: datetime, expires_at: datetime | None
    ) -> None:
        """Insert or replace; raise `ConflictError` if the instance's fence is not `fence` any more."""
        with self._tables.lock:
            task = self._tables.tasks.get(key.run_pk, {}).get((key.task_id, key.map_index))
            if task is None or task.fence != fence:
                raise ConflictError("the attempt is not the current one any more")
            self._tables.task_states[key, name] = StoredState(value, now, expires_at)
            self._tables.wrote(1)

    def delete_task_state(self, key: TaskKey, name: str | None, *, all_instances: bool = False) -> int:
        """Delete one value, or all; return how many there were."""
        with self._tables.lock:
            states = self._tables.task_states
            gone = [
                (owner, one)
                for owner, one in states
                if owner[:2] == key[:2] and (all_instances or owner == key) and name in {None, one}
            ]
            for place in gone:
                del states[place]
            self._tables.wrote(len(gone))
            return len(gone)

    def list_task_state(self, run_pk: int, *, now: datetime) -> list[tuple[TaskKey, str, str, datetime]]:
        """Return (instance, name, value, set at) of a run by task, map index and name."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            return [
                (key, name, state.value, state.set_at)
                for (key, name), state in sorted(self._tables.task_states.items(), key=lambda item: item[0])
                if key.run_pk == run_pk and not state.is_expired(now)
            ]

    def get_asset_state(self, asset: str, name: str) -> str | None:
        """Return a value of an asset, or None."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            found = self._tables.asset_states.get((asset, name))
            return found[0] if found is not None else None

    def set_asset_state(self, asset: str, name: str, value: str, *, by: str, now: datetime) -> None:
        """Insert or replace; `by` names who wrote it."""
        with self._tables.lock:
            self._tables.asset_states[asset, name] = (value, by, now)
            self._tables.wrote(1)

    def delete_asset_state(self, asset: str, name: str | None) -> int:
        """Delete one value or all of an asset; return how many there were."""
        with self._tables.lock:
            states = self._tables.asset_states
            gone = [place for place in states if place[0] == asset and name in {None, place[1]}]
            for place in gone:
                del states[place]
            self._tables.wrote(len(gone))
            return len(gone)

    def list_asset_state(self, asset: str | None = None) -> list[tuple[str, str, str, str, datetime]]:
        """Return (asset, name, value, by, set at) by asset and name."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            states = sorted(self._tables.asset_states.items())
            return [(*place, *state) for place, state in states if asset in {None, place[0]}]

    def count_expired_states(self, *, before: datetime) -> int:
        """Return how many values of instances expired before a time."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            return sum(state.is_expired(before) for state in self._tables.task_states.values())

    def delete_expired_states(self, *, before: datetime, limit: int) -> int:
        """Delete values of instances that expired before a time; return how many."""
        with self._tables.lock:
            states = self._tables.task_states
            gone = [place for place, state in states.items() if state.is_expired(before)][:limit]
            for place in gone:
                del states[place]
            self._tables.wrote(len(gone))
            return len(gone)
