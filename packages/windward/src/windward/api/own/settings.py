"""The settings with where each came from; switched on and off as `/api/v2/config` is, and never with secrets."""

from __future__ import annotations

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.api.public.config import demand_exposed
from windward.model.access import Resource, Verb
from windward.settings.descriptions import descriptions
from windward.settings.keys import all_keys
from windward.settings.shown import shown_text, text_of


class SettingResponse(msgspec.Struct, kw_only=True):
    """A setting. `origin` is `default`, or the file or the variable that it came from; the value of a secret is hidden."""

    section: str
    key: str
    value: str
    default: str
    origin: str
    is_hidden: bool
    description: str


class SettingCollectionResponse(msgspec.Struct, kw_only=True):
    """All settings, by section."""

    settings: list[SettingResponse]
    total_entries: int


def get_settings(call: Call[Nothing, Nothing]) -> SettingCollectionResponse:
    """List the settings."""
    demand_exposed(call)
    settings, told = call.services.settings, descriptions()
    found = [
        SettingResponse(
            section=key.section,
            key=key.name,
            value=shown_text(settings, key),
            default="" if key.is_secret else text_of(key.default),
            origin=settings.origins.get(path, "default"),
            is_hidden=key.is_secret,
            description=told.get(path, ""),
        )
        for path, key in all_keys().items()
    ]
    return SettingCollectionResponse(settings=found, total_entries=len(found))


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/windward/v1/settings",
        name="get_settings",
        tag="Config",
        summary="List the settings and where each came from, without secrets.",
        access=Needs(verb=Verb.READ, resource=Resource.CONFIG),
        reply=SettingCollectionResponse,
        handler=get_settings,
    ),
)
