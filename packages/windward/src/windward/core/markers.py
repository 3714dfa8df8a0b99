"""Tasks of other DAGs that are cleared together with a marker: which task of which run it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from windward.document import TaskDocument
from windward.model.records import RunRecord

_OWN_DATE = re.compile(r"\s*\{\{\s*(?:(?:logical_date|execution_date)\.isoformat\(\)|ts)\s*\}\}\s*")
_FIELDS = ("external_dag_id", "external_task_id", "logical_date")


class MarkedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task of the run of a DAG with a logical date."""

    dag_id: str
    task_id: str
    logical_date: datetime


def needs_rendering(*values: str) -> bool:
    """Whether what a marker names is known only when its templates have been rendered."""
    return any("{{" in value or "{%" in value for value in values if not _OWN_DATE.fullmatch(value))


def marked_by(task: TaskDocument, run: RunRecord, rendered: Mapping[str, Any] | None) -> MarkedTask | None:
    """Return what a marker of a run means, None when that cannot be told (it never ran, or names no date).

    `rendered` are the template fields of its attempt, when it had one.
    """
    mark = task.marks
    if mark is None:
        return None
    given = (mark.dag_id, mark.task_id, mark.logical_date)
    if needs_rendering(*given):
        if rendered is None or not all(isinstance(rendered.get(name), str) for name in _FIELDS):
            return None
        given = (rendered["external_dag_id"], rendered["external_task_id"], rendered["logical_date"])
    dag_id, task_id, text = given
    date = run.logical_date if _OWN_DATE.fullmatch(text) else _date_of(text)
    return MarkedTask(dag_id=dag_id, task_id=task_id, logical_date=date) if date is not None else None


def _date_of(text: str) -> datetime | None:
    try:
        date = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return date.astimezone(UTC) if date.tzinfo is not None else date.replace(tzinfo=UTC)
