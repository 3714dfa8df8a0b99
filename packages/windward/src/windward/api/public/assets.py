"""Assets, their aliases and events. Who may read assets sees them all, and of the DAGs beside them those in reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.api.contract.paging import page_of, pattern_of
from windward.api.contract.problem import Forbidden
from windward.api.contract.ranges import moments
from windward.api.public.asset_event_shapes import (
    AssetEventCollectionResponse,
    AssetEventResponse,
    events_response,
)
from windward.api.public.asset_shapes import (
    AliasesQuery,
    AssetAliasCollectionResponse,
    AssetAliasResponse,
    AssetCollectionResponse,
    AssetEventsQuery,
    AssetResponse,
    AssetsQuery,
    CreateAssetEventsBody,
    MaterializeAssetBody,
    alias_response,
    asset_response,
)
from windward.api.public.dag_run_changes import make_run
from windward.api.public.dag_run_shapes import DAGRunResponse
from windward.core.access import EVERYWHERE
from windward.engine.people.assets import report_event, the_writer
from windward.errors import NotFoundError, UserError
from windward.model.access import DagReach, Resource, Verb
from windward.model.records import AssetEventRecord
from windward.model.states import RunType
from windward.ports.listings.assets import AssetEventFilter, AssetFilter, AssetRow

TAG = "Asset"


def get_assets(call: Call[AssetsQuery, Nothing]) -> AssetCollectionResponse:
    """List assets."""
    query = call.query
    dag_ids = [one for text in query.dag_ids for one in text.split(",") if one]
    which = AssetFilter(
        name=pattern_of(query.name_pattern, query.name_prefix_pattern),
        uri=pattern_of(query.uri_pattern, query.uri_prefix_pattern),
        dag_ids=tuple(dag_ids) if query.dag_ids else None,
        only_active=query.only_active,
    )
    page = call.services.listings.assets.list(page_of(query), which, dags=readable_dags(call))
    return AssetCollectionResponse(
        assets=[asset_response(row) for row in page.rows], total_entries=page.total or 0
    )


def get_asset(call: Call[Nothing, Nothing]) -> AssetResponse:
    """Show an asset."""
    return asset_response(found_asset(call, readable_dags(call)))


def get_asset_aliases(call: Call[AliasesQuery, Nothing]) -> AssetAliasCollectionResponse:
    """List aliases."""
    query = call.query
    name = pattern_of(query.name_pattern, query.name_prefix_pattern)
    page = call.services.listings.assets.aliases(page_of(query), name)
    return AssetAliasCollectionResponse(
        asset_aliases=[alias_response(row) for row in page.rows], total_entries=page.total or 0
    )


def get_asset_alias(call: Call[Nothing, Nothing]) -> AssetAliasResponse:
    """Show an alias."""
    number = call.number("asset_alias_id")
    row = call.services.listings.assets.alias(number)
    if row is None:
        raise NotFoundError(f"The Asset Alias with ID: `{number}` was not found")
    return alias_response(row)


def get_asset_events(call: Call[AssetEventsQuery, Nothing]) -> AssetEventCollectionResponse:
    """List events, but for those that DAGs out of reach made."""
    query, listings, dags = call.query, call.services.listings, readable_dags(call)
    which = AssetEventFilter(
        asset_id=query.asset_id,
        source_dag_id=query.source_dag_id,
        source_task_id=query.source_task_id,
        source_run_id=query.source_run_id,
        source_map_index=query.source_map_index,
        name=pattern_of(query.name_pattern, query.name_prefix_pattern),
        at=moments(call, query, "timestamp"),
    )
    page = listings.assets.events(page_of(query), which, dags=dags)
    runs = call.reach_for(Verb.READ, Resource.RUN)
    made = listings.runs.made_of([event.event_pk for event in page.rows], reach=runs)
    return events_response(page.rows, made, groups_of(call, page.rows), total=page.total or 0)


def create_asset_event(call: Call[Nothing, CreateAssetEventsBody]) -> AssetEventResponse:
    """Say that an asset was written."""
    body = call.body
    asset = call.services.listings.assets.one(body.asset_id, dags=EVERYWHERE)
    if asset is None:
        raise NotFoundError(f"Asset with ID: `{body.asset_id}` was not found")
    if body.partition_key is not None:
        raise UserError("events have no partitions", hint="Leave `partition_key` out.")
    event = report_event(
        call.services.desk,
        name=asset.name,
        uri=asset.uri,
        extra={**body.extra, "from_rest_api": True},
        by=call.principal.name,
    )
    return events_response([event], {}, groups_of(call, [event]), total=1).asset_events[0]


def materialize_asset(call: Call[Nothing, MaterializeAssetBody | None]) -> DAGRunResponse:
    """Make a run of the DAG that writes an asset. To have a run made of a DAG is a right of its own."""
    asset = found_asset(call, EVERYWHERE)
    dag_id = the_writer(asset.name, {use.dag_id for use in asset.producing})
    try:
        call.demand(Verb.CREATE, Resource.RUN, dag_id=dag_id)
    except Forbidden:
        # Not which DAG it is: that may be out of reach.
        raise Forbidden(Verb.CREATE, Resource.RUN) from None
    body = call.body or MaterializeAssetBody()
    return make_run(call, dag_id, body, run_type=RunType.ASSET_MATERIALIZATION)


def found_asset(call: Call[Any, Any], dags: DagReach) -> AssetRow:
    """Return the asset that the path names.

    Raises:
        NotFoundError: when there is none.
    """
    number = call.number("asset_id")
    row = call.services.listings.assets.one(number, dags=dags)
    if row is None:
        raise NotFoundError(f"The Asset with ID: `{number}` was not found")
    return row


def groups_of(call: Call[Any, Any], events: Sequence[AssetEventRecord]) -> dict[str, str]:
    """Return the groups of the assets of events, by key."""
    return call.services.listings.assets.groups({event.asset_key for event in events})


def readable_dags(call: Call[Any, Any]) -> DagReach:
    """Return the DAGs that may be named to the caller."""
    return call.reach_for(Verb.READ, Resource.DAG)


_READ = Needs(verb=Verb.READ, resource=Resource.ASSET)
_CREATE = Needs(verb=Verb.CREATE, resource=Resource.ASSET)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/assets",
        name="get_assets",
        tag=TAG,
        summary="List assets, with the DAGs that wait for them, write them and read them.",
        access=_READ,
        query=AssetsQuery,
        reply=AssetCollectionResponse,
        handler=get_assets,
        errors=[400],
    ),
    operation(
        "GET",
        "/api/v2/assets/aliases",
        name="get_asset_aliases",
        tag=TAG,
        summary="List aliases of assets.",
        access=_READ,
        query=AliasesQuery,
        reply=AssetAliasCollectionResponse,
        handler=get_asset_aliases,
        errors=[400],
    ),
    operation(
        "GET",
        "/api/v2/assets/aliases/{asset_alias_id}",
        name="get_asset_alias",
        tag=TAG,
        summary="Show an alias.",
        access=_READ,
        reply=AssetAliasResponse,
        handler=get_asset_alias,
    ),
    operation(
        "GET",
        "/api/v2/assets/events",
        name="get_asset_events",
        tag=TAG,
        summary="List when assets were written, and by whom.",
        access=_READ,
        query=AssetEventsQuery,
        reply=AssetEventCollectionResponse,
        handler=get_asset_events,
        errors=[400],
    ),
    operation(
        "POST",
        "/api/v2/assets/events",
        name="create_asset_event",
        tag=TAG,
        summary="Say that an asset was written by something that is not a task.",
        access=_CREATE,
        body=CreateAssetEventsBody,
        reply=AssetEventResponse,
        handler=create_asset_event,
        errors=[400, 404, 409],
    ),
    operation(
        "POST",
        "/api/v2/assets/{asset_id}/materialize",
        name="materialize_asset",
        tag=TAG,
        summary="Make a run of the DAG that writes an asset.",
        access=_CREATE,
        body=MaterializeAssetBody | None,
        is_body_optional=True,
        reply=DAGRunResponse,
        handler=materialize_asset,
        errors=[400, 409],
    ),
    operation(
        "GET",
        "/api/v2/assets/{asset_id}",
        name="get_asset",
        tag=TAG,
        summary="Show an asset.",
        access=_READ,
        reply=AssetResponse,
        handler=get_asset,
    ),
)
