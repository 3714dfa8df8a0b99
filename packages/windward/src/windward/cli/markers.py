"""`--recursive`: tasks of other DAGs that are cleared together with markers, and those that these lead to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from windward.app.session import Session
from windward.cli.output import note
from windward.cli.people import view_of
from windward.core.markers import MarkedTask, marked_by
from windward.core.selection import Selection, select
from windward.errors import UserError
from windward.model.records import RunRecord, TaskRecord

Chosen = list[tuple[RunRecord, list[TaskRecord]]]
RUNS_MAX = 1000
"""Most runs that markers may lead to."""


def followed(session: Session, chosen: Chosen) -> list[tuple[RunRecord, Selection, list[TaskRecord]]]:
    """Return the runs that markers among the chosen instances lead to, each with what is meant in it.

    Raises `UserError` when a chain of markers is longer than the first of them allows.
    """
    found: dict[int, tuple[RunRecord, set[str]]] = {}
    open_marks = [(mark, mark[2]) for mark in _marks(session, chosen)]
    while open_marks:
        (meant, named_by, _), left = open_marks.pop()
        if left <= 0:
            raise UserError(
                f"the maximum recursion depth is reached at task `{meant.task_id}` of DAG `{meant.dag_id}`",
                hint=f"Markers may form a circle; raise `recursion_depth` of `{named_by}` if they do not.",
            )
        run = session.store.runs.find_run(meant.dag_id, logical_date=meant.logical_date)
        if run is None:
            note(
                f"DAG `{meant.dag_id}` has no run of {meant.logical_date.isoformat()}, which `{named_by}` names"
            )
            continue
        _, tasks = found.setdefault(run.run_pk, (run, set()))
        if meant.task_id in tasks:
            continue
        tasks.add(meant.task_id)
        if len(found) > RUNS_MAX:
            raise UserError(f"markers lead to more than {RUNS_MAX} runs", hint="Clear fewer runs at a time.")
        records = select(view_of(session, run), Selection(task_ids=(meant.task_id,), downstream=True))
        open_marks += [(mark, left - 1) for mark in _marks(session, [(run, records)])]
    return [_with_records(session, run, tasks) for run, tasks in found.values()]


def _with_records(
    session: Session, run: RunRecord, tasks: set[str]
) -> tuple[RunRecord, Selection, list[TaskRecord]]:
    selection = Selection(task_ids=tuple(sorted(tasks)), downstream=True)
    return run, selection, select(view_of(session, run), selection)


def _marks(session: Session, chosen: Chosen) -> Iterable[tuple[MarkedTask, str, int]]:
    for run, records in chosen:
        plan = view_of(session, run).plan
        for record in records:
            task = plan.tasks[plan.number_of[record.task_id]]
            if task.marks is None:
                continue
            text = session.store.reads.rendered_fields(record.key)
            rendered: dict[str, Any] | None = msgspec.json.decode(text) if text else None
            meant = marked_by(task, run, rendered)
            if meant is None:
                note(
                    f"marker `{record.task_id}` of run `{run.run_id}` did not run: what it names is not known"
                )
            else:
                yield meant, record.task_id, task.marks.recursion_depth
