"""Calendar arithmetic without a clock: cron, time zones, schedules, data intervals, run ids.

What lives here: what a schedule means, as functions of values. What may not: a clock, I/O, the state of runs.
The names below are the public door; the modules behind it are details.
"""

from __future__ import annotations

from windward.timetable.authoring import (
    RunImmediately,
    cron_data_interval,
    cron_trigger,
    delta_data_interval,
    delta_trigger,
    events,
    from_author,
    multiple_cron_trigger,
)
from windward.timetable.cron import PRESETS, Cron, parse_cron
from windward.timetable.delta import CalendarDelta, Delta, Distance, delta_of, distance_of
from windward.timetable.describe import describe, describe_schedule, summary
from windward.timetable.instants import next_instant, previous_instant
from windward.timetable.run_ids import run_id_of
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
    TimedSchedule,
    active_runs_limit,
    can_be_scheduled,
    is_periodic,
)
from windward.timetable.slots import (
    DataInterval,
    Restriction,
    RunSlot,
    manual_interval,
    next_slot,
    previous_slot,
    slots_between,
)
from windward.timetable.ticks import align_next, align_previous, next_tick, previous_tick
from windward.timetable.zones import zone_name, zone_named

__all__ = [
    "PRESETS",
    "CalendarDelta",
    "ContinuousSchedule",
    "Cron",
    "CronSchedule",
    "DataInterval",
    "Delta",
    "DeltaSchedule",
    "Distance",
    "EventsSchedule",
    "MultipleCronSchedule",
    "NullSchedule",
    "OnceSchedule",
    "Restriction",
    "RunImmediately",
    "RunSlot",
    "Schedule",
    "ScheduleKind",
    "TimedSchedule",
    "active_runs_limit",
    "align_next",
    "align_previous",
    "can_be_scheduled",
    "cron_data_interval",
    "cron_trigger",
    "delta_data_interval",
    "delta_of",
    "delta_trigger",
    "describe",
    "describe_schedule",
    "distance_of",
    "events",
    "from_author",
    "is_periodic",
    "manual_interval",
    "multiple_cron_trigger",
    "next_instant",
    "next_slot",
    "next_tick",
    "parse_cron",
    "previous_instant",
    "previous_slot",
    "previous_tick",
    "run_id_of",
    "slots_between",
    "summary",
    "zone_name",
    "zone_named",
]
