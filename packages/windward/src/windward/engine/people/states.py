"""Small values that tasks keep, as people write and delete them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from windward.engine.people.changes import note_change
from windward.engine.people.desk import TRIES_MAX, Desk
from windward.engine.states import checked_key, checked_value
from windward.errors import ConflictError
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.writers import StateWriter, WriterKind, writer_text


def keep_task_value(
    desk: Desk, run: RunRecord, task: TaskRecord, name: str, value: Any, *, expires_at: datetime | None
) -> None:
    """Keep a value for the tries of a task instance.

    Raises:
        UserError: when its key or the value is too long.
        ConflictError: when the instance does not hold still.
        NotFoundError: when it is gone.
    """
    text = checked_value(checked_key(name), msgspec.json.encode(value).decode())
    for _ in range(TRIES_MAX):
        try:
            desk.store.states.set_task_state(
                task.key, name, text, fence=task.fence, now=desk.clock.now(), expires_at=expires_at
            )
        except ConflictError:
            task = desk.instance(run, task.task_id, task.map_index)
            continue
        note_change(
            "task_state",
            name,
            after={"value": value},
            dag_id=run.dag_id,
            run_id=run.run_id,
            task_id=task.task_id,
        )
        return
    raise ConflictError(f"task `{task.task_id}` of run `{run.run_id}` changes too quickly")


def forget_task_values(
    desk: Desk, run: RunRecord, task_id: str, map_index: int, name: str | None, *, all_instances: bool = False
) -> int:
    """Delete one value of a task instance, or all, or those of all instances of its task; return how many."""
    key = TaskKey(run.run_pk, task_id, map_index)
    count = desk.store.states.delete_task_state(key, name, all_instances=all_instances)
    if count:
        note_change(
            "task_state",
            name or "*",
            before={"count": count},
            dag_id=run.dag_id,
            run_id=run.run_id,
            task_id=task_id,
        )
    return count


def keep_asset_value(desk: Desk, asset: str, name: str, value: Any, *, by: str) -> None:
    """Keep a value of an asset.

    Raises:
        UserError: when its key or the value is too long.
    """
    text = checked_value(checked_key(name), msgspec.json.encode(value).decode())
    writer = writer_text(StateWriter(kind=WriterKind.API, user=by))
    desk.store.states.set_asset_state(asset, name, text, by=writer, now=desk.clock.now())
    note_change("asset_state", f"{asset}/{name}", after={"value": value})


def forget_asset_values(desk: Desk, asset: str, name: str | None) -> int:
    """Delete one value of an asset, or all; return how many there were."""
    count = desk.store.states.delete_asset_state(asset, name)
    if count:
        note_change("asset_state", f"{asset}/{name or '*'}", before={"count": count})
    return count
