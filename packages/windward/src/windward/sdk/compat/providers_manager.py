"""What installed provider packages say of themselves, the way they ask for it (`airflow.providers_manager`)."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, NamedTuple

_DEFAULT_DIALECT = "airflow.providers.common.sql.dialects.dialect.Dialect"


class ProviderInfo(NamedTuple):
    """A provider: its version and what it declares."""

    version: str
    data: dict[str, Any]


class DialectInfo(NamedTuple):
    """A dialect of SQL and the class that knows it."""

    name: str
    dialect_class_name: str
    provider_name: str


class ProvidersManager:
    """The providers of this environment, read from their entry points when they are asked for."""

    @cached_property
    def providers(self) -> dict[str, ProviderInfo]:
        """Package name to what the package declares."""
        found: dict[str, ProviderInfo] = {}
        for entry_point in entry_points(group="apache_airflow_provider"):
            data = entry_point.load()()
            version = entry_point.dist.version if entry_point.dist is not None else ""
            found[data["package-name"]] = ProviderInfo(version, data)
        return dict(sorted(found.items()))

    @cached_property
    def dialects(self) -> dict[str, DialectInfo]:
        """Dialect to its class; `default` for all that have none."""
        found = {"default": DialectInfo("default", _DEFAULT_DIALECT, "apache-airflow-providers-common-sql")}
        for package, info in self.providers.items():
            for item in info.data.get("dialects", ()):
                name = item["dialect-type"]
                found[name] = DialectInfo(name, item["dialect-class-name"], package)
        return found

    @cached_property
    def asset_factories(self) -> dict[str, Any]:
        """Scheme to the function that makes an asset of it; one whose package lacks a library is left out."""
        found: dict[str, Any] = {}
        for info in self.providers.values():
            for item in (*info.data.get("dataset-uris", ()), *info.data.get("asset-uris", ())):
                module, _, name = str(item.get("factory") or "").rpartition(".")
                if not module:
                    continue
                try:
                    factory = getattr(import_module(module), name)
                except (ImportError, AttributeError):
                    continue
                found.update(dict.fromkeys(item.get("schemes", ()), factory))
        return found

    @cached_property
    def hooks(self) -> dict[str, str]:
        """Connection type to the import path of its hook."""
        return {
            item["connection-type"]: item["hook-class-name"]
            for info in self.providers.values()
            for item in info.data.get("connection-types", ())
        }
