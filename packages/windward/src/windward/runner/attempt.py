"""One attempt of a task, from finding the task to its last callback, in whichever process calls it.

`run_reported` is what a child does: run, report, then callbacks. `run_attempt` is for callers that want the
ending themselves (`dag.test()`): it forks nothing and, unless told to, touches no signal.
Longer than 400 lines because an attempt is told whole, from its start to its last callback.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from windward.errors import UserError
from windward.logs.writer import LogWriter
from windward.model.states import Semantics, TaskState
from windward.protocol.framing import FrameError
from windward.protocol.outcomes import (
    AwaitsInput,
    Deferred,
    Ending,
    ExitFact,
    Failed,
    Outcome,
    Rescheduled,
    Skipped,
    Succeeded,
)
from windward.protocol.work import TaskContext
from windward.runner import endings, environment
from windward.runner.alarms import alarm, can_ring
from windward.runner.calling import call_all, call_task
from windward.runner.listening import tell_end, tell_running
from windward.runner.policy import ask_policy
from windward.runner.resuming import run_operator, time_limit_s
from windward.runner.shown import LINK_S_MAX, keep_links, map_label
from windward.runner.signals import set_handler
from windward.runner.triggering import trigger_run
from windward.runner.written import assets_written
from windward.sdk import defaults, policies
from windward.sdk.bridge import TaskBridge
from windward.sdk.context import Entered, build_context, enter, enter_for_good, leave
from windward.sdk.exceptions import AirflowTaskTimeout, DagRunTriggerException, DownstreamTasksSkipped
from windward.sdk.expand_input import check_returned
from windward.sdk.mapping import instance_of
from windward.sdk.masking import MASKER
from windward.sdk.purging import purge_own
from windward.sdk.serde import mappable_length
from windward.sdk.state_backend import forget_after_success

RENDERED_CHARACTERS_MAX = 4096
_SIGTERM = int(signal.SIGTERM)
_STATE_AFTER = {
    "success": TaskState.SUCCESS,
    "skipped": TaskState.SKIPPED,
    "retry": TaskState.UP_FOR_RETRY,
    "failure": TaskState.FAILED,
}
"""What the instance is when the callbacks of a kind are called."""


def _forget_ending(_ending: Ending) -> None:
    pass


def _forget_limit(_seconds: float) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What an attempt needs of the process that it runs in."""

    bridge: TaskBridge
    log: LogWriter
    report: Callable[[Ending], None] = _forget_ending
    """Called once, before the callbacks of the end."""
    limit: Callable[[float], None] = _forget_limit
    """Called with the execution timeout, so that someone outside can enforce it too."""
    owns_process: bool = False
    """The process ends with the attempt: nothing is put back, and the declared task itself may run."""
    uses_signals: bool = True
    """SIGTERM stops the task (`on_kill`), SIGALRM keeps its execution timeout."""
    rendered_characters_max: int = RENDERED_CHARACTERS_MAX


@dataclass(slots=True)
class _Performance:
    """What is known of an attempt while it runs."""

    task: Any
    context: Any
    operator: Any = None
    entered: Entered | None = None
    error: BaseException | None = None
    rendered: dict[str, Any] | None = None
    told_before: dict[str, str | None] = field(default_factory=dict)
    """Environment variables that policies have set, as they were."""
    is_over: bool = False
    """From here on signals change nothing any more."""
    is_stopped: bool = False


def run_reported(dags: Mapping[str, Any], context: TaskContext, runtime: Runtime) -> Ending:
    """Run an attempt of a task of these DAGs, report its ending, then run the callbacks of the end."""
    try:
        task = find_task(dags, context)
    except UserError as error:
        runtime.log.line("error", error.message, hint=error.hint)
        fact = ExitFact(kind="import_error", error_type=type(error).__name__, message=error.message)
        ending = Ending(outcome=Failed(), exit=fact, at=datetime.now(UTC), owes_callbacks=True)
        runtime.report(ending)
        return ending
    return run_attempt(task, context, runtime)


def run_attempt(task: Any, context: TaskContext, runtime: Runtime) -> Ending:
    """Run an attempt of this task; the ending is reported, callbacks are run, and the ending is returned."""
    log = runtime.log
    log.line(
        "info",
        "attempt started",
        dag_id=context.dag_id,
        run_id=context.run.run_id,
        task_id=context.task_id,
        map_index=context.map_index,
        try_number=context.try_number,
        pid=os.getpid(),
    )
    began = datetime.now(UTC)
    performance = _Performance(task=task, context={})
    variables = environment.variables_of(task, context)
    before = None if runtime.owns_process else environment.present(variables)
    environment.set_variables(variables)
    stop_before = _catch_stop(performance, runtime) if runtime.uses_signals else None
    try:
        ending = _perform(performance, context, runtime)
        ending = _report(ending, runtime)
        log.line(
            "info" if ending.exit.kind == "ok" else "error",
            "attempt ended",
            outcome=_name(ending.outcome),
            duration_s=round((ending.at - began).total_seconds(), 6),
        )
        if isinstance(ending.outcome, Succeeded):
            _forget_states(context, log)
        if not ending.owes_callbacks:
            _call_back(ending, performance, context, runtime)
            tell_end(performance.context, ending.outcome, performance.error, log)
    finally:
        if before is not None:
            _put_back(performance, before, stop_before)
    return ending


