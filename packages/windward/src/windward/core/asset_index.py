"""Which assets there are, told from the documents of active DAGs: who writes each, who reads it, who waits for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from windward.document import DagDocument
from windward.timetable import AliasLeaf, AssetLeaf, Leaf, asset_key, condition_of, leaves

_ID_DIGITS = 12


def asset_id(key: str) -> int:
    """Return the number of an asset, for who wants one: the first 48 bits of its key."""
    return int(key[:_ID_DIGITS], 16)


def alias_id(name: str) -> int:
    """Return the number of an alias."""
    return int(hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_ID_DIGITS], 16)


class KnownAsset(msgspec.Struct, kw_only=True):
    """An asset that some DAG names, or that was written without any DAG naming it."""

    asset_key: str
    name: str
    uri: str
    group: str = "asset"
    extra: dict[str, Any] = {}
    is_active: bool = True
    """Whether a DAG names it: an asset that was only ever written through an alias is not."""
    producers: list[tuple[str, str]] = []
    """(DAG, task) that write it."""
    readers: list[tuple[str, str]] = []
    """(DAG, task) that have it as inlet."""
    consumers: list[str] = []
    """DAGs that wait for it."""
    watchers: list[str] = []
    conflicts: list[str] = []
    """Other assets that DAGs name, with the same name or the same URI: those are not this one."""


def known_assets(
    documents: Iterable[DagDocument], *, written: Iterable[tuple[str, str]] = ()
) -> list[KnownAsset]:
    """Return all assets by name and URI; `written` are (name, URI) of assets that have events."""
    documents = sorted(documents, key=lambda document: document.dag_id)
    found: dict[tuple[str, str], KnownAsset] = {}
    for document in documents:
        for asset in document.assets:
            place = (asset.name, asset.uri)
            known = found.setdefault(place, _new(*place))
            known.group = asset.group
            known.extra = asset.extra or known.extra
            known.watchers = sorted({*known.watchers, *(watcher.name for watcher in asset.watchers)})
    for place in written:
        if place not in found:
            found[place] = _new(*place)
            found[place].is_active = False
    for document in documents:
        _add_uses(found, document)
    active = [asset for asset in found.values() if asset.is_active]
    for same in (_by(active, lambda one: one.name), _by(active, lambda one: one.uri)):
        for sharers in same.values():
            for known in sharers:
                others = (f"{one.name} ({one.uri})" for one in sharers if one is not known)
                known.conflicts = sorted({*known.conflicts, *others})
    return [found[place] for place in sorted(found)]


def _by(assets: Iterable[KnownAsset], key: Callable[[KnownAsset], str]) -> dict[str, list[KnownAsset]]:
    found: dict[str, list[KnownAsset]] = {}
    for asset in assets:
        found.setdefault(key(asset), []).append(asset)
    return found


def known_aliases(documents: Iterable[DagDocument]) -> dict[str, tuple[list[str], list[str]]]:
    """Return aliases by name: the tasks (`dag.task`) that write through them, and the DAGs that wait for them."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for document in sorted(documents, key=lambda one: one.dag_id):
        for alias in document.aliases:
            found.setdefault(alias.name, ([], []))
        for task in document.tasks:
            for leaf in task.outlets:
                if isinstance(leaf, AliasLeaf):
                    found.setdefault(leaf.name, ([], []))[0].append(f"{document.dag_id}.{task.task_id}")
        condition = condition_of(document.schedule)
        for leaf in dict.fromkeys(leaves(condition)) if condition is not None else ():
            if isinstance(leaf, AliasLeaf):
                found.setdefault(leaf.name, ([], []))[1].append(document.dag_id)
    return dict(sorted(found.items()))


def _new(name: str, uri: str) -> KnownAsset:
    return KnownAsset(asset_key=asset_key(name, uri), name=name, uri=uri)


def _add_uses(found: dict[tuple[str, str], KnownAsset], document: DagDocument) -> None:
    for task in document.tasks:
        place = (document.dag_id, task.task_id)
        for leaf in task.outlets:
            for asset in _named(found, leaf):
                asset.producers.append(place)
        for leaf in task.inlets:
            for asset in _named(found, leaf):
                asset.readers.append(place)
    condition = condition_of(document.schedule)
    for leaf in leaves(condition) if condition is not None else ():
        for asset in _named(found, leaf):
            if document.dag_id not in asset.consumers:
                asset.consumers.append(document.dag_id)


def _named(found: dict[tuple[str, str], KnownAsset], leaf: Leaf) -> list[KnownAsset]:
    if not isinstance(leaf, AssetLeaf):
        return []
    if leaf.name and leaf.uri:
        return [found[leaf.name, leaf.uri]] if (leaf.name, leaf.uri) in found else []
    return [
        asset
        for asset in found.values()
        if leaf.name in {"", asset.name} and leaf.uri in {"", asset.uri} and asset.is_active
    ]
