"""What people ask of a run's tasks: carried out at the desk; a run that does not hold still is an error with a hint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from windward.app.session import Session
from windward.cli.lookup import found_document
from windward.core.actions import Action
from windward.core.plan import compile_plan
from windward.core.view import RunView
from windward.errors import ConflictError, UserError
from windward.model.records import RunRecord


def view_of(session: Session, run: RunRecord) -> RunView:
    """Return a run with all of its task instances."""
    plan = compile_plan(found_document(session, run), run.document_hash)
    return RunView(run, plan, session.store.runs.load_tasks([run.run_pk]))


def decide_and_apply(
    session: Session, run: RunRecord, decide: Callable[[RunView, datetime], list[Action]], *, verb: str
) -> list[Action]:
    """Apply a decision to one run in one transaction; decide again when the scheduler was faster.

    Return the actions that were written. Raises `UserError` when the run does not hold still.
    """
    found_document(session, run)
    with still(run, verb=verb):
        return session.desk.change(run, decide)


@contextmanager
def still(run: RunRecord, *, verb: str) -> Iterator[None]:
    """Turn a run that does not hold still into an error with a hint."""
    try:
        yield
    except ConflictError as error:
        raise UserError(
            f"run `{run.run_id}` changes too quickly to be {verb}",
            hint="Repeat the command, or pause the DAG first.",
        ) from error
