"""Deadlines of runs: when each is, and that it was missed. A deadline never changes what a run does.

A deadline is a reference plus an interval. References are the run's logical date, the time it was queued, a fixed
time, and the average of what the last runs took, counted from the time it was queued. What is known from the
store (durations) comes in as `DeadlineFacts`. What a reference of an author's says, and how long an interval is that
a variable holds, a worker is asked: variables may be in a secrets backend, which is user code.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from windward.core.waits import DeadlineAsk, MissDeadline
from windward.document import DagDocument, DeadlineDocument
from windward.model.records import RunRecord
from windward.model.states import RUN_FINISHED
from windward.model.waits import DeadlineRecord

INTERVAL_S_MAX = 100 * 365 * 86_400.0


class DeadlineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What deadlines ask the store."""

    durations_s: Sequence[float] = ()
    """How long the DAG's finished runs took, the newest first."""


class Told(NamedTuple):
    """What a worker said of a deadline: what it counts from, and how long its interval is; None: it said nothing."""

    start: datetime | None = None
    interval_s: float | None = None


_SAID_NOTHING = Told()


def decide_deadlines(
    document: DagDocument, run: RunRecord, existing: Sequence[DeadlineRecord], facts: DeadlineFacts
) -> tuple[DeadlineRecord, ...]:
    """Return the deadlines to write for an unfinished run; those that it has stay as they are.

    A run that was cleared is queued anew: what counts from there counts again.
    """
    known = {deadline.number: deadline for deadline in existing}
    found = []
    for number, alert in enumerate(document.deadlines):
        before = known.get(number)
        is_again = run.clear_number > 0 and alert.reference == "queued_at"
        if _is_asked(alert):
            continue
        if before is not None and not is_again:
            continue
        due_at = due_of(alert, run, facts)
        if due_at is not None and (before is None or before.due_at != due_at):
            found.append(DeadlineRecord(run_pk=run.run_pk, number=number, name=alert.name, due_at=due_at))
    return tuple(found)


def decide_asks(
    document: DagDocument, run: RunRecord, existing: Sequence[DeadlineRecord]
) -> tuple[DeadlineAsk, ...]:
    """Return which references of an author's and which variables have to be asked; the store knows which of them were.

    One that counts from the time at which the run was queued is asked anew for each time that it is cleared.
    """
    known = {deadline.number for deadline in existing}
    found = []
    for number, alert in enumerate(document.deadlines):
        if not _is_asked(alert):
            continue
        asked_again = run.clear_number if _is_asked_anew(alert) else 0
        if number not in known or asked_again:
            found.append(DeadlineAsk(number, asked_again))
    return tuple(found)


def told_deadline(
    alert: DeadlineDocument,
    run: RunRecord,
    before: DeadlineRecord | None,
    facts: DeadlineFacts,
    *,
    number: int,
    asked_round: int,
    told: Told,
) -> DeadlineRecord | None:
    """Return the deadline to write, by what a reference said or a variable held.

    None for a deadline that is so already (and may have been missed), and as in `due_of`. A run that is over gets it,
    too: whoever clears it, perhaps at this moment, finds what was said. What was asked before the run was cleared and
    is answered only now does not take the place of a newer answer, for it may have been missed before.
    """
    if not _is_asked(alert) or (_is_asked_anew(alert) and asked_round != run.clear_number):
        return None
    due_at = due_of(alert, run, facts, told=told)
    if due_at is None or (before is not None and before.due_at == due_at):
        return None
    return DeadlineRecord(run_pk=run.run_pk, number=number, name=alert.name, due_at=due_at)


def due_of(
    alert: DeadlineDocument, run: RunRecord, facts: DeadlineFacts, *, told: Told = _SAID_NOTHING
) -> datetime | None:
    """Return when the run ought to be over; None when the alert does not apply to it.

    That is: a logical date that the run does not have, too few runs for an average, a variable that is no number,
    a reference of an author's that has `told` nothing.
    """
    interval_s = alert.interval_s if alert.interval_variable is None else told.interval_s
    start = told.start if alert.reference == "custom" else _reference(alert, run, facts)
    if interval_s is None or interval_s != interval_s or start is None:  # noqa: PLR0124 - the one number that is not itself
        return None
    try:
        return start + timedelta(seconds=max(-INTERVAL_S_MAX, min(interval_s, INTERVAL_S_MAX)))
    except OverflowError:
        return None


def decide_miss(run: RunRecord, deadline: DeadlineRecord, *, now: datetime) -> MissDeadline | None:
    """Note that a run is not over at its deadline; None when it is, when it is not due, or was noted."""
    if run.state in RUN_FINISHED or deadline.missed_at is not None or deadline.due_at > now:
        return None
    name = f"deadline `{deadline.name}`" if deadline.name else "its deadline"
    return MissDeadline(
        run_pk=run.run_pk,
        dag_id=run.dag_id,
        number=deadline.number,
        due_at=deadline.due_at,
        at=now,
        reason=f"the run is {run.state} past {name}, {deadline.due_at.isoformat(timespec='seconds')}",
    )


def _reference(alert: DeadlineDocument, run: RunRecord, facts: DeadlineFacts) -> datetime | None:
    match alert.reference:
        case "logical_date":
            return run.logical_date
        case "queued_at":
            return run.queued_at
        case "fixed":
            return alert.at
        case "custom":
            return None
        case "average_runtime":
            durations = facts.durations_s[: alert.runs_max]
            if run.queued_at is None or not durations or len(durations) < alert.runs_min:
                return None
            return run.queued_at + timedelta(seconds=sum(durations) / len(durations))


def _is_asked(alert: DeadlineDocument) -> bool:
    return alert.reference == "custom" or alert.interval_variable is not None


def _is_asked_anew(alert: DeadlineDocument) -> bool:
    """Whether it is asked again when the run is cleared: it counts from the time at which the run was queued."""
    return alert.is_asked_when_queued if alert.reference == "custom" else alert.reference == "queued_at"
