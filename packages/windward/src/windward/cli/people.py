"""A run as people's commands see it; one that does not hold still is an error with a hint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from windward.app.session import Session
from windward.cli.lookup import found_document
from windward.core.plan import compile_plan
from windward.core.view import RunView
from windward.errors import ConflictError, UserError
from windward.model.records import RunRecord


def view_of(session: Session, run: RunRecord) -> RunView:
    """Return a run with all of its task instances."""
    plan = compile_plan(found_document(session, run), run.document_hash)
    return RunView(run, plan, session.store.runs.load_tasks([run.run_pk]))


@contextmanager
def still(*, verb: str) -> Iterator[None]:
    """Turn a run that does not hold still into an error with a hint."""
    try:
        yield
    except ConflictError as error:
        raise UserError(
            f"{error} to be {verb}", hint="Repeat the command, or pause the DAG first."
        ) from error
