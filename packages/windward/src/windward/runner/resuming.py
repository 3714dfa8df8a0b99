"""Where an attempt begins: in `execute`, or, after a deferral, in the method that the deferral named."""

from __future__ import annotations

from datetime import datetime
from types import CoroutineType
from typing import Any

from windward.model.states import Semantics
from windward.protocol.fired import Broken, Event, Overdue, Resumption
from windward.protocol.work import TaskContext
from windward.sdk import serde
from windward.sdk.bridge import LargeValues
from windward.sdk.operator import TRIGGER_FAILED, TRIGGER_TIMEOUT


def run_operator(operator: Any, task_context: Any, context: TaskContext, large: LargeValues | None) -> Any:
    """Run the operator's own code for this attempt, to the end of a coroutine; return what it returned."""
    result = _call_operator(operator, task_context, context, large)
    if isinstance(result, CoroutineType):
        from windward.sdk.async_operator import run_coroutine  # few tasks are coroutines

        return run_coroutine(result)
    return result


def _call_operator(operator: Any, task_context: Any, context: TaskContext, large: LargeValues | None) -> Any:
    if context.resumption is None:
        if getattr(operator, "start_from_trigger", False):
            from windward.sdk.start_trigger import defer_at_start  # few tasks begin in a trigger

            defer_at_start(operator, task_context)
        return operator.execute(task_context)
    method, arguments = _method_of(context.resumption, large)
    return operator.resume_execution(method, arguments, task_context)


def time_limit_s(operator: Any, context: TaskContext, *, now: datetime) -> float | None:
    """Return how long the operator's code may take; for Airflow 2 the time before a deferral counts."""
    limit = getattr(operator, "execution_timeout", None)
    if limit is None:
        return None
    seconds = float(limit.total_seconds())
    if context.resumption is not None and context.semantics is Semantics.AIRFLOW2:
        seconds -= (now - context.start_date).total_seconds()
    return max(seconds, 1e-6)


def _method_of(resumption: Resumption, large: LargeValues | None) -> tuple[str, dict[str, Any]]:
    match resumption.resumed:
        case Event(payload=payload):
            arguments = serde.unpack(resumption.next_kwargs, large=large)
            return resumption.next_method, {**arguments, "event": serde.decode(payload, large=large)}
        case Broken(error=error, traceback=lines):
            return TRIGGER_FAILED, {"error": f"Trigger failure: {error}", "traceback": list(lines)}
        case Overdue():
            return TRIGGER_FAILED, {"error": TRIGGER_TIMEOUT}
