"""Writes about what waits outside of tasks: answers to questions, and deadlines. Compare-and-set, like all actions."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from windward.model.ids import TaskKey
from windward.model.waits import DeadlineRecord, Person


class AnswerInput(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Store the answer to a question, if it has none yet."""

    key: TaskKey
    try_number: int
    at: datetime
    by: Person | None
    chosen: tuple[str, ...] | None
    params_input: dict[str, Any] = {}
    is_timeout: bool = False


class SetDeadlines(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Write deadlines of one run, over those of the same numbers.

    A run that is over takes them: none is missed before it is cleared. Refused when the run is gone.
    """

    run_pk: int
    dag_id: str
    deadlines: tuple[DeadlineRecord, ...]


class DeadlineAsk(NamedTuple):
    """A deadline whose reference is an author's; `round` counts the times that it may be asked anew."""

    number: int
    round: int


class AskDeadlines(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Put questions about deadlines of one run into the outbox, but for those that are there, or were answered."""

    run_pk: int
    dag_id: str
    asks: tuple[DeadlineAsk, ...]
    at: datetime


class MissDeadline(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Note that a run that is not finished has missed a deadline, once, and put its callback into the outbox.

    Refused when it was noted before, when the deadline is another one by now, or when the run is over.
    """

    run_pk: int
    dag_id: str
    number: int
    due_at: datetime
    at: datetime
    reason: str
