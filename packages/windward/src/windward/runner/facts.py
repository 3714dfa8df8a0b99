"""How an attempt ended, told from what the operating system says. Pure."""

from __future__ import annotations

import signal
from datetime import datetime

import msgspec

from windward.protocol.child import Exited, ImportProblem
from windward.protocol.outcomes import Ending, ExitFact, Failed
from windward.runner.held import Held


def ending_of_exit(held: Held, exited: Exited, *, was_oom_kill: bool) -> Ending:
    """Return the ending of an attempt whose process left without a word."""
    if held.is_overdue and held.ref.callback_pk is not None:
        message = "the callback took longer than `[callbacks] callback_execution_timeout`, and was stopped"
        exit_fact = ExitFact(kind="timeout", signal=exited.signal, message=message)
        return Ending(outcome=Failed(may_retry=False), exit=exit_fact, at=exited.at)
    if held.is_overdue:
        message = "the task did not stop at its `execution_timeout` and was killed"
        exit_fact = ExitFact(kind="timeout", signal=exited.signal, message=message)
    elif held.cancel_reason is not None or held.is_shut_down:
        message = held.cancel_reason or "the worker was shut down"
        exit_fact = ExitFact(
            kind="cancelled", signal=exited.signal, exit_code=exited.exit_code, message=message
        )
    elif exited.signal == signal.SIGKILL and was_oom_kill and not held.is_killed:
        message = "the kernel killed the process because memory ran out"
        exit_fact = ExitFact(kind="out_of_memory", signal=exited.signal, message=message)
    elif exited.signal is not None:
        message = f"the process was killed by {signal_name(exited.signal)}"
        exit_fact = ExitFact(kind="signal", signal=exited.signal, message=message)
    else:
        message = f"the process left with exit code {exited.exit_code} without reporting"
        exit_fact = ExitFact(kind="exit", exit_code=exited.exit_code, message=message)
    exit_fact = msgspec.structs.replace(
        exit_fact, peak_rss_bytes=exited.peak_rss_bytes, cpu_s=exited.cpu_s, pid=exited.pid
    )
    outcome = Failed(is_infrastructure=held.is_shut_down and held.cancel_reason is None)
    return Ending(outcome=outcome, exit=exit_fact, at=exited.at, owes_callbacks=True)


def ending_of_stop(held: Held, ending: Ending) -> Ending:
    """Return the ending of an attempt that stopped because we asked it to, by what it said itself."""
    message = held.cancel_reason or "the worker was shut down"
    exit_fact = msgspec.structs.replace(ending.exit, kind="cancelled", message=message)
    outcome = Failed(is_infrastructure=held.is_shut_down and held.cancel_reason is None)
    return msgspec.structs.replace(ending, exit=exit_fact, outcome=outcome)


def ending_of_loss(fact: str, *, at: datetime) -> Ending:
    """Return the ending of an attempt whose template process died."""
    message = f"the template process of its file died: {fact}"
    exit_fact = ExitFact(kind="lost", message=message)
    return Ending(outcome=Failed(is_infrastructure=True), exit=exit_fact, at=at, owes_callbacks=True)


def ending_unstarted(message: str, *, at: datetime) -> Ending:
    """Return the ending of an attempt whose user code was never let go, through no fault of its own."""
    exit_fact = ExitFact(kind="never_started", message=message)
    return Ending(outcome=Failed(is_infrastructure=True), exit=exit_fact, at=at, owes_callbacks=True)


def ending_of_doom(held: Held, problem: ImportProblem, *, at: datetime) -> Ending:
    """Return the ending of an attempt whose user code could not be run at all."""
    return Ending(
        outcome=Failed(is_infrastructure=held.doom_kind == "never_started"),
        exit=ExitFact(kind=held.doom_kind, error_type=problem.error_type, message=problem.message),
        at=at,
        owes_callbacks=True,
    )


def signal_name(number: int) -> str:
    """Return the name of a signal, with its number."""
    try:
        return f"{signal.Signals(number).name} ({number})"
    except ValueError:
        return f"signal {number}"
