"""XComs, as people write and delete them. A value that came by the API is JSON, and stored as such."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from windward.core.expansion import RETURN_KEY, length_of
from windward.engine.people.changes import note_change
from windward.engine.people.desk import Desk
from windward.errors import ConflictError, NotFoundError, UserError
from windward.model.ids import XCOM_KEY_LENGTH_MAX, is_xcom_key
from windward.model.records import RunRecord, TaskRecord
from windward.protocol.outcomes import XComValue

PREVIEW_CHARACTERS_MAX = 1024


def json_value(value: Any) -> XComValue:
    """Return a value of JSON as it is stored."""
    data = msgspec.json.encode(value)
    return XComValue(
        encoding="json",
        data=data,
        size_bytes=len(data),
        preview=data[: 4 * PREVIEW_CHARACTERS_MAX].decode(errors="ignore")[:PREVIEW_CHARACTERS_MAX],
        length=len(value) if isinstance(value, list | dict) else None,
    )


def write_xcom(
    desk: Desk,
    run: RunRecord,
    task: TaskRecord,
    name: str,
    value: Any,
    *,
    is_new: bool,
    put_away: Callable[[XComValue, TaskRecord], XComValue],
) -> None:
    """Store a value for a task instance; `put_away` brings a large one to where large ones are.

    Raises:
        UserError: when the name cannot be one.
        ConflictError: when it `is_new` and is there already.
        NotFoundError: when it is not new and is not there, or the instance is gone.
    """
    if not 0 < len(name) <= XCOM_KEY_LENGTH_MAX:
        raise UserError(
            f"an XCom's key has 1 to {XCOM_KEY_LENGTH_MAX} characters, not {len(name)}",
            hint="Use a shorter key." if name else "Give it a key.",
        )
    if not is_xcom_key(name):
        raise UserError("an XCom's key holds a NUL", hint="Leave it out.")
    before = _found(desk, run, task, name)
    if is_new and before is not None:
        raise _there(name)
    if not is_new and before is None:
        raise _missing(name)
    stored = put_away(json_value(value), task)
    _edit(desk, task, name, stored, is_new=is_new)
    note_change("xcom", name, before=_size(before), after=_size(stored), **_place(run, task))


def delete_xcom(desk: Desk, run: RunRecord, task: TaskRecord, name: str) -> None:
    """Delete a value; what it stands for in the object store goes later.

    Raises:
        NotFoundError: when there is none.
    """
    before = _found(desk, run, task, name)
    if before is None:
        raise _missing(name)
    _edit(desk, task, name, None, is_new=False)
    note_change("xcom", name, before=_size(before), **_place(run, task))


def _edit(desk: Desk, task: TaskRecord, name: str, value: XComValue | None, *, is_new: bool) -> None:
    """Write it; what the instance returned is also what mapped tasks expand over, which the scheduler has to hear."""
    length = length_of(value) if name == RETURN_KEY else UNSET
    try:
        desk.store.xcoms.edit_xcom(
            task.key, name, value, is_new=is_new, now=desk.clock.now(), return_length=length
        )
    except ConflictError as error:
        raise _there(name) from error
    except NotFoundError as error:
        raise _missing(name) from error
    if length is not UNSET:
        desk.wakeup.wake()


def _found(desk: Desk, run: RunRecord, task: TaskRecord, name: str) -> XComValue | None:
    return desk.store.xcoms.get_xcom(
        run.dag_id, run.run_id, name, task_id=task.task_id, map_index=task.map_index
    )


def _there(name: str) -> ConflictError:
    return ConflictError(f"The XCom with key: `{name}` with mentioned task instance already exists.")


def _missing(name: str) -> NotFoundError:
    return NotFoundError(f"The XCom with key: `{name}` with mentioned task instance doesn't exist.")


def _size(value: XComValue | None) -> object:
    return None if value is None else {"encoding": value.encoding, "size_bytes": value.size_bytes}


def _place(run: RunRecord, task: TaskRecord) -> dict[str, str]:
    return {"dag_id": run.dag_id, "run_id": run.run_id, "task_id": task.task_id}
