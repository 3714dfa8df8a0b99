"""`windward variables`: list, get, set, delete, import, export."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from windward.cli.arguments import Commands, Parser

if TYPE_CHECKING:
    from windward.app.session import Session


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    listing = commands.add("list", _list, "list the keys of all variables", output=True)
    listing.add_argument("--show-values", action="store_true", help="with their values")
    get = commands.add("get", _get, "print the value of a variable")
    get.add_argument("key", metavar="KEY")
    get.add_argument("-j", "--json", action="store_true", help="read the value as JSON and print it indented")
    get.add_argument("-d", "--default", metavar="VALUE", help="printed when there is no such variable")
    setting = commands.add("set", _set, "set a variable")
    setting.add_argument("key", metavar="KEY")
    setting.add_argument("value", metavar="VALUE", help="`-` reads it from standard input")
    setting.add_argument("-j", "--json", action="store_true", help="VALUE must be JSON")
    setting.add_argument("--description", metavar="TEXT", help="what it is for")
    delete = commands.add("delete", _delete, "delete a variable")
    delete.add_argument("key", metavar="KEY")
    importing = commands.add(
        "import",
        _import,
        "import variables from a file",
        about="JSON, YAML or .env, told by the ending of the name.",
    )
    importing.add_argument("file", metavar="FILE", help="`-` is standard input")
    importing.add_argument(
        "-a", "--action-on-existing-key", choices=("overwrite", "fail", "skip"), default="overwrite", metavar="ACTION",
        help="overwrite (as if left out), fail or skip",
    )  # fmt: skip
    export = commands.add("export", _export, "write all variables, with their values, to a file")
    export.add_argument("file", metavar="FILE", help="`-` is standard output")


def _list(args: Namespace, session: Session) -> int:
    from windward.cli.output import show_rows

    rows: list[dict[str, Any]] = []
    for key, value, description in session.store.secrets.list_variables():
        shown = {"value": value} if args.show_values else {}
        rows.append({"key": key, **shown, "description": description})
    columns = ("key", "value", "description") if args.show_values else ("key", "description")
    show_rows(rows, output=args.output, columns=columns)
    return 0


def _get(args: Namespace, session: Session) -> int:
    from windward.app.lookups import find_variable
    from windward.cli.arguments import nearest
    from windward.errors import UserError

    value = find_variable(session, args.key)
    if value is None:
        value = args.default
        if value is None:
            known = [key for key, _, _ in session.store.secrets.list_variables()]
            raise UserError(
                f"there is no variable `{args.key}`",
                hint=f"{nearest(args.key, known)}Set it by `windward variables set {args.key} VALUE`, "
                "or give `--default`.",
            )
    elif args.json:
        value = json.dumps(_json(value, key=args.key), indent=2, ensure_ascii=False)
    print(value)
    return 0


def _json(value: str, *, key: str) -> Any:
    from windward.errors import UserError

    try:
        return json.loads(value)
    except ValueError as error:
        raise UserError(
            f"the value of variable `{key}` is not JSON: {error}", hint="Leave `--json` out."
        ) from error


def _set(args: Namespace, session: Session) -> int:
    import sys

    from windward.engine.people.variables import Variable, set_variable

    value = sys.stdin.read() if args.value == "-" else args.value
    if args.json:
        _json(value, key=args.key)
    set_variable(session.desk, Variable(key=args.key, value=value, description=args.description))
    _say(f"set variable `{args.key}`")
    return 0


def _delete(args: Namespace, session: Session) -> int:
    from windward.cli.arguments import nearest
    from windward.engine.people.variables import delete_variable
    from windward.errors import NotFoundError, UserError

    try:
        delete_variable(session.desk, args.key)
    except NotFoundError as error:
        known = [key for key, _, _ in session.store.secrets.list_variables()]
        raise UserError(
            f"there is no variable `{args.key}`",
            hint=f"{nearest(args.key, known)}`windward variables list` shows all.",
        ) from error
    _say(f"deleted variable `{args.key}`")
    return 0


def _import(args: Namespace, session: Session) -> int:
    from windward.cli.files import read_mapping
    from windward.engine.people.variables import Variable, set_variable
    from windward.errors import UserError

    values = read_mapping(args.file)
    known = {key for key, _, _ in session.store.secrets.list_variables()}
    existing = sorted(known & set(values))
    if existing and args.action_on_existing_key == "fail":
        raise UserError(
            f"variable `{existing[0]}` exists already; nothing was imported",
            hint="Give `--action-on-existing-key overwrite` or `skip`.",
        )
    count = 0
    for key, given in values.items():
        if key in known and args.action_on_existing_key == "skip":
            continue
        value, description = _described(given)
        set_variable(session.desk, Variable(key=key, value=value, description=description))
        count += 1
    _say(f"imported {count} of {len(values)} variables")
    return 0


def _described(given: Any) -> tuple[str, str | None]:
    """Return value and description of an entry, which may be `{"value": …, "description": …}`."""
    description = None
    if isinstance(given, dict) and "value" in given and set(given) <= {"value", "description"}:
        given, description = given["value"], given.get("description")
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False), description


def _export(args: Namespace, session: Session) -> int:
    from windward.cli.files import dumped, format_of, write_text

    values: dict[str, Any] = {}
    variables = session.store.secrets.list_variables()
    form = format_of(args.file)
    for key, value, description in variables:
        values[key] = {"value": value, "description": description} if description else value
    if form == "env":
        write_text(args.file, "".join(f"{key}={value}\n" for key, value, _ in variables))
    else:
        write_text(args.file, dumped(values, form=form))
    _say(f"exported {len(variables)} variables")
    return 0


def _say(text: str) -> None:
    from windward.cli.output import note

    note(text)
