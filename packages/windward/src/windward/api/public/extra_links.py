"""Links that operators show beside their instances: made where the task ran, kept as XComs, checked here."""

from __future__ import annotations

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.public.task_instances import found_instance
from windward.api.public.xcoms import NOT_MAPPED, MapIndex, shown_value
from windward.core.links import safe_link
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.model.numbers import Small


class ExtraLinkCollectionResponse(msgspec.Struct, kw_only=True):
    """Addresses by name; null where there is none (yet), or one that no browser should be sent to."""

    extra_links: dict[str, str | None]
    total_entries: int


class LinksQuery(msgspec.Struct, kw_only=True):
    """Of which instance, and of which try: the current one without a number."""

    map_index: MapIndex = NOT_MAPPED
    try_number: Small | None = None


def get_extra_links(call: Call[LinksQuery, Nothing]) -> ExtraLinkCollectionResponse:
    """Show the links of an instance. Those of an earlier try went when it was tried again."""
    query, services = call.query, call.services
    row = found_instance(call, query.map_index)
    record = row.record
    is_past = query.try_number is not None and query.try_number != record.try_number
    if is_past and all(
        one.try_number != query.try_number for one in services.store.reads.attempts(record.key)
    ):
        raise NotFoundError(f"task instance `{record.task_id}` has no try {query.try_number}")
    names = row.task.extra_links if row.task is not None else ()
    keys = dict(zip(names, row.task.link_keys if row.task is not None else (), strict=False))
    stored = services.listings.xcoms.values(record.key, keys.values()) if keys and not is_past else {}
    links: dict[str, str | None] = {}
    for name in sorted(names):
        value = stored.get(keys.get(name, ""))
        address = None if value is None else shown_value(value, call.execution.values, is_for_people=True)
        links[name] = safe_link(address)
    return ExtraLinkCollectionResponse(extra_links=links, total_entries=len(links))


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/links",
        name="get_extra_links",
        tag="Extra Links",
        summary="Show the links of a task instance.",
        access=Needs(verb=Verb.READ, resource=Resource.TASK_INSTANCE, scope=Scope.PATH),
        query=LinksQuery,
        reply=ExtraLinkCollectionResponse,
        handler=get_extra_links,
    ),
)
