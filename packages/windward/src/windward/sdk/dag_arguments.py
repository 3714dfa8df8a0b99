"""The arguments of a DAG: old positions and names, checks, one form. What a DAG does with them is in `dag`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from windward.errors import UserError
from windward.sdk import deprecations
from windward.sdk.defaults import current
from windward.sdk.exceptions import AirflowException
from windward.sdk.spelling import did_you_mean
from windward.sdk.times import default_zone, parse_date, to_utc
from windward.sdk.unset import NOTSET, is_arg_set

TAG_LENGTH_MAX = 100
MOVING_START = timedelta(minutes=1)
"""A start date that is this near to the time of import is that time."""

# The order of Airflow 2.11, which allowed all of them without a name.
POSITIONAL = (
    "description", "schedule", "schedule_interval", "timetable", "start_date", "end_date", "full_filepath",
    "template_searchpath", "template_undefined", "user_defined_macros", "user_defined_filters", "default_args",
    "concurrency", "max_active_tasks", "max_active_runs", "max_consecutive_failed_dag_runs", "dagrun_timeout",
    "sla_miss_callback", "default_view", "orientation", "catchup", "on_success_callback", "on_failure_callback",
    "doc_md", "params", "access_control", "is_paused_upon_creation", "jinja_environment_kwargs",
    "render_template_as_native_obj", "tags", "owner_links", "auto_register", "fail_stop", "dag_display_name",
)  # fmt: skip

RENAMED = {
    "schedule_interval": "schedule", "timetable": "schedule", "concurrency": "max_active_tasks",
    "fail_stop": "fail_fast",
}  # fmt: skip
DROPPED = frozenset({"full_filepath", "default_view", "orientation"})

DEFAULTS: dict[str, Any] = {
    "description": None, "schedule": NOTSET, "start_date": None, "end_date": None, "template_searchpath": None,
    "template_undefined": None, "user_defined_macros": None, "user_defined_filters": None, "default_args": None,
    "max_active_tasks": NOTSET, "max_active_runs": NOTSET, "max_consecutive_failed_dag_runs": NOTSET,
    "dagrun_timeout": None, "deadline": None, "catchup": NOTSET, "on_success_callback": None,
    "on_failure_callback": None, "sla_miss_callback": None, "doc_md": None, "params": None, "access_control": None,
    "is_paused_upon_creation": None, "jinja_environment_kwargs": None, "render_template_as_native_obj": False,
    "tags": None, "owner_links": None, "auto_register": True, "fail_fast": False, "allowed_run_types": None,
    "dag_display_name": None, "task_group": None, "disable_bundle_versioning": None,
    "rerun_with_latest_version": None, "semantics": None, "xcom_retention_days": None, "bundle_name": None,
}  # fmt: skip
"""Every argument after `dag_id`, with its value when it is left out."""


class DagTypeError(AirflowException, TypeError):
    """Arguments that a DAG does not take: a TypeError, as in Python."""


def collect(positional: tuple[Any, ...], named: Mapping[str, Any], *, dag_id: Any) -> dict[str, Any]:
    """Return a value for every argument in `DEFAULTS`; raise `DagTypeError` for one that does not exist."""
    if len(positional) > len(POSITIONAL):
        raise DagTypeError(f"DAG `{dag_id}` takes at most {len(POSITIONAL) + 1} arguments without a name")
    given = dict(zip(POSITIONAL, positional, strict=False))
    for name, value in named.items():
        if name in given:
            raise DagTypeError(f"DAG `{dag_id}` got two values for argument `{name}`")
        given[name] = value
    found = dict(DEFAULTS)
    for name, value in given.items():
        if name in DROPPED:
            if value is not None:
                deprecations.warn(f"`{name}` of DAG `{dag_id}` has no effect any more")
        elif name in RENAMED:
            _rename(found, given, name, dag_id)
        elif name in DEFAULTS:
            found[name] = value
        else:
            hint = did_you_mean(name, [*DEFAULTS, *RENAMED])
            raise DagTypeError(
                f"DAG.__init__() got an unexpected keyword argument '{name}' (dag_id: {dag_id})"
                + (f"\n\nhint: {hint.strip()}" if hint else "")
            )
    return found


def _rename(found: dict[str, Any], given: Mapping[str, Any], name: str, dag_id: Any) -> None:
    value, new = given[name], RENAMED[name]
    if not is_arg_set(value) or (value is None and name in {"timetable", "concurrency"}):
        return
    if name == "timetable" or (name == "schedule_interval" and is_arg_set(given.get("schedule", NOTSET))):
        others = [
            other for other in ("schedule", "schedule_interval") if is_arg_set(given.get(other, NOTSET))
        ]
        if others:
            raise DagTypeError(
                f"DAG `{dag_id}` has both `{others[0]}` and `{name}`; at most one schedule can be given: use `schedule`"
            )
    deprecations.warn(f"`{name}` of DAG `{dag_id}` is now called `{new}`")
    found[new] = value


def zone_of(*dates: datetime | None) -> tzinfo:
    """Return the zone of the first aware date, else the default one: it is the DAG's."""
    for date in dates:
        if date is not None and date.tzinfo is not None:
            return date.tzinfo
    return default_zone(current().timezone)


