"""Asset events on a database: the statements that write them, for `apply`, and what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from windward.core.actions import AddAssetEvent, CreateRun, ForgetAssetEvents, RouteAssetEvent
from windward.model.records import AssetEventRecord
from windward.store.sql.asset_index import KEPT_OF_ASSET, written_asset
from windward.store.sql.columns import json_text, storable, storable_or_none, to_us
from windward.store.sql.database import Database, chunks
from windward.store.sql.dialect import Dialect
from windward.store.sql.tables import ASSET_ALIAS, ASSET_EVENT, ASSET_USE
from windward.store.sql.transaction import Row, Transaction

COLUMNS = AssetEventRecord.__struct_fields__
_EVENT = tuple(ASSET_EVENT.c[name] for name in COLUMNS)


class AssetTexts:
    """The statements of one dialect that write events."""

    def __init__(self, dialect: Dialect) -> None:
        sql = dialect.sql
        names = (*COLUMNS, "is_routed")
        self.insert_event = sql(
            f"INSERT INTO asset_event ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        )
        self.insert_use = sql("INSERT INTO asset_use (dag_id, event_pk) VALUES (?, ?)")
        self.put_alias = dialect.upsert("asset_alias", ("alias", "asset_key"), ("written_at",))
        self.put_asset = dialect.upsert("asset", ("asset_key",), ("name",), kept=KEPT_OF_ASSET)
        self.route = sql("UPDATE asset_event SET is_routed = ? WHERE event_pk = ? AND is_routed = ?")
        self.consume = sql(
            "UPDATE asset_use SET run_pk = ? WHERE dag_id = ? AND event_pk = ? AND run_pk IS NULL"
        )
        self.forget = sql("DELETE FROM asset_use WHERE dag_id = ? AND event_pk = ? AND run_pk IS NULL")


class AssetWrites:
    """What a stage of a batch writes of events."""

    def __init__(self) -> None:
        self.events: list[Row] = []
        self.uses: list[Row] = []
        self.aliases: dict[tuple[str, str], Row] = {}
        self.assets: dict[str, Row] = {}
        self.routed: list[Row] = []
        self.consumed: list[Row] = []
        self.forgotten: list[Row] = []

    def add(self, action: AddAssetEvent | RouteAssetEvent | ForgetAssetEvents) -> None:
        """Put the statements' values of an action."""
        match action:
            case AddAssetEvent(event=event, dag_ids=dag_ids):
                self.events.append((*_row(event), dag_ids is not None))
                self.uses += [(dag_id, event.event_pk) for dag_id in dag_ids or ()]
                for alias in event.aliases:
                    key = (storable(alias), event.asset_key)
                    self.aliases[key] = (*key, to_us(event.at))
                if event.aliases:
                    self.assets[event.asset_key] = written_asset(event)
            case RouteAssetEvent(event_pk=event_pk, dag_ids=dag_ids):
                self.routed.append((True, event_pk, False))
                self.uses += [(dag_id, event_pk) for dag_id in dag_ids]
            case ForgetAssetEvents(dag_id=dag_id, event_pks=event_pks):
                self.forgotten += [(dag_id, event_pk) for event_pk in event_pks]

    def consume(self, action: CreateRun) -> None:
        """Put the values of what a new run takes."""
        self.consumed += [(action.run.run_pk, action.run.dag_id, pk) for pk in action.consumes]

    def write(self, transaction: Transaction, texts: AssetTexts) -> bool:
        """Write all; return whether everything was as expected."""
        if self.events:
            transaction.many(texts.insert_event, self.events)
        if self.aliases:
            transaction.upsert(texts.put_asset, [self.assets[key] for key in sorted(self.assets)])
            transaction.upsert(texts.put_alias, list(self.aliases.values()))
        for text, rows in (
            (texts.route, self.routed), (texts.consume, self.consumed), (texts.forget, self.forgotten)
        ):  # fmt: skip
            if rows and transaction.many(text, rows) != len(rows):
                return False
        if self.uses:
            transaction.many(texts.insert_use, self.uses)
        return True


def stage_of_event(
    action: AddAssetEvent | RouteAssetEvent | ForgetAssetEvents, touched: dict[Any, int]
) -> int:
    """Return the stage after the last one that touched what the action writes, and remember it."""
    rows: list[tuple[Any, ...]] = []
    match action:
        case AddAssetEvent(event=event, dag_ids=dag_ids):
            rows = [("event", event.event_pk), *(("use", dag_id, event.event_pk) for dag_id in dag_ids or ())]
        case RouteAssetEvent(event_pk=event_pk, dag_ids=dag_ids):
            rows = [("event", event_pk), *(("use", dag_id, event_pk) for dag_id in dag_ids)]
        case ForgetAssetEvents(dag_id=dag_id, event_pks=event_pks):
            rows = [("use", dag_id, event_pk) for event_pk in event_pks]
    stage = max((touched.get(row, -1) for row in rows), default=-1) + 1
    touched.update((row, stage) for row in rows)
    return stage


