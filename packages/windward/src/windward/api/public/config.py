"""The settings; off unless `[api] expose_config` says otherwise, and never with secrets."""

from __future__ import annotations

from typing import Any

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Reply, operation
from windward.api.contract.problem import NotAcceptable, SwitchedOff
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.settings.airflow_env import place_of
from windward.settings.keys import all_keys
from windward.settings.shown import shown_sections, shown_text

TAG = "Config"
JSON, TEXT = "application/json", "text/plain"
_JSON_RANGES = frozenset({"", "*/*", "application/*", JSON})
_TEXT_RANGES = frozenset({"text/*", TEXT})


class ConfigOption(msgspec.Struct, kw_only=True):
    """A setting and its value as text."""

    key: str
    value: str


class ConfigSection(msgspec.Struct, kw_only=True):
    """A section of the settings."""

    name: str
    options: list[ConfigOption]


class Config(msgspec.Struct, kw_only=True):
    """Settings."""

    sections: list[ConfigSection]


class ConfigQuery(msgspec.Struct, kw_only=True):
    """Which section; all, when none is named."""

    section: str | None = None


def get_config(call: Call[ConfigQuery, Nothing]) -> Reply:
    """Show the settings."""
    is_text = _wants_text(call)
    demand_exposed(call)
    section = call.query.section.lower() if call.query.section else None
    found = shown_sections(call.services.settings, section=section)
    if not found:
        raise NotFoundError(f"Section {call.query.section} not found.")
    return _reply(found, is_text=is_text)


def get_config_value(call: Call[Nothing, Nothing]) -> Reply:
    """Show one setting, by its name or by Airflow's."""
    is_text = _wants_text(call)
    demand_exposed(call)
    section, option = call.text("section"), call.text("option")
    path, _ = place_of(f"{section}.{option}".lower())
    if path is None:
        raise NotFoundError(f"Option [{section}/{option}] not found.")
    return _reply({section: {option: shown_text(call.services.settings, all_keys()[path])}}, is_text=is_text)


def demand_exposed(call: Call[Any, Any]) -> None:
    """Refuse to show settings where that is switched off.

    Raises:
        SwitchedOff: unless `[api] expose_config` says otherwise.
    """
    if call.services.settings.api.expose_config == "false":
        raise SwitchedOff(
            "the settings cannot be read here: `[api] expose_config` is off",
            hint="Set it to `true` where the server runs, and start the server anew.",
        )


def _wants_text(call: Call[Any, Any]) -> bool:
    """Whether the caller wants text rather than JSON.

    Raises:
        NotAcceptable: when it takes neither.
    """
    wanted = [one.partition(";")[0].strip().lower() for one in call.headers.get("accept", "").split(",")]
    for one in wanted:
        if one in _JSON_RANGES:
            return False
        if one in _TEXT_RANGES:
            return True
    raise NotAcceptable(f"the settings are `{JSON}` or `{TEXT}`")


def _reply(sections: dict[str, dict[str, str]], *, is_text: bool) -> Reply:
    if is_text:
        lines = [
            "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in options.items()), ""])
            for name, options in sections.items()
        ]
        return Reply(body="\n".join(lines).encode(), media_type=TEXT)
    return Reply(
        body=Config(
            sections=[
                ConfigSection(
                    name=name, options=[ConfigOption(key=key, value=value) for key, value in options.items()]
                )
                for name, options in sections.items()
            ]
        )
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/config",
        name="get_config",
        tag=TAG,
        summary="Show the settings, without secrets.",
        access=Needs(verb=Verb.READ, resource=Resource.CONFIG),
        query=ConfigQuery,
        reply=Config,
        handler=get_config,
        media_types=[JSON, TEXT],
        errors=[404, 406],
    ),
    operation(
        "GET",
        "/api/v2/config/section/{section}/option/{option}",
        name="get_config_value",
        tag=TAG,
        summary="Show one setting; a secret one is hidden.",
        access=Needs(verb=Verb.READ, resource=Resource.CONFIG),
        reply=Config,
        handler=get_config_value,
        media_types=[JSON, TEXT],
        errors=[406],
    ),
)
