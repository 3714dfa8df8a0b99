"""Tasks of other DAGs that are cleared together with markers, and those that these lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from windward.core.markers import MarkedTask, marked_by
from windward.core.selection import Selection, select
from windward.engine.people.desk import Desk
from windward.errors import UserError
from windward.model.records import RunRecord, TaskRecord

Chosen = list[tuple[RunRecord, list[TaskRecord]]]
Say = Callable[[str], None]
"""Tells somebody of a marker that leads nowhere."""
RUNS_MAX = 1000
"""Most runs that markers may lead to."""


def followed(desk: Desk, chosen: Chosen, *, say: Say) -> list[tuple[RunRecord, Selection, list[TaskRecord]]]:
    """Return the runs that markers among the chosen instances lead to, each with what is meant in it.

    Raises:
        UserError: when a chain of markers is longer than the first of them allows, or they lead to too many runs.
    """
    found: dict[int, tuple[RunRecord, set[str]]] = {}
    open_marks = [(mark, mark[2]) for mark in _marks(desk, chosen, say)]
    while open_marks:
        (meant, named_by, _), left = open_marks.pop()
        if left <= 0:
            raise UserError(
                f"the maximum recursion depth is reached at task `{meant.task_id}` of DAG `{meant.dag_id}`",
                hint=f"Markers may form a circle; raise `recursion_depth` of `{named_by}` if they do not.",
            )
        run = desk.store.runs.find_run(meant.dag_id, logical_date=meant.logical_date)
        if run is None:
            say(
                f"DAG `{meant.dag_id}` has no run of {meant.logical_date.isoformat()}, which `{named_by}` names"
            )
            continue
        _, tasks = found.setdefault(run.run_pk, (run, set()))
        if meant.task_id in tasks:
            continue
        tasks.add(meant.task_id)
        if len(found) > RUNS_MAX:
            raise UserError(f"markers lead to more than {RUNS_MAX} runs", hint="Clear fewer runs at a time.")
        records = select(desk.view(run), Selection(task_ids=(meant.task_id,), downstream=True))
        open_marks += [(mark, left - 1) for mark in _marks(desk, [(run, records)], say)]
    return [_with_records(desk, run, tasks) for run, tasks in found.values()]


def _with_records(
    desk: Desk, run: RunRecord, tasks: set[str]
) -> tuple[RunRecord, Selection, list[TaskRecord]]:
    selection = Selection(task_ids=tuple(sorted(tasks)), downstream=True)
    return run, selection, select(desk.view(run), selection)


def _marks(desk: Desk, chosen: Chosen, say: Say) -> Iterable[tuple[MarkedTask, str, int]]:
    for run, records in chosen:
        plan = desk.view(run).plan
        for record in records:
            task = plan.tasks[plan.number_of[record.task_id]]
            if task.marks is None:
                continue
            text = desk.store.reads.rendered_fields(record.key)
            rendered: dict[str, Any] | None = msgspec.json.decode(text) if text else None
            meant = marked_by(task, run, rendered)
            if meant is None:
                say(
                    f"marker `{record.task_id}` of run `{run.run_id}` did not run: what it names is not known"
                )
            else:
                yield meant, record.task_id, task.marks.recursion_depth