class SqlAssets:
    """Reads of asset events, and their deletion."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load_waiting(self, dag_ids: Sequence[str] | None = None) -> dict[str, list[AssetEventRecord]]:
        """Return the events that wait for each DAG, by `event_pk`."""
        query = (
            sa.select(ASSET_USE.c.dag_id, *_EVENT)
            .join(ASSET_EVENT, ASSET_EVENT.c.event_pk == ASSET_USE.c.event_pk)
            .where(ASSET_USE.c.run_pk.is_(None))
            .order_by(ASSET_USE.c.event_pk)
        )
        parts = [query] if dag_ids is None else [
            query.where(ASSET_USE.c.dag_id.in_(part)) for part in chunks(sorted(dag_ids))
        ]  # fmt: skip
        found: dict[str, list[AssetEventRecord]] = {}
        with self._database.reading() as transaction:
            for part in parts:
                for row in transaction.run(part):
                    found.setdefault(row[0], []).append(event_of(row[1:]))
        return found

    def load_unrouted(self, *, limit: int) -> list[AssetEventRecord]:
        """Return events of which nobody has decided yet whom they wait for, oldest first."""
        return self._events(
            sa.select(*_EVENT)
            .where(ASSET_EVENT.c.is_routed.is_(False))
            .order_by(ASSET_EVENT.c.event_pk)
            .limit(limit)
        )

    def load_members(self) -> list[tuple[str, str]]:
        """Return (alias, asset key) of what was ever written through aliases."""
        query = sa.select(ASSET_ALIAS.c.alias, ASSET_ALIAS.c.asset_key)
        with self._database.reading() as transaction:
            return sorted((row[0], row[1]) for row in transaction.run(query))

    def list_events(
        self,
        *,
        name: str = "",
        uri: str = "",
        alias: str = "",
        after: datetime | None = None,
        before: datetime | None = None,
        newest_first: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> list[AssetEventRecord]:
        """Return events of an asset, of an alias's assets, or of all."""
        query = sa.select(*_EVENT)
        if name:
            query = query.where(ASSET_EVENT.c.name == name)
        if uri:
            query = query.where(ASSET_EVENT.c.uri == uri)
        if alias:
            members = sa.select(ASSET_ALIAS.c.asset_key).where(ASSET_ALIAS.c.alias == alias)
            query = query.where(ASSET_EVENT.c.asset_key.in_(members))
        if after is not None:
            query = query.where(ASSET_EVENT.c.at >= after)
        if before is not None:
            query = query.where(ASSET_EVENT.c.at <= before)
        order = ASSET_EVENT.c.event_pk.desc() if newest_first else ASSET_EVENT.c.event_pk
        return self._events(query.order_by(order).offset(offset).limit(limit))

    def consumed_events(self, run_pk: int) -> list[AssetEventRecord]:
        """Return the events that a run was made of, oldest first."""
        return self._events(
            sa.select(*_EVENT)
            .join(ASSET_USE, ASSET_EVENT.c.event_pk == ASSET_USE.c.event_pk)
            .where(ASSET_USE.c.run_pk == run_pk)
            .order_by(ASSET_EVENT.c.event_pk)
        )

    def delete_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest events from before a time; return how many."""

        def delete(transaction: Transaction) -> int:
            query = sa.select(ASSET_EVENT.c.event_pk).where(ASSET_EVENT.c.at < before)
            pks = list(transaction.run(query.order_by(ASSET_EVENT.c.at).limit(limit)).scalars())
            for part in chunks(pks):
                transaction.run(sa.delete(ASSET_USE).where(ASSET_USE.c.event_pk.in_(part)))
                transaction.run(sa.delete(ASSET_EVENT).where(ASSET_EVENT.c.event_pk.in_(part)))
            return len(pks)

        return self._database.write(delete)

    def _events(self, query: sa.Select[Any]) -> list[AssetEventRecord]:
        with self._database.reading() as transaction:
            return [event_of(row) for row in transaction.run(query)]


def _row(event: AssetEventRecord) -> Row:
    return (
        event.event_pk,
        event.asset_key,
        storable(event.name),
        storable(event.uri),
        to_us(event.at),
        storable(json_text(event.extra)),
        json_text([storable(alias) for alias in event.aliases]),
        event.source_dag_id,
        event.source_run_id,
        event.source_task_id,
        event.source_map_index,
        to_us(event.source_interval_start),
        to_us(event.source_interval_end),
        storable_or_none(event.reported_by),
    )


def event_of(row: Any) -> AssetEventRecord:
    """Return the event of a row of `COLUMNS`."""
    values = dict(zip(COLUMNS, row, strict=True))
    return AssetEventRecord(**{**values, "aliases": tuple(values["aliases"])})
