"""Each copy of each component, and each host, with its last sign of life."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.api.health import SILENCE_S_MAX
from windward.engine.people.hosts import drain_host
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.model.records import HostRecord

Status = Literal["healthy", "unhealthy"]


class ComponentResponse(msgspec.Struct, kw_only=True):
    """A copy of a component: `silent_s` is how long nothing was heard of it."""

    kind: str
    name: str
    hostname: str
    pid: int
    status: Status
    started_at: datetime
    latest_heartbeat: datetime
    silent_s: float


class HostResponse(msgspec.Struct, kw_only=True):
    """A worker host, or a triggerer as a host: what it may run is its own until `lease_until`.

    A host that `is_draining` is given nothing new; what runs there goes on.
    """

    kind: str
    host_id: str
    hostname: str
    pid: int
    status: Status
    queues: list[str]
    capacity: int
    latest_heartbeat: datetime
    lease_until: datetime
    is_draining: bool


class HostBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Whether the host is to be given anything new."""

    is_draining: bool


class ComponentCollectionResponse(msgspec.Struct, kw_only=True):
    """Everything that gives signs of life."""

    components: list[ComponentResponse]
    hosts: list[HostResponse]


def get_components(call: Call[Nothing, Nothing]) -> ComponentCollectionResponse:
    """List components and hosts."""
    services, now = call.services, call.services.now()
    lease = timedelta(seconds=services.settings.scheduler.host_lease_s)
    components = []
    for row in services.store.hosts.load_components():
        silent_s = max(0.0, (now - row["last_beat_at"]).total_seconds())
        components.append(
            ComponentResponse(
                kind=row["kind"],
                name=row["name"],
                hostname=row["hostname"],
                pid=row["pid"],
                status="healthy" if silent_s <= SILENCE_S_MAX else "unhealthy",
                started_at=row["started_at"],
                latest_heartbeat=row["last_beat_at"],
                silent_s=silent_s,
            )
        )
    hosts = [_host(record, now, lease) for record in services.store.hosts.load_hosts()]
    return ComponentCollectionResponse(components=components, hosts=hosts)


def steer_host(call: Call[Nothing, HostBody]) -> HostResponse:
    """Drain a worker host, or let it work again."""
    services, host_id = call.services, call.text("host_id")
    drain_host(services.desk, host_id, is_draining=call.body.is_draining)
    lease = timedelta(seconds=services.settings.scheduler.host_lease_s)
    for record in services.store.hosts.load_hosts():
        if record.host_id == host_id:
            return _host(record, services.now(), lease)
    raise NotFoundError(f"there is no worker host `{host_id}` any more")


def _host(record: HostRecord, now: datetime, lease: timedelta) -> HostResponse:
    return HostResponse(
        kind=record.kind,
        host_id=record.host_id,
        hostname=record.hostname,
        pid=record.pid,
        status="healthy" if record.lease_until > now else "unhealthy",
        queues=list(record.queues),
        capacity=record.capacity,
        latest_heartbeat=record.lease_until - lease,
        lease_until=record.lease_until,
        is_draining=record.is_draining,
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/windward/v1/components",
        name="get_components",
        tag="Components",
        summary="List each copy of each component and each host, with its last sign of life.",
        access=Needs(verb=Verb.READ, resource=Resource.JOB),
        reply=ComponentCollectionResponse,
        handler=get_components,
    ),
    operation(
        "PATCH",
        "/api/windward/v1/hosts/{host_id}",
        name="steer_host",
        tag="Components",
        summary="Have a worker host given nothing new, or let it work again.",
        access=Needs(verb=Verb.EDIT, resource=Resource.JOB),
        body=HostBody,
        reply=HostResponse,
        handler=steer_host,
    ),
)