def dates_of(
    start: Any, end: Any, default_args: Mapping[str, Any], *, dag_id: str
) -> tuple[datetime | None, datetime | None, tzinfo]:
    """Return start and end as UTC, and the DAG's zone: the start date's; naive dates are taken in it."""
    start_date = parse_date(start or default_args.get("start_date"), what=f"`start_date` of DAG `{dag_id}`")
    end_date = parse_date(end or default_args.get("end_date"), what=f"`end_date` of DAG `{dag_id}`")
    zone = zone_of(start_date)
    return (
        to_utc(start_date, zone) if start_date else None,
        to_utc(end_date, zone) if end_date else None,
        zone,
    )


def notes_on_dates(
    start: Any,
    end: Any,
    default_args: Mapping[str, Any],
    *,
    zone: tzinfo,
    start_utc: datetime | None,
    now: datetime,
) -> list[str]:
    """Return what an author should know of a DAG's dates: one moves, or one is taken in a zone it does not name.

    UTC is what a date without a zone means to everybody, so that is not worth a word.
    """
    notes = []
    if start_utc and abs(now - start_utc) < MOVING_START:
        notes.append(
            "`start_date` is the time of import, so it moves each time the file is read; write a fixed date"
        )
    for name, given in (("start_date", start), ("end_date", end)):
        date = parse_date(given or default_args.get(name), what=f"`{name}`")
        if date and date.utcoffset() is None and to_utc(date, zone) != to_utc(date, UTC):
            notes.append(
                f"`{name}` has no zone and is taken in `{zone}`, the DAG's; write it with a zone, such as "
                f'`pendulum.datetime({date.year}, {date.month}, {date.day}, tz="{zone}")`'
            )
    last = parse_date(end or default_args.get("end_date"), what="`end_date`")
    if last and start_utc and to_utc(last, zone) < start_utc:
        notes.append("`end_date` lies before `start_date`, so the schedule makes no run; exchange the two")
    return notes


def tags_of(value: Any, *, dag_id: str) -> set[str]:
    """Return tags as a set; raise `UserError` when one is no text, or longer than 100 characters."""
    tags = {value} if isinstance(value, str) else set(value or ())
    for tag in tags:
        if not isinstance(tag, str) or len(tag) > TAG_LENGTH_MAX:
            raise DagValueError(
                f"tag `{str(tag)[:TAG_LENGTH_MAX]}` of DAG `{dag_id}` cannot be longer than {TAG_LENGTH_MAX} characters",
                hint="Shorten it; a tag is text to filter by.",
            )
    return tags


class DagValueError(UserError, ValueError):
    """A DAG argument that cannot be used: a `UserError` with its hint, and a ValueError as in Airflow."""


def paths_of(value: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """Return template folders as a tuple."""
    return (value,) if isinstance(value, str) else tuple(value) if value is not None else None


def check_timeout(value: Any, *, dag_id: str) -> timedelta | None:
    """Return `dagrun_timeout`; raise when it is no timedelta."""
    if value is not None and not isinstance(value, timedelta):
        raise DagTypeError(f"`dagrun_timeout` of DAG `{dag_id}` is `{value!r}`; write `timedelta(hours=2)`")
    return value


def check_retention(days: Any, *, dag_id: str) -> float | None:
    """Return `xcom_retention_days`; raise when it is no number of days."""
    if days is None:
        return None
    is_number = isinstance(days, (int, float)) and not isinstance(days, bool)
    if not is_number or not 0 <= days < float("inf"):
        raise DagValueError(
            f"`xcom_retention_days` of DAG `{dag_id}` is `{days!r}`",
            hint="Write a number of days, such as `7` or `0.5`; `36500` is as good as for ever.",
        )
    return float(days)


def check_owner_links(links: Mapping[str, str], *, dag_id: str) -> dict[str, str]:
    """Return links of owners; raise when one is no web or mail address."""
    for owner, link in links.items():
        if not isinstance(link, str) or not link.lower().startswith(("http://", "https://", "mailto:")):
            raise DagValueError(
                f"`owner_links` of DAG `{dag_id}`: `{link}` of owner `{owner}` is no link",
                hint="Use an address that begins with `https://`, `http://` or `mailto:`.",
            )
    return dict(links)


def run_types_of(value: Any) -> tuple[str, ...] | None:
    """Return the run types that are allowed, by name; None when all are."""
    if value is None:
        return None
    many: Collection[Any] = [value] if isinstance(value, str) else value
    return tuple(sorted({str(getattr(one, "value", one)) for one in many}))


def check_schedule(value: Any, zone: tzinfo, *, dag_id: str) -> None:
    """Raise when `schedule` cannot be read, at the line that wrote it; semantics change its meaning, not its form."""
    if value is None or not is_arg_set(value):
        return
    from windward.sdk.dag_schedule import schedule_of_value  # a DAG without schedule needs none of it

    schedule_of_value(value, zone=zone, semantics="airflow3", dag_id=dag_id)
