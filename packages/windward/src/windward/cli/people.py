"""What people ask of a run's tasks: decided by the core on the run as it is, and written if it is still so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from windward.app.session import Session
from windward.cli.lookup import found_document
from windward.core.actions import Action, MoveTask, dropping_states
from windward.core.plan import compile_plan
from windward.core.view import RunView
from windward.errors import UserError
from windward.model.records import RunRecord
from windward.ports.store import Note

TRIES_MAX = 5
"""A run that the scheduler changes at the same moment is decided again so many times."""


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
    for _ in range(TRIES_MAX):
        runs = session.store.runs.load_runs([run.run_pk])
        if not runs:
            return []
        actions = decide(view_of(session, runs[0]), session.clock.now())
        if session.settings.state_store.clear_on_success:
            actions = [dropping_states(one) if isinstance(one, MoveTask) else one for one in actions]
        if not actions:
            return []
        if session.store.runs.apply([actions], notes=[Note(kind="run", subject=str(run.run_pk))]).all:
            return actions
    raise UserError(
        f"run `{run.run_id}` changes too quickly to be {verb}",
        hint="Repeat the command, or pause the DAG first.",
    )
