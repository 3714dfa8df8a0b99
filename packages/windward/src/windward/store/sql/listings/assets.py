"""Assets, as the API shows them. A page of them takes one query, and one for each kind of thing that is shown beside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from windward.model.access import DagReach
from windward.model.records import AssetEventRecord
from windward.ports.listings.assets import (
    AliasRow,
    AssetEventFilter,
    AssetFilter,
    AssetRow,
    AssetUse,
    QueuedRow,
)
from windward.ports.listings.page import Page, PageRequest, Pattern
from windward.store.sql.asset_index import LinkKind
from windward.store.sql.columns import UtcTime
from windward.store.sql.database import Database, chunks
from windward.store.sql.listings.asset_events import events_of, queued_of, shown_events
from windward.store.sql.listings.filters import Condition, matching, visible
from windward.store.sql.listings.paging import Paged
from windward.store.sql.tables import ALIAS, ASSET, ASSET_ALIAS, ASSET_EVENT, ASSET_LINK, DAG
from windward.store.sql.transaction import Transaction

ID_MAX = 2**63 - 1
"""A larger number is no asset's, and no database takes it."""
_A, _L = ASSET.c, ASSET_LINK.c
_PAGED = Paged(
    {
        "id": (_A.asset_id, _A.asset_key),
        "name": _A.name,
        "uri": _A.uri,
        "created_at": _A.created_at,
        "updated_at": _A.updated_at,
    },
    default=("id",),
    unique=("id",),
)
_ALIASES = Paged({"id": ALIAS.c.alias_id, "name": ALIAS.c.name}, default=("id",), unique=("name",))
_QUERY = sa.select(ASSET)
_DECLARES = sa.and_(
    _L.kind == LinkKind.DECLARES.value,
    _L.asset_key == _A.asset_key,
    DAG.c.is_active,
    DAG.c.dag_id == _L.dag_id,
)


class _Names(NamedTuple):
    """An asset's name and URI."""

    name: str
    uri: str

    def are_meant(self, name: str, uri: str) -> bool:
        """Whether a link with these, one of which may be empty, leads here."""
        return name in {"", self.name} and uri in {"", self.uri}


