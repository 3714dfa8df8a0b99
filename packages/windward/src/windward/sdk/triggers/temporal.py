"""Triggers that wait for a time (`airflow.triggers.temporal`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from windward.sdk.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent

STEP_S = 3600.0
"""Longest sleep: a clock that is set meanwhile makes a wait wrong by at most this."""


class DateTimeTrigger(BaseTrigger):
    """Waits until `moment`, an aware time; its event's payload is the moment.

    With `end_from_trigger` the task succeeds at that moment, without going to a worker again.
    """

    def __init__(self, moment: datetime, *, end_from_trigger: bool = False) -> None:
        super().__init__()
        if not isinstance(moment, datetime):
            raise TypeError(f"Expected datetime.datetime type for moment. Got {type(moment)}")
        if moment.tzinfo is None:
            raise ValueError("You cannot pass naive datetimes")
        self.moment = moment.astimezone(UTC)
        self.end_from_trigger = end_from_trigger

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path of the class and the arguments that make this trigger again."""
        return (
            f"{DateTimeTrigger.__module__}.{DateTimeTrigger.__name__}",
            {"moment": self.moment, "end_from_trigger": self.end_from_trigger},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Sleep until the moment has come."""
        while (left_s := (self.moment - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110 - it waits for a clock
            await asyncio.sleep(min(left_s, STEP_S))
        yield TaskSuccessEvent() if self.end_from_trigger else TriggerEvent(self.moment)


class TimeDeltaTrigger(DateTimeTrigger):
    """Waits for a while, counted from when it was made: a triggerer that takes it over waits for the same moment."""

    def __init__(self, delta: timedelta, *, end_from_trigger: bool = False) -> None:
        super().__init__(datetime.now(UTC) + delta, end_from_trigger=end_from_trigger)
