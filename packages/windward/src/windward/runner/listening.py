"""Telling the listeners of plugins what becomes of attempts and runs; what they raise is logged and changes nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from windward.logs.writer import LogWriter
from windward.protocol.outcomes import Failed, Outcome, Skipped, Succeeded
from windward.sdk import extensions


def tell_running(ti: Any, log: LogWriter) -> None:
    """Tell that the author's code is about to run."""
    if extensions.current().listeners:
        _tell("on_task_instance_running", {"previous_state": "queued", "task_instance": ti}, log)


def tell_end(
    context: Mapping[str, Any], outcome: Outcome, error: BaseException | None, log: LogWriter
) -> None:
    """Tell how an attempt ended; one that only waits (deferred, rescheduled) has not ended."""
    if not extensions.current().listeners or (ti := context.get("ti")) is None:
        return
    said = {"previous_state": "running", "task_instance": ti}
    match outcome:
        case Succeeded():
            _tell("on_task_instance_success", said, log)
        case Failed():
            _tell("on_task_instance_failed", {**said, "error": error}, log)
        case Skipped():
            _tell("on_task_instance_skipped", said, log)
        case _:
            pass


def tell_run(kind: str, run: Any, message: str, log: LogWriter) -> None:
    """Tell that a run has begun (`running`) or ended (`success`, `failure`); nobody hears of other kinds."""
    hook = extensions.HOOKS_OF_RUNS.get(kind)
    if hook is not None and extensions.current().listeners:
        _tell(hook, {"dag_run": run, "msg": message}, log)


def _tell(name: str, said: dict[str, Any], log: LogWriter) -> None:
    for listener in extensions.current().listeners:
        hook = getattr(listener, name, None)
        if not callable(hook):
            continue
        try:
            hook(**_wanted(hook, said))
        except BaseException as error:  # noqa: BLE001 - user code may raise anything; it changes no state
            log.failure("listener failed", error, hook=name)


def _wanted(hook: Callable[..., Any], said: dict[str, Any]) -> dict[str, Any]:
    """Return those of the arguments that a hook takes: it may leave some out, and Airflow's older ones take others."""
    parameters = inspect.signature(hook).parameters
    if any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        return said
    known = {**said, "session": None}
    return {name: known[name] for name in parameters if name in known}
