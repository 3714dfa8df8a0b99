"""Asset events in memory: what `apply` does with them, and what reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from windward.core.actions import AddAssetEvent, CreateRun, ForgetAssetEvents, RouteAssetEvent
from windward.model.records import AssetEventRecord
from windward.store.memory.tables import Tables

Put = Callable[[dict[Any, Any], Any, Any], None]
Drop = Callable[[dict[Any, Any], Any], None]


def write_event(
    tables: Tables, action: AddAssetEvent | RouteAssetEvent | ForgetAssetEvents, put: Put, drop: Drop
) -> bool:
    """Carry out an action by `put` and `drop`, which can be undone; return whether its expectation held."""
    match action:
        case AddAssetEvent(event=event, dag_ids=dag_ids):
            if event.event_pk in tables.asset_events:
                return False
            put(tables.asset_events, event.event_pk, event)
            if dag_ids is None:
                put(tables.asset_unrouted, event.event_pk, True)
            for alias in event.aliases:
                put(tables.asset_aliases, (alias, event.asset_key), event.at)
            return _add_uses(tables, event.event_pk, dag_ids or (), put)
        case RouteAssetEvent(event_pk=event_pk, dag_ids=dag_ids):
            if event_pk not in tables.asset_unrouted:
                return False
            drop(tables.asset_unrouted, event_pk)
            return _add_uses(tables, event_pk, dag_ids, put)
        case ForgetAssetEvents(dag_id=dag_id, event_pks=event_pks):
            for event_pk in event_pks:
                if tables.asset_uses.get((dag_id, event_pk), 0) is not None:
                    return False
                drop(tables.asset_uses, (dag_id, event_pk))
            return True


def consume_events(tables: Tables, action: CreateRun, put: Put) -> bool:
    """Give the events that a new run takes to it, if all of them wait for its DAG."""
    for event_pk in action.consumes:
        use = (action.run.dag_id, event_pk)
        if tables.asset_uses.get(use, 0) is not None:
            return False
        put(tables.asset_uses, use, action.run.run_pk)
    return True


def _add_uses(tables: Tables, event_pk: int, dag_ids: Sequence[str], put: Put) -> bool:
    for dag_id in dag_ids:
        if (dag_id, event_pk) in tables.asset_uses:
            return False
        put(tables.asset_uses, (dag_id, event_pk), None)
    return True


class MemoryAssets:
    """Reads of asset events, and their deletion."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def load_waiting(self, dag_ids: Sequence[str] | None = None) -> dict[str, list[AssetEventRecord]]:
        """Return the events that wait for each DAG, by `event_pk`."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            found: dict[str, list[AssetEventRecord]] = {}
            for dag_id, event_pk in sorted(self._tables.asset_uses, key=lambda use: use[1]):
                if self._tables.asset_uses[dag_id, event_pk] is None and (
                    dag_ids is None or dag_id in dag_ids
                ):
                    found.setdefault(dag_id, []).append(self._tables.asset_events[event_pk])
            return found

    def load_unrouted(self, *, limit: int) -> list[AssetEventRecord]:
        """Return events of which nobody has decided yet whom they wait for, oldest first."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            return [self._tables.asset_events[pk] for pk in sorted(self._tables.asset_unrouted)[:limit]]

    def load_members(self) -> list[tuple[str, str]]:
        """Return (alias, asset key) of what was ever written through aliases."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            return sorted(self._tables.asset_aliases)

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
        with self._tables.lock:
            self._tables.counters.queries += 1
            members = {key for one, key in self._tables.asset_aliases if one == alias}
            events = [
                event
                for _, event in sorted(self._tables.asset_events.items(), reverse=newest_first)
                if name in {"", event.name}
                and uri in {"", event.uri}
                and (not alias or event.asset_key in members)
                and (after is None or event.at >= after)
                and (before is None or event.at <= before)
            ]
            return events[offset : offset + limit]

    def consumed_events(self, run_pk: int) -> list[AssetEventRecord]:
        """Return the events that a run was made of, oldest first."""
        with self._tables.lock:
            self._tables.counters.queries += 1
            taken = sorted(pk for (_, pk), taker in self._tables.asset_uses.items() if taker == run_pk)
            return [self._tables.asset_events[pk] for pk in taken]

    def delete_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest events from before a time; return how many."""
        with self._tables.lock:
            tables = self._tables
            old = sorted((event.at, pk) for pk, event in tables.asset_events.items() if event.at < before)
            gone = {pk for _, pk in old[:limit]}
            for pk in gone:
                del tables.asset_events[pk]
                tables.asset_unrouted.pop(pk, None)
            for use in [use for use in tables.asset_uses if use[1] in gone]:
                del tables.asset_uses[use]
            tables.wrote(len(gone))
            return len(gone)
