"""Small values that are kept: of task instances over their tries, and of assets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.paging import OffsetQuery, page_of
from windward.api.contract.ranges import aware
from windward.api.public.assets import found_asset
from windward.api.public.dag_runs import found_run
from windward.api.public.state_shapes import (
    BY_SETTING,
    AssetStateStoreBody,
    AssetStateStoreCollectionResponse,
    AssetStateStoreResponse,
    ClearTaskStatesQuery,
    TaskStatesQuery,
    TaskStateStoreBody,
    TaskStateStoreCollectionResponse,
    TaskStateStorePatchBody,
    TaskStateStoreResponse,
    asset_state_response,
    kept_value,
    moment_named,
    task_state_response,
)
from windward.api.public.task_instances import found_instance
from windward.api.public.xcoms import OfInstanceQuery
from windward.core.access import EVERYWHERE, is_allowed
from windward.engine.people.states import (
    forget_asset_values,
    forget_task_values,
    keep_asset_value,
    keep_task_value,
)
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.model.writers import writer_of
from windward.ports.listings.page import PageRequest
from windward.ports.listings.states import AssetStateRow, InstancePlace, TaskStateRow

TASK_TAG = "Task State Store"
ASSET_TAG = "Asset State Store"


def list_task_state_store(call: Call[TaskStatesQuery, Nothing]) -> TaskStateStoreCollectionResponse:
    """List what an instance keeps."""
    services = call.services
    place = _place(call, call.query.map_index)
    page = services.listings.states.of_task(page_of(call.query), place, now=services.now())
    return TaskStateStoreCollectionResponse(
        task_state_store=[task_state_response(row) for row in page.rows], total_entries=page.total or 0
    )


def get_task_state_store(call: Call[OfInstanceQuery, Nothing]) -> TaskStateStoreResponse:
    """Show one value that an instance keeps."""
    return task_state_response(_found(call, call.query.map_index))


def set_task_state_store(call: Call[OfInstanceQuery, TaskStateStoreBody]) -> None:
    """Keep a value for an instance."""
    _keep(call, call.body.value, _expiry(call, call.body.expires_at))


def patch_task_state_store(call: Call[OfInstanceQuery, TaskStateStorePatchBody]) -> None:
    """Replace a value that an instance keeps."""
    found_instance(call, call.query.map_index)
    _keep(call, call.body.value, _found(call, call.query.map_index).expires_at)


def delete_task_state_store(call: Call[OfInstanceQuery, Nothing]) -> None:
    """Delete one value of an instance, if there is one."""
    row = found_instance(call, call.query.map_index)
    forget_task_values(
        call.services.desk, row.run.run, row.record.task_id, row.record.map_index, call.text("key")
    )


def clear_task_state_store(call: Call[ClearTaskStatesQuery, Nothing]) -> None:
    """Delete all values of an instance, or of all instances of its task."""
    run, task_id, every = found_run(call).run, call.text("task_id"), call.query.all_map_indices
    if not every:
        found_instance(call, call.query.map_index)
    elif not call.services.listings.instances.of_task(run.dag_id, run.run_id, task_id):
        raise NotFoundError(f"run `{run.run_id}` of DAG `{run.dag_id}` has no task `{task_id}`")
    forget_task_values(call.services.desk, run, task_id, call.query.map_index, None, all_instances=every)


def list_asset_state_store(call: Call[OffsetQuery, Nothing]) -> AssetStateStoreCollectionResponse:
    """List what is kept of an asset."""
    asset = found_asset(call, EVERYWHERE)
    page = call.services.listings.states.of_asset(page_of(call.query), asset.name)
    return AssetStateStoreCollectionResponse(
        asset_state_store=[_asset_state(call, row) for row in page.rows], total_entries=page.total or 0
    )


def get_asset_state_store(call: Call[Nothing, Nothing]) -> AssetStateStoreResponse:
    """Show one value that is kept of an asset."""
    asset, key = found_asset(call, EVERYWHERE), call.text("key")
    page = call.services.listings.states.of_asset(PageRequest(limit=1), asset.name, key=key)
    if not page.rows:
        raise NotFoundError(f"Asset state store key '{key}' not found")
    return _asset_state(call, page.rows[0])


def set_asset_state_store(call: Call[Nothing, AssetStateStoreBody]) -> None:
    """Keep a value of an asset."""
    asset, value = found_asset(call, EVERYWHERE), kept_value(call, call.body.value)
    keep_asset_value(call.services.desk, asset.name, call.text("key"), value, by=call.principal.name)


def delete_asset_state_store(call: Call[Nothing, Nothing]) -> None:
    """Delete one value of an asset, if there is one."""
    forget_asset_values(call.services.desk, found_asset(call, EVERYWHERE).name, call.text("key"))


def clear_asset_state_store(call: Call[Nothing, Nothing]) -> None:
    """Delete all values of an asset."""
    forget_asset_values(call.services.desk, found_asset(call, EVERYWHERE).name, None)


def _place(call: Call[Any, Any], map_index: int) -> InstancePlace:
    return InstancePlace(
        dag_id=call.text("dag_id"),
        run_id=call.text("dag_run_id"),
        task_id=call.text("task_id"),
        map_index=map_index,
    )


def _found(call: Call[Any, Any], map_index: int) -> TaskStateRow:
    services, key = call.services, call.text("key")
    place = _place(call, map_index)
    page = services.listings.states.of_task(PageRequest(limit=1), place, now=services.now(), key=key)
    if not page.rows:
        raise NotFoundError(f"Task state store key '{key}' not found")
    return page.rows[0]


def _keep(call: Call[OfInstanceQuery, Any], value: Any, expires_at: datetime | None) -> None:
    row, kept = found_instance(call, call.query.map_index), kept_value(call, value)
    keep_task_value(
        call.services.desk, row.run.run, row.record, call.text("key"), kept, expires_at=expires_at
    )


def _expiry(call: Call[Any, Any], asked: str | None) -> datetime | None:
    if asked is None:
        return None
    if asked != BY_SETTING:
        return aware(call, moment_named(asked), place=("body", "expires_at"))
    days = call.services.settings.state_store.default_retention_days
    return call.services.now() + timedelta(days=days) if days > 0 else None


def _asset_state(call: Call[Any, Any], row: AssetStateRow) -> AssetStateStoreResponse:
    dag_id = writer_of(row.by).dag_id
    shows = dag_id is None or is_allowed(
        call.principal, Verb.READ, Resource.DAG, dag_id=dag_id, tags=call.services.tags_of(dag_id)
    )
    return asset_state_response(row, shows=shows)


def _of_task(verb: Verb) -> Needs:
    return Needs(verb=verb, resource=Resource.TASK_STATE, scope=Scope.PATH)


def _of_asset(verb: Verb) -> Needs:
    return Needs(verb=verb, resource=Resource.ASSET_STATE)


_TASK = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store"
_ASSET = "/api/v2/assets/{asset_id}/state-store"
TASK_OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        _TASK,
        name="list_task_state_store",
        tag=TASK_TAG,
        summary="List what a task instance keeps over its tries.",
        access=_of_task(Verb.READ),
        query=TaskStatesQuery,
        reply=TaskStateStoreCollectionResponse,
        handler=list_task_state_store,
    ),
    operation(
        "DELETE",
        _TASK,
        name="clear_task_state_store",
        tag=TASK_TAG,
        summary="Forget what a task instance keeps.",
        access=_of_task(Verb.DELETE),
        query=ClearTaskStatesQuery,
        status=204,
        handler=clear_task_state_store,
    ),
    operation(
        "GET",
        f"{_TASK}/{{key:path}}",
        name="get_task_state_store",
        tag=TASK_TAG,
        summary="Show a value that a task instance keeps.",
        access=_of_task(Verb.READ),
        query=OfInstanceQuery,
        reply=TaskStateStoreResponse,
        handler=get_task_state_store,
    ),
    operation(
        "PUT",
        f"{_TASK}/{{key:path}}",
        name="set_task_state_store",
        tag=TASK_TAG,
        summary="Keep a value for a task instance.",
        access=_of_task(Verb.EDIT),
        query=OfInstanceQuery,
        body=TaskStateStoreBody,
        status=204,
        handler=set_task_state_store,
        errors=[400, 409],
    ),
    operation(
        "PATCH",
        f"{_TASK}/{{key:path}}",
        name="patch_task_state_store",
        tag=TASK_TAG,
        summary="Replace a value that a task instance keeps.",
        access=_of_task(Verb.EDIT),
        query=OfInstanceQuery,
        body=TaskStateStorePatchBody,
        reply=type(None),
        handler=patch_task_state_store,
        errors=[400, 409],
    ),
    operation(
        "DELETE",
        f"{_TASK}/{{key:path}}",
        name="delete_task_state_store",
        tag=TASK_TAG,
        summary="Forget a value that a task instance keeps.",
        access=_of_task(Verb.DELETE),
        query=OfInstanceQuery,
        status=204,
        handler=delete_task_state_store,
    ),
)
ASSET_OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        _ASSET,
        name="list_asset_state_store",
        tag=ASSET_TAG,
        summary="List what is kept of an asset.",
        access=_of_asset(Verb.READ),
        query=OffsetQuery,
        reply=AssetStateStoreCollectionResponse,
        handler=list_asset_state_store,
    ),
    operation(
        "DELETE",
        _ASSET,
        name="clear_asset_state_store",
        tag=ASSET_TAG,
        summary="Forget what is kept of an asset.",
        access=_of_asset(Verb.DELETE),
        status=204,
        handler=clear_asset_state_store,
    ),
    operation(
        "GET",
        f"{_ASSET}/{{key:path}}",
        name="get_asset_state_store",
        tag=ASSET_TAG,
        summary="Show a value that is kept of an asset.",
        access=_of_asset(Verb.READ),
        reply=AssetStateStoreResponse,
        handler=get_asset_state_store,
    ),
    operation(
        "PUT",
        f"{_ASSET}/{{key:path}}",
        name="set_asset_state_store",
        tag=ASSET_TAG,
        summary="Keep a value of an asset.",
        access=_of_asset(Verb.EDIT),
        body=AssetStateStoreBody,
        status=204,
        handler=set_asset_state_store,
        errors=[400],
    ),
    operation(
        "DELETE",
        f"{_ASSET}/{{key:path}}",
        name="delete_asset_state_store",
        tag=ASSET_TAG,
        summary="Forget a value that is kept of an asset.",
        access=_of_asset(Verb.DELETE),
        status=204,
        handler=delete_asset_state_store,
    ),
)
OPERATIONS: tuple[Operation, ...] = (*TASK_OPERATIONS, *ASSET_OPERATIONS)
