"""Whether the parts live, and which version this is."""

from __future__ import annotations

from typing import Any

import msgspec

import windward
from windward.api.contract.operation import Call, Nothing, Open, Operation, operation
from windward.api.health import body_of, unavailable
from windward.errors import UnavailableError

Health = dict[str, Any]


class VersionInfo(msgspec.Struct, kw_only=True):
    """Which version runs."""

    version: str
    git_version: str | None = None


def get_health(call: Call[Nothing, Nothing]) -> Health:
    """Say how the components are."""
    services = call.services
    try:
        return body_of(
            services.store.hosts.load_components(),
            services.store.hosts.load_hosts(),
            host_lease_s=services.settings.scheduler.host_lease_s,
            now=services.now(),
        )
    except UnavailableError:
        return unavailable()


def get_version(_call: Call[Nothing, Nothing]) -> VersionInfo:
    """Say which version this is."""
    return VersionInfo(version=windward.__version__)


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/monitor/health",
        name="get_health",
        tag="Monitor",
        summary="Say how the components are, and when each was heard of last.",
        access=Open("load balancers have no password"),
        handler=get_health,
        is_of_rows=True,
        reply=dict[str, Any],
    ),
    operation(
        "GET",
        "/api/v2/version",
        name="get_version",
        tag="Version",
        summary="Say which version runs.",
        access=Open("clients ask it before they sign in, as in Airflow"),
        handler=get_version,
        reply=VersionInfo,
    ),
)
