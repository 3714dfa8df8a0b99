"""Components and worker hosts on a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa

from windward.model.ids import TaskKey
from windward.model.records import HostRecord
from windward.ports.hosts import HeldRecord, MetricsRecord
from windward.ports.store import Note
from windward.store.sql.columns import json_text, time_of, to_us
from windward.store.sql.database import Database
from windward.store.sql.moves import Texts
from windward.store.sql.notes import write_notes
from windward.store.sql.rows import Unchanged
from windward.store.sql.tables import COMPONENT, COMPONENT_METRICS, HOST, HOST_MAIL
from windward.store.sql.transaction import Transaction

_HOST = HostRecord.__struct_fields__
_HELD = (
    "SELECT h.host_id, c.hostname, c.started_at, c.last_beat_at, h.held FROM host h "
    "JOIN component c ON c.kind = h.kind AND c.name = h.host_id WHERE h.held IS NOT NULL ORDER BY h.host_id"
)
_PART = ("kind", "name", "hostname", "pid", "started_at", "last_beat_at")


class SqlHosts:
    """Signs of life."""

    def __init__(self, database: Database, texts: Texts) -> None:
        self._database = database
        self._texts = texts
        columns = ("hostname", "pid", "queues", "capacity", "lease_until", "kind")
        self._beat = database.dialect.upsert("host", ("host_id",), columns)
        self._hosts = Unchanged(_host)
        self._parts = Unchanged(_part, key_columns=2)
        self._put_metrics = database.dialect.upsert(
            "component_metrics", ("kind", "name"), ("taken_at", "snapshot")
        )

    def beat_host(self, host: HostRecord) -> None:
        """Insert or renew a worker host's row."""
        values = (
            host.host_id,
            host.hostname,
            host.pid,
            json_text(host.queues),
            host.capacity,
            to_us(host.lease_until),
            host.kind,
        )
        self._database.write(lambda transaction: transaction.upsert(self._beat, [values]))

    def set_draining(self, host_id: str, *, is_draining: bool) -> bool:
        """Say whether a worker host is to be given anything new; False when there is no such host."""
        which = (HOST.c.host_id == host_id) & (HOST.c.kind == "worker")

        def write(transaction: Transaction) -> bool:
            if not transaction.run(sa.select(HOST.c.host_id).where(which)).first():
                return False
            transaction.run(sa.update(HOST).where(which).values(is_draining=is_draining))
            write_notes(transaction, self._texts, [Note(kind="host", subject=host_id)])
            return True

        return self._database.write(write)

    def load_hosts(self) -> list[HostRecord]:
        """Return all known hosts, by id."""
        with self._database.reading() as transaction:
            rows = transaction.select(f"SELECT {', '.join(_HOST)} FROM host ORDER BY host_id")
        return [self._hosts.of(row) for row in rows]

    def put_held(self, host_id: str, keys: Sequence[TaskKey]) -> None:
        """Keep which triggers a triggerer has."""
        text = msgspec.json.encode(keys).decode()
        which = HOST.c.host_id == host_id
        self._database.write(
            lambda transaction: transaction.run(sa.update(HOST).where(which).values(held=text))
        )

    def load_held(self) -> list[HeldRecord]:
        """Return what the triggerers have that have said so, by host."""
        with self._database.reading() as transaction:
            rows = transaction.select(_HELD)
        return [
            HeldRecord(
                host_id=host_id,
                hostname=hostname,
                started_at=time_of(started_at),
                last_beat_at=time_of(last_beat_at),
                keys=_keys(held),
            )
            for host_id, hostname, started_at, last_beat_at, held in rows
        ]

    def delete_host(self, host_id: str) -> None:
        """Forget a host, and its mail."""

        def write(transaction: Transaction) -> None:
            transaction.run(sa.delete(HOST).where(HOST.c.host_id == host_id))
            transaction.run(sa.delete(HOST_MAIL).where(HOST_MAIL.c.host_id == host_id))

        self._database.write(write)

    def beat_component(self, kind: str, name: str, *, hostname: str, pid: int, now: datetime) -> None:
        """Record a sign of life; another pid or host is a new start."""
        place = (COMPONENT.c.kind == kind) & (COMPONENT.c.name == name)
        is_same = (COMPONENT.c.hostname == hostname) & (COMPONENT.c.pid == pid)
        values = {"hostname": hostname, "pid": pid, "last_beat_at": now}

        def beat(transaction: Transaction) -> None:
            renewed = transaction.run(sa.update(COMPONENT).where(place & is_same).values(last_beat_at=now))
            if renewed.rowcount:
                return
            transaction.run(sa.delete(COMPONENT).where(place))
            transaction.run(sa.insert(COMPONENT).values(kind=kind, name=name, started_at=now, **values))

        self._database.write(beat)

    def forget_component(self, kind: str, name: str) -> None:
        """Forget a component."""
        place = (COMPONENT.c.kind == kind) & (COMPONENT.c.name == name)
        self._database.write(lambda transaction: transaction.run(sa.delete(COMPONENT).where(place)))

    def load_components(self) -> list[dict[str, Any]]:
        """Return all components by kind and name."""
        with self._database.reading() as transaction:
            rows = transaction.select(f"SELECT {', '.join(_PART)} FROM component ORDER BY kind, name")
        return [dict(self._parts.of(row)) for row in rows]

    def put_metrics(self, kind: str, name: str, snapshot: bytes, *, now: datetime) -> None:
        """Keep what a component has measured so far."""
        row = (kind, name, to_us(now), snapshot)
        self._database.write(lambda transaction: transaction.upsert(self._put_metrics, [row]))

    def load_metrics(self, *, since: datetime) -> list[MetricsRecord]:
        """Return what components measured that gave a snapshot since then."""
        table = COMPONENT_METRICS
        query = sa.select(table.c.kind, table.c.name, table.c.snapshot).where(table.c.taken_at >= since)
        with self._database.reading() as transaction:
            rows = transaction.run(query.order_by(table.c.kind, table.c.name)).mappings().fetchall()
        return [MetricsRecord(**row) for row in rows]


@lru_cache(maxsize=16)
def _keys(text: str) -> tuple[TaskKey, ...]:
    return msgspec.json.decode(text, type=tuple[TaskKey, ...])


def _host(row: tuple[Any, ...]) -> HostRecord:
    """Return the host of a row of `_HOST`."""
    values = dict(zip(_HOST, row, strict=True))
    return HostRecord(
        **{
            **values,
            "queues": tuple(msgspec.json.decode(values["queues"])),
            "is_draining": bool(values["is_draining"]),
            "lease_until": time_of(values["lease_until"]),
        }
    )


def _part(row: tuple[Any, ...]) -> dict[str, Any]:
    """Return the component of a row of `_PART`."""
    values = dict(zip(_PART, row, strict=True))
    return {
        **values,
        "started_at": time_of(values["started_at"]),
        "last_beat_at": time_of(values["last_beat_at"]),
    }
