"""`windward dags note` and `windward tasks note`: what people write on a run or a task instance for each other."""

from __future__ import annotations

from argparse import Namespace

from windward.app.session import Session
from windward.cli.lookup import found_instance, found_run
from windward.cli.output import note
from windward.core.people import note_text
from windward.ports.store import Note


def note_run(args: Namespace, session: Session) -> int:
    """Print the note of a run; with a text, replace it; with `--delete`, remove it."""
    run = found_run(session, args.dag_id, args.run)
    if args.text is None and not args.delete:
        return _show(run.note)
    session.store.runs.set_run_note(run.run_pk, None if args.delete else note_text(args.text))
    return _told(session, run.run_pk, f"run `{run.run_id}`", is_deleted=args.delete)


def note_task(args: Namespace, session: Session) -> int:
    """Print the note of a task instance; with a text, replace it; with `--delete`, remove it."""
    run = found_run(session, args.dag_id, args.run)
    task = found_instance(session, run, args.task_id, args.map_index)
    if args.text is None and not args.delete:
        return _show(task.note)
    session.store.runs.set_task_note(task.key, None if args.delete else note_text(args.text))
    index = f"[{task.map_index}]" if task.map_index >= 0 else ""
    return _told(
        session, run.run_pk, f"`{task.task_id}{index}` of run `{run.run_id}`", is_deleted=args.delete
    )


def _show(text: str | None) -> int:
    if text is None:
        note("there is no note")
    else:
        print(text)
    return 0


def _told(session: Session, run_pk: int, what: str, *, is_deleted: bool) -> int:
    """Say what was done, to the scheduler too: tasks see the note of their run."""
    session.store.runs.apply([], notes=[Note(kind="run", subject=str(run_pk))])
    session.wakeup.wake()
    note(f"{what} has {'no note any more' if is_deleted else 'its note'}")
    return 0
