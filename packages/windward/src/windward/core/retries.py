"""When a failed attempt is tried again. Jitter without randomness: it comes from the attempt's own name."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta

from windward.document import TaskDocument

DELAY_S_MAX = 100 * 365 * 86_400.0
"""As good as never, and a date that exists."""


def may_retry(*, try_number: int, max_tries: int) -> bool:
    """Whether another try is left after try `try_number` failed (`max_tries` = retries allowed)."""
    return try_number <= max_tries


def retry_delay_s(
    task: TaskDocument, *, dag_id: str, run_id: str, logical_date: datetime | None, try_number: int
) -> float:
    """Return the seconds between the failed try `try_number` and the next.

    With back-off of multiplier m: `ceil(delay * m ** (try - 1))`, plus a jitter of up to as much again
    that is a hash of DAG, task, date and try, so that the same attempt always waits the same time and a
    thousand tasks that failed together do not come back together. Capped by `retry_backoff_max_s` of the
    installation, and by the task's own cap. Without back-off it is what the author wrote, however long.
    """
    delay_s = max(0.0, task.retry_delay_s)
    if task.retry_backoff:
        longest_s = int(task.retry_backoff_max_s)
        exponent = max(0, try_number - 1)
        try:
            minimum = math.ceil(delay_s * task.retry_backoff**exponent)
        except OverflowError:
            minimum = longest_s
        minimum = min(minimum, longest_s)
        if minimum > 0:
            date = logical_date.isoformat() if logical_date else run_id
            name = f"{dag_id}#{task.task_id}#{date}#{try_number}".encode()
            jitter = int(hashlib.sha1(name, usedforsecurity=False).hexdigest(), 16) % minimum
            delay_s = min(minimum + jitter, longest_s)
        else:
            delay_s = 0.0
    if task.retry_delay_max_s is not None:
        delay_s = min(delay_s, task.retry_delay_max_s)
    return delay_s


def due_at(now: datetime, delay_s: float) -> datetime:
    """Return when a retry that waits `delay_s` is due."""
    return now + timedelta(seconds=min(delay_s, DELAY_S_MAX))
