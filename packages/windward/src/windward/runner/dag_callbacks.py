"""Callbacks in a child of their own, run like an attempt: the DAG's, and those of tasks that could not call back.

Listeners that hear of runs are told in the same child, after the DAG's own callbacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from windward.model.records import DEADLINE_REFERENCE_KIND
from windward.protocol.outcomes import Ending, ExitFact, Failed, Succeeded
from windward.protocol.work import CallbackContext
from windward.runner import endings
from windward.runner.attempt import Runtime
from windward.runner.calling import call_all, call_task
from windward.runner.listening import tell_run
from windward.sdk.context import Context, build_callback_context, running_in


def run_reported(dags: Mapping[str, Any], context: CallbackContext, runtime: Runtime) -> Ending:
    """Run the callbacks of this kind; all are called, and the first that raises gives the ending."""
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
    error: BaseException | None = None
    said = Succeeded()
    try:
        callback_context = build_callback_context(context, dag)
        with running_in(callback_context):
            if context.kind == DEADLINE_REFERENCE_KIND:
                said = _ask_deadline(dag, context, callback_context)
                start, interval_s = said.deadline_from, said.deadline_interval_s
                runtime.log.line(
                    "info", "deadline asked", deadline_from=start and start.isoformat(), interval_s=interval_s
                )
            else:
                error = _call(dag, context, callback_context, runtime)
    except Exception as raised:  # noqa: BLE001 - what the DAG declares may fail in any way; it becomes the ending
        runtime.log.failure("the callback cannot be run", raised)
        error = raised
    if error is None:
        return Ending(outcome=said, exit=ExitFact(kind="ok"), at=datetime.now(UTC))
    fact = ExitFact(kind="exception", error_type=type(error).__name__, message=endings.line_of(error))
    return Ending(outcome=Failed(may_retry=False), exit=fact, at=datetime.now(UTC))


def _call(dag: Any, work: CallbackContext, context: Context, runtime: Runtime) -> BaseException | None:
    if work.slas is not None:
        from windward.sdk.slas import tell  # few DAGs have SLAs

        return tell(dag, work, log=runtime.log.failure)
    if work.deadline_number is not None:
        return _call_deadline(dag, work, context, runtime)
    kind = work.kind.removeprefix("task_")
    if kind != work.kind and work.task_id is not None:
        task = dag.get_task(work.task_id)
        return call_task(
            getattr(task, f"on_{kind}_callback", None), task, context, kind=kind, log=runtime.log
        )
    wanted = getattr(dag, f"on_{kind}_callback", None)
    error = call_all(wanted, context, kind=kind, log=runtime.log) if wanted else None
    tell_run(kind, context["dag_run"], work.reason, runtime.log)
    return error


def _alert(dag: Any, work: CallbackContext) -> Any:
    assert work.deadline_number is not None, "called for a deadline"
    alerts = dag.deadline_alerts
    if work.deadline_number >= len(alerts):
        raise LookupError(f"DAG `{work.dag_id}` has no deadline {work.deadline_number} any more")
    return alerts[work.deadline_number]


def _ask_deadline(dag: Any, work: CallbackContext, context: Context) -> Succeeded:
    """Return what an author's reference says that a deadline counts from, and what a variable says of its interval."""
    from windward.sdk.deadline import evaluate, interval_s, is_own  # few DAGs have deadlines

    alert = _alert(dag, work)
    return Succeeded(
        deadline_from=evaluate(alert.reference, context) if is_own(alert.reference) else None,
        deadline_interval_s=interval_s(alert.interval),
    )


def _call_deadline(
    dag: Any, work: CallbackContext, context: Context, runtime: Runtime
) -> BaseException | None:
    """Call what a missed deadline names; the context tells the deadline."""
    from windward.sdk.deadline import call  # few DAGs have deadlines

    alert = _alert(dag, work)
    context["deadline"] = {
        "id": work.deadline_number,
        "alert_name": work.deadline_name,
        "deadline_time": work.deadline_due_at,
    }
    return call_all([partial(call, alert.callback)], context, kind="deadline", log=runtime.log)
