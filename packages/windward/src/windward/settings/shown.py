"""Settings as they may be shown: in the words of a settings file, without secrets unless they are asked for."""

from __future__ import annotations

from typing import Any

from windward.settings.keys import ATTRIBUTES, Key, all_keys
from windward.settings.sections import Settings

HIDDEN = "< hidden >"


def value_of(settings: Settings, key: Key) -> Any:
    """Return what a key is set to."""
    return getattr(getattr(settings, ATTRIBUTES[key.section]), key.field)


def text_of(value: Any) -> str:
    """Return a value in the words of a settings file."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(value)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def shown_text(settings: Settings, key: Key) -> str:
    """Return what a key is set to, hidden where that is a secret."""
    value = value_of(settings, key)
    return HIDDEN if key.is_secret and value else text_of(value)


def shown_sections(settings: Settings, *, section: str | None = None) -> dict[str, dict[str, str]]:
    """Return all keys of one section, or of all, by section and name."""
    found: dict[str, dict[str, str]] = {}
    for key in all_keys().values():
        if section is None or key.section == section:
            found.setdefault(key.section, {})[key.name] = shown_text(settings, key)
    return found
