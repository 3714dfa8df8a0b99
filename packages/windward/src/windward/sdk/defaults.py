"""What an argument means when the author leaves it out: one frozen object, filled from the settings.

Whoever imports DAG files calls `configure` once before; without it the built-in defaults hold.
The environment is never read here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windward.settings import CoreSettings, SchedulerSettings


@dataclass(frozen=True, kw_only=True)
class RetryDefaults:
    """Retries of a task that says nothing of them, and the delay of one that says only how many."""

    retries: int = 5
    first_delay: timedelta = timedelta(seconds=10)
    backoff: float = 2.0
    delay_max: timedelta | None = timedelta(seconds=300)
    plain_delay: timedelta = timedelta(seconds=300)
    """Delay of a task that sets `retries` and no delay; it has no back-off."""
    backoff_max: timedelta = timedelta(days=1)
    """Where the back-off of every task ends."""


@dataclass(frozen=True, kw_only=True)
class AuthoringDefaults:
    """Defaults of DAG and task arguments."""

    retry: RetryDefaults = RetryDefaults()
    owner: str = "airflow"
    queue: str = "default"
    pool: str = "default_pool"
    weight_rule: str = "downstream"
    execution_timeout: timedelta | None = None
    isolation: str = "isolated"
    timezone: str = "UTC"
    cron_seconds: bool = False
    max_active_tasks: int = 16
    max_active_runs: int = 16
    max_consecutive_failed_dag_runs: int = 0
    max_map_length: int = 1024
    semantics: str | None = None
    catchup: bool | None = None
    """None: by the semantics of the DAG."""


_current = AuthoringDefaults()


def current() -> AuthoringDefaults:
    """Return the defaults of this process."""
    return _current


def configure(defaults: AuthoringDefaults) -> AuthoringDefaults:
    """Make `defaults` those of this process and return the ones before."""
    global _current
    before, _current = _current, defaults
    return before


def from_settings(core: CoreSettings, scheduler: SchedulerSettings | None = None) -> AuthoringDefaults:
    """Return the defaults that the settings ask for."""
    return AuthoringDefaults(
        retry=RetryDefaults(
            retries=core.default_task_retries,
            first_delay=timedelta(seconds=core.default_retry_delay_s),
            backoff=core.default_retry_exponential_backoff,
            delay_max=timedelta(seconds=core.default_retry_delay_max_s),
            plain_delay=timedelta(seconds=core.default_task_retry_delay_s),
            backoff_max=timedelta(seconds=core.max_task_retry_delay_s),
        ),
        weight_rule=core.default_task_weight_rule,
        execution_timeout=_seconds(core.default_task_execution_timeout_s),
        isolation=core.isolation,
        timezone=core.default_timezone,
        cron_seconds=core.cron_seconds,
        max_active_tasks=core.max_active_tasks_per_dag,
        max_active_runs=core.max_active_runs_per_dag,
        max_consecutive_failed_dag_runs=core.max_consecutive_failed_dag_runs_per_dag,
        max_map_length=core.max_map_length,
        semantics=core.semantics,
        catchup=scheduler.catchup_by_default if scheduler else None,
    )


def _seconds(value: float | None) -> timedelta | None:
    return None if value is None else timedelta(seconds=value)
