"""`windward assets` against a server."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from windward.cli.columns import ASSET_COLUMNS, RUN_COLUMNS
from windward.cli.output import show_rows
from windward.cli.remote.asking import moment, path, run_row
from windward.client.server import Json, Server
from windward.errors import UserError


def list_all(args: Namespace, server: Server) -> int:
    """Print all assets, or all aliases."""
    if args.alias:
        rows = [{"name": one["name"]} for one in server.pages(path("assets", "aliases"), "asset_aliases")]
        show_rows(rows, output=args.output)
        return 0
    columns = tuple(args.columns.split(",")) if args.columns else ASSET_COLUMNS
    show_rows([_row(one) for one in _all(server)], output=args.output, columns=columns)
    return 0


def details(args: Namespace, server: Server) -> int:
    """Print one asset."""
    if args.alias:
        aliases = server.pages(path("assets", "aliases"), "asset_aliases")
        names = [{"name": one["name"]} for one in aliases if one["name"] == args.name]
        if not names:
            raise UserError(
                f"there is no asset alias `{args.name}`", hint="`windward assets list --alias` shows all."
            )
        show_rows(names, output=args.output)
        return 0
    asset = _found(args, server)
    newest = moment((asset["last_asset_event"] or {}).get("timestamp"))
    show_rows([{**_row(asset), "last_event": newest}], output=args.output)
    return 0


def materialize(args: Namespace, server: Server) -> int:
    """Run the DAG that writes an asset."""
    asset = _found(args, server)
    run = server.send("POST", path("assets", asset["id"], "materialize"))
    show_rows([run_row(run)], output=args.output, columns=RUN_COLUMNS)
    return 0


def emit(args: Namespace, server: Server) -> int:
    """Say that an asset was written by somebody else."""
    asset = _found(args, server)
    event = server.send("POST", path("assets", "events"), {"asset_id": asset["id"], "extra": args.extra})
    row = {
        "name": asset["name"],
        "uri": asset["uri"],
        "at": event["timestamp"],
        "extra": event["extra"],
    }
    show_rows([row], output=args.output)
    return 0


def _all(server: Server) -> list[Json]:
    return list(server.pages(path("assets"), "assets"))


def _found(args: Namespace, server: Server) -> Json:
    if not args.name and not args.uri:
        raise UserError("no asset is named", hint="Give `--name` or `--uri`.")
    matching = [
        one
        for one in _all(server)
        if (not args.name or one["name"] == args.name) and (not args.uri or one["uri"] == args.uri)
    ]
    if len(matching) != 1:
        wanted = args.name or args.uri
        if not matching:
            raise UserError(
                f"there is no asset `{wanted}`", hint="`windward assets list` shows all, with their URIs."
            )
        raise UserError(
            f"several assets are `{wanted}`",
            hint="`windward assets list` shows all; give both `--name` and `--uri`.",
        )
    return matching[0]


def _row(asset: Json) -> dict[str, Any]:
    return {
        "name": asset["name"],
        "uri": asset["uri"],
        "group": asset["group"],
        "producers": [f"{one['dag_id']}.{one['task_id']}" for one in asset["producing_tasks"]],
        "consumers": [one["dag_id"] for one in asset["scheduled_dags"]],
        "readers": [f"{one['dag_id']}.{one['task_id']}" for one in asset["consuming_tasks"]],
        "watchers": [one["name"] for one in asset["watchers"]],
        "extra": asset["extra"],
    }
