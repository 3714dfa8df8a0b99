"""Which assets there are, and which DAGs name them: kept beside the documents that say so, for lists to be read from.

An asset that was declared or written once stays. What a DAG says of assets is that of its newest version.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

from windward.core.asset_index import alias_id, asset_id
from windward.document import AssetDocument, DagDocument
from windward.model.records import AssetEventRecord
from windward.store.sql.columns import json_text, storable, to_us
from windward.store.sql.database import chunks
from windward.store.sql.dialect import Dialect
from windward.store.sql.transaction import Row, Transaction
from windward.timetable import AssetLeaf, Leaf, asset_key, condition_of, leaves

KEPT_OF_ASSET = ("asset_id", "uri", "created_at", "updated_at")
_LINK = ("dag_id", "number", "kind", "task_id", "asset_key", "name", "uri", "details")


class LinkKind(StrEnum):
    """How a DAG names an asset."""

    DECLARES = "declares"
    """With name, URI and the rest: the asset is active as long as an active DAG does."""
    SCHEDULE = "schedule"
    OUTLET = "outlet"
    INLET = "inlet"


class AssetIndexTexts:
    """The statements of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        kept = ("asset_id", "name", "uri", "created_at")
        self.put_asset = dialect.upsert("asset", ("asset_key",), ("updated_at",), kept=kept)
        self.put_alias = dialect.upsert("alias", ("name",), ("group_name",), kept=("alias_id",))
        marks = ", ".join("?" * len(_LINK))
        self.insert_link = dialect.sql(f"INSERT INTO asset_link ({', '.join(_LINK)}) VALUES ({marks})")

    def delete_links(self, count: int) -> str:
        """Return the statement that forgets what `count` DAGs say."""
        return self._dialect.sql(f"DELETE FROM asset_link WHERE dag_id IN ({', '.join('?' * count)})")


def put_assets(
    transaction: Transaction,
    texts: AssetIndexTexts,
    documents: Mapping[str, DagDocument],
    *,
    new: Collection[str],
    now_us: int,
) -> None:
    """Store what changed documents, by DAG, say of assets; of the DAGs that are `new`, nothing is known yet."""
    for part in chunks(sorted(set(documents) - set(new))):
        transaction.one(texts.delete_links(len(part)), tuple(part))
    links: list[Row] = []
    assets: dict[str, Row] = {}
    aliases: dict[str, Row] = {}
    for dag_id, document in documents.items():
        links += [(dag_id, number, *link) for number, link in enumerate(dict.fromkeys(_links(document)))]
        for asset in document.assets:
            key = asset_key(asset.name, asset.uri)
            names = (storable(asset.name), storable(asset.uri))
            assets[key] = (key, now_us, asset_id(key), *names, now_us)
        for alias in document.aliases:
            name = storable(alias.name)
            aliases[name] = (name, storable(alias.group), alias_id(alias.name))
    # In one order, so that two transactions wait for each other and not in a circle.
    if assets:
        transaction.upsert(texts.put_asset, [assets[key] for key in sorted(assets)])
    if aliases:
        transaction.upsert(texts.put_alias, [aliases[name] for name in sorted(aliases)])
    if links:
        transaction.many(texts.insert_link, links)


def written_asset(event: AssetEventRecord) -> Row:
    """Return the values of `asset_key`, `name` and `KEPT_OF_ASSET` for what was written through an alias."""
    at = to_us(event.at)
    return (
        event.asset_key,
        storable(event.name),
        asset_id(event.asset_key),
        storable(event.uri),
        at,
        at,
    )


def _links(document: DagDocument) -> Iterator[tuple[str, str, str, str, str, str | None]]:
    """Yield (kind, task, asset key, name, URI, details)."""
    for asset in document.assets:
        yield (LinkKind.DECLARES, "", *_place(asset.name, asset.uri), _details(asset))
    condition = condition_of(document.schedule)
    for leaf in leaves(condition) if condition is not None else ():
        yield from _named(LinkKind.SCHEDULE, "", leaf)
    for task in document.tasks:
        for leaf in task.outlets:
            yield from _named(LinkKind.OUTLET, task.task_id, leaf)
        for leaf in task.inlets:
            yield from _named(LinkKind.INLET, task.task_id, leaf)


def _named(kind: LinkKind, task_id: str, leaf: Leaf) -> Iterator[tuple[str, str, str, str, str, None]]:
    if isinstance(leaf, AssetLeaf):
        yield (kind, task_id, *_place(leaf.name, leaf.uri), None)


def _place(name: str, uri: str) -> tuple[str, str, str]:
    return (asset_key(name, uri) if name and uri else "", storable(name), storable(uri))


def _details(asset: AssetDocument) -> str:
    watchers = [watcher.name for watcher in asset.watchers]
    return storable(json_text({"group": asset.group, "extra": asset.extra, "watchers": watchers}))
