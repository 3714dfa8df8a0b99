"""Asking a timetable of the author's own for its runs in a range: the question is written down, the processor answers.

The author's code runs where DAG files are parsed; whoever wants to know waits for the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from windward.errors import UnavailableError, UserError
from windward.ports.clock import Clock
from windward.ports.store import Store
from windward.ports.windows import DatesAsked
from windward.timetable import RunSlot, slot_of

ANSWER_S_MAX = 60.0
LOOK_EVERY_S = 0.1
SILENT = timedelta(seconds=60)
"""A processor that has not been heard of for so long is not there."""


def ask_dates(
    store: Store, clock: Clock, pause: Callable[[float], object], *, dag_id: str, start: datetime, end: datetime
) -> list[RunSlot]:  # fmt: skip
    """Return the due slots of a range, both ends inclusive; `pause` waits for so many seconds.

    Raises `UserError` when the timetable cannot say, or nobody is there to ask it, and `UnavailableError` when
    there is no answer in time.
    """
    now = clock.now()
    seen = [one["last_beat_at"] for one in store.hosts.load_components() if one["kind"] == "processor"]
    if not any(at > now - SILENT for at in seen):
        raise UserError(
            f"the timetable of DAG `{dag_id}` is the author's own, and no processor is there to ask it",
            hint="Start `windward standalone` or `windward processor`, then ask again.",
        )
    asked = DatesAsked(dag_id, start, end)
    store.catalog.ask_dates(asked, now=now)
    deadline = clock.monotonic() + ANSWER_S_MAX
    while (found := store.catalog.load_dates(asked)) is None:
        if clock.monotonic() > deadline:
            raise UnavailableError(
                f"the processor has not asked the timetable of DAG `{dag_id}` within {ANSWER_S_MAX:g} s"
            )
        pause(LOOK_EVERY_S)
    if found.error:
        raise UserError(
            f"the timetable of DAG `{dag_id}` cannot say when it runs: {found.error}",
            hint="`windward dags list-import-errors` shows whether its file can be read.",
        )
    return [slot_of(window) for window in found.slots if window.run_after <= now]
