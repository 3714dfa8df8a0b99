"""`windward hitl` against a server, which does not tell until when an answer is waited for."""

from __future__ import annotations

from argparse import Namespace
from itertools import islice
from typing import Any

from windward.cli.columns import HITL_COLUMNS
from windward.cli.hitl import params_of
from windward.cli.output import note, show_rows
from windward.cli.remote.asking import CONFLICT, dag_of, instance_of, moment, path, run_of
from windward.client.http import in_path
from windward.client.server import Json, RefusedHereError, Server
from windward.errors import NotFoundError, UserError

COLUMNS = tuple(name for name in HITL_COLUMNS if name != "due_at")


def list_questions(args: Namespace, server: Server) -> int:
    """Print questions."""
    if args.dag_id is not None:
        dag_of(server, args.dag_id)
    place = path("dags", args.dag_id or "~", "dagRuns", "~", "hitlDetails")
    answered = None if args.all else False
    found = server.pages(place, "hitl_details", response_received=answered, order_by="created_at")
    show_rows([_row(one) for one in islice(found, args.limit)], output=args.output, columns=COLUMNS)
    return 0


def show(args: Namespace, server: Server) -> int:
    """Print one question."""
    _, asked = _found(args, server)
    row = {
        **_row(asked),
        "body": asked["body"],
        "defaults": asked["defaults"],
        "multiple": asked["multiple"],
        "params": asked["params"],
        "assigned_users": [user["name"] for user in asked["assigned_users"]],
        "asked_at": moment(asked["created_at"]),
        "answered_at": moment(asked["responded_at"]),
        "params_input": asked["params_input"],
    }
    show_rows([row], output=args.output)
    return 0


def respond(args: Namespace, server: Server) -> int:
    """Answer a question, as whose token it is."""
    if args.user:
        raise UserError("`--as` cannot be asked of a server", hint="You answer as the owner of the token.")
    body = {"chosen_options": args.options, "params_input": params_of(args.params)}
    place, _ = _found(args, server)
    try:
        server.send("PATCH", place, body)
    except RefusedHereError as error:
        if error.status != CONFLICT:
            raise
        raise UserError(error.message, hint="`windward hitl show` shows its answer.") from error
    note(f"answered `{args.task_id}`: {', '.join(args.options)}")
    return 0


def _found(args: Namespace, server: Server) -> tuple[str, Json]:
    """Return the path of a question, and the question."""
    run = run_of(server, args.dag_id, args.run)
    task = instance_of(server, run, args)
    place = path("dags", args.dag_id, "dagRuns", run["dag_run_id"], "taskInstances")
    place += f"/{in_path(args.task_id)}/{args.map_index}/hitlDetails"
    try:
        return place, server.get(place)
    except NotFoundError as error:
        raise UserError(
            f"task `{args.task_id}` of run `{run['dag_run_id']}` asks nothing: it is {task['state'] or 'none'}",
            hint="`windward hitl list` shows the questions that wait for an answer.",
        ) from error


def _row(asked: Json) -> dict[str, Any]:
    task, by = asked["task_instance"], asked["responded_by_user"]
    is_timeout = by is None and asked["responded_at"] is not None
    return {
        "dag_id": task["dag_id"],
        "run_id": task["dag_run_id"],
        "task_id": task["task_id"],
        "map_index": task["map_index"],
        "subject": asked["subject"],
        "options": asked["options"],
        "answer": asked["chosen_options"],
        "answered_by": by["name"] if by is not None else "nobody in time" if is_timeout else None,
    }
