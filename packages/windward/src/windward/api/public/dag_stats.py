"""How many runs DAGs have in each state."""

from __future__ import annotations

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.model.access import Resource, Verb
from windward.model.states import RunState


class DagStatsStateResponse(msgspec.Struct, kw_only=True):
    """How many runs are in a state."""

    state: RunState
    count: int


class DagStatsResponse(msgspec.Struct, kw_only=True):
    """The runs of a DAG by their states."""

    dag_id: str
    dag_display_name: str
    stats: list[DagStatsStateResponse]


class DagStatsCollectionResponse(msgspec.Struct, kw_only=True):
    """The runs of DAGs by their states."""

    dags: list[DagStatsResponse]
    total_entries: int


class StatsQuery(msgspec.Struct, kw_only=True):
    """Of which DAGs; of all, when none is named."""

    dag_ids: tuple[str, ...] = ()


def get_dag_stats(call: Call[StatsQuery, Nothing]) -> DagStatsCollectionResponse:
    """Count runs."""
    counted = call.services.listings.dags.counts(call.reach, call.query.dag_ids)
    dags = [
        DagStatsResponse(
            dag_id=dag_id,
            dag_display_name=name,
            stats=[DagStatsStateResponse(state=state, count=counts.get(state, 0)) for state in RunState],
        )
        for dag_id, name, counts in counted
    ]
    return DagStatsCollectionResponse(dags=dags, total_entries=len(dags))


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/dagStats",
        name="get_dag_stats",
        tag="DagStats",
        summary="Count the runs of DAGs by their states.",
        access=Needs(verb=Verb.READ, resource=Resource.RUN, scope=Scope.LISTED),
        query=StatsQuery,
        reply=DagStatsCollectionResponse,
        handler=get_dag_stats,
    ),
)
