"""Components and worker hosts: signs of life."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from windward.model.ids import TaskKey
from windward.model.records import HostRecord


class MetricsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What one component has measured: bytes that `windward.telemetry.registry` understands."""

    kind: str
    name: str
    snapshot: bytes


class HeldRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a triggerer has been given, as it was told last: for people, and nothing is decided by it."""

    host_id: str
    hostname: str
    started_at: datetime
    last_beat_at: datetime
    keys: tuple[TaskKey, ...]


class HostStore(Protocol):
    """Components and worker hosts: signs of life."""

    def beat_host(self, host: HostRecord) -> None:
        """Insert or renew a worker host's row; whether it is draining stays what it was."""

    def set_draining(self, host_id: str, *, is_draining: bool) -> bool:
        """Say whether a worker host is to be given anything new; False when there is no such host."""

    def load_hosts(self) -> list[HostRecord]:
        """Return all known hosts, also those whose lease has ended."""

    def put_held(self, host_id: str, keys: Sequence[TaskKey]) -> None:
        """Keep which triggers a triggerer has; a host that is not there has none."""

    def load_held(self) -> list[HeldRecord]:
        """Return what the triggerers have that have said so and are components, by host."""

    def delete_host(self, host_id: str) -> None:
        """Forget a host whose attempts are settled, and what its mail holds."""

    def beat_component(self, kind: str, name: str, *, hostname: str, pid: int, now: datetime) -> None:
        """Record a sign of life of a `scheduler`, `processor`, `triggerer` or `api-server`."""

    def forget_component(self, kind: str, name: str) -> None:
        """Forget a component that is gone, and of which nobody waits for a sign of life."""

    def load_components(self) -> list[dict[str, Any]]:
        """Return kind, name, hostname, pid, started_at and last_beat_at of each component."""

    def put_metrics(self, kind: str, name: str, snapshot: bytes, *, now: datetime) -> None:
        """Keep what a component has measured so far, in place of what it had before."""

    def load_metrics(self, *, since: datetime) -> list[MetricsRecord]:
        """Return what components measured that gave a snapshot since then, by kind and name."""
