"""What is next: the runs that schedules want in the coming hours, over all DAGs."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.core.access import is_within
from windward.core.upcoming import upcoming_slots
from windward.model.access import Resource, Verb
from windward.timetable import describe_schedule

TAG = "Upcoming"
HOURS_MAX = 24 * 31
RUNS_MAX = 2000
RUNS_OF_A_DAG_MAX = 200
"""A DAG that runs each second must not be all that is seen, unless it is the one that was asked for."""


class UpcomingQuery(msgspec.Struct, kw_only=True):
    """How far to look; at one DAG only, where it is named."""

    hours: Annotated[float, msgspec.Meta(gt=0, le=HOURS_MAX)] = 24.0
    limit: Annotated[int, msgspec.Meta(ge=1, le=RUNS_MAX)] = 200
    dag_id: str | None = None


class UpcomingRun(msgspec.Struct, kw_only=True):
    """A run that the schedule wants. Times are UTC; `timezone` is the DAG's."""

    dag_id: str
    dag_display_name: str
    run_after: datetime
    data_interval_start: datetime
    data_interval_end: datetime
    timezone: str
    schedule: str
    tasks: int


class UpcomingResponse(msgspec.Struct, kw_only=True):
    """Runs by when they are due. `is_whole` tells whether all of them are here."""

    runs: list[UpcomingRun]
    is_whole: bool


def get_upcoming(call: Call[UpcomingQuery, Nothing]) -> UpcomingResponse:
    """List what is due."""
    services, now = call.services, call.services.now()
    until = now + timedelta(hours=call.query.hours)
    catalog = services.store.catalog
    one = call.query.dag_id
    dags = {
        dag.dag_id: dag
        for dag in catalog.load_dags()
        if not dag.is_paused and (one is None or dag.dag_id == one)
    }
    documents = services.listings.documents.plain(dag.document_hash for dag in dags.values())
    windows = catalog.load_windows(list(dags))
    runs: list[UpcomingRun] = []
    is_whole = True
    for dag_id, dag in dags.items():
        document = documents.get(dag.document_hash)
        if document is None or not is_within(call.reach, dag_id, document.tags):
            continue
        slots = upcoming_slots(document, dag, now=now, windows=windows.get(dag_id))
        # What is asked of one DAG alone may be as much as of all.
        most = RUNS_OF_A_DAG_MAX if one is None else call.query.limit
        for count, slot in enumerate(islice(slots, most + 1)):
            if slot.run_after > until:
                break
            if count == most:
                is_whole = False
                break
            runs.append(
                UpcomingRun(
                    dag_id=dag_id,
                    dag_display_name=document.display_name or dag_id,
                    run_after=slot.run_after,
                    data_interval_start=slot.data_interval.start,
                    data_interval_end=slot.data_interval.end,
                    timezone=document.timezone,
                    schedule=describe_schedule(document.schedule),
                    tasks=len(document.tasks),
                )
            )
    runs.sort(key=lambda run: (run.run_after, run.dag_id))
    return UpcomingResponse(
        runs=runs[: call.query.limit], is_whole=is_whole and len(runs) <= call.query.limit
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/windward/v1/upcoming",
        name="get_upcoming",
        tag=TAG,
        summary="List the runs that schedules want in the coming hours.",
        access=Needs(verb=Verb.READ, resource=Resource.DAG, scope=Scope.LISTED),
        query=UpcomingQuery,
        reply=UpcomingResponse,
        handler=get_upcoming,
    ),
)
