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
    from windward.cli.kept_file import variables_of
    from windward.engine.people.variables import Variable, set_variable

    known = {key for key, _, _ in session.store.secrets.list_variables()}
    wanted, total = variables_of(args.file, known=known, on_existing=args.action_on_existing_key)
    for one in wanted:
        set_variable(session.desk, Variable(key=one.key, value=one.value, description=one.description))
    _say(f"imported {len(wanted)} of {total} variables")
    return 0


def _export(args: Namespace, session: Session) -> int:
    from windward.cli.kept_file import KeptVariable, write_variables

    variables = [KeptVariable(*one) for one in session.store.secrets.list_variables()]
    write_variables(args.file, variables)
    _say(f"exported {len(variables)} variables")
    return 0


def _say(text: str) -> None:
    from windward.cli.output import note

    note(text)
