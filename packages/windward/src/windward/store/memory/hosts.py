"""Components and worker hosts in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from windward.model.ids import TaskKey
from windward.model.records import HostRecord
from windward.ports.hosts import HeldRecord, MetricsRecord
from windward.store.memory.tables import Tables


class MemoryHosts:
    """Signs of life."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def beat_host(self, host: HostRecord) -> None:
        """Insert or renew a worker host."""
        with self._tables.lock:
            before = self._tables.hosts.get(host.host_id)
            is_draining = before is not None and before.is_draining
            self._tables.hosts[host.host_id] = msgspec.structs.replace(host, is_draining=is_draining)
            self._tables.wrote(1)

    def set_draining(self, host_id: str, *, is_draining: bool) -> bool:
        """Say whether a worker host is to be given anything new; False when there is no such host."""
        with self._tables.lock:
            host = self._tables.hosts.get(host_id)
            if host is None or host.kind != "worker":
                return False
            self._tables.hosts[host_id] = msgspec.structs.replace(host, is_draining=is_draining)
            self._tables.add_note("host", host_id)
            self._tables.wrote(1)
            return True

    def load_hosts(self) -> list[HostRecord]:
        """Return all known hosts, by id."""
        with self._tables.lock:
            return [self._tables.hosts[host_id] for host_id in sorted(self._tables.hosts)]

    def put_held(self, host_id: str, keys: Sequence[TaskKey]) -> None:
        """Keep which triggers a triggerer has."""
        with self._tables.lock:
            if host_id in self._tables.hosts:
                self._tables.held[host_id] = tuple(keys)
                self._tables.wrote(1)

    def load_held(self) -> list[HeldRecord]:
        """Return what the triggerers have that have said so, by host."""
        with self._tables.lock:
            known = self._tables.components
            return [
                HeldRecord(
                    host_id=host_id,
                    hostname=part["hostname"],
                    started_at=part["started_at"],
                    last_beat_at=part["last_beat_at"],
                    keys=keys,
                )
                for host_id, keys in sorted(self._tables.held.items())
                if (part := known.get((self._tables.hosts[host_id].kind, host_id))) is not None
            ]

    def delete_host(self, host_id: str) -> None:
        """Forget a host."""
        with self._tables.lock:
            existed = self._tables.hosts.pop(host_id, None) is not None
            self._tables.held.pop(host_id, None)
            self._tables.mail = [entry for entry in self._tables.mail if entry[0] != host_id]
            self._tables.wrote(int(existed))

    def beat_component(self, kind: str, name: str, *, hostname: str, pid: int, now: datetime) -> None:
        """Record a sign of life; another pid or host is a new start."""
        with self._tables.lock:
            before = self._tables.components.get((kind, name))
            is_same = before is not None and (before["hostname"], before["pid"]) == (hostname, pid)
            self._tables.components[kind, name] = {
                "kind": kind,
                "name": name,
                "hostname": hostname,
                "pid": pid,
                "started_at": before["started_at"] if before is not None and is_same else now,
                "last_beat_at": now,
            }
            self._tables.wrote(1)

    def forget_component(self, kind: str, name: str) -> None:
        """Forget a component."""
        with self._tables.lock:
            if self._tables.components.pop((kind, name), None) is not None:
                self._tables.wrote(1)

    def load_components(self) -> list[dict[str, Any]]:
        """Return all components by kind and name."""
        with self._tables.lock:
            return [dict(self._tables.components[key]) for key in sorted(self._tables.components)]

    def put_metrics(self, kind: str, name: str, snapshot: bytes, *, now: datetime) -> None:
        """Keep what a component has measured so far."""
        with self._tables.lock:
            self._tables.metrics[kind, name] = (now, snapshot)
            self._tables.wrote(1)

    def load_metrics(self, *, since: datetime) -> list[MetricsRecord]:
        """Return what components measured that gave a snapshot since then."""
        with self._tables.lock:
            return [
                MetricsRecord(kind=kind, name=name, snapshot=snapshot)
                for (kind, name), (at, snapshot) in sorted(self._tables.metrics.items())
                if at >= since
            ]