class SqlAssetListings:
    """Read models of assets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, page: PageRequest, which: AssetFilter, *, dags: DagReach) -> Page[AssetRow]:
        """Return assets."""
        conditions = self._conditions(which, dags)
        count = sa.select(_A.asset_key).where(*conditions)
        found = _PAGED.page(self._database, _QUERY.where(*conditions), page, dict, count=count)
        return Page(rows=tuple(self._made(found.rows, dags)), total=found.total)

    def one(self, asset_id: int, *, dags: DagReach) -> AssetRow | None:
        """Return one asset, or None."""
        if not 0 <= asset_id <= ID_MAX:
            return None
        query = _QUERY.where(_A.asset_id == asset_id).order_by(_A.asset_key).limit(1)
        with self._database.reading() as transaction:
            rows = [dict(row) for row in transaction.run(query).mappings()]
        made = self._made(rows, dags)
        return made[0] if made else None

    def groups(self, asset_keys: Collection[str]) -> dict[str, str]:
        """Return the groups of assets."""
        with self._database.reading() as transaction:
            found = _declared(transaction, set(asset_keys))
        return {key: group for key, (group, _, _) in found.items()}

    def aliases(self, page: PageRequest, name: Pattern) -> Page[AliasRow]:
        """Return aliases."""
        query = sa.select(ALIAS).where(*matching(ALIAS.c.name, name))
        return _ALIASES.page(self._database, query, page, _alias)

    def alias(self, alias_id: int) -> AliasRow | None:
        """Return one alias, or None."""
        if not 0 <= alias_id <= ID_MAX:
            return None
        query = sa.select(ALIAS).where(ALIAS.c.alias_id == alias_id).order_by(ALIAS.c.name).limit(1)
        with self._database.reading() as transaction:
            row = transaction.run(query).mappings().first()
        return None if row is None else _alias(row)

    def events(self, page: PageRequest, which: AssetEventFilter, *, dags: DagReach) -> Page[AssetEventRecord]:
        """Return events."""
        return events_of(self._database, page, which, dags)

    def queued(
        self,
        *,
        dags: DagReach,
        asset_id: int | None = None,
        dag_id: str | None = None,
        before: datetime | None = None,
    ) -> Sequence[QueuedRow]:
        """Return what waits."""
        return queued_of(self._database, dags, asset_id=asset_id, dag_id=dag_id, before=before)

    def _conditions(self, which: AssetFilter, dags: DagReach) -> Sequence[Condition]:
        found = [*matching(_A.name, which.name), *matching(_A.uri, which.uri)]
        if which.only_active:
            found.append(sa.exists().where(_DECLARES))
        if which.dag_ids is not None:
            is_meant = sa.or_(
                sa.and_(_L.name == _A.name, _L.uri.in_([_A.uri, ""])),
                sa.and_(_L.uri == _A.uri, _L.name == ""),
            )
            seen = visible(_L.dag_id, dags, self._database.dialect)
            uses = _L.kind != LinkKind.DECLARES.value
            is_active = sa.and_(DAG.c.dag_id == _L.dag_id, DAG.c.is_active)
            found.append(sa.exists().where(_L.dag_id.in_(which.dag_ids), uses, is_meant, is_active, *seen))
        return found

    def _made(self, rows: Sequence[Mapping[str, Any]], dags: DagReach) -> Sequence[AssetRow]:
        if not rows:
            return []
        names = {row["asset_key"]: _Names(row["name"], row["uri"]) for row in rows}
        with self._database.reading() as transaction:
            declared = _declared(transaction, names)
            uses = _uses(transaction, names, visible(_L.dag_id, dags, self._database.dialect))
            aliases = _aliases_of(transaction, names)
            last = _last_events(transaction, names, shown_events(dags, self._database.dialect))
        made = []
        for row in rows:
            key = row["asset_key"]
            group, extra, watchers = declared.get(key, ("asset", {}, ()))
            event_pk, event_at = last.get(key, (None, None))
            made.append(
                AssetRow(
                    **row,
                    group=group,
                    extra=extra,
                    watchers=watchers,
                    scheduled=tuple(uses.get((key, LinkKind.SCHEDULE), ())),
                    producing=tuple(uses.get((key, LinkKind.OUTLET), ())),
                    consuming=tuple(uses.get((key, LinkKind.INLET), ())),
                    aliases=tuple(aliases.get(key, ())),
                    last_event_pk=event_pk,
                    last_event_at=event_at,
                )
            )
        return made


_Declared = tuple[str, dict[str, Any], tuple[str, ...]]


def _declared(transaction: Transaction, names: Iterable[str]) -> dict[str, _Declared]:
    """Return group, extra and watchers of assets: those of the last DAG that says any."""
    found: dict[str, _Declared] = {}
    for some in chunks(sorted(names)):
        query = (
            sa.select(_L.asset_key, _L.details)
            .join(DAG, DAG.c.dag_id == _L.dag_id)
            .where(_L.kind == LinkKind.DECLARES.value, _L.asset_key.in_(some), DAG.c.is_active)
            .order_by(_L.dag_id, _L.number)
        )
        for key, details in transaction.run(query):
            _, extra, watchers = found.get(key, ("", {}, ()))
            every = tuple(sorted({*watchers, *details["watchers"]}))
            found[key] = (details["group"], details["extra"] or extra, every)
    return found


def _uses(
    transaction: Transaction, names: Mapping[str, _Names], seen: Sequence[Condition]
) -> dict[tuple[str, str], list[AssetUse]]:
    """Return who names assets, by asset and kind."""
    by_name: dict[str, list[str]] = {}
    by_uri: dict[str, list[str]] = {}
    for key, one in names.items():
        by_name.setdefault(one.name, []).append(key)
        by_uri.setdefault(one.uri, []).append(key)
    found: dict[tuple[str, str], dict[tuple[str, str], AssetUse]] = {}
    columns = (_L.kind, _L.task_id, _L.name, _L.uri, _L.dag_id, DAG.c.first_seen_at, DAG.c.last_changed_at)
    query = (
        sa.select(*columns)
        .join(DAG, DAG.c.dag_id == _L.dag_id)
        .where(_L.kind != LinkKind.DECLARES.value, DAG.c.is_active, *seen)
        .where(sa.or_(_L.name.in_(sorted(by_name)), sa.and_(_L.name == "", _L.uri.in_(sorted(by_uri)))))
        .order_by(_L.dag_id, _L.number)
    )
    for kind, task_id, name, uri, dag_id, first_seen_at, last_changed_at in transaction.run(query):
        use = AssetUse(
            dag_id=dag_id, task_id=task_id, first_seen_at=first_seen_at, last_changed_at=last_changed_at
        )
        for key in by_name.get(name, ()) if name else by_uri.get(uri, ()):
            if names[key].are_meant(name, uri):
                found.setdefault((key, kind), {})[dag_id, task_id] = use
    return {place: list(uses.values()) for place, uses in found.items()}


def _aliases_of(transaction: Transaction, names: Mapping[str, _Names]) -> dict[str, list[AliasRow]]:
    found: dict[str, list[AliasRow]] = {}
    for some in chunks(sorted(names)):
        query = (
            sa.select(ASSET_ALIAS.c.asset_key, ALIAS)
            .join(ALIAS, ALIAS.c.name == ASSET_ALIAS.c.alias)
            .where(ASSET_ALIAS.c.asset_key.in_(some))
            .order_by(ALIAS.c.name)
        )
        for row in transaction.run(query).mappings():
            found.setdefault(row["asset_key"], []).append(_alias(row))
    return found


def _last_events(
    transaction: Transaction, names: Mapping[str, _Names], shown: Sequence[Condition]
) -> dict[str, tuple[int, datetime]]:
    found: dict[str, tuple[int, datetime]] = {}
    event = ASSET_EVENT.c
    for some in chunks(sorted(names)):
        query = (
            sa.select(event.asset_key, sa.func.max(event.event_pk), sa.func.max(event["at"], type_=UtcTime))
            .where(event.asset_key.in_(some), *shown)
            .group_by(event.asset_key)
        )
        found.update((key, (event_pk, at)) for key, event_pk, at in transaction.run(query))
    return found


def _alias(row: Any) -> AliasRow:
    return AliasRow(alias_id=row["alias_id"], name=row["name"], group=row["group_name"])
