"""How many instances a mapped task gets, told from the lengths that its upstreams reported, and what that changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from math import prod

import msgspec

from windward.core.actions import Action, AddTasks, move
from windward.core.transitions import TaskEvent
from windward.core.view import Instances, RunView
from windward.document import (
    INSTANCES_MAX,
    ConcatLength,
    Expansion,
    Length,
    LiteralLength,
    XComLength,
    ZipLength,
)
from windward.model.ids import ASSET_NAME_LENGTH_MAX, is_xcom_key
from windward.model.records import TaskRecord
from windward.model.states import TaskState
from windward.protocol.outcomes import AssetWrite, XComPut, XComValue

RETURN_KEY = "return_value"
_SHOWN_CHARACTERS = 80
PUSHED_WITHOUT_LENGTH = -1
"""`return_length` of an instance that returned something which is neither a list nor a dict."""


class Resized(msgspec.Struct, frozen=True, gc=False):
    """What gives a task as many instances as it should have."""

    actions: list[Action]
    """New instances, and old ones that are wanted again."""
    surplus: list[TaskRecord]
    """Undecided instances beyond the length."""


def pushed_length(xcoms: Iterable[XComPut], length: int | None = None) -> int | None:
    """Return the `return_length` of an instance that pushed these: that something was returned matters too."""
    for put in xcoms:
        if length is None and put.key == RETURN_KEY:
            return length_of(put.value)
    return length


def unstorable(xcoms: Iterable[XComPut], assets: Iterable[AssetWrite] = ()) -> str:
    """Return what is wrong with what user code hands over at its end; nothing when all of it can be stored."""
    for put in xcoms:
        if not is_xcom_key(put.key):
            start = put.key[:_SHOWN_CHARACTERS].replace("\0", "\N{SYMBOL FOR NULL}")
            return f"it returned an XCom with the key `{start}`, which no database can hold"
    for write in assets:
        longest = max(write.name, write.uri, *write.aliases, key=len)
        if len(longest) > ASSET_NAME_LENGTH_MAX:
            return f"it wrote an asset named `{longest[:_SHOWN_CHARACTERS]}`, which no database can hold"
    return ""


def length_of(value: XComValue | None) -> int | None:
    """Return the `return_length` of an instance whose returned value is this; None: there is none."""
    if value is None:
        return None
    return value.length if value.length is not None else PUSHED_WITHOUT_LENGTH


def known_length(view: RunView, number: int, length_max: int) -> tuple[int | None, str]:
    """Return how many instances a task gets, or None and what is wrong."""
    expansion = view.plan.expansions[number]
    assert expansion is not None, "asked only of what is mapped"
    length, problem = expansion_length(view, expansion, length_max=length_max)
    tasks = max(1, len(view.plan.members[number]))
    if length is not None and length * tasks > INSTANCES_MAX:
        return None, f"it would expand to {length * tasks} instances; more than {INSTANCES_MAX} are not made"
    return length, problem or ""


def resize(view: RunView, number: int, length: int, undecided: list[TaskRecord], *, now: datetime) -> Resized:
    """Return what gives a task `length` instances; those that have begun or ended are left alone."""
    held = view.tasks[number]
    records = held.records if isinstance(held, Instances) else {}
    task = view.plan.tasks[number]
    placeholder = next((record for record in undecided if record.map_index < 0), None)
    if length == 0 or (placeholder is None and -1 in records):
        return Resized([], [record for record in undecided if record is not placeholder])
    actions: list[Action] = [
        move(record, TaskEvent.RESTORE, at=now, reason=f"the list is {length} long again")
        for record in records.values()
        if record.state is TaskState.REMOVED and record.map_index < length
    ]
    added = tuple(
        TaskRecord(
            run_pk=view.run.run_pk,
            task_id=task.task_id,
            map_index=index,
            max_tries=task.retries,
            fence=max(placeholder.fence if placeholder else 0, view.run.revision),
        )
        for index in range(length)
        if index not in records
    )
    if added or placeholder is not None:
        add = AddTasks(
            run_pk=view.run.run_pk,
            tasks=added,
            replaces=placeholder.key if placeholder else None,
            replaces_fence=placeholder.fence if placeholder else 0,
            at=now,
            reason=f"expanded to {length} instances",
        )
        actions.append(add)
    return Resized(actions, [record for record in undecided if record.map_index >= length])


def expansion_length(
    view: RunView, expansion: Expansion, *, length_max: int
) -> tuple[int | None, str | None]:
    """Return (length, None), or (None, what is wrong). What one task returned may be `length_max` long."""
    lengths = []
    for name, length in expansion.arguments:
        value, problem = _length(view, length, length_max)
        if problem is not None or value is None:
            return None, f"argument `{name}`: {problem}" if name else problem
        lengths.append(value)
    return prod(lengths), None


def _length(view: RunView, length: Length, length_max: int) -> tuple[int | None, str | None]:
    match length:
        case LiteralLength(length=count):
            return count, None
        case XComLength(task_id=task_id):
            return _xcom_length(view, task_id, length_max)
        case ZipLength(parts=parts, fill=fill):
            counts, problem = _lengths(view, parts, length_max)
            return ((max if fill else min)(counts, default=0) if problem is None else None), problem
        case ConcatLength(parts=parts):
            counts, problem = _lengths(view, parts, length_max)
            return (sum(counts) if problem is None else None), problem


def _lengths(view: RunView, parts: tuple[Length, ...], length_max: int) -> tuple[list[int], str | None]:
    counts: list[int] = []
    for part in parts:
        value, problem = _length(view, part, length_max)
        if problem is not None or value is None:
            return [], problem
        counts.append(value)
    return counts, None


def _xcom_length(view: RunView, task_id: str, length_max: int) -> tuple[int | None, str | None]:
    number = view.plan.number_of.get(task_id)
    if number is None:
        return None, f"there is no task `{task_id}`"
    if view.plan.expansions[number] is not None:
        # A mapped upstream gives one value for each instance that returned one.
        found = (record for record in view.instances(number) if record.state is TaskState.SUCCESS)
        return sum(record.return_length is not None for record in found), None
    for record in view.instances(number):
        length = record.return_length
        if record.state is TaskState.SKIPPED:
            return 0, None
        if record.state is not TaskState.SUCCESS:
            return None, f"task `{task_id}` is {record.state}: there is nothing to expand over"
        if length is None or length == PUSHED_WITHOUT_LENGTH:
            what = "returned nothing" if length is None else "returned neither a list nor a dict"
            return None, f"task `{task_id}` {what}: it cannot be expanded over"
        if length > length_max:
            return None, f"task `{task_id}` returned {length} items, more than max_map_length {length_max}"
        return length, None
    return None, f"task `{task_id}` has no instance in this run"
