"""DAG-level callbacks: run like an attempt, in a child of their own, with the DAG run's context."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from windward.protocol.outcomes import Ending, ExitFact, Failed, Succeeded
from windward.protocol.work import CallbackContext
from windward.runner import endings
from windward.runner.attempt import Runtime
from windward.runner.calling import call_all
from windward.sdk.context import build_callback_context, running_in


def run_reported(dags: Mapping[str, Any], context: CallbackContext, runtime: Runtime) -> Ending:
    """Run the DAG's callbacks of this kind (`success` or `failure`); all are called, and the first that raises gives the ending."""
    log = runtime.log
    log.line("info", "callback started", dag_id=context.dag_id, run_id=context.run.run_id, kind=context.kind)
    ending = _run(dags, context, runtime)
    log.line("info" if ending.exit.kind == "ok" else "error", "callback ended")
    runtime.report(ending)
    return ending


def _run(dags: Mapping[str, Any], context: CallbackContext, runtime: Runtime) -> Ending:
    dag = dags.get(context.dag_id)
    if dag is None:
        message = f"the file does not declare the DAG `{context.dag_id}` any more"
        runtime.log.line("error", message)
        fact = ExitFact(kind="import_error", error_type="UnknownDagError", message=message)
        return Ending(outcome=Failed(may_retry=False), exit=fact, at=datetime.now(UTC))
    wanted = dag.on_success_callback if context.kind == "success" else dag.on_failure_callback
    try:
        dag_context = build_callback_context(context, dag)
        with running_in(dag_context):
            error = call_all(wanted, dag_context, kind=context.kind, log=runtime.log) if wanted else None
    except Exception as raised:  # noqa: BLE001 - what the DAG declares may fail in any way; it becomes the ending
        runtime.log.failure("the callback's context cannot be made", raised)
        error = raised
    if error is None:
        return Ending(outcome=Succeeded(), exit=ExitFact(kind="ok"), at=datetime.now(UTC))
    fact = ExitFact(kind="exception", error_type=type(error).__name__, message=endings.line_of(error))
    return Ending(outcome=Failed(may_retry=False), exit=fact, at=datetime.now(UTC))
