"""How many instances a mapped task gets, told from the lengths that its upstreams reported."""

from __future__ import annotations

from math import prod

from windward.core.view import RunView
from windward.document import ConcatLength, Expansion, Length, LiteralLength, XComLength, ZipLength
from windward.model.states import TaskState


def expansion_length(view: RunView, expansion: Expansion) -> tuple[int | None, str | None]:
    """Return (length, None), or (None, what is wrong)."""
    lengths = []
    for name, length in expansion.arguments:
        value, problem = _length(view, length)
        if problem is not None or value is None:
            return None, f"argument `{name}`: {problem}"
        lengths.append(value)
    return prod(lengths), None


def _length(view: RunView, length: Length) -> tuple[int | None, str | None]:
    match length:
        case LiteralLength(length=count):
            return count, None
        case XComLength(task_id=task_id):
            return _xcom_length(view, task_id)
        case ZipLength(parts=parts, fill=fill):
            counts, problem = _lengths(view, parts)
            return ((max if fill else min)(counts, default=0) if problem is None else None), problem
        case ConcatLength(parts=parts):
            counts, problem = _lengths(view, parts)
            return (sum(counts) if problem is None else None), problem


def _lengths(view: RunView, parts: tuple[Length, ...]) -> tuple[list[int], str | None]:
    counts: list[int] = []
    for part in parts:
        value, problem = _length(view, part)
        if problem is not None or value is None:
            return [], problem
        counts.append(value)
    return counts, None


def _xcom_length(view: RunView, task_id: str) -> tuple[int | None, str | None]:
    number = view.plan.number_of.get(task_id)
    if number is None:
        return None, f"there is no task `{task_id}`"
    if view.plan.tasks[number].expansion is not None:
        # A mapped upstream gives one value per instance that succeeded.
        return sum(record.state is TaskState.SUCCESS for record in view.instances(number)), None
    for record in view.instances(number):
        if record.state is TaskState.SKIPPED:
            return 0, None
        if record.state is not TaskState.SUCCESS:
            return None, f"task `{task_id}` is {record.state}: there is nothing to expand over"
        if record.return_length is None:
            return None, f"task `{task_id}` did not return a list or dict to expand over"
        return record.return_length, None
    return None, f"task `{task_id}` has no instance in this run"
