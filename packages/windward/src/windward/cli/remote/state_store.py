"""`windward state-store` against a server."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from windward.cli.columns import ASSET_STATE_COLUMNS, TASK_STATE_COLUMNS
from windward.cli.output import note, show_rows
from windward.cli.remote.asking import instance_of, instances_of, moment, path, run_of
from windward.cli.state_store import counted_values
from windward.client.http import in_path
from windward.client.server import Json, Server
from windward.errors import UserError
from windward.sdk.masking import redact

ORDER = ("task_id", "map_index")
INSTANCES_MAX = 1000
"""Instances of a run that are looked through: each is one request."""


def list_values(args: Namespace, server: Server) -> int:
    """Print what the tasks of a run keep."""
    run = run_of(server, args.dag_id, args.run)
    instances = server.pages(
        instances_of(run), "task_instances", limit=INSTANCES_MAX + 1, order_by=ORDER, task_id=args.task_id
    )
    named = [(one["task_id"], one["map_index"]) for one in instances]
    if len(named) > INSTANCES_MAX:
        raise UserError(
            f"a server is asked for each task instance by itself, and there are more than {INSTANCES_MAX}",
            hint="Name the task by `--task-id`, or run the command where the database is.",
        )
    rows = [
        {
            "task_id": task_id,
            "map_index": map_index,
            "key": one["key"],
            "value": _text(one),
            "set_at": moment(one["updated_at"]),
        }
        for task_id, map_index in named
        for one in _kept(server, run, task_id, map_index)
    ]
    show_rows(rows, output=args.output, columns=TASK_STATE_COLUMNS)
    return 0


def delete(args: Namespace, server: Server) -> int:
    """Delete values of a task instance."""
    run = run_of(server, args.dag_id, args.run)
    instance_of(server, run, args)
    keys = [one["key"] for one in _kept(server, run, args.task_id, args.map_index)]
    count = len(keys) if args.key is None else keys.count(args.key)
    if count:
        place = _place(run, args.task_id) + ("" if args.key is None else f"/{in_path(args.key)}")
        server.send("DELETE", place, map_index=args.map_index)
    note(f"deleted {counted_values(count)} of task `{args.task_id}`")
    return 0


def _place(run: Json, task_id: str) -> str:
    return f"{instances_of(run)}/{in_path(task_id)}/state-store"


def _kept(server: Server, run: Json, task_id: str, map_index: int) -> Iterator[Json]:
    return server.pages(_place(run, task_id), "task_state_store", map_index=map_index)


def list_asset_values(args: Namespace, server: Server) -> int:
    """Print what is kept of assets."""
    rows = [
        {
            "asset": asset["name"],
            "key": one["key"],
            "value": _text(one),
            "set_by": _writer(one["last_updated_by"]),
            "set_at": moment(one["updated_at"]),
        }
        for asset in _assets(server, args.asset)
        for one in _kept_of_asset(server, asset)
    ]
    show_rows(rows, output=args.output, columns=ASSET_STATE_COLUMNS)
    return 0


def delete_asset(args: Namespace, server: Server) -> int:
    """Delete values of an asset."""
    count = 0
    for asset in _assets(server, args.asset):
        keys = [one["key"] for one in _kept_of_asset(server, asset)]
        count = len(keys) if args.key is None else keys.count(args.key)
        if count:
            key = () if args.key is None else (args.key,)
            server.send("DELETE", path("assets", asset["id"], "state-store", *key))
    note(f"deleted {counted_values(count)} of asset `{args.asset}`")
    return 0


def _assets(server: Server, name: str | None) -> list[Json]:
    """Return assets by name, one of each: what is kept belongs to the name."""
    found = server.pages(path("assets"), "assets", only_active=False, order_by="name")
    named = {one["name"]: one for one in found if name in {None, one["name"]}}
    return [named[one] for one in sorted(named)]


def _kept_of_asset(server: Server, asset: Json) -> Iterator[Json]:
    return server.pages(path("assets", asset["id"], "state-store"), "asset_state_store")


def _text(one: Json) -> Any:
    """Return a value as it is stored."""
    return redact(json.dumps(one["value"]), one["key"])


def _writer(by: Json) -> str:
    """Return how people name who wrote a value. A server does not tell which person it was."""
    return f"{by['dag_id']}.{by['task_id']}" if by["task_id"] else str(by["kind"])
