"""Sensors: tasks that wait until `poke` is true, holding their slot (`poke`) or giving it back (`reschedule`)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from windward.sdk.configuration import conf
from windward.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferralTimeout,
)
from windward.sdk.operator import BaseOperator

DEFAULT_TIMEOUT = timedelta(days=7)
EXPONENT_MAX = 32
"""Back-off stops doubling here: later waits are longer than any timeout."""


class SensorArgumentError(AirflowException, ValueError):
    """An argument that a sensor cannot use: an `AirflowException` as in 2.x, a `ValueError` as in 3.x."""


class PokeReturnValue:
    """What `poke` may return: whether the wait is over, and a value to push as an XCom."""

    def __init__(self, is_done: bool, xcom_value: Any | None = None) -> None:  # noqa: FBT001 - Airflow's signature
        self.is_done = is_done
        self.xcom_value = xcom_value

    def __bool__(self) -> bool:
        return self.is_done


class BaseSensorOperator(BaseOperator):
    """A task that waits. Subclasses write `poke`, which returns a truth or a `PokeReturnValue`."""

    ui_color: str = "#e6f1f2"
    valid_modes: Sequence[str] = ("poke", "reschedule")
    _is_sensor = True

    def __init__(
        self,
        *,
        poke_interval: timedelta | float = 60,
        timeout: timedelta | float | None = None,
        soft_fail: bool = False,
        mode: str = "poke",
        exponential_backoff: bool = False,
        max_wait: timedelta | float | None = None,
        silent_fail: bool = False,
        never_fail: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.poke_interval = _seconds(poke_interval, "poke_interval", self.task_id)
        if timeout is None:
            timeout = conf.getfloat("sensors", "default_timeout", fallback=DEFAULT_TIMEOUT.total_seconds())
        self.timeout = _seconds(timeout, "timeout", self.task_id)
        self.max_wait = (
            None if max_wait is None else timedelta(seconds=_seconds(max_wait, "max_wait", self.task_id))
        )
        self.soft_fail = soft_fail
        self.silent_fail = silent_fail
        self.never_fail = never_fail
        self.mode = mode
        self.exponential_backoff = exponential_backoff
        if soft_fail and never_fail:
            raise ValueError("soft_fail and never_fail are mutually exclusive, you can not provide both.")
        if mode not in self.valid_modes:
            raise SensorArgumentError(
                f"The mode must be one of {self.valid_modes}, {self.task_id!r} has mode={mode!r}."
            )

    def poke(self, context: Any) -> Any:
        """Return whether the wait is over. Subclasses write this."""
        raise NotImplementedError(f"{type(self).__name__} has no `poke`")

    @property
    def reschedule(self) -> bool:
        """Whether the sensor gives its slot back between two looks."""
        return self.mode == "reschedule"

    def execute(self, context: Any) -> Any:
        """Look until `poke` is true or `timeout` is over."""
        return self.wait(context, monotonic=time.monotonic, sleep=time.sleep, now=_now)

    def wait(
        self,
        context: Any,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        now: Callable[[], datetime],
    ) -> Any:
        """As `execute`, with the clock given."""
        began, tries = monotonic(), 1
        ti = context["ti"]
        first: datetime | None = ti.get_first_reschedule_date(context) if self.reschedule else None
        earlier_s = max(0.0, (now() - first).total_seconds()) if first is not None else 0.0
        if first is not None:
            tries += int(context.get("task_reschedule_count") or 0)

        def waited_s() -> float:
            return earlier_s + monotonic() - began

        while True:
            found = self._look(context)
            if found:
                self.log.info("Success criteria met. Exiting.")
                return found.xcom_value if isinstance(found, PokeReturnValue) else None
            if waited_s() > self.timeout:
                self._time_out(waited_s())
            pause_s = self.next_pause_s(tries, waited_s(), salt=getattr(ti, "owner_path", self.task_id))
            if self.reschedule:
                raise AirflowRescheduleException(now() + timedelta(seconds=pause_s))
            sleep(pause_s)
            tries += 1

    def _look(self, context: Any) -> Any:
        try:
            return self.poke(context)
        except (AirflowSensorTimeout, AirflowTaskTimeout, AirflowFailException) as error:
            self._skip_instead(error)
            raise
        except (AirflowSkipException, AirflowRescheduleException):
            raise
        except Exception as error:
            if self.silent_fail:
                self.log.exception("Sensor poke failed")
                return False
            if self.never_fail:
                raise AirflowSkipException("Skipping due to never_fail is set to True.") from error
            raise

    def _skip_instead(self, error: BaseException) -> None:
        """Raise a skip when the author prefers it to this failure."""
        for name in ("soft_fail", "never_fail"):
            if getattr(self, name):
                raise AirflowSkipException(f"Skipping due to {name} is set to True.") from error

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """Go on after a deferral; a trigger that timed out is the sensor's timeout."""
        try:
            try:
                return super().resume_execution(next_method, next_kwargs, context)
            except TaskDeferralTimeout as error:
                raise AirflowSensorTimeout(*error.args) from error
        except AirflowException as error:
            if not isinstance(error, AirflowSkipException):
                self._skip_instead(error)
            raise

    def _time_out(self, waited_s: float) -> None:
        message = f"Sensor has timed out; run duration of {waited_s} seconds exceeds the specified timeout of {self.timeout}."
        if self.soft_fail or self.never_fail:
            raise AirflowSkipException(message)
        raise AirflowSensorTimeout(message)

    def next_pause_s(self, tries: int, waited_s: float, *, salt: str = "") -> float:
        """Return how many seconds to wait after the `tries`-th look, `waited_s` after the first one began.

        With back-off: twice as long each time plus a part that is fixed by `salt` and `tries`, at most `max_wait`,
        and never beyond the timeout.
        """
        if not self.exponential_backoff:
            pause_s = self.poke_interval
        else:
            floor = max(1, int(self.poke_interval * 2.0 ** min(tries - 2, EXPONENT_MAX)))
            digest = hashlib.sha1(
                f"{self.dag_id}#{self.task_id}#{salt}#{tries}".encode(), usedforsecurity=False
            )
            pause_s = floor + int(digest.hexdigest(), 16) % floor
            pause_s = min(pause_s, max(self.timeout - int(waited_s), 0))
        return pause_s if self.max_wait is None else min(pause_s, self.max_wait.total_seconds())


def poke_mode_only(cls: type) -> type:
    """Make a sensor class refuse any other mode than `poke`."""
    if not issubclass(cls, BaseSensorOperator):
        raise ValueError(  # noqa: TRY004 - the class that Airflow raises
            f"poke_mode_only decorator should only be applied to subclasses of BaseSensorOperator, got:{cls}."
        )
    cls.valid_modes = ("poke",)
    return cls


def _seconds(value: Any, name: str, task_id: str) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    match seconds:
        case bool():
            pass
        case int() | float() if seconds >= 0:
            return seconds
    raise SensorArgumentError(
        f"`{name}` of sensor `{task_id}` is `{value!r}`; it is a timedelta or a number of seconds, not negative"
    )


def _now() -> datetime:
    return datetime.now(UTC)
