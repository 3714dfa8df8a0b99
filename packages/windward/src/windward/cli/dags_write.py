"""`windward dags`, writing: trigger, pause, unpause, delete. The desk carries it out."""

from __future__ import annotations

import getpass
import os
from argparse import ArgumentTypeError, Namespace

from windward.app.session import Session
from windward.cli.arguments import UsageError, pattern
from windward.cli.columns import RUN_COLUMNS
from windward.cli.dags_read import run_row
from windward.cli.lookup import active_records, found_dag
from windward.cli.output import is_agreed, note, show_rows
from windward.engine.people.dags import delete_dag, pause_dags
from windward.engine.people.runs import RunExistsError, RunRequest, trigger_run
from windward.errors import ConflictError, UserError


def trigger(args: Namespace, session: Session) -> int:
    """Make a run."""
    found = found_dag(session, args.dag_id)
    asked = RunRequest(
        run_id=args.run_id,
        logical_date=session.aware(args.logical_date) if args.logical_date else None,
        run_after=session.aware(args.run_after) if args.run_after else None,
        conf=args.conf or {},
        note=args.note,
    )
    try:
        run = trigger_run(session.desk, found, asked, by=person())
    except RunExistsError as error:
        flag = "--logical-date" if error.has_same_date else "--run-id"
        raise UserError(
            str(error),
            hint=f"Give another `{flag}`, or run that one again with "
            f"`windward tasks clear {args.dag_id} --run-id {error.run.run_id}`.",
        ) from error
    except ConflictError as error:
        raise UserError(
            f"the run of DAG `{args.dag_id}` was refused",
            hint="Someone changed the DAG just now. Trigger it again.",
        ) from error
    if found.record.is_paused:
        note(
            f"DAG `{args.dag_id}` is paused: the run stays queued until `windward dags unpause {args.dag_id}`"
        )
    show_rows([run_row(run) | {"conf": run.conf}], output=args.output, columns=RUN_COLUMNS)
    return 0


def person() -> str:
    """Return the name of the user of the machine, for the history."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def pause(args: Namespace, session: Session) -> int:
    """Pause DAGs."""
    return _set_paused(args, session, is_paused=True)


def unpause(args: Namespace, session: Session) -> int:
    """Unpause DAGs."""
    return _set_paused(args, session, is_paused=False)


def _set_paused(args: Namespace, session: Session, *, is_paused: bool) -> int:
    word = "paused" if is_paused else "unpaused"
    dag_ids = _named(args, session, word=word)
    if not dag_ids:
        return 1
    changed = pause_dags(session.desk, dag_ids, is_paused=is_paused, by=person())
    for dag_id in dag_ids:
        if dag_id not in changed:
            note(f"DAG `{dag_id}` was {word} already")
    show_rows([{"dag_id": dag_id, "is_paused": is_paused} for dag_id in dag_ids], output=args.output)
    return 0


def _named(args: Namespace, session: Session, *, word: str) -> list[str]:
    if not args.treat_dag_id_as_regex:
        return [found_dag(session, args.dag_id).record.dag_id]
    try:
        wanted = pattern(args.dag_id)
    except ArgumentTypeError as error:
        raise UsageError(str(error), prog=args.parser.prog) from None
    dag_ids = [dag_id for dag_id in active_records(session) if wanted.search(dag_id)]
    if not dag_ids:
        raise UserError(f"no DAG matches `{args.dag_id}`", hint="`windward dags list` shows all.")
    listed = ", ".join(f"`{dag_id}`" for dag_id in dag_ids)
    return dag_ids if is_agreed(f"{len(dag_ids)} DAGs will be {word}: {listed}. Go on?", yes=args.yes) else []


def delete(args: Namespace, session: Session) -> int:
    """Delete what is stored of a DAG."""
    record = found_dag(session, args.dag_id).record
    if not is_agreed(
        f"All runs, tasks and XComs of DAG `{args.dag_id}` will be deleted. Go on?", yes=args.yes
    ):
        return 1
    runs = delete_dag(session.desk, args.dag_id)
    note(f"deleted DAG `{args.dag_id}` with {runs} run{'' if runs == 1 else 's'}")
    if record.is_active:
        note(f"it comes back when `{record.fileloc}` is read again; delete that file, too, to be rid of it")
    return 0
