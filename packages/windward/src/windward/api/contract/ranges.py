"""Bounds in queries and bodies: `…_gte`, `…_gt`, `…_lte` and `…_lt` of the moments that runs and their tasks have.

Written out, because a msgspec struct inherits from one other only, and names of parameters should be found by search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from windward.api.contract.operation import Call
from windward.api.contract.paging import PageQuery
from windward.api.contract.problem import InvalidRequest
from windward.ports.listings.page import Between


class Bounds(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Bounds of moments of a run or a task instance, and of how long it took in seconds; part of a body."""

    run_after_gte: datetime | None = None
    run_after_gt: datetime | None = None
    run_after_lte: datetime | None = None
    run_after_lt: datetime | None = None
    logical_date_gte: datetime | None = None
    logical_date_gt: datetime | None = None
    logical_date_lte: datetime | None = None
    logical_date_lt: datetime | None = None
    start_date_gte: datetime | None = None
    start_date_gt: datetime | None = None
    start_date_lte: datetime | None = None
    start_date_lt: datetime | None = None
    end_date_gte: datetime | None = None
    end_date_gt: datetime | None = None
    end_date_lte: datetime | None = None
    end_date_lt: datetime | None = None
    duration_gte: float | None = None
    duration_gt: float | None = None
    duration_lte: float | None = None
    duration_lt: float | None = None


class BoundsQuery(PageQuery, kw_only=True):
    """The same in a query string, and when something changed."""

    run_after_gte: datetime | None = None
    run_after_gt: datetime | None = None
    run_after_lte: datetime | None = None
    run_after_lt: datetime | None = None
    logical_date_gte: datetime | None = None
    logical_date_gt: datetime | None = None
    logical_date_lte: datetime | None = None
    logical_date_lt: datetime | None = None
    start_date_gte: datetime | None = None
    start_date_gt: datetime | None = None
    start_date_lte: datetime | None = None
    start_date_lt: datetime | None = None
    end_date_gte: datetime | None = None
    end_date_gt: datetime | None = None
    end_date_lte: datetime | None = None
    end_date_lt: datetime | None = None
    updated_at_gte: datetime | None = None
    updated_at_gt: datetime | None = None
    updated_at_lte: datetime | None = None
    updated_at_lt: datetime | None = None
    duration_gte: float | None = None
    duration_gt: float | None = None
    duration_lte: float | None = None
    duration_lt: float | None = None


_SUFFIXES = ("gte", "gt", "lte", "lt")
_ANY_MOMENT = Between[datetime]()


def moments(call: Call[Any, Any], given: msgspec.Struct, name: str) -> Between[datetime]:
    """Return the bounds that a query or a body puts on a moment."""
    gte, gt, lte, lt = _bounds_of(name)(given)
    if gte is gt is lte is lt is None:
        return _ANY_MOMENT
    return Between(
        gte=aware_or_none(call, gte),
        gt=aware_or_none(call, gt),
        lte=aware_or_none(call, lte),
        lt=aware_or_none(call, lt),
    )


def lengths(given: msgspec.Struct, name: str) -> Between[float]:
    """Return the bounds that a query or a body puts on a length of time."""
    gte, gt, lte, lt = _bounds_of(name)(given)
    return Between(gte=gte, gt=gt, lte=lte, lt=lt)


@lru_cache(maxsize=100)
def _bounds_of(name: str) -> Callable[[object], tuple[Any, ...]]:
    """Return what takes the bounds of something from a query or a body: lists ask for five of them."""
    return attrgetter(*(f"{name}_{suffix}" for suffix in _SUFFIXES))


def aware(call: Call[Any, Any], moment: datetime, *, place: Sequence[str] = ("body",)) -> datetime:
    """Return `moment` in UTC; without a zone it is taken in `[core] default_timezone`, as in Airflow.

    `place` is where the request has it in other words.

    Raises:
        InvalidRequest: when it lies beyond the calendar; it names where the request has it.
    """
    zoned = moment
    if moment.tzinfo is None:
        zoned = moment.replace(tzinfo=ZoneInfo(call.services.settings.core.default_timezone))
    try:
        return zoned.astimezone(UTC)
    except OverflowError:
        message = "lies beyond the first or the last year"
        found = _place_of(call.query, moment, "query") or _place_of(call.body, moment, "body")
        raise InvalidRequest.of(found or place, kind="datetime_parsing", message=message) from None


def _place_of(given: object, wanted: datetime, *place: str | int) -> tuple[str | int, ...] | None:
    """Return where a request has this very moment, not one that is as late."""
    inside: Iterable[tuple[str | int, object]] = ()
    match given:
        case datetime():
            return place if given is wanted else None
        case msgspec.Struct():
            inside = [
                (field.encode_name, getattr(given, field.name)) for field in msgspec.structs.fields(given)
            ]
        case list() | tuple():
            inside = enumerate(given)
        case _:
            return None
    found = (_place_of(one, wanted, *place, step) for step, one in inside)
    return next((one for one in found if one is not None), None)


def aware_or_none(call: Call[Any, Any], moment: datetime | None) -> datetime | None:
    """Return `aware(moment)`, or None."""
    return None if moment is None else aware(call, moment)
