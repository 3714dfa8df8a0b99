"""The assets of a DAG as parts of its document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from windward.document import AliasDocument, AssetDocument, WatcherDocument
from windward.sdk.assets import Asset, AssetAlias, AssetRef, BaseAsset
from windward.sdk.preview import preview
from windward.sdk.unset import is_arg_set
from windward.timetable.conditions import Leaf

if TYPE_CHECKING:
    from windward.sdk.dag import DAG

Named = Asset | AssetRef | AssetAlias


def leaves_of(values: Iterable[Any]) -> tuple[Leaf, ...]:
    """Return the assets among a task's inlets or outlets, each once; anything else there means nothing to us."""
    named = (one for value in values if isinstance(value, BaseAsset) for one in value.iter_assets())
    return tuple(dict.fromkeys(one.as_leaf() for one in named))


def assets_of(dag: DAG) -> tuple[tuple[AssetDocument, ...], tuple[AliasDocument, ...]]:
    """Return the assets and aliases that a DAG's schedule and tasks name, sorted."""
    assets: dict[tuple[str, str], AssetDocument] = {}
    aliases: dict[str, AliasDocument] = {}
    for one in _named_in(dag):
        if isinstance(one, Asset):
            document = _asset_document(one)
            before = assets.get((one.name, one.uri))
            if before is None or document.extra or document.watchers:
                assets[one.name, one.uri] = document
        elif isinstance(one, AssetAlias):
            aliases[one.name] = AliasDocument(name=one.name, group=one.group)
    return (
        tuple(assets[key] for key in sorted(assets)),
        tuple(aliases[name] for name in sorted(aliases)),
    )


def conflicts_of(assets: Iterable[AssetDocument]) -> tuple[str, ...]:
    """Return warnings of assets that share a name or a URI but are not the same."""
    found: list[str] = []
    by_name: dict[str, AssetDocument] = {}
    by_uri: dict[str, AssetDocument] = {}
    for asset in assets:
        if (other := by_name.setdefault(asset.name, asset)) is not asset:
            found.append(
                f"two assets are named `{asset.name}`, with URIs `{other.uri}` and `{asset.uri}`: "
                "they are different assets; give one of them another name"
            )
        if (other := by_uri.setdefault(asset.uri, asset)) is not asset:
            found.append(
                f"two assets have the URI `{asset.uri}`, named `{other.name}` and `{asset.name}`: "
                "they are different assets; use one name"
            )
    return tuple(found)


def _named_in(dag: DAG) -> Iterator[Named]:
    schedule: Any = dag.schedule if is_arg_set(dag.schedule) else None
    schedule = getattr(schedule, "assets", schedule)
    for value in schedule if isinstance(schedule, list | tuple | set | frozenset) else [schedule]:
        if isinstance(value, BaseAsset):
            yield from value.iter_assets()
    for task in dag.tasks:
        for value in (*(task.inlets or ()), *(task.outlets or ())):
            if isinstance(value, BaseAsset):
                yield from value.iter_assets()


def _asset_document(asset: Asset) -> AssetDocument:
    extra = preview(asset.extra) if asset.extra else {}
    return AssetDocument(
        name=asset.name,
        uri=asset.uri,
        group=asset.group,
        extra=extra,
        watchers=tuple(_watcher_document(watcher) for watcher in asset.watchers),
    )


def _watcher_document(watcher: Any) -> WatcherDocument:
    trigger_class, arguments = watcher.trigger.serialize()
    return WatcherDocument(
        name=watcher.name, trigger_class=trigger_class, trigger_kwargs=json.dumps(arguments, default=str)
    )
