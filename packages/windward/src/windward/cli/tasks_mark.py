"""`windward tasks mark` and `dags mark`: set task instances, or a whole run, to a state by hand."""

from __future__ import annotations

from argparse import Namespace

from windward.app.session import Session
from windward.cli.columns import MARK_COLUMNS
from windward.cli.dags_write import person
from windward.cli.lookup import found_dag, found_document, found_run
from windward.cli.output import note, show_rows
from windward.cli.people import still, view_of
from windward.core.actions import MoveTask
from windward.core.people import decide_mark_run
from windward.core.selection import in_group
from windward.core.view import RunView
from windward.engine.people.runs import RunChange, change_run
from windward.engine.people.tasks import Mark, chosen, foreseen_marks, mark_tasks, with_neighbours
from windward.errors import UserError
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import RunState, TaskState


def mark(args: Namespace, session: Session) -> int:
    """Set an instance (and, when asked for, those above, below, before or after it) to a state."""
    found_dag(session, args.dag_id)
    run = found_run(session, args.dag_id, args.run)
    if not _named(args, view_of(session, run)):
        what = "task group" if args.is_group else "task"
        raise UserError(
            f"DAG `{args.dag_id}` has no {what} `{args.task_id}` in this run",
            hint=f"`windward tasks states-for-dag-run {args.dag_id} {run.run_id}` shows its tasks.",
        )
    state = TaskState(args.state)
    among = with_neighbours(session.desk, [run], past=args.past, future=args.future)

    def choose(view: RunView) -> list[TaskRecord]:
        return chosen(
            view,
            _named(args, view),
            map_index=args.map_index,
            upstream=args.upstream,
            downstream=args.downstream,
        )

    asked = Mark(state=state, below=lambda view: _named(args, view))
    if args.dry_run:
        return _preview(foreseen_marks(session.desk, among, choose, asked, by=person()), output=args.output)
    with still(verb="marked"):
        count = len(mark_tasks(session.desk, among, choose, asked, by=person()))
    where = "" if len(among) == 1 else f" in {len(among)} runs"
    note(f"marked {count} task instance{'' if count == 1 else 's'} as {state}{where}")
    return 0


def _preview(meant: list[tuple[RunRecord, list[MoveTask]]], *, output: str) -> int:
    note("nothing was marked; this would be:")
    rows = [
        {
            "run_id": run.run_id,
            "logical_date": run.logical_date,
            "task_id": action.key.task_id,
            "map_index": action.key.map_index,
            "state": action.expect_state,
            "new_state": action.state,
        }
        for run, actions in meant
        for action in actions
    ]
    show_rows(rows, output=output, columns=MARK_COLUMNS)
    return 0


def _named(args: Namespace, view: RunView) -> list[str]:
    if args.is_group:
        return in_group(view.plan, args.task_id)
    return [args.task_id] if args.task_id in view.plan.number_of else []


def mark_run(args: Namespace, session: Session) -> int:
    """Set a run to success or failed."""
    found_dag(session, args.dag_id)
    run = found_run(session, args.dag_id, args.run)
    state = RunState(args.state)
    if args.dry_run:
        actions = decide_mark_run(view_of(session, run), state, by=person(), now=session.clock.now())
        moves = [action for action in actions if isinstance(action, MoveTask)]
        return _preview([(run, moves)], output=args.output)
    found_document(session, run)
    with still(verb="marked"):
        actions = change_run(session.desk, run, RunChange(state=state), by=person())
    count = sum(isinstance(action, MoveTask) for action in actions)
    if actions:
        note(f"marked run `{run.run_id}` as {state}, with {count} task instance{'' if count == 1 else 's'}")
    else:
        note(f"run `{run.run_id}` is {state} already")
    return 0
