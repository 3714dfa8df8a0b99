"""What `GET /api/v2/monitor/health` says: Airflow's shape, and the worker hosts beside it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from windward.model.records import HostRecord

SILENCE_S_MAX = 45.0
"""A component that was silent for longer is unhealthy; each writes a sign of life every 10 to 15 seconds."""
_NAMES = {"scheduler": "scheduler", "triggerer": "triggerer", "dag_processor": "processor"}
"""Airflow's name of a component to ours."""


def unavailable() -> dict[str, Any]:
    """Return the body for a database that does not answer: nothing is known of the others then."""
    parts: dict[str, Any] = {"metadatabase": {"status": "unhealthy"}}
    for name in _NAMES:
        parts[name] = _part(name, "unhealthy" if name == "scheduler" else None, None)
    parts["workers"] = {"status": None, "latest_worker_heartbeat": None, "hosts": 0, "capacity": 0}
    return parts


def body_of(
    components: Iterable[Mapping[str, Any]],
    hosts: Sequence[HostRecord],
    *,
    host_lease_s: float,
    now: datetime,
) -> dict[str, Any]:
    """Return the body: for each component the newest sign of life of any of its copies.

    `status` is `healthy` or `unhealthy`; None where no such component was ever started, except for the scheduler,
    without which nothing works. A triggerer that is gone and of no use any more is none that was started: the leading
    scheduler forgets it.
    """
    newest: dict[str, datetime] = {}
    for component in components:
        kind, at = component["kind"], component["last_beat_at"]
        newest[kind] = max(at, newest.get(kind, at))
    parts: dict[str, Any] = {"metadatabase": {"status": "healthy"}}
    for name, kind in _NAMES.items():
        at = newest.get(kind)
        if at is None:
            status = "unhealthy" if name == "scheduler" else None
        else:
            status = "healthy" if now - at <= timedelta(seconds=SILENCE_S_MAX) else "unhealthy"
        parts[name] = _part(name, status, at)
    parts["workers"] = _workers(hosts, host_lease_s=host_lease_s, now=now)
    return parts


def _part(name: str, status: str | None, at: datetime | None) -> dict[str, Any]:
    return {"status": status, f"latest_{name}_heartbeat": at.isoformat() if at is not None else None}


def _workers(hosts: Sequence[HostRecord], *, host_lease_s: float, now: datetime) -> dict[str, Any]:
    hosts = [host for host in hosts if host.kind == "worker"]
    alive = [host for host in hosts if host.lease_until > now]
    latest = max((host.lease_until for host in hosts), default=None)
    return {
        "status": ("healthy" if alive else "unhealthy") if hosts else None,
        "latest_worker_heartbeat": (latest - timedelta(seconds=host_lease_s)).isoformat() if latest else None,
        "hosts": len(alive),
        "capacity": sum(host.capacity for host in alive),
    }
