"""`windward tasks clear` and `dags clear`: which instances are meant, and the core's decision applied to each run."""

from __future__ import annotations

from argparse import Namespace

from windward.app.session import Session
from windward.cli.columns import CLEAR_COLUMNS
from windward.cli.dags_write import person
from windward.cli.lookup import found_dag
from windward.cli.output import is_agreed, note, show_rows
from windward.cli.people import still, view_of
from windward.cli.scopes import meant_runs, meant_tasks
from windward.core.plan import DagPlan, compile_plan
from windward.core.selection import Selection, select
from windward.core.view import RunView
from windward.engine.people.markers import followed
from windward.engine.people.tasks import Clearing, clear_tasks
from windward.errors import UserError
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord

SHOWN_MAX = 20


def clear(args: Namespace, session: Session) -> int:
    """Reset task instances."""
    newest = _newest(args, session)
    chosen: list[tuple[RunRecord, list[TaskRecord]]] = []
    for run in meant_runs(args, session):
        if records := _selected(args, view_of(session, run)):
            chosen.append((run, records))
    elsewhere = followed(session.desk, chosen, say=note) if args.recursive else []
    meant = {run.run_pk: selection for run, selection, _ in elsewhere}
    chosen += [(run, records) for run, _, records in elsewhere if records]
    count = sum(len(records) for _, records in chosen)
    if not count:
        raise UserError(
            f"no task instance of DAG `{args.dag_id}` matches",
            hint=f"`windward dags list-runs {args.dag_id}` shows the runs, `windward tasks list {args.dag_id}` the tasks.",
        )
    if args.dry_run:
        note("nothing was cleared; this would be:")
        rows = [_row(run, record) for run, records in chosen for record in records]
        show_rows(rows, output=args.output, columns=CLEAR_COLUMNS)
        return 0
    names = [f"  {run.run_id}  {_named(record.key)}" for run, records in chosen for record in records]
    listed = "\n".join(names[:SHOWN_MAX])
    more = f"\n  and {count - SHOWN_MAX} more" if count > SHOWN_MAX else ""
    question = f"{count} task instance{'' if count == 1 else 's'} will be cleared:\n{listed}{more}\nGo on?"
    if not is_agreed(question, yes=args.yes):
        return 1
    cleared = _cleared(args, session, [run for run, _ in chosen], meant, newest)
    note(
        f"cleared {cleared} task instance{'' if cleared == 1 else 's'} in {len(chosen)} run{'' if len(chosen) == 1 else 's'}"
    )
    return 0


def _newest(args: Namespace, session: Session) -> DagPlan | None:
    if not args.latest_version:
        return None
    found = found_dag(session, args.dag_id)
    return compile_plan(found.document, found.record.document_hash)


def _named(key: TaskKey) -> str:
    return key.task_id if key.map_index < 0 else f"{key.task_id}[{key.map_index}]"


def _row(run: RunRecord, record: TaskRecord) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "logical_date": run.logical_date,
        "task_id": record.task_id,
        "map_index": record.map_index,
        "state": record.state,
        "try_number": record.try_number,
    }


def _selected(args: Namespace, view: RunView) -> list[TaskRecord]:
    return select(
        view,
        Selection(
            task_ids=meant_tasks(args, view.plan),
            map_indexes=tuple(args.map_index) or None,
            upstream=args.upstream,
            downstream=args.downstream,
            only_failed=args.only_failed,
            only_running=args.only_running,
        ),
    )


def _cleared(
    args: Namespace,
    session: Session,
    runs: list[RunRecord],
    meant: dict[int, Selection],
    newest: DagPlan | None,
) -> int:
    """Clear what the flags mean in runs, and in those that a marker leads to (`meant`) what that means."""

    def choose(view: RunView) -> list[TaskRecord]:
        selection = meant.get(view.run.run_pk)
        return _selected(args, view) if selection is None else select(view, selection)

    own = [run for run in runs if run.run_pk not in meant]
    others = [run for run in runs if run.run_pk in meant]
    with still(verb="cleared"):
        keys = clear_tasks(session.desk, own, choose, Clearing(newest=newest), by=person())
        keys += clear_tasks(session.desk, others, choose, Clearing(), by=person())
    return len(keys)
