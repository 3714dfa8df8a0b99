"""`windward variables` against a server, which masks what is secret."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from typing import Any

from windward.cli.arguments import nearest
from windward.cli.kept_file import KeptVariable, variables_of, write_variables
from windward.cli.output import note, show_rows
from windward.cli.remote.asking import CONFLICT, LOOKED_AT_MAX, path, put_all
from windward.client.server import RefusedHereError, Server
from windward.core.masking import MASK
from windward.engine.people.variables import checked_key
from windward.errors import NotFoundError, UserError


def list_all(args: Namespace, server: Server) -> int:
    """Print the keys of all variables."""
    rows: list[dict[str, Any]] = []
    for one in server.pages(path("variables"), "variables", order_by="key"):
        shown = {"value": one["value"]} if args.show_values else {}
        rows.append({"key": one["key"], **shown, "description": one["description"]})
    columns = ("key", "value", "description") if args.show_values else ("key", "description")
    show_rows(rows, output=args.output, columns=columns)
    return 0


def get(args: Namespace, server: Server) -> int:
    """Print the value of a variable."""
    try:
        value = server.get(path("variables", args.key))["value"]
    except NotFoundError as error:
        if args.default is None:
            raise UserError(
                f"there is no variable `{args.key}`",
                hint=f"{_nearest(server, args.key)}Set it by `windward variables set {args.key} VALUE`, "
                "or give `--default`.",
            ) from error
        value = args.default
    else:
        if args.json:
            value = json.dumps(_read(value, key=args.key), indent=2, ensure_ascii=False)
    print(value)
    return 0


def put(args: Namespace, server: Server) -> int:
    """Set a variable."""
    value = sys.stdin.read() if args.value == "-" else args.value
    if args.json:
        _read(value, key=args.key)
    body = {"key": checked_key(args.key), "value": value, "description": args.description}
    try:
        server.send("POST", path("variables"), body)
    except RefusedHereError as error:
        if error.status != CONFLICT:
            raise
        server.send("PATCH", path("variables", args.key), body)
    note(f"set variable `{args.key}`")
    return 0


def delete(args: Namespace, server: Server) -> int:
    """Delete a variable."""
    try:
        server.send("DELETE", path("variables", args.key))
    except NotFoundError as error:
        raise UserError(
            f"there is no variable `{args.key}`",
            hint=f"{_nearest(server, args.key)}`windward variables list` shows all.",
        ) from error
    note(f"deleted variable `{args.key}`")
    return 0


def import_file(args: Namespace, server: Server) -> int:
    """Import variables. One whose value is masked keeps the value that it has."""
    known = {one["key"] for one in server.pages(path("variables"), "variables")}
    wanted, total = variables_of(args.file, known=known, on_existing=args.action_on_existing_key)
    put_all(server, "variables", [one._asdict() | {"key": checked_key(one.key)} for one in wanted])
    note(f"imported {len(wanted)} of {total} variables")
    return 0


def export_file(args: Namespace, server: Server) -> int:
    """Write all variables to a file, as far as the server shows their values."""
    found = server.pages(path("variables"), "variables", order_by="key")
    variables = [KeptVariable(one["key"], one["value"], one["description"]) for one in found]
    write_variables(args.file, variables)
    note(f"exported {len(variables)} variables")
    if masked := sum(MASK in one.value for one in variables):
        note(f"{masked} of them hold `{MASK}` where the server hides a secret")
    return 0


def _nearest(server: Server, key: str) -> str:
    found = server.pages(path("variables"), "variables", limit=LOOKED_AT_MAX)
    return nearest(key, [one["key"] for one in found])


def _read(value: str, *, key: str) -> Any:
    try:
        return json.loads(value)
    except ValueError as error:
        raise UserError(
            f"the value of variable `{key}` is not JSON: {error}", hint="Leave `--json` out."
        ) from error
