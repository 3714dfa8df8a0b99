"""Assets in a serialized DAG: what a DAG says of those that its schedule and tasks name."""

from __future__ import annotations

from typing import Any

import msgspec


class WatcherDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A trigger that waits for ever, and each of whose events is one of the asset."""

    name: str
    trigger_class: str
    trigger_kwargs: str = ""
    """JSON text of the arguments, as the trigger serialises them."""


class AssetDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An asset as a DAG declares it: its name and URI together tell it from others."""

    name: str
    uri: str
    group: str = "asset"
    extra: dict[str, Any] = {}
    watchers: tuple[WatcherDocument, ...] = ()


class AliasDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A name that tasks write assets through; which ones is known when they have done so."""

    name: str
    group: str = "asset"
