"""Pools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from windward.api.contract.bulk import BulkBody, BulkResponse, carry_out
from windward.api.contract.masks import MaskQuery, masked
from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.api.contract.paging import PageQuery, PatternText, page_of, pattern_of
from windward.api.public.teams import without_team
from windward.engine.people.pools import create_pool, delete_pool, edit_pool
from windward.errors import NotFoundError, UserError
from windward.model.access import Resource, Verb
from windward.model.numbers import Small
from windward.model.records import PoolRecord
from windward.ports.listings.pools import PoolRow

TAG = "Pool"
NO_LIMIT = -1


class PoolBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A pool to make. `slots` -1 is no limit."""

    name: str
    slots: Small
    description: str | None = None
    include_deferred: bool = False
    team_name: str | None = None


class PoolPatchBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change of a pool; its name stays."""

    pool: str | UnsetType | None = UNSET
    slots: Small | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    include_deferred: bool | UnsetType | None = UNSET
    team_name: str | UnsetType | None = UNSET


class PoolResponse(msgspec.Struct, kw_only=True):
    """A pool, and the slots that are taken and wanted. `open_slots` -1 is no limit."""

    name: str
    slots: int
    description: str | None
    include_deferred: bool
    occupied_slots: int
    running_slots: int
    queued_slots: int
    scheduled_slots: int
    open_slots: int
    deferred_slots: int
    team_name: str | None = None


class PoolCollectionResponse(msgspec.Struct, kw_only=True):
    """Pools."""

    pools: list[PoolResponse]
    total_entries: int


class PoolQuery(PageQuery, kw_only=True):
    """Which pools."""

    pool_name_pattern: PatternText | None = None
    pool_name_prefix_pattern: PatternText | None = None


def get_pools(call: Call[PoolQuery, Nothing]) -> PoolCollectionResponse:
    """List pools."""
    query = call.query
    page = call.services.listings.pools.list(
        page_of(query), name=pattern_of(query.pool_name_pattern, query.pool_name_prefix_pattern)
    )
    return PoolCollectionResponse(pools=[_response(row) for row in page.rows], total_entries=page.total or 0)


def get_pool(call: Call[Nothing, Nothing]) -> PoolResponse:
    """Show one pool."""
    return _response(_found(call, call.text("pool_name")))


def post_pool(call: Call[Nothing, PoolBody]) -> PoolResponse:
    """Make a pool."""
    create_pool(call.services.desk, _record(call.body))
    return _response(_found(call, call.body.name))


def patch_pool(call: Call[MaskQuery, PoolPatchBody]) -> PoolResponse:
    """Change a pool."""
    name = call.text("pool_name")
    changed = _patched(_found(call, name).pool, call.body, call.query.update_mask)
    edit_pool(call.services.desk, changed)
    return _response(_found(call, name))


def remove_pool(call: Call[Nothing, Nothing]) -> None:
    """Delete a pool."""
    delete_pool(call.services.desk, call.text("pool_name"))


def bulk_pools(call: Call[Nothing, BulkBody[PoolBody]]) -> BulkResponse:
    """Create, change and delete pools."""
    return carry_out(call, call.body, _Pools(call), resource=Resource.POOL)


@dataclass(frozen=True)
class _Pools:
    """Pools, changed in bulk."""

    call: Call[Nothing, BulkBody[PoolBody]]

    def name_of(self, entity: str | PoolBody) -> str:
        return entity if isinstance(entity, str) else entity.name

    def existing(self, names: Sequence[str]) -> set[str]:
        return {pool.name for pool in self.call.services.store.secrets.load_pools()} & set(names)

    def create(self, entity: PoolBody) -> None:
        if self.existing([entity.name]):
            edit_pool(self.call.services.desk, _record(entity))
        else:
            create_pool(self.call.services.desk, _record(entity))

    def update(self, entity: PoolBody, mask: Sequence[str] | None) -> None:
        patch = PoolPatchBody(
            slots=entity.slots,
            description=entity.description,
            include_deferred=entity.include_deferred,
            team_name=entity.team_name,
        )
        edit_pool(self.call.services.desk, _patched(_found(self.call, entity.name).pool, patch, mask or ()))

    def delete(self, entity: str | PoolBody) -> None:
        delete_pool(self.call.services.desk, self.name_of(entity))


def _patched(pool: PoolRecord, body: PoolPatchBody, mask: Sequence[str]) -> PoolRecord:
    given = masked(body, mask)
    without_team(given.get("team_name"))
    if given.get("pool") not in (None, pool.name):
        raise UserError(f"pool `{pool.name}` cannot be renamed", hint="Make a new pool, and delete this one.")
    slots = given.get("slots")
    deferred = given.get("include_deferred")
    return PoolRecord(
        name=pool.name,
        slots=pool.slots if slots is None else _checked_slots(slots),
        description=(given["description"] or "") if "description" in given else pool.description,
        include_deferred=pool.include_deferred if deferred is None else deferred,
    )


def _checked_slots(slots: int) -> int:
    if slots < NO_LIMIT:
        raise UserError(f"a pool cannot have {slots} slots", hint="Give 0 or more, or -1 for no limit.")
    return slots


def _record(body: PoolBody) -> PoolRecord:
    without_team(body.team_name)
    return PoolRecord(
        name=body.name,
        slots=_checked_slots(body.slots),
        description=body.description or "",
        include_deferred=body.include_deferred,
    )


def _found(call: Call[Any, Any], name: str) -> PoolRow:
    row = call.services.listings.pools.one(name)
    if row is None:
        raise NotFoundError(f"The Pool with name: `{name}` was not found")
    return row


def _response(row: PoolRow) -> PoolResponse:
    pool = row.pool
    occupied = row.running_slots + row.queued_slots + (row.deferred_slots if pool.include_deferred else 0)
    return PoolResponse(
        name=pool.name,
        slots=pool.slots,
        description=pool.description or None,
        include_deferred=pool.include_deferred,
        occupied_slots=occupied,
        running_slots=row.running_slots,
        queued_slots=row.queued_slots,
        scheduled_slots=row.scheduled_slots,
        open_slots=NO_LIMIT if pool.slots < 0 else pool.slots - occupied,
        deferred_slots=row.deferred_slots,
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/pools",
        name="get_pools",
        tag=TAG,
        summary="List pools.",
        access=Needs(verb=Verb.READ, resource=Resource.POOL),
        query=PoolQuery,
        reply=PoolCollectionResponse,
        handler=get_pools,
        errors=[400],
    ),
    operation(
        "POST",
        "/api/v2/pools",
        name="post_pool",
        tag=TAG,
        summary="Make a pool.",
        access=Needs(verb=Verb.CREATE, resource=Resource.POOL),
        body=PoolBody,
        reply=PoolResponse,
        status=201,
        handler=post_pool,
        errors=[400, 409],
    ),
    operation(
        "PATCH",
        "/api/v2/pools",
        name="bulk_pools",
        tag=TAG,
        summary="Create, change and delete pools.",
        access=Needs(verb=Verb.EDIT, resource=Resource.POOL),
        body=BulkBody[PoolBody],
        reply=BulkResponse,
        handler=bulk_pools,
        errors=[400],
    ),
    operation(
        "GET",
        "/api/v2/pools/{pool_name:path}",
        name="get_pool",
        tag=TAG,
        summary="Show a pool.",
        access=Needs(verb=Verb.READ, resource=Resource.POOL),
        reply=PoolResponse,
        handler=get_pool,
    ),
    operation(
        "PATCH",
        "/api/v2/pools/{pool_name:path}",
        name="patch_pool",
        tag=TAG,
        summary="Change a pool.",
        access=Needs(verb=Verb.EDIT, resource=Resource.POOL),
        query=MaskQuery,
        body=PoolPatchBody,
        reply=PoolResponse,
        handler=patch_pool,
        errors=[400],
    ),
    operation(
        "DELETE",
        "/api/v2/pools/{pool_name:path}",
        name="delete_pool",
        tag=TAG,
        summary="Delete a pool.",
        access=Needs(verb=Verb.DELETE, resource=Resource.POOL),
        status=204,
        handler=remove_pool,
        errors=[400],
    ),
)
