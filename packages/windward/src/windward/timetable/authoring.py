"""Schedules from what DAG authors write, validated.

What lives here: builders of the structs in `schedule`, one per timetable that authors can name, and
`from_author` for a plain `schedule=` value. What may not: arithmetic on ticks.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from dateutil.relativedelta import relativedelta

from windward.errors import InvalidCronError, UserError
from windward.timetable.cron import parse_cron
from windward.timetable.delta import Distance, delta_of, positive_delta
from windward.timetable.schedule import (
    ContinuousSchedule,
    CronSchedule,
    DeltaSchedule,
    EventsSchedule,
    MultipleCronSchedule,
    NullSchedule,
    OnceSchedule,
    Schedule,
    ScheduleKind,
)
from windward.timetable.zones import zone_name

RunImmediately = bool | timedelta | None
"""How a trigger schedule without start date begins, as authors write it."""

_NO_INTERVAL = timedelta(0)
_KINDS = {"airflow2": ScheduleKind.DATA_INTERVAL, "airflow3": ScheduleKind.TRIGGER}


def from_author(
    value: object, *, timezone: tzinfo | str, semantics: str, allow_seconds: bool = False
) -> Schedule:
    """Turn a plain `schedule=` value into a schedule.

    `value` is None, a preset, a cron expression, a `timedelta` or a `relativedelta`. With `semantics` `airflow2`
    ticks end data intervals, with `airflow3` they trigger. What a missing schedule means is the caller's decision.
    Raises `InvalidCronError` or `UserError`.
    """
    kind = _KINDS[semantics]
    match value:
        case None:
            return NullSchedule()
        case "@once":
            return OnceSchedule()
        case "@continuous":
            return ContinuousSchedule()
        case str() if kind is ScheduleKind.DATA_INTERVAL:
            return cron_data_interval(value, timezone=timezone, allow_seconds=allow_seconds)
        case str():
            return cron_trigger(value, timezone=timezone, allow_seconds=allow_seconds)
        case timedelta() | relativedelta():
            return DeltaSchedule(delta=positive_delta(value), kind=kind)
    raise UserError(
        f"`{value!r}` is not a schedule",
        hint="A schedule is None, a cron expression such as `30 6 * * MON-FRI`, a preset such as `@daily`, "
        "a `timedelta`, a `relativedelta`, a timetable, or assets.",
    )


def cron_data_interval(
    expression: str, *, timezone: tzinfo | str, allow_seconds: bool = False
) -> CronSchedule:
    """Build the schedule whose runs work on the time between two cron ticks, and start at the later one."""
    _validate_cron(expression, allow_seconds=allow_seconds)
    return CronSchedule(
        expression=expression,
        timezone=zone_name(timezone),
        kind=ScheduleKind.DATA_INTERVAL,
        seconds=allow_seconds,
    )


def cron_trigger(
    expression: str,
    *,
    timezone: tzinfo | str,
    interval: Distance = _NO_INTERVAL,
    run_immediately: RunImmediately = False,
    allow_seconds: bool = False,
) -> CronSchedule:
    """Build the schedule whose runs start at cron ticks."""
    _validate_cron(expression, allow_seconds=allow_seconds)
    return CronSchedule(
        expression=expression,
        timezone=zone_name(timezone),
        kind=ScheduleKind.TRIGGER,
        interval=delta_of(interval),
        run_immediately=_patience(run_immediately),
        seconds=allow_seconds,
    )


def multiple_cron_trigger(
    *expressions: str,
    timezone: tzinfo | str,
    interval: Distance = _NO_INTERVAL,
    run_immediately: RunImmediately = False,
    allow_seconds: bool = False,
) -> MultipleCronSchedule:
    """Build the schedule whose runs start at the ticks of any of several cron expressions."""
    if not expressions:
        raise UserError(
            "a schedule of several cron expressions has none",
            hint='Give at least one: `MultipleCron("@daily")`.',
        )
    for expression in expressions:
        _validate_cron(expression, allow_seconds=allow_seconds)
    return MultipleCronSchedule(
        expressions=expressions,
        timezone=zone_name(timezone),
        interval=delta_of(interval),
        run_immediately=_patience(run_immediately),
        seconds=allow_seconds,
    )


def delta_data_interval(delta: Distance) -> DeltaSchedule:
    """Build the schedule whose runs work on intervals of one length, and start at their ends."""
    return DeltaSchedule(delta=positive_delta(delta), kind=ScheduleKind.DATA_INTERVAL)


def delta_trigger(delta: Distance, *, interval: Distance = _NO_INTERVAL) -> DeltaSchedule:
    """Build the schedule whose runs start at a distance from each other."""
    return DeltaSchedule(delta=positive_delta(delta), kind=ScheduleKind.TRIGGER, interval=delta_of(interval))


def events(
    dates: Iterable[datetime], *, restrict_to_events: bool = False, description: str | None = None
) -> EventsSchedule:
    """Build the schedule whose runs start at listed instants; the dates have to be aware."""
    listed = tuple(dates)
    for date in listed:
        if date.tzinfo is None:
            raise UserError(
                f"the event `{date.isoformat()}` has no time zone",
                hint='Give every event one: `datetime(2026, 1, 31, 9, tzinfo=ZoneInfo("Europe/Berlin"))`.',
            )
    return EventsSchedule(
        events=tuple(sorted({_plain_utc(date) for date in listed})),
        restrict_to_events=restrict_to_events,
        description=description,
    )


def _validate_cron(expression: str, *, allow_seconds: bool) -> None:
    if expression in {"@once", "@continuous"}:
        raise InvalidCronError(
            f"`{expression}` is not a cron expression", hint=f'Write `schedule="{expression}"` instead.'
        )
    parse_cron(expression, allow_seconds=allow_seconds)


def _patience(run_immediately: RunImmediately) -> bool | float | None:
    return run_immediately.total_seconds() if isinstance(run_immediately, timedelta) else run_immediately


def _plain_utc(date: datetime) -> datetime:
    """A datetime of the standard library, whatever subclass the author's library has."""
    return datetime.fromtimestamp(0, UTC) + (date - datetime.fromtimestamp(0, UTC))
