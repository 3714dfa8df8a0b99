"""What installed packages declare by entry points, read from their metadata: nothing of theirs is imported."""

from __future__ import annotations

from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points

from windward.ports.installed import PluginPoint, ProviderPackage

PROVIDER_GROUP = "apache_airflow_provider"
"""Entry points by which provider packages make themselves known."""
PLUGIN_GROUP = "airflow.plugins"


class InstalledPackages:
    """Looks once: what is installed later counts from the next start on, as for everything that was imported."""

    @cache  # noqa: B019 - lives as long as the process
    def providers(self) -> tuple[ProviderPackage, ...]:
        """Return packages of operators and hooks, by name."""
        found = {one.package_name: one for one in map(_provider, entry_points(group=PROVIDER_GROUP))}
        return tuple(found[name] for name in sorted(found))

    @cache  # noqa: B019 - lives as long as the process
    def plugins(self) -> tuple[PluginPoint, ...]:
        """Return plugins, by name."""
        points = [
            PluginPoint(
                name=point.name,
                value=point.value,
                package_name=point.dist.name if point.dist else "",
                version=point.dist.version if point.dist else "",
            )
            for point in entry_points(group=PLUGIN_GROUP)
        ]
        return tuple(sorted(points, key=lambda one: (one.name, one.package_name)))


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
