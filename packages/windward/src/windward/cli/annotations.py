"""`windward dags note` and `windward tasks note`: what people write on a run or a task instance for each other."""

from __future__ import annotations

from argparse import Namespace

from windward.app.session import Session
from windward.cli.dags_write import person
from windward.cli.lookup import found_instance, found_run
from windward.cli.output import note
from windward.core.people import note_text
from windward.engine.people.runs import RunChange, change_run
from windward.engine.people.tasks import write_task_note


def note_run(args: Namespace, session: Session) -> int:
    """Print the note of a run; with a text, replace it; with `--delete`, remove it."""
    run = found_run(session, args.dag_id, args.run)
    if args.text is None and not args.delete:
        return _show(run.note)
    change = RunChange(note=None if args.delete else note_text(args.text))
    change_run(session.desk, run, change, by=person())
    return _told(f"run `{run.run_id}`", is_deleted=args.delete)


def note_task(args: Namespace, session: Session) -> int:
    """Print the note of a task instance; with a text, replace it; with `--delete`, remove it."""
    run = found_run(session, args.dag_id, args.run)
    task = found_instance(session, run, args.task_id, args.map_index)
    if args.text is None and not args.delete:
        return _show(task.note)
    write_task_note(session.desk, [task.key], None if args.delete else note_text(args.text))
    index = f"[{task.map_index}]" if task.map_index >= 0 else ""
    return _told(f"`{task.task_id}{index}` of run `{run.run_id}`", is_deleted=args.delete)


def _show(text: str | None) -> int:
    if text is None:
        note("there is no note")
    else:
        print(text)
    return 0


def _told(what: str, *, is_deleted: bool) -> int:
    note(f"{what} has {'no note any more' if is_deleted else 'its note'}")
    return 0
