"""`windward config`: what is set, to what, and by whom."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any, NoReturn

from windward.cli.arguments import Commands, Parser, add_output

if TYPE_CHECKING:
    from windward.app.session import Session


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    listing = commands.add("list", _list, "list every setting, in the form of a settings file")
    listing.add_argument("--section", metavar="NAME", help="only this section")
    listing.add_argument(
        "--origin", "--include-sources", action="store_true", help="with where each value comes from"
    )
    listing.add_argument("--include-descriptions", action="store_true", help="with what each setting means")
    listing.add_argument("--include-env-vars", action="store_true", help="with the variable that sets it")
    listing.add_argument("--defaults", action="store_true", help="the defaults instead of the values")
    listing.add_argument("--changed", action="store_true", help="only what somebody set")
    listing.add_argument("--show-values", action="store_true", help="also of keys that are secret")
    add_output(listing, default=None)
    get = commands.add("get-value", _get, "print the value of one setting, also of a secret one")
    get.add_argument("section", metavar="SECTION")
    get.add_argument("option", metavar="KEY")


def _toml(value: Any) -> str:
    import json

    from windward.settings.shown import text_of

    match value:
        case bool() | int() | float():
            return text_of(value)
        case tuple():
            return json.dumps(list(value))
        case _:
            return json.dumps(str(value), ensure_ascii=False)


def _list(args: Namespace, session: Session) -> int:
    from windward.cli.columns import CONFIG_COLUMNS
    from windward.cli.output import note, show_rows
    from windward.settings import all_keys
    from windward.settings.shown import HIDDEN, value_of

    settings = session.settings
    rows: list[dict[str, Any]] = []
    for path, key in all_keys().items():
        origin = settings.origins[path]
        if (args.section and key.section != args.section) or (args.changed and origin == "default"):
            continue
        value = key.default if args.defaults else value_of(settings, key)
        if key.is_secret and value and not args.show_values:
            value = HIDDEN
        rows.append(
            {
                "section": key.section,
                "key": key.name,
                "value": value,
                "origin": "default" if args.defaults else origin,
                "variable": key.variable,
                "allowed": key.allowed,
                "description": _descriptions()[path] if args.include_descriptions else None,
            }
        )
    if args.section and not rows and not args.changed:
        refuse_section(args.section)
    if args.output is not None:
        show_rows(rows, output=args.output, columns=CONFIG_COLUMNS)
    else:
        print_toml(rows, args)
    for warning in settings.warnings:
        note(f"warning: {warning}")
    if args.verbose and settings.ignored:
        note(f"ignored, because they mean nothing here: {', '.join(settings.ignored)}")
    return 0


def refuse_section(section: str) -> NoReturn:
    """Raise the error for a section that is not there."""
    from windward.errors import SettingsError
    from windward.settings.keys import suggestion

    raise SettingsError(f"there is no section `[{section}]`", hint=suggestion(section, ""))


def print_toml(rows: list[dict[str, Any]], args: Namespace) -> None:
    """Print settings in the form of a settings file."""
    section = None
    for row in rows:
        if row["section"] != section:
            print(f"[{row['section']}]" if section is None else f"\n[{row['section']}]")
            section = row["section"]
        if row["description"]:
            print(f"# {row['description']}")
        if args.include_env_vars:
            print(f"# {row['variable']}")
        line = (
            f"{row['key']} = {_toml(row['value'])}"
            if row["value"] is not None
            else f"# {row['key']} is unset"
        )
        print(f"{line}  # {row['origin']}" if args.origin else line)


def _descriptions() -> dict[str, str]:
    from windward.settings.descriptions import descriptions

    return descriptions()


def _get(args: Namespace, session: Session) -> int:
    from windward.errors import SettingsError
    from windward.settings.airflow_env import place_of
    from windward.settings.keys import all_keys, suggestion
    from windward.settings.shown import text_of, value_of

    path, _ = place_of(f"{args.section}.{args.option}".lower())
    if path is None:
        raise SettingsError(
            f"there is no setting `[{args.section}] {args.option}`",
            hint=suggestion(args.section, args.option),
        )
    print(text_of(value_of(session.settings, all_keys()[path])))
    return 0
