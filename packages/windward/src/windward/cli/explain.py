"""`windward dags explain` and `windward tasks explain`: why, as one sentence and a small tree.

What lives here: output. Reasons are made in `core.explain`.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from windward.app.session import Session
from windward.cli.lookup import found_dag, found_document, found_instance, found_run
from windward.cli.reasons import show_reason
from windward.core.explain import Reason, explain_task
from windward.core.explain_runs import explain_dag, explain_run
from windward.core.upcoming import next_run
from windward.core.view import RunView
from windward.engine.explaining import Gatherer
from windward.model.records import RunRecord


def explain_dags(args: Namespace, session: Session) -> int:
    """Say when a DAG runs next and why; with a run, why that exists and what it waits for."""
    now = session.clock.now()
    details = found_dag(session, args.dag_id)
    gatherer = Gatherer(session.store, session.settings, now=now)
    if args.run is None:
        is_active = details.record.is_active
        windows = session.store.catalog.load_windows([args.dag_id]).get(args.dag_id)
        following = (
            next_run(details.document, details.record, now=now, windows=windows) if is_active else None
        )
        reason = explain_dag(details.document, gatherer.around_dag(details, next_run=following), now=now)
    elif args.task_id is None:
        run = found_run(session, args.dag_id, args.run)
        view = _view(session, gatherer, run)
        reason = explain_run(view, gatherer.around_run(run, details), now=now)
    else:
        return explain_tasks(args, session)
    show_reason(_tree(reason), output=args.output)
    return 0


def explain_tasks(args: Namespace, session: Session) -> int:
    """Say why a task instance is in its state, and what it waits for."""
    now = session.clock.now()
    run = found_run(session, args.dag_id, args.run)
    record = found_instance(session, run, args.task_id, args.map_index)
    gatherer = Gatherer(session.store, session.settings, now=now)
    view = _view(session, gatherer, run)
    record = view.find(record.task_id, record.map_index) or record
    reason = explain_task(view, record, gatherer.around_tasks(run), now=now)
    show_reason(_tree(reason), output=args.output)
    return 0


def _view(session: Session, gatherer: Gatherer, run: RunRecord) -> RunView:
    view = gatherer.view(run)
    if view is None:
        found_document(session, run)  # says what is missing
        raise AssertionError
    return view


def _tree(reason: Reason) -> dict[str, Any]:
    return {"reason": reason.sentence, "because": [_tree(part) for part in reason.parts]}
