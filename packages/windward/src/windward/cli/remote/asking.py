"""What remote commands share: paths, moments, and finding what a command names, with the same errors as `cli.lookup`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from windward.cli.arguments import as_moment, nearest
from windward.client.http import in_path
from windward.client.server import Json, Server
from windward.errors import NotFoundError, UserError

API = "/api/v2"
OWN = "/api/windward/v1"
FORBIDDEN, CONFLICT = 403, 409
BATCH_MAX = 200
BATCH_BYTES_MAX = 500_000
"""Things that are written by one request."""
LOOKED_AT_MAX = 1000
"""Names among which the nearest to a mistyped one is looked for."""


def path(*parts: str | int) -> str:
    """Return a path below `/api/v2`."""
    return "/".join((API, *(in_path(str(part)) for part in parts)))


def moment(text: str | None) -> datetime | None:
    """Return the time that an answer says."""
    return None if text is None else datetime.fromisoformat(text)


def iso(given: datetime | None) -> str | None:
    """Return a time for a request; without a zone it is the server's."""
    return None if given is None else given.isoformat()


def dag_of(server: Server, dag_id: str) -> Json:
    """Return a DAG.

    Raises:
        UserError: when there is none.
    """
    try:
        return server.get(path("dags", dag_id))
    except NotFoundError as error:
        known = [dag["dag_id"] for dag in server.pages(path("dags"), "dags", limit=LOOKED_AT_MAX)]
        raise UserError(
            f"there is no DAG `{dag_id}`",
            hint=f"{nearest(dag_id, known)}`windward dags list` shows all; "
            "`windward dags list-import-errors` shows files that could not be read.",
        ) from error


def run_of(server: Server, dag_id: str, run: str) -> Json:
    """Return a run by its id or its logical date.

    Raises:
        UserError: when there is none.
    """
    dag_of(server, dag_id)
    runs = path("dags", dag_id, "dagRuns")
    try:
        return server.get(path("dags", dag_id, "dagRuns", run))
    except NotFoundError:
        at = as_moment(run)
        if at is not None:
            same = {"logical_date_gte": at.isoformat(), "logical_date_lte": at.isoformat()}
            for found in server.pages(runs, "dag_runs", limit=1, **same):
                return found
    newest = server.pages(runs, "dag_runs", limit=LOOKED_AT_MAX, order_by="-run_after")
    raise UserError(
        f"DAG `{dag_id}` has no run `{run}`",
        hint=f"{nearest(run, [one['dag_run_id'] for one in newest])}Name a run by its id or its logical date; "
        f"`windward dags list-runs {dag_id}` shows all.",
    )


def instances_of(run: Json) -> str:
    """Return the path of the task instances of a run."""
    return path("dags", run["dag_id"], "dagRuns", run["dag_run_id"], "taskInstances")


def instance_of(server: Server, run: Json, args: Namespace) -> Json:
    """Return the instance that a command names.

    Raises:
        UserError: when there is none.
    """
    place, run_id = f"{instances_of(run)}/{in_path(args.task_id)}", run["dag_run_id"]
    try:
        return server.get(place if args.map_index < 0 else f"{place}/{args.map_index}")
    except NotFoundError as error:
        indexes = indexes_of(server, run, args.task_id)
        if indexes:
            raise UserError(
                f"task `{args.task_id}` has no instance with map index {args.map_index} in run `{run_id}`",
                hint=f"Give `--map-index` from {indexes[0]} to {indexes[-1]}."
                if indexes[0] >= 0
                else "The task is not mapped (yet): leave `--map-index` out.",
            ) from error
        tasks = server.pages(instances_of(run), "task_instances", limit=LOOKED_AT_MAX)
        raise UserError(
            f"run `{run_id}` of DAG `{run['dag_id']}` has no task `{args.task_id}`",
            hint=f"{nearest(args.task_id, {one['task_id'] for one in tasks})}"
            f"`windward tasks list {run['dag_id']}` shows all.",
        ) from error


def indexes_of(server: Server, run: Json, task_id: str) -> list[int]:
    """Return the map indexes of a task's instances in a run, in their order."""
    found = server.pages(instances_of(run), "task_instances", task_id=task_id)
    return sorted(one["map_index"] for one in found)


def instance_row(one: Json, **more: Any) -> dict[str, Any]:
    """Return an instance as previews show it: by its run, with its state in our words."""
    return {
        "run_id": one["dag_run_id"],
        "logical_date": moment(one["logical_date"]),
        "task_id": one["task_id"],
        "map_index": one["map_index"],
        "state": one["state"] or "none",
        **more,
    }


def newest_runs_first(instances: list[Json]) -> list[Json]:
    """Return instances with those of newer runs first; those of one run stay as they are."""
    return sorted(instances, key=lambda one: str(one["run_after"]), reverse=True)


def put_all(server: Server, kind: str, entities: list[Json]) -> None:
    """Make or replace things of a kind, many in one request.

    Raises:
        UserError: when the server refuses one; those before it were written, and it says how many.
    """
    done = 0
    for batch in _batches(entities):
        action = {"action": "create", "entities": batch, "action_on_existence": "overwrite"}
        outcome = server.send("PATCH", path(kind), {"actions": [action]})["create"]
        done += len(outcome["success"])
        for error in outcome["errors"]:
            raise UserError(
                str(error["error"]),
                hint=f"{done} of {len(entities)} {kind} were written. Correct the file and import it again.",
            )


def _batches(entities: list[Json]) -> Iterator[list[Json]]:
    """Yield them in parts that a server takes at once."""
    batch: list[Json] = []
    size = 0
    for entity in entities:
        length = len(msgspec.json.encode(entity))
        if batch and (len(batch) == BATCH_MAX or size + length > BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(entity)
        size += length
    if batch:
        yield batch


def run_row(run: Json) -> dict[str, Any]:
    """Return a run as programs see it."""
    dates = (
        "logical_date",
        "data_interval_start",
        "data_interval_end",
        "queued_at",
        "start_date",
        "end_date",
    )
    return {
        "dag_id": run["dag_id"],
        "run_id": run["dag_run_id"],
        "run_type": run["run_type"],
        "state": run["state"],
        **{name: moment(run[name]) for name in dates},
        "note": run["note"],
    }
