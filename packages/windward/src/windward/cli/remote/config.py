"""`windward config` against a server that shows its settings."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from windward.cli.columns import CONFIG_COLUMNS
from windward.cli.config import print_toml, refuse_section
from windward.cli.output import show_rows
from windward.cli.remote.asking import path
from windward.client.server import Json, RefusedHereError, Server
from windward.errors import NotFoundError, SettingsError, UserError
from windward.settings.descriptions import descriptions
from windward.settings.keys import Key, all_keys, suggestion
from windward.settings.shown import HIDDEN

FORBIDDEN = 403
COLUMNS = tuple(name for name in CONFIG_COLUMNS if name != "origin")


def list_all(args: Namespace, server: Server) -> int:
    """Print every setting, in the form of a settings file."""
    for name in ("origin", "defaults", "changed", "show_values"):
        if getattr(args, name):
            raise UserError(
                f"`--{name.replace('_', '-')}` cannot be asked of a server, which tells what is set and no more",
                hint="Leave it out, or run the command where the server runs.",
            )
    try:
        sections = _asked(server, path("config"), section=args.section)
    except NotFoundError:
        refuse_section(args.section)
    rows = [
        _row(section["name"], option, has_description=args.include_descriptions)
        for section in sections
        for option in section["options"]
    ]
    if args.output is not None:
        show_rows(rows, output=args.output, columns=COLUMNS)
    else:
        print_toml(rows, args)
    return 0


def get(args: Namespace, server: Server) -> int:
    """Print the value of one setting."""
    try:
        [section] = _asked(server, path("config", "section", args.section, "option", args.option))
    except NotFoundError as error:
        raise SettingsError(
            f"there is no setting `[{args.section}] {args.option}`",
            hint=suggestion(args.section, args.option),
        ) from error
    value = section["options"][0]["value"]
    if value == HIDDEN:
        raise UserError(
            f"a server does not show `[{args.section}] {args.option}`, which is secret",
            hint="Run the command where the server runs.",
        )
    print(value)
    return 0


def _asked(server: Server, place: str, **query: object) -> list[Json]:
    try:
        sections: list[Json] = server.get(place, **query)["sections"]
    except RefusedHereError as error:
        if error.status == FORBIDDEN and "expose_config" in error.message:
            raise UserError(
                error.message,
                hint="Set it to `true` where the server runs, and start it again; secrets stay hidden.",
            ) from error
        raise
    return sections


def _row(section: str, option: Json, *, has_description: bool) -> dict[str, Any]:
    """Return a setting, with what this version knows of it."""
    place = f"{section}.{option['key']}"
    key = all_keys().get(place)
    return {
        "section": section,
        "key": option["key"],
        "value": option["value"] if key is None else _value(key, option["value"]),
        "variable": f"WINDWARD__{section}__{option['key']}".upper(),
        "allowed": None if key is None else key.allowed,
        "description": descriptions().get(place) if has_description else None,
    }


def _value(key: Key, text: str) -> Any:
    """Return a value as it is kept, of its words in a settings file."""
    if text == HIDDEN:
        return text
    if not text and key.is_optional:
        return None
    if key.kind is bool:
        return text == "true"
    if key.kind in {int, float}:
        return key.kind(text)
    if isinstance(key.default, tuple):
        return tuple(text.split(",")) if text else ()
    return text
