"""What the schedule of a DAG means: the value an author wrote, or left out, as a schedule of the document."""

from __future__ import annotations

from datetime import timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from windward.errors import UserError
from windward.model.states import Semantics
from windward.sdk.assets import BaseAsset, asset_of_all, is_collection_of_assets
from windward.sdk.defaults import current
from windward.sdk.unset import ArgNotSet
from windward.timetable import (
    AssetOrTimeSchedule,
    AssetSchedule,
    ContinuousSchedule,
    CronSchedule,
    CustomSchedule,
    DeltaSchedule,
    EventsSchedule,
    MultipleCronSchedule,
    NullSchedule,
    OnceSchedule,
    Schedule,
    active_runs_limit,
    can_be_scheduled,
    from_author,
    zone_name,
)

if TYPE_CHECKING:
    from windward.sdk.dag import DAG

_SCHEDULES = (
    NullSchedule, OnceSchedule, ContinuousSchedule, CronSchedule, MultipleCronSchedule, DeltaSchedule, EventsSchedule,
    CustomSchedule, AssetSchedule, AssetOrTimeSchedule,
)  # fmt: skip
_LEFT_OUT = {Semantics.AIRFLOW2: timedelta(days=1), Semantics.AIRFLOW3: None}


def schedule_of(dag: DAG, semantics: Semantics) -> Schedule:
    """Return the schedule of a DAG; what a missing one means is up to the semantics."""
    value = _LEFT_OUT[semantics] if isinstance(dag.schedule, ArgNotSet) else dag.schedule
    return schedule_of_value(value, zone=dag.timezone, semantics=semantics, dag_id=dag.dag_id)


def schedule_of_value(value: Any, *, zone: tzinfo, semantics: str, dag_id: str) -> Schedule:
    """Return a schedule from what an author wrote: text, a duration, a schedule, or a timetable that makes one.

    Raises `InvalidCronError` or `UserError`, with the DAG's id.
    """
    if isinstance(value, _SCHEDULES):
        return value
    if isinstance(value, BaseAsset):
        return AssetSchedule(value.as_condition())
    if is_collection_of_assets(value):
        return AssetSchedule(asset_of_all(value).as_condition())
    if hasattr(value, "as_schedule"):
        made = value.as_schedule(timezone=zone_name(zone))
        assert isinstance(made, _SCHEDULES)
        return made
    try:
        return from_author(value, timezone=zone, semantics=semantics, allow_seconds=current().cron_seconds)
    except UserError as error:
        raise type(error)(f"`schedule` of DAG `{dag_id}`: {error.message}", hint=error.hint) from error


def schedule_text(dag: DAG, semantics: Semantics) -> str | None:
    """Return what the author wrote, as text; of a missing schedule, what it means."""
    value = _LEFT_OUT[semantics] if isinstance(dag.schedule, ArgNotSet) else dag.schedule
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, BaseAsset) or is_collection_of_assets(value):
        return "Dataset" if semantics is Semantics.AIRFLOW2 else "Asset"
    summary = getattr(value, "summary", None)
    return summary if isinstance(summary, str) else type(value).__name__


def catchup_of(dag: DAG, semantics: Semantics) -> bool:
    """Return whether missed intervals are made up for; left out, that is up to settings and semantics."""
    if isinstance(dag.catchup, ArgNotSet):
        default = current().catchup
        return semantics is Semantics.AIRFLOW2 if default is None else default
    return bool(dag.catchup)


def max_active_runs_of(dag: DAG, schedule: Schedule) -> int:
    """Return how many runs may be active; raise when the DAG asks for more than its schedule allows."""
    limit = active_runs_limit(schedule)
    if isinstance(dag.max_active_runs, ArgNotSet) or dag.max_active_runs is None:
        return current().max_active_runs if limit is None else min(limit, current().max_active_runs)
    if limit is not None and dag.max_active_runs > limit:
        raise UserError(
            f"`max_active_runs` of DAG `{dag.dag_id}` is {dag.max_active_runs}, but its schedule requires "
            f"max_active_runs <= {limit}",
            hint=f"Write `max_active_runs={limit}`, or leave it out.",
        )
    return int(dag.max_active_runs)


__all__ = [
    "can_be_scheduled",
    "catchup_of",
    "max_active_runs_of",
    "schedule_of",
    "schedule_of_value",
    "schedule_text",
]
