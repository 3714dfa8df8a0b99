"""`windward variables` against a server, which masks what is secret."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from typing import Any

from windward.cli.output import note, show_rows
from windward.cli.remote.asking import path
from windward.client.server import RefusedHereError, Server
from windward.errors import NotFoundError, UserError

CONFLICT = 409


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
                hint=f"Set it by `windward variables set {args.key} VALUE`, or give `--default`.",
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
    body = {"key": args.key, "value": value, "description": args.description}
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
            f"there is no variable `{args.key}`", hint="`windward variables list` shows all."
        ) from error
    note(f"deleted variable `{args.key}`")
    return 0


def _read(value: str, *, key: str) -> Any:
    try:
        return json.loads(value)
    except ValueError as error:
        raise UserError(
            f"the value of variable `{key}` is not JSON: {error}", hint="Leave `--json` out."
        ) from error
