"""Assets as authors name them: `Asset`, `Dataset`, aliases, and conditions made of them with `&` and `|`.

What lives here: names and what they are made of. What may not: their events (`asset_events`) and `@asset`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Iterable, Iterator
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from windward.model.ids import ASSET_NAME_LENGTH_MAX
from windward.timetable.conditions import AliasLeaf, AllOf, AnyOf, AssetLeaf, Condition, Leaf

_RESERVED_SCHEME = "airflow"


class BaseAsset:
    """What a schedule by assets may be made of."""

    def as_condition(self) -> Condition:
        """Return it as the DAG document holds it."""
        raise NotImplementedError

    def iter_assets(self) -> Iterator[Asset | AssetRef | AssetAlias]:
        """Return the assets, references and aliases that it is made of, from left to right."""
        raise NotImplementedError

    def __and__(self, other: object) -> AssetAll:
        return AssetAll(self, other) if isinstance(other, BaseAsset) else NotImplemented

    def __or__(self, other: object) -> AssetAny:
        return AssetAny(self, other) if isinstance(other, BaseAsset) else NotImplemented


class _Leaf(BaseAsset):
    def as_leaf(self) -> Leaf:
        raise NotImplementedError

    def as_condition(self) -> Leaf:
        """Return it as the DAG document holds it."""
        return self.as_leaf()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Leaf) and self.as_leaf() == other.as_leaf()

    def __hash__(self) -> int:
        return hash(self.as_leaf())


class Asset(_Leaf, os.PathLike[str]):
    """Something that tasks write and read: a table, a file, a topic. Its name and URI together tell it from others.

    One of `name` and `uri` is enough; it then stands for the other too. `extra` is plain data for people.
    """

    def __init__(
        self,
        name: str | None = None,
        uri: Any = None,
        *,
        group: str | None = None,
        extra: dict[str, Any] | None = None,
        watchers: Collection[AssetWatcher] | None = None,
        access_control: Any = None,
    ) -> None:
        if name is None and uri is None:
            raise TypeError("Asset() requires either `name` or `uri`")
        text = None if uri is None else str(uri)
        self.name = checked_name(name if name is not None else str(text), what="name of an asset")
        given = checked_name(text if text is not None else self.name, what="URI of an asset")
        # Its normal form may be longer: characters of the query are written as three.
        self.uri = checked_name(_plain_uri(given), what="URI of an asset")
        if name is None:
            self.name = self.uri
        self.group = group or "asset"
        self.extra = dict(extra or {})
        self.watchers = list(watchers or ())
        self.access_control = access_control

    @staticmethod
    def ref(*, name: str = "", uri: str = "") -> AssetRef:
        """Return a reference to an asset that is declared elsewhere, by its name or its URI."""
        return AssetRef(name=name, uri=uri)

    @property
    def normalized_uri(self) -> str:
        """The URI, which is in its normal form already."""
        return self.uri

    def as_leaf(self) -> Leaf:
        """Return it as the DAG document holds it."""
        return AssetLeaf(self.name, self.uri)

    def iter_assets(self) -> Iterator[Asset | AssetRef | AssetAlias]:
        """Return itself."""
        yield self

    def __fspath__(self) -> str:
        return self.uri

    def __repr__(self) -> str:
        return f"Asset(name={self.name!r}, uri={self.uri!r})"


class Dataset(Asset):
    """An asset as Airflow 2 has it: by its URI, which is its name too."""

    def __init__(self, uri: Any = None, extra: dict[str, Any] | None = None, **options: Any) -> None:
        super().__init__(uri=uri, extra=extra, **options)


class AssetRef(_Leaf):
    """An asset that is declared elsewhere, by its name or its URI."""

    def __init__(self, *, name: str = "", uri: str = "") -> None:
        if bool(name) == bool(uri):
            raise TypeError("Asset.ref() requires either `name` or `uri`, and not both")
        self.name = name
        self.uri = uri

    def as_leaf(self) -> Leaf:
        """Return it as the DAG document holds it."""
        return AssetLeaf(name=self.name, uri=self.uri)

    def iter_assets(self) -> Iterator[Asset | AssetRef | AssetAlias]:
        """Return itself."""
        yield self

    def __repr__(self) -> str:
        return f"Asset.ref(name={self.name!r})" if self.name else f"Asset.ref(uri={self.uri!r})"


class AssetAlias(_Leaf):
    """A name through which a task writes assets that are known only when it runs."""

    def __init__(self, name: str, *, group: str = "asset") -> None:
        self.name = checked_name(name, what="name of an asset alias")
        self.group = group

    def as_leaf(self) -> Leaf:
        """Return it as the DAG document holds it."""
        return AliasLeaf(self.name)

    def iter_assets(self) -> Iterator[Asset | AssetRef | AssetAlias]:
        """Return itself."""
        yield self

    def __repr__(self) -> str:
        return f"AssetAlias(name={self.name!r})"


class _Combined(BaseAsset):
    def __init__(self, *objects: BaseAsset) -> None:
        if not all(isinstance(one, BaseAsset) for one in objects):
            raise TypeError("expect asset expressions in condition")
        self.objects = objects

    def iter_assets(self) -> Iterator[Asset | AssetRef | AssetAlias]:
        """Return what it is made of, from left to right."""
        for one in self.objects:
            yield from one.iter_assets()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.objects == other.objects

    def __hash__(self) -> int:
        return hash((type(self), self.objects))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.objects))})"


class AssetAll(_Combined):
    """All of its parts have been written."""

    def as_condition(self) -> Condition:
        """Return it as the DAG document holds it."""
        return AllOf(tuple(one.as_condition() for one in self.objects))

    def __and__(self, other: object) -> AssetAll:
        return AssetAll(*self.objects, other) if isinstance(other, BaseAsset) else NotImplemented


class AssetAny(_Combined):
    """At least one of its parts has been written."""

    def as_condition(self) -> Condition:
        """Return it as the DAG document holds it."""
        return AnyOf(tuple(one.as_condition() for one in self.objects))

    def __or__(self, other: object) -> AssetAny:
        return AssetAny(*self.objects, other) if isinstance(other, BaseAsset) else NotImplemented


class AssetWatcher:
    """A trigger that waits outside of any task: each of its events is one of the asset that it is given to."""

    def __init__(self, name: str, trigger: Any) -> None:
        from windward.sdk.triggers.base import BaseEventTrigger  # few assets are watched

        if not isinstance(trigger, BaseEventTrigger):
            raise TypeError(
                f"AssetWatcher expects an event trigger, not `{type(trigger).__name__}`: derive it from `BaseEventTrigger`"
            )
        self.name = name
        self.trigger = trigger

    def __repr__(self) -> str:
        return f"AssetWatcher(name={self.name!r}, trigger={self.trigger!r})"


class AssetAccessControl:
    """Which teams may write and read an asset. There are no teams here: it is kept, and means nothing."""

    def __init__(
        self,
        producer_teams: Collection[str] = (),
        consumer_teams: Collection[str] | None = None,
        allow_global: bool = True,  # noqa: FBT001, FBT002 - Airflow's order
    ) -> None:
        self.producer_teams = list(producer_teams)
        self.consumer_teams = consumer_teams
        self.allow_global = allow_global


def is_collection_of_assets(value: object) -> bool:
    """Whether a schedule is a list (or the like) of assets, which means all of them."""
    return isinstance(value, list | tuple | set | frozenset) and all(
        isinstance(one, BaseAsset) for one in value
    )


def asset_of_all(value: Iterable[BaseAsset]) -> AssetAll:
    """Return the condition that all assets of a collection have been written."""
    return AssetAll(*value)


def expand_alias_to_datasets(alias: AssetAlias | str, session: Any = None) -> list[Asset]:
    """Return the assets that were written through an alias lately; asks the execution service (Airflow 2)."""
    from windward.sdk.asset_events import events_of  # only running tasks may ask

    del session
    name = alias if isinstance(alias, str) else alias.name
    return list(dict.fromkeys(event.asset for event in events_of(AssetAlias(name))))


def checked_name(value: Any, *, what: str) -> str:
    """Return a name or URI; raise `TypeError` or `ValueError` when it cannot be one."""
    if not isinstance(value, str):
        raise TypeError(f"the {what} must be text, not `{type(value).__name__}`")
    if not value or value.isspace():
        raise ValueError(f"the {what} cannot be empty")
    if len(value) > ASSET_NAME_LENGTH_MAX:
        raise ValueError(f"the {what} has {len(value)} characters, {ASSET_NAME_LENGTH_MAX} are allowed")
    if not value.isascii():
        raise ValueError(f"the {what} `{value}` must consist of ASCII characters only")
    return value


def _plain_uri(uri: str) -> str:
    """Return a URI in its normal form: lower-case scheme, no password, no fragment, query in order of its keys."""
    parts = urlsplit(uri)
    if not parts.scheme or ("://" not in uri and not parts.netloc):
        return uri
    if parts.scheme == _RESERVED_SCHEME:
        raise ValueError("the scheme `airflow` of an asset's URI is reserved")
    if parts.scheme.startswith("x-"):
        return uri
    netloc = parts.netloc
    if "@" in netloc:
        warnings.warn(
            "An asset's URI should hold no user name or password; it was left out", UserWarning, stacklevel=4
        )
        netloc = netloc.rpartition("@")[2]
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True))) if parts.query else ""
    plain = SplitResult(parts.scheme.lower(), netloc, parts.path.rstrip("/") or parts.path, query, "")
    return urlunsplit(plain)
