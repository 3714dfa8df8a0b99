"""`windward pools` against a server."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from windward.cli.arguments import nearest
from windward.cli.kept_file import pools_of, write_pools
from windward.cli.output import note, show_rows
from windward.cli.remote.asking import LOOKED_AT_MAX, path, put_all
from windward.client.server import Json, Server
from windward.errors import NotFoundError, UserError


def list_all(args: Namespace, server: Server) -> int:
    """Print all pools."""
    show_rows([_row(pool) for pool in server.pages(path("pools"), "pools")], output=args.output)
    return 0


def get(args: Namespace, server: Server) -> int:
    """Print one pool."""
    show_rows([_row(_found(server, args.pool))], output=args.output)
    return 0


def put(args: Namespace, server: Server) -> int:
    """Make or change a pool."""
    body = {
        "slots": args.slots,
        "description": args.description,
        "include_deferred": args.include_deferred,
    }
    try:
        pool = server.send("PATCH", path("pools", args.pool), body)
    except NotFoundError:
        pool = server.send("POST", path("pools"), {"name": args.pool, **body})
    show_rows([_row(pool)], output=args.output)
    return 0


def delete(args: Namespace, server: Server) -> int:
    """Delete a pool."""
    pool = _found(server, args.pool)
    server.send("DELETE", path("pools", args.pool))
    show_rows([_row(pool)], output=args.output)
    return 0


def import_file(args: Namespace, server: Server) -> int:
    """Make or change the pools of a file."""
    given = pools_of(args.file)
    put_all(server, "pools", [{"name": name, **fields} for name, fields in given.items()])
    note(f"imported {len(given)} pools")
    return 0


def export_file(args: Namespace, server: Server) -> int:
    """Write all pools to a file."""
    count = write_pools(args.file, map(_row, server.pages(path("pools"), "pools", order_by="name")))
    note(f"exported {count} pools")
    return 0


def _found(server: Server, name: str) -> Json:
    try:
        return server.get(path("pools", name))
    except NotFoundError as error:
        known = [pool["name"] for pool in server.pages(path("pools"), "pools", limit=LOOKED_AT_MAX)]
        raise UserError(
            f"there is no pool `{name}`", hint=f"{nearest(name, known)}`windward pools list` shows all."
        ) from error


def _row(pool: Json) -> dict[str, Any]:
    return {
        "pool": pool["name"],
        "slots": pool["slots"],
        "description": pool["description"] or "",
        "include_deferred": pool["include_deferred"],
    }
