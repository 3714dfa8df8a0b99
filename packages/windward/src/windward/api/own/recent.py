"""The newest runs of each of some DAGs: what a list of DAGs shows beside each, in one request."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.model.access import Resource, Verb
from windward.model.states import RunState, RunType

DAGS_MAX = 200
RUNS_MAX = 50
DagId = Annotated[str, msgspec.Meta(max_length=250)]


class RecentQuery(msgspec.Struct, kw_only=True):
    """Of which DAGs, and how many runs of each."""

    dag_id: Annotated[list[DagId], msgspec.Meta(max_length=DAGS_MAX)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=RUNS_MAX)] = 14


class RecentRun(msgspec.Struct, kw_only=True):
    """A run, as small as it is drawn."""

    dag_run_id: str
    run_type: RunType
    state: RunState
    run_after: datetime
    start_date: datetime | None
    end_date: datetime | None


class RecentRuns(msgspec.Struct, kw_only=True):
    """A DAG's newest runs, the newest first."""

    dag_id: str
    runs: list[RecentRun]


class RecentResponse(msgspec.Struct, kw_only=True):
    """The DAGs that were asked for and may be seen; one without runs has an empty list."""

    dags: list[RecentRuns]


def get_recent(call: Call[RecentQuery, Nothing]) -> RecentResponse:
    """Return the newest runs of some DAGs."""
    wanted = list(dict.fromkeys(call.query.dag_id))
    found = call.services.listings.runs.newest(wanted, limit=call.query.limit, reach=call.reach)
    shown = [
        RecentRuns(
            dag_id=dag_id,
            runs=[
                RecentRun(
                    dag_run_id=run.run_id,
                    run_type=run.run_type,
                    state=run.state,
                    run_after=run.run_after,
                    start_date=run.start_date,
                    end_date=run.end_date,
                )
                for run in runs
            ],
        )
        for dag_id, runs in found.items()
    ]
    return RecentResponse(dags=shown)


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/windward/v1/recent",
        name="get_recent",
        tag="Recent",
        summary="List the newest runs of each of some DAGs.",
        access=Needs(verb=Verb.READ, resource=Resource.RUN, scope=Scope.LISTED),
        query=RecentQuery,
        reply=RecentResponse,
        handler=get_recent,
    ),
)
