"""How full pools were in the last hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.core.pool_use import pool_use
from windward.model.access import Resource, Verb

STEPS = 96
SPANS_MAX = 50_000
HOURS_MAX = 48


class PoolUseQuery(msgspec.Struct, kw_only=True):
    """How far back."""

    hours: Annotated[int, msgspec.Meta(ge=1, le=HOURS_MAX)] = 6


class PoolUseResponse(msgspec.Struct, kw_only=True):
    """Slots of one pool on average in each step: held by what ran, and waited for by what was queued."""

    name: str
    running: list[float]
    queued: list[float]


class PoolUseCollectionResponse(msgspec.Struct, kw_only=True):
    """Pools that were used. `is_whole` tells whether all attempts of that time are in it."""

    begin: datetime
    end: datetime
    step_s: float
    pools: list[PoolUseResponse]
    is_whole: bool


def get_pool_use(call: Call[PoolUseQuery, Nothing]) -> PoolUseCollectionResponse:
    """Show how full pools were."""
    now = call.services.now()
    begin = now - timedelta(hours=call.query.hours)
    spans = call.services.listings.pools.spans(begin, limit=SPANS_MAX + 1)
    used = pool_use(spans[:SPANS_MAX], begin=begin, now=now, steps=STEPS)
    return PoolUseCollectionResponse(
        begin=begin,
        end=now,
        step_s=(now - begin).total_seconds() / STEPS,
        pools=[
            PoolUseResponse(name=name, running=use.running, queued=use.queued) for name, use in used.items()
        ],
        is_whole=len(spans) <= SPANS_MAX,
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/windward/v1/pools/use",
        name="get_pool_use",
        tag="Pool",
        summary="Show how full each pool was in the last hours.",
        access=Needs(verb=Verb.READ, resource=Resource.POOL),
        query=PoolUseQuery,
        reply=PoolUseCollectionResponse,
        handler=get_pool_use,
        is_of_rows=True,
    ),
)
