"""What waits: events of assets that no run has taken yet, by the DAG that they wait for."""

from __future__ import annotations

from typing import Any

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.ranges import aware_or_none
from windward.api.public.asset_shapes import (
    QueuedEventCollectionResponse,
    QueuedEventResponse,
    QueuedQuery,
    queue_response,
    queued_response,
)
from windward.api.public.assets import TAG, readable_dags
from windward.engine.people.assets import forget_waiting
from windward.errors import NotFoundError
from windward.model.access import DagReach, Resource, Verb
from windward.ports.listings.assets import QueuedRow


def get_asset_queued_events(call: Call[QueuedQuery, Nothing]) -> QueuedEventCollectionResponse:
    """List what waits of an asset."""
    return queue_response(_queued(call, readable_dags(call), asset_id=call.number("asset_id")))


def delete_asset_queued_events(call: Call[QueuedQuery, Nothing]) -> None:
    """Let go what waits of an asset, for the DAGs that the caller may change."""
    number = call.number("asset_id")
    rows = _queued(call, call.reach_for(Verb.EDIT, Resource.DAG), asset_id=number)
    _forget(call, rows, f"Queue event with asset_id: `{number}` was not found")


def get_dag_asset_queued_events(call: Call[QueuedQuery, Nothing]) -> QueuedEventCollectionResponse:
    """List what waits for a DAG."""
    call.demand(Verb.READ, Resource.ASSET)
    return queue_response(_queued(call, call.reach, dag_id=call.dag_id))


def delete_dag_asset_queued_events(call: Call[QueuedQuery, Nothing]) -> None:
    """Let go what waits for a DAG."""
    call.demand(Verb.DELETE, Resource.ASSET)
    rows = _queued(call, call.reach, dag_id=call.dag_id)
    _forget(call, rows, f"Queue event with dag_id: `{call.text('dag_id')}` was not found")


def get_dag_asset_queued_event(call: Call[QueuedQuery, Nothing]) -> QueuedEventResponse:
    """Show what waits of an asset for a DAG."""
    call.demand(Verb.READ, Resource.ASSET)
    rows = _queued(call, call.reach, dag_id=call.dag_id, asset_id=call.number("asset_id"))
    if not rows:
        raise NotFoundError(_no_pair(call))
    return queued_response(rows[0])


def delete_dag_asset_queued_event(call: Call[QueuedQuery, Nothing]) -> None:
    """Let go what waits of an asset for a DAG."""
    call.demand(Verb.DELETE, Resource.ASSET)
    rows = _queued(call, call.reach, dag_id=call.dag_id, asset_id=call.number("asset_id"))
    _forget(call, rows, _no_pair(call))


def _queued(
    call: Call[QueuedQuery, Nothing],
    dags: DagReach,
    *,
    asset_id: int | None = None,
    dag_id: str | None = None,
) -> list[QueuedRow]:
    before = aware_or_none(call, call.query.before)
    found = call.services.listings.assets.queued(dags=dags, asset_id=asset_id, dag_id=dag_id, before=before)
    return list(found)


def _forget(call: Call[QueuedQuery, Nothing], rows: list[QueuedRow], missing: str) -> None:
    before = aware_or_none(call, call.query.before)
    waiting = [(row.dag_id, row.asset_key) for row in rows]
    if not waiting or not forget_waiting(call.services.desk, waiting, before=before):
        raise NotFoundError(missing)


def _no_pair(call: Call[Any, Any]) -> str:
    dag_id, asset_id = call.text("dag_id"), call.number("asset_id")
    return f"Queued event with dag_id: `{dag_id}` and asset_id: `{asset_id}` was not found"


_READ_DAG = Needs(verb=Verb.READ, resource=Resource.DAG, scope=Scope.PATH)
_EDIT_DAG = Needs(verb=Verb.EDIT, resource=Resource.DAG, scope=Scope.PATH)
_OF_ASSET = "/api/v2/assets/{asset_id}/queuedEvents"
_OF_DAG = "/api/v2/dags/{dag_id}/assets/queuedEvents"
_OF_BOTH = "/api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents"
OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        _OF_ASSET,
        name="get_asset_queued_events",
        tag=TAG,
        summary="List the DAGs for which events of an asset wait.",
        access=Needs(verb=Verb.READ, resource=Resource.ASSET),
        query=QueuedQuery,
        reply=QueuedEventCollectionResponse,
        handler=get_asset_queued_events,
    ),
    operation(
        "DELETE",
        _OF_ASSET,
        name="delete_asset_queued_events",
        tag=TAG,
        summary="Let go the events of an asset that wait for DAGs.",
        access=Needs(verb=Verb.DELETE, resource=Resource.ASSET),
        query=QueuedQuery,
        status=204,
        handler=delete_asset_queued_events,
        errors=[409],
    ),
    operation(
        "GET",
        _OF_DAG,
        name="get_dag_asset_queued_events",
        tag=TAG,
        summary="List the assets whose events wait for a DAG.",
        access=_READ_DAG,
        query=QueuedQuery,
        reply=QueuedEventCollectionResponse,
        handler=get_dag_asset_queued_events,
    ),
    operation(
        "DELETE",
        _OF_DAG,
        name="delete_dag_asset_queued_events",
        tag=TAG,
        summary="Let go the events that wait for a DAG.",
        access=_EDIT_DAG,
        query=QueuedQuery,
        status=204,
        handler=delete_dag_asset_queued_events,
        errors=[400, 409],
    ),
    operation(
        "GET",
        _OF_BOTH,
        name="get_dag_asset_queued_event",
        tag=TAG,
        summary="Show whether events of an asset wait for a DAG.",
        access=_READ_DAG,
        query=QueuedQuery,
        reply=QueuedEventResponse,
        handler=get_dag_asset_queued_event,
    ),
    operation(
        "DELETE",
        _OF_BOTH,
        name="delete_dag_asset_queued_event",
        tag=TAG,
        summary="Let go the events of an asset that wait for a DAG.",
        access=_EDIT_DAG,
        query=QueuedQuery,
        status=204,
        handler=delete_dag_asset_queued_event,
        errors=[400, 409],
    ),
)