def _forget_states(context: TaskContext, log: LogWriter) -> None:
    try:
        forget_after_success(context.dag_id, context.run.run_id, context.task_id, context.map_index)
    except BaseException as error:  # noqa: BLE001 - user code may raise anything; the end is reported
        log.failure("what the task kept is not forgotten by the backend of its state store", error)


def find_task(dags: Mapping[str, Any], context: TaskContext) -> Any:
    """Return the task of an attempt; raise `UserError` when the file does not have it any more."""
    dag = dags.get(context.dag_id)
    task = None if dag is None else dag.task_dict.get(context.task_id)
    if task is None:
        what = (
            f"DAG `{context.dag_id}`"
            if dag is None
            else f"task `{context.task_id}` of DAG `{context.dag_id}`"
        )
        raise UserError(
            f"the file does not declare the {what} any more",
            hint="Does the file make it only under some condition (time, environment, Variable)? It must not.",
        )
    return task


def may_try_again(outcome: Failed, context: TaskContext) -> bool:
    """Whether the scheduler will retry: the same rule as its own."""
    return outcome.may_retry and context.try_number <= context.max_tries


def _perform(performance: _Performance, context: TaskContext, runtime: Runtime) -> Ending:
    outcome: Outcome
    label: str | None = None
    try:
        try:
            result = _execute(performance, context, runtime)
            skip: Any = ()
        except DagRunTriggerException as request:
            trigger_run(request, performance.context["ti"])
            result, skip = None, ()
        except DownstreamTasksSkipped as choice:
            runtime.log.line("info", "downstream tasks skipped", reason=endings.line_of(choice))
            # Airflow 2 pushes what a branch or short circuit returned; Airflow 3 does only for one of many instances.
            is_pushed = context.semantics is Semantics.AIRFLOW2 or context.map_index >= 0
            result, skip = choice.return_value if is_pushed else None, choice.tasks
        _check_not_stopped(performance)
        _check_mappable(performance.task, result, skip)
        label = _label(performance, context, runtime)
        outcome = endings.success(
            performance.operator,
            result,
            place=performance.context["ti"].place,
            large=runtime.bridge.large_values,
            skip=skip,
            label=label,
            assets=assets_written(performance.operator, performance.context),
        )
        performance.is_over = True
        fact = ExitFact(kind="ok")
    except BaseException as error:  # noqa: BLE001 - user code may raise anything; each becomes an outcome
        performance.is_over = True
        if performance.is_stopped and not isinstance(error, endings.StoppedBySignalError):
            error = _stopped(error)
        performance.error = error
        outcome, fact = endings.of_error(error, semantics=context.semantics)
        if isinstance(outcome, Failed) and outcome.may_retry:
            outcome, fact = ask_policy(
                performance.operator or performance.task,
                error,
                outcome,
                fact,
                context=performance.context,
                work=context,
                log=runtime.log,
            )
        _log_error(error, outcome, runtime.log)
    if label is None and isinstance(outcome, Failed | Skipped):
        label = _label(performance, context, runtime)
    # Who stopped it knows why: a task that was marked by a person calls nobody, a lost one does.
    owes = isinstance(performance.error, endings.StoppedBySignalError)
    if not owes:
        _keep_links(performance, outcome, runtime)
    return Ending(
        outcome=outcome,
        exit=fact,
        at=datetime.now(UTC),
        rendered=MASKER.redact(performance.rendered),  # by what has become a secret since, too
        owes_callbacks=owes,
        map_label=label,
    )


def _check_mappable(task: Any, result: Any, skip: Any) -> None:
    if skip:
        return
    length = None if result is None else mappable_length(result)
    check_returned(task, result, length=length, length_max=defaults.current().max_map_length)


def _label(performance: _Performance, context: TaskContext, runtime: Runtime) -> str | None:
    if context.map_index < 0:
        return None
    return map_label(performance.operator, performance.context, runtime.log)


def _keep_links(performance: _Performance, outcome: Outcome, runtime: Runtime) -> None:
    match outcome:
        case Succeeded() | Failed() | Skipped():
            keep_links(
                performance.operator,
                performance.context,
                runtime.log,
                limit_s=LINK_S_MAX if runtime.uses_signals else 0.0,
            )
        case Rescheduled() | Deferred() | AwaitsInput():
            pass  # not over yet


