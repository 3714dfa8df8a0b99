"""What installed packages bring, told without loading any of their code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class ProviderPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A package of operators and hooks."""

    package_name: str
    version: str
    description: str = ""
    documentation_url: str | None = None


class PluginPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin that a package declares: `value` is where its class is."""

    name: str
    value: str
    package_name: str
    version: str


class Installed(Protocol):
    """Reads what is declared."""

    def providers(self) -> Sequence[ProviderPackage]:
        """Return packages of operators and hooks, by name."""

    def plugins(self) -> Sequence[PluginPoint]:
        """Return plugins, by name."""
