"""What installed packages and the plugins folder bring, told without loading any of their code in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec


class ProviderPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A package of operators and hooks."""

    package_name: str
    version: str
    description: str = ""
    documentation_url: str | None = None


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

    def plugins(self) -> Plugins:
        """Return plugins."""