def _execute(performance: _Performance, context: TaskContext, runtime: Runtime) -> Any:
    """Build the context, render, run the hooks and `execute`; return what it returned."""
    task_context = performance.context = build_context(performance.task, context)
    if runtime.owns_process:
        enter_for_good(task_context)
    else:
        performance.entered = enter(task_context)
    operator: Any = instance_of(
        performance.task, task_context, context.map_index, may_change=runtime.owns_process
    )
    performance.operator = operator
    if context.try_number > 1 and context.resumption is None:
        purge_own(runtime.bridge)
    task_context["task"] = operator
    task_context["ti"].task = operator
    operator.render_template_fields(task_context)
    performance.rendered = endings.rendered_fields(
        operator, masker=MASKER, characters_max=runtime.rendered_characters_max
    )
    if told := policies.context_variables(task_context):
        performance.told_before = environment.present(told)
        environment.set_variables(told)
    tell_running(task_context["ti"], runtime.log)
    if operator.on_execute_callback:
        call_all(operator.on_execute_callback, task_context, kind="execute", log=runtime.log)
    operator.pre_execute(task_context)
    seconds = time_limit_s(operator, context, now=datetime.now(UTC)) if runtime.uses_signals else None
    with nullcontext() if seconds is None else _time_limit(operator, runtime, seconds):
        result = run_operator(operator, task_context, context, runtime.bridge.large_values)
    operator.post_execute(task_context, result)
    return result


def _report(ending: Ending, runtime: Runtime) -> Ending:
    try:
        runtime.report(ending)
    except FrameError as error:
        runtime.log.failure("the returned value is too large to be stored", error)
        fact = ExitFact(kind="exception", error_type="FrameError", message=endings.line_of(error))
        ending = Ending(outcome=Failed(), exit=fact, at=ending.at)
        runtime.report(ending)
    return ending


def _call_back(ending: Ending, performance: _Performance, context: TaskContext, runtime: Runtime) -> None:
    """Run the callbacks of the end; whatever they raise is logged and changes nothing."""
    operator = performance.operator or performance.task
    found = _callbacks_of(operator, ending.outcome, context)
    if found is None or not (found[1] or operator.email):
        return
    kind, wanted = found
    ti = performance.context.get("ti")
    if ti is not None:
        ti.state, ti.end_date = str(_STATE_AFTER[kind]), ending.at
    if performance.error is not None:
        performance.context["exception"] = performance.error
    call_task(wanted, operator, performance.context, kind=kind, log=runtime.log)


def _callbacks_of(operator: Any, outcome: Outcome, context: TaskContext) -> tuple[str, Any] | None:
    match outcome:
        case Succeeded():
            return "success", operator.on_success_callback
        case Skipped():
            return "skipped", operator.on_skipped_callback
        case Failed() if may_try_again(outcome, context):
            return "retry", operator.on_retry_callback
        case Failed():
            return "failure", operator.on_failure_callback
        case Rescheduled() | Deferred() | AwaitsInput():
            return None


def _log_error(error: BaseException, outcome: Outcome, log: LogWriter) -> None:
    match outcome:
        case Skipped(message=message):
            log.line("info", "task skipped", reason=message)
        case Rescheduled(at=at):
            log.line("info", "task rescheduled", at=at.isoformat())
        case AwaitsInput(request=request):
            log.line("info", "task waits for an answer", subject=request.subject)
        case Deferred(trigger_class=trigger):
            log.line("info", "task deferred", trigger=trigger)
        case Succeeded():
            pass
        case Failed():
            hint = {"hint": error.hint} if isinstance(error, UserError) else {}
            log.failure("task failed", error, **hint)


def _name(outcome: Outcome) -> str:
    return type(outcome).__name__.lower()


def _catch_stop(performance: _Performance, runtime: Runtime) -> Any:
    """Let SIGTERM stop the task: `on_kill`, then an exception into `execute`. Return the handler before."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        if performance.is_over or performance.is_stopped:
            return
        performance.is_stopped = True
        runtime.log.line("warning", "task was asked to stop (SIGTERM)")
        if performance.operator is not None:
            _on_kill(performance.operator, runtime)
        raise endings.StoppedBySignalError("the task was asked to stop")

    return set_handler(_SIGTERM, stop)


def _put_back(performance: _Performance, before: dict[str, str | None], stop_before: Any) -> None:
    """Leave a process that goes on as it was found."""
    if stop_before is not None:
        set_handler(_SIGTERM, stop_before)
    environment.set_variables({**performance.told_before, **before})
    if performance.entered is not None:
        leave(performance.entered)


def _on_kill(operator: Any, runtime: Runtime) -> None:
    try:
        operator.on_kill()
    except Exception as error:  # noqa: BLE001 - user code may raise anything; the task stops all the same
        runtime.log.failure("on_kill failed", error)


def _time_limit(operator: Any, runtime: Runtime, seconds: float) -> AbstractContextManager[None]:
    """Raise `AirflowTaskTimeout` into the block after these seconds of the operator's execution timeout."""

    def ring() -> None:
        runtime.log.line("error", "execution timeout", seconds=seconds)
        _on_kill(operator, runtime)
        raise AirflowTaskTimeout(f"the task ran longer than its `execution_timeout` of {seconds:g} s")

    if can_ring():
        runtime.limit(seconds)
    return alarm(seconds, ring)


def _check_not_stopped(performance: _Performance) -> None:
    """A task whose code swallowed the stop has not succeeded."""
    if performance.is_stopped:
        raise endings.StoppedBySignalError("the task was asked to stop")


def _stopped(error: BaseException) -> endings.StoppedBySignalError:
    stopped = endings.StoppedBySignalError("the task was asked to stop")
    stopped.__cause__ = error
    return stopped
