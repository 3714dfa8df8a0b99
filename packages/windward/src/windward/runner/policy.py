"""What a task's retry policy makes of a failure: it may forbid the retry, or choose its delay."""

from __future__ import annotations

from typing import Any

import msgspec

from windward.logs.writer import LogWriter
from windward.protocol.outcomes import ExitFact, Failed
from windward.protocol.work import TaskContext


def ask_policy(
    task: Any,
    error: BaseException,
    outcome: Failed,
    fact: ExitFact,
    *,
    context: Any,
    work: TaskContext,
    log: LogWriter,
) -> tuple[Failed, ExitFact]:
    """Return the outcome and the fact after the policy was asked; one that fails itself changes nothing."""
    policy = getattr(task, "retry_policy", None)
    if policy is None:
        return outcome, fact
    try:
        decision = policy.evaluate(error, work.try_number, work.max_tries, context)
        action = str(getattr(decision.action, "value", decision.action))
        delay_s = None if decision.retry_delay is None else decision.retry_delay.total_seconds()
    except Exception as raised:  # noqa: BLE001 - user code may raise anything; the task's own retries count then
        log.failure("the retry policy failed", raised)
        return outcome, fact
    log.line("info", "retry policy", action=action, reason=decision.reason, delay_s=delay_s)
    if decision.reason and action != "default":
        fact = msgspec.structs.replace(fact, message=f"{fact.message or ''} ({decision.reason})".lstrip())
    if action == "fail":
        return msgspec.structs.replace(outcome, may_retry=False), fact
    if action == "retry" and delay_s is not None:
        return msgspec.structs.replace(outcome, retry_delay_s=max(0.0, delay_s)), fact
    return outcome, fact
