"""What installed packages declare by entry points, read from their metadata; plugins are loaded elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import TYPE_CHECKING

from windward.app.connection_types import PROVIDER_GROUP, connection_types
from windward.ports.installed import ConnectionType, Plugins, ProviderPackage

if TYPE_CHECKING:
    from windward.app.plugin_survey import PluginSurvey


class InstalledPackages:
    """Knows providers by their metadata, and plugins by a survey."""

    def __init__(self, survey: PluginSurvey) -> None:
        self._survey = survey

    def providers(self) -> tuple[ProviderPackage, ...]:
        """Return packages of operators and hooks, by name."""
        return installed_providers()

    def connection_types(self) -> tuple[ConnectionType, ...]:
        """Return types of connections and their fields, by name."""
        return connection_types()

    def plugins(self) -> Plugins:
        """Return plugins."""
        return self._survey.plugins()


@cache
def installed_providers() -> tuple[ProviderPackage, ...]:
    """Return packages of operators and hooks, by name.

    Looks once: what is installed later counts from the next start on, as for everything that was imported.
    """
    found = {one.package_name: one for one in map(_provider, entry_points(group=PROVIDER_GROUP))}
    return tuple(found[name] for name in sorted(found))


def _provider(point: EntryPoint) -> ProviderPackage:
    distribution = point.dist
    if distribution is None:
        return ProviderPackage(package_name=point.value, version="")
    return ProviderPackage(
        package_name=distribution.name,
        version=distribution.version,
        description=_first(distribution, "Summary"),
        documentation_url=_documentation(distribution),
    )


def _first(distribution: Distribution, field: str) -> str:
    return next(iter(distribution.metadata.get_all(field) or ()), "")


def _documentation(distribution: Distribution) -> str | None:
    """Return where a package says that its documentation is."""
    for line in distribution.metadata.get_all("Project-URL") or ():
        label, _, url = line.partition(",")
        if label.strip().lower() == "documentation":
            return url.strip() or None
    return None
