"""What installed packages and the plugins folder bring, told without loading any of their code in this process."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Protocol

import msgspec


class ProviderPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A package of operators and hooks."""

    package_name: str
    version: str
    description: str = ""
    documentation_url: str | None = None


class FieldKind(StrEnum):
    """What a field of a connection holds. `lines` is text of several lines."""

    TEXT = "text"
    LINES = "lines"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    JSON = "json"


class ConnectionField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a connection; without a label it has its usual one."""

    name: str
    label: str = ""
    placeholder: str = ""
    hint: str = ""
    kind: FieldKind = FieldKind.TEXT
    is_secret: bool = False
    choices: tuple[str, ...] = ()


class ConnectionType(msgspec.Struct, frozen=True, kw_only=True):
    """A type of connections: what its hooks read of the fields that every connection has, and of the extra."""

    connection_type: str
    name: str
    package_name: str = ""
    """The package that brings its hook; empty where that is known without it."""
    fields: tuple[ConnectionField, ...] = ()
    extras: tuple[ConnectionField, ...] = ()


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin, and what it offers: names of code by where it is, and what views and applications say of themselves."""

    name: str
    source: str
    """The package with its version and the entry point, or the file in the plugins folder."""
    macros: tuple[str, ...] = ()
    flask_blueprints: tuple[str, ...] = ()
    fastapi_apps: tuple[dict[str, Any], ...] = ()
    fastapi_root_middlewares: tuple[dict[str, Any], ...] = ()
    external_views: tuple[dict[str, Any], ...] = ()
    react_apps: tuple[dict[str, Any], ...] = ()
    appbuilder_views: tuple[dict[str, Any], ...] = ()
    appbuilder_menu_items: tuple[dict[str, Any], ...] = ()
    global_operator_extra_links: tuple[str, ...] = ()
    operator_extra_links: tuple[str, ...] = ()
    listeners: tuple[str, ...] = ()
    timetables: tuple[str, ...] = ()


class PluginError(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin that cannot be loaded."""

    source: str
    error: str


class Plugins(msgspec.Struct, frozen=True, kw_only=True):
    """All plugins that can be loaded, by name, and those that cannot."""

    loaded: tuple[Plugin, ...] = ()
    broken: tuple[PluginError, ...] = ()


class Installed(Protocol):
    """Reads what is declared."""

    def providers(self) -> Sequence[ProviderPackage]:
        """Return packages of operators and hooks, by name."""

    def connection_types(self) -> Sequence[ConnectionType]:
        """Return types of connections and their fields, by name."""

    def plugins(self) -> Plugins:
        """Return plugins."""
