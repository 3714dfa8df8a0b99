"""Providers and plugins: what installed packages declare. The server loads none of them."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.api.contract.paging import OffsetQuery, page_of
from windward.model.access import Resource, Verb
from windward.ports.installed import PluginPoint, ProviderPackage

_MARKUP = re.compile(r"[`_<>]")


class ProviderResponse(msgspec.Struct, kw_only=True):
    """A package of operators and hooks."""

    package_name: str
    description: str
    version: str
    documentation_url: str | None


class ProviderCollectionResponse(msgspec.Struct, kw_only=True):
    """Providers."""

    providers: list[ProviderResponse]
    total_entries: int


class PluginResponse(msgspec.Struct, kw_only=True):
    """A plugin, by its declaration: what it brings is known only where it is loaded, which is beside user code."""

    name: str
    source: str
    macros: list[str] = []
    flask_blueprints: list[str] = []
    fastapi_apps: list[dict[str, Any]] = []
    fastapi_root_middlewares: list[dict[str, Any]] = []
    external_views: list[dict[str, Any]] = []
    react_apps: list[dict[str, Any]] = []
    appbuilder_views: list[dict[str, Any]] = []
    appbuilder_menu_items: list[dict[str, Any]] = []
    global_operator_extra_links: list[str] = []
    operator_extra_links: list[str] = []
    listeners: list[str] = []
    timetables: list[str] = []


class PluginCollectionResponse(msgspec.Struct, kw_only=True):
    """Plugins."""

    plugins: list[PluginResponse]
    total_entries: int


class PluginImportErrorResponse(msgspec.Struct, kw_only=True):
    """A plugin that cannot be loaded."""

    source: str
    error: str


class PluginImportErrorCollectionResponse(msgspec.Struct, kw_only=True):
    """Plugins that cannot be loaded."""

    import_errors: list[PluginImportErrorResponse]
    total_entries: int


def get_providers(call: Call[OffsetQuery, Nothing]) -> ProviderCollectionResponse:
    """List providers."""
    page, found = page_of(call.query), call.services.installed.providers()
    return ProviderCollectionResponse(
        providers=[_provider(one) for one in found[page.offset : page.offset + page.limit]],
        total_entries=len(found),
    )


def get_plugins(call: Call[OffsetQuery, Nothing]) -> PluginCollectionResponse:
    """List plugins."""
    page, found = page_of(call.query), call.services.installed.plugins()
    return PluginCollectionResponse(
        plugins=[_plugin(one) for one in found[page.offset : page.offset + page.limit]],
        total_entries=len(found),
    )


def import_errors(_call: Call[Nothing, Nothing]) -> PluginImportErrorCollectionResponse:
    """List plugins that this server could not load: none, because it loads none."""
    return PluginImportErrorCollectionResponse(import_errors=[], total_entries=0)


def _provider(one: ProviderPackage) -> ProviderResponse:
    return ProviderResponse(
        package_name=one.package_name,
        description=_MARKUP.sub("", one.description.strip(" \n.")),
        version=one.version,
        documentation_url=one.documentation_url,
    )


def _plugin(one: PluginPoint) -> PluginResponse:
    return PluginResponse(name=one.name, source=f"{one.package_name}=={one.version}: {one.value}")


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/plugins",
        name="get_plugins",
        tag="Plugin",
        summary="List the plugins that installed packages declare.",
        access=Needs(verb=Verb.READ, resource=Resource.PLUGIN),
        query=OffsetQuery,
        reply=PluginCollectionResponse,
        handler=get_plugins,
    ),
    operation(
        "GET",
        "/api/v2/plugins/importErrors",
        name="import_errors",
        tag="Plugin",
        summary="List plugins that the server could not load; it loads none.",
        access=Needs(verb=Verb.READ, resource=Resource.PLUGIN),
        reply=PluginImportErrorCollectionResponse,
        handler=import_errors,
    ),
    operation(
        "GET",
        "/api/v2/providers",
        name="get_providers",
        tag="Provider",
        summary="List installed provider packages.",
        access=Needs(verb=Verb.READ, resource=Resource.PROVIDER),
        query=OffsetQuery,
        reply=ProviderCollectionResponse,
        handler=get_providers,
    ),
)
