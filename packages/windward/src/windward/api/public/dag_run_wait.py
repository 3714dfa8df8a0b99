"""Waiting for the end of a run, and the asset events that made one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import msgspec
from starlette.concurrency import run_in_threadpool

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Reply, Scope, operation
from windward.api.contract.serving import Stream
from windward.api.public.asset_event_shapes import AssetEventCollectionResponse, events_response
from windward.api.public.assets import groups_of, readable_dags
from windward.api.public.dag_runs import TAG, found_run
from windward.api.services import Services
from windward.model.access import Resource, Verb
from windward.model.records import RunRecord
from windward.model.states import RUN_FINISHED
from windward.ports.listings.assets import AssetEventFilter
from windward.ports.listings.page import PageRequest
from windward.protocol.outcomes import XComValue

INTERVAL_S_MIN = 0.05
SETTLED_S = 1.0
"""Whoever has waited for long is told a little later: looks grow rarer up to this, unless they are rarer already."""
SETTLING = 1.25
INTERVAL_S_MAX = 60.0
RESULTS_MAX = 1000
"""Values of one task that are sent."""
EVENTS_MAX = 10_000
"""Events of one run that are shown; `total_entries` counts all."""
RETURN_KEY = "return_value"
NDJSON, JSON = "application/x-ndjson", "application/json"


class WaitQuery(msgspec.Struct, kw_only=True):
    """How often to look, in seconds, and of which tasks to send what they returned."""

    interval: Annotated[float, msgspec.Meta(gt=0)]
    result: tuple[str, ...] = ()


def wait_dag_run_until_finished(call: Call[WaitQuery, Nothing]) -> Reply:
    """Send the state of a run, a line at each look, until it has ended.

    Who takes one JSON document and no lines is sent the last one alone: Airflow's own client reads nothing else.
    """
    if call.query.result:
        call.demand(Verb.READ, Resource.XCOM, dag_id=call.text("dag_id"))
    run = found_run(call).run
    interval_s = min(max(call.query.interval, INTERVAL_S_MIN), INTERVAL_S_MAX)
    lines = _lines(call.services, run, call.query.result, interval_s)
    accept = call.headers.get("accept", "").lower()
    if JSON in accept and NDJSON not in accept:
        return Stream(chunks=_last(lines), media_type=JSON)
    return Stream(chunks=lines, media_type=NDJSON)


async def _last(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    last = b"null"
    async for line in lines:
        last = line
    yield last


async def _lines(
    services: Services, run: RunRecord, task_ids: Sequence[str], interval_s: float
) -> AsyncIterator[bytes]:
    while True:
        line: dict[str, Any] = {"state": run.state}
        if run.state in RUN_FINISHED:
            if task_ids and (results := await run_in_threadpool(_results, services, run, task_ids)):
                line["results"] = results
            yield msgspec.json.encode(line) + b"\n"
            return
        yield msgspec.json.encode(line) + b"\n"
        await asyncio.sleep(interval_s)
        interval_s = max(interval_s, min(interval_s * SETTLING, SETTLED_S))
        found = await run_in_threadpool(services.store.runs.load_runs, [run.run_pk])
        if not found:  # deleted: there is no more to be told
            return
        run = found[0]


def _results(services: Services, run: RunRecord, task_ids: Sequence[str]) -> dict[str, Any]:
    """Return what tasks returned; of a mapped task a list."""
    values, _ = services.store.xcoms.get_xcoms(
        run.dag_id, run.run_id, RETURN_KEY,
        task_ids=task_ids, map_indexes=None, include_prior_dates=False, offset=0, limit=RESULTS_MAX,
    )  # fmt: skip
    found: dict[str, Any] = {}
    for task_id, map_index, _, value in values:
        if map_index < 0:
            found[task_id] = _shown(value)
        else:
            found.setdefault(task_id, []).append(_shown(value))
    return found


def _shown(value: XComValue) -> Any:
    """Return a value that is JSON; of another, what was written down of it when it was made."""
    if value.encoding == "json" and value.data is not None:
        return msgspec.Raw(value.data)
    return value.preview


def get_upstream_asset_events(call: Call[Nothing, Nothing]) -> AssetEventCollectionResponse:
    """List the events that made a run, but for those of DAGs out of reach."""
    call.demand(Verb.READ, Resource.ASSET)
    listings, run = call.services.listings, found_run(call).run
    page = listings.assets.events(
        PageRequest(limit=EVENTS_MAX, order_by=("id",)),
        AssetEventFilter(taken_by=run.run_pk),
        dags=readable_dags(call),
    )
    runs = call.reach_for(Verb.READ, Resource.RUN)
    made = listings.runs.made_of([event.event_pk for event in page.rows], reach=runs)
    return events_response(page.rows, made, groups_of(call, page.rows), total=page.total or 0)


_READ = Needs(verb=Verb.READ, resource=Resource.RUN, scope=Scope.PATH)
_RUN = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}"
OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        f"{_RUN}/upstreamAssetEvents",
        name="get_upstream_asset_events",
        tag=TAG,
        summary="List the events of assets that made a run.",
        access=_READ,
        reply=AssetEventCollectionResponse,
        handler=get_upstream_asset_events,
        errors=[404],
    ),
    operation(
        "GET",
        f"{_RUN}/wait",
        name="wait_dag_run_until_finished",
        tag=TAG,
        summary="Send the state of a run, a line at each look, until it has ended.",
        access=_READ,
        query=WaitQuery,
        reply=dict[str, Any],
        handler=wait_dag_run_until_finished,
        errors=[404, 429],
        media_types=(JSON, NDJSON),
    ),
)
