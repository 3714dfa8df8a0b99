"""What remote commands share: paths, moments, and a run by its id or date."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from windward.cli.arguments import as_moment
from windward.client.http import in_path
from windward.client.server import Json, Server
from windward.errors import NotFoundError, UserError

API = "/api/v2"
OWN = "/api/windward/v1"


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
        raise UserError(f"there is no DAG `{dag_id}`", hint="`windward dags list` shows all.") from error


def run_of(server: Server, dag_id: str, run: str) -> Json:
    """Return a run by its id or its logical date.

    Raises:
        UserError: when there is none.
    """
    dag_of(server, dag_id)
    try:
        return server.get(path("dags", dag_id, "dagRuns", run))
    except NotFoundError:
        at = as_moment(run)
        if at is not None:
            same = {"logical_date_gte": at.isoformat(), "logical_date_lte": at.isoformat()}
            for found in server.pages(path("dags", dag_id, "dagRuns"), "dag_runs", limit=1, **same):
                return found
    raise UserError(
        f"DAG `{dag_id}` has no run `{run}`", hint=f"`windward dags list-runs {dag_id}` shows all."
    )


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
