"""How many runs of a DAG there are by time: a year of them in one request, however often the DAG runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.problem import InvalidRequest
from windward.api.contract.ranges import aware
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.model.states import RunState

SPAN_MAX = timedelta(days=400)


class CalendarQuery(msgspec.Struct, kw_only=True):
    """Runs that were due from `run_after_gte` on and before `run_after_lt`, counted in steps of so many seconds of UTC.

    An hour is enough for a viewer whose zone differs from UTC by whole hours; every zone does by quarters.
    """

    run_after_gte: datetime
    run_after_lt: datetime
    step_s: Literal[900, 3600] = 900


class CalendarCount(msgspec.Struct, kw_only=True):
    """How many runs that were due in the step from `at` on are in a state."""

    at: datetime
    state: RunState
    count: int


class CalendarResponse(msgspec.Struct, kw_only=True):
    """The counts by time; steps without runs are left out."""

    counts: list[CalendarCount]


def get_calendar(call: Call[CalendarQuery, Nothing]) -> CalendarResponse:
    """Return the counts of a span."""
    query = call.query
    begin, end = aware(call, query.run_after_gte), aware(call, query.run_after_lt)
    if end - begin > SPAN_MAX:
        raise InvalidRequest.of(
            ("query", "run_after_lt"),
            kind="value_error",
            message=f"is more than {SPAN_MAX.days} days behind `run_after_gte`",
        )
    dag_id = call.text("dag_id")
    if call.services.store.catalog.load_dag(dag_id) is None:
        raise NotFoundError(f"there is no DAG `{dag_id}`")
    found = call.services.listings.runs.counts(
        dag_id,
        begin=begin,
        end=end,
        step=timedelta(seconds=query.step_s),
    )
    return CalendarResponse(
        counts=[CalendarCount(at=one.at, state=one.state, count=one.count) for one in found]
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/windward/v1/dags/{dag_id}/calendar",
        name="get_calendar",
        tag="Recent",
        summary="Count the runs of a DAG by time and state.",
        access=Needs(verb=Verb.READ, resource=Resource.RUN, scope=Scope.PATH),
        query=CalendarQuery,
        reply=CalendarResponse,
        handler=get_calendar,
    ),
)
