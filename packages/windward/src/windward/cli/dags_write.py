"""`windward dags`, writing: trigger, pause, unpause, delete. The decisions are the core's, applied by compare-and-set."""

from __future__ import annotations

import getpass
import os
from argparse import ArgumentTypeError, Namespace
from datetime import datetime

from windward.app.session import Session
from windward.cli.arguments import UsageError, pattern
from windward.cli.dags_read import RUN_COLUMNS, run_row
from windward.cli.lookup import active_records, found_dag
from windward.cli.output import is_agreed, note, show_rows
from windward.core.actions import PauseDag
from windward.core.runs import decide_manual_run
from windward.document.params import check_conf
from windward.errors import UserError
from windward.model.records import RunRecord
from windward.ports.store import Note


def trigger(args: Namespace, session: Session) -> int:
    """Make a run."""
    found, now = found_dag(session, args.dag_id), session.clock.now()
    if not found.record.is_active:
        raise UserError(
            f"the file of DAG `{args.dag_id}` is gone: `{found.record.fileloc}`",
            hint="Put the file back into the DAG folder, then trigger it again.",
        )
    conf = args.conf or {}
    check_conf(found.document, conf)
    logical_date = session.aware(args.logical_date) if args.logical_date else None
    action = decide_manual_run(
        found.document,
        document_hash=found.record.document_hash,
        run_pk=session.next_pk(),
        now=now,
        run_id=args.run_id,
        logical_date=logical_date,
        conf=conf,
        note=args.note,
        windows=session.store.catalog.load_windows([args.dag_id]).get(args.dag_id),
        triggering_user=person(),
    )
    _refuse_double(session, action.run)
    applied = session.store.runs.apply([[action]], notes=[Note(kind="run", subject=str(action.run.run_pk))])
    if not applied.all:
        _refuse_double(session, action.run)
        raise UserError(
            f"the run of DAG `{args.dag_id}` was refused",
            hint="Someone changed the DAG just now. Trigger it again.",
        )
    session.wakeup.wake()
    if found.record.is_paused:
        note(
            f"DAG `{args.dag_id}` is paused: the run stays queued until `windward dags unpause {args.dag_id}`"
        )
    show_rows([run_row(action.run) | {"conf": action.run.conf}], output=args.output, columns=RUN_COLUMNS)
    return 0


def person() -> str:
    """Return the name of the user of the machine, for the history."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _refuse_double(session: Session, run: RunRecord) -> None:
    runs = session.store.runs
    if runs.find_run(run.dag_id, run_id=run.run_id) is not None:
        raise UserError(
            f"DAG `{run.dag_id}` already has a run `{run.run_id}`",
            hint="Give another `--run-id`, or run that one again with "
            f"`windward tasks clear {run.dag_id} --run-id {run.run_id}`.",
        )
    same = None
    if run.logical_date is not None:
        same = runs.find_run(run.dag_id, logical_date=run.logical_date)
    if same is not None and run.logical_date is not None:
        raise UserError(
            f"DAG `{run.dag_id}` already has a run with logical date `{run.logical_date.isoformat()}`: `{same.run_id}`",
            hint="Give another `--logical-date`, or run that one again with "
            f"`windward tasks clear {run.dag_id} --run-id {same.run_id}`.",
        )


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
    now = session.clock.now()
    changed = [dag_id for dag_id in dag_ids if _pause_one(session, dag_id, is_paused=is_paused, now=now)]
    if changed:
        session.wakeup.wake()
    for dag_id in dag_ids:
        if dag_id not in changed:
            note(f"DAG `{dag_id}` was {word} already")
    show_rows([{"dag_id": dag_id, "is_paused": is_paused} for dag_id in dag_ids], output=args.output)
    return 0


def _pause_one(session: Session, dag_id: str, *, is_paused: bool, now: datetime) -> bool:
    action = PauseDag(dag_id=dag_id, is_paused=is_paused, at=now, reason=f"asked for by {person()}")
    return session.store.runs.apply([[action]], notes=[Note(kind="dag", subject=dag_id)]).all


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
    runs = session.store.catalog.delete_dag(args.dag_id)
    session.store.runs.apply([], notes=[Note(kind="dag", subject=args.dag_id)])
    session.wakeup.wake()
    note(f"deleted DAG `{args.dag_id}` with {runs} run{'' if runs == 1 else 's'}")
    if record.is_active:
        note(f"it comes back when `{record.fileloc}` is read again; delete that file, too, to be rid of it")
    return 0
