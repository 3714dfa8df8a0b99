"""Providers and plugins: what is installed, and what it offers. This process loads none of their code."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.api.contract.paging import OffsetQuery, page_of
from windward.model.access import Resource, Verb
from windward.ports.installed import Plugin, ProviderPackage

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
    """A plugin, and what it offers."""

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
    page, found = page_of(call.query), call.services.installed.plugins().loaded
    return PluginCollectionResponse(
        plugins=[_plugin(one) for one in found[page.offset : page.offset + page.limit]],
        total_entries=len(found),
    )


def import_errors(call: Call[Nothing, Nothing]) -> PluginImportErrorCollectionResponse:
    """List plugins that cannot be loaded."""
    broken = call.services.installed.plugins().broken
    errors = [PluginImportErrorResponse(source=one.source, error=one.error) for one in broken]
    return PluginImportErrorCollectionResponse(import_errors=errors, total_entries=len(errors))


def _provider(one: ProviderPackage) -> ProviderResponse:
    return ProviderResponse(
        package_name=one.package_name,
        description=_MARKUP.sub("", one.description.strip(" \n.")),
        version=one.version,
        documentation_url=one.documentation_url,
    )


def _plugin(one: Plugin) -> PluginResponse:
    return msgspec.convert(one, PluginResponse, from_attributes=True)


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/plugins",
        name="get_plugins",
        tag="Plugin",
        summary="List plugins, of installed packages and of the plugins folder, and what they offer.",
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
        summary="List plugins that cannot be loaded.",
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
