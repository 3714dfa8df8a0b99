"""Commands against an API server instead of a database: one module for each group, and what can be asked so.

What lives here: requests and the rows made of answers. What may not: the store, settings, decisions.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from importlib import import_module

REMOTE: dict[str, str] = {
    "dags list": "dags.list_dags",
    "dags details": "dags.details",
    "dags trigger": "dags.trigger",
    "dags pause": "dags.pause",
    "dags unpause": "dags.unpause",
    "dags list-runs": "dags.list_runs",
    "dags state": "dags.state",
    "dags delete": "dags.delete",
    "dags list-import-errors": "dags.list_import_errors",
    "dags explain": "explain.explain_dags",
    "tasks list": "tasks.list_tasks",
    "tasks states-for-dag-run": "tasks.states",
    "tasks state": "tasks.state",
    "tasks clear": "tasks.clear",
    "tasks logs": "tasks.logs",
    "tasks explain": "explain.explain_tasks",
    "recovery list": "recovery.list_runs",
    "recovery stop": "recovery.stop",
    "recovery start": "recovery.start",
    "backfill create": "backfill.create",
    "backfill list": "backfill.list_backfills",
    "backfill pause": "backfill.pause",
    "backfill unpause": "backfill.unpause",
    "backfill cancel": "backfill.cancel",
    "hitl list": "hitl.list_questions",
    "hitl show": "hitl.show",
    "hitl respond": "hitl.respond",
    "pools list": "pools.list_all",
    "pools get": "pools.get",
    "pools set": "pools.put",
    "pools delete": "pools.delete",
    "variables list": "variables.list_all",
    "variables get": "variables.get",
    "variables set": "variables.put",
    "variables delete": "variables.delete",
    "connections list": "connections.list_all",
    "connections get": "connections.get",
    "connections add": "connections.add",
    "connections delete": "connections.delete",
    "connections test": "connections.test",
    "connections create-default-connections": "connections.create_default",
    "assets list": "assets.list_all",
    "assets details": "assets.details",
    "assets materialize": "assets.materialize",
    "assets emit": "assets.emit",
    "providers list": "about.providers",
    "jobs check": "about.jobs",
    "version": "about.version",
}
"""Command to what carries it out there."""

SERVER_VARIABLE = "WINDWARD_SERVER"
TOKEN_VARIABLE = "WINDWARD_TOKEN"


def run(command: str, args: Namespace, *, server: str, environ: Mapping[str, str]) -> int:
    """Carry a command out at a server; return the exit code.

    Raises:
        UserError: when it cannot be asked of a server, or there is no token.
    """
    from windward.client.server import SIGN_IN, Server
    from windward.errors import UnavailableError, UserError

    place = REMOTE.get(command)
    if place is None:
        raise UserError(
            f"`windward {command}` cannot be asked of a server",
            hint=f"Run it where the database is, without `--server` and with `{SERVER_VARIABLE}` unset.",
        )
    token = environ.get(TOKEN_VARIABLE, "")
    if not token and command != "version":
        raise UserError(f"there is no token for {server}", hint=SIGN_IN)
    module, _, function = place.partition(".")
    carry_out = getattr(import_module(f"windward.cli.remote.{module}"), function)
    asked = Server(server, token)
    try:
        code: int = carry_out(args, asked)
    except UnavailableError as error:
        raise UserError(
            str(error), hint=f"Look whether {server} is the right address and the API server runs there."
        ) from error
    finally:
        asked.close()
    return code
