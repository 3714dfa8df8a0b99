"""What failed of late in all DAGs, and why: failures of one task for one reason are one line."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.core.causes import Failure, causes_of
from windward.model.access import Resource, Verb
from windward.model.states import TaskState
from windward.ports.listings.instances import InstanceFilter
from windward.ports.listings.page import Between, PageRequest

HOURS_MAX = 168
FAILURES_MAX = 1000
"""Failed instances that are looked at."""
CAUSES_MAX = 100
REASON_CHARACTERS_MAX = 500
SLOT_S = 60
"""The beginning is a whole minute, so that the question stays the same for a while."""


class FailuresQuery(msgspec.Struct, kw_only=True):
    """Of how many hours."""

    hours: Annotated[int, msgspec.Meta(ge=1, le=HOURS_MAX)] = 24


class CauseResponse(msgspec.Struct, kw_only=True):
    """What went wrong: the newest failure of the kind, how many there were, and in how many runs."""

    dag_id: str
    task_id: str
    reason: str
    count: int
    runs: int
    dag_run_id: str
    map_index: int
    try_number: int
    end_date: datetime | None


class FailuresResponse(msgspec.Struct, kw_only=True):
    """Causes, the one that was met last first. `is_whole` tells whether all failures of that time were looked at."""

    causes: list[CauseResponse]
    total_failures: int
    is_whole: bool


def get_failures(call: Call[FailuresQuery, Nothing]) -> FailuresResponse:
    """Return what failed, by cause."""
    now = call.services.now()
    begin = now - timedelta(hours=call.query.hours, seconds=now.timestamp() % SLOT_S)
    page = call.services.listings.instances.list(
        PageRequest(limit=FAILURES_MAX, order_by=("-end_date",)),
        InstanceFilter(reach=call.reach, states=(TaskState.FAILED,), end_date=Between(gte=begin)),
    )
    causes = causes_of(
        Failure(
            dag_id=row.run.run.dag_id,
            run_id=row.run.run.run_id,
            task_id=row.record.task_id,
            map_index=row.record.map_index,
            try_number=row.record.try_number,
            end_date=row.record.end_date,
            reason=row.record.reason,
        )
        for row in page.rows
    )
    shown = [
        CauseResponse(
            dag_id=cause.newest.dag_id,
            task_id=cause.newest.task_id,
            reason=cause.newest.reason[:REASON_CHARACTERS_MAX],
            count=cause.count,
            runs=len(cause.runs),
            dag_run_id=cause.newest.run_id,
            map_index=cause.newest.map_index,
            try_number=cause.newest.try_number,
            end_date=cause.newest.end_date,
        )
        for cause in causes[:CAUSES_MAX]
    ]
    total = page.total or 0
    return FailuresResponse(causes=shown, total_failures=total, is_whole=total <= FAILURES_MAX)


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/windward/v1/failures",
        name="get_failures",
        tag="Recent",
        summary="List what failed of late, by cause.",
        access=Needs(verb=Verb.READ, resource=Resource.TASK_INSTANCE, scope=Scope.LISTED),
        query=FailuresQuery,
        reply=FailuresResponse,
        handler=get_failures,
    ),
)
