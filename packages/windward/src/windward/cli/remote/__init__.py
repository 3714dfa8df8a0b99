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
    "dags next-execution": "dags.next_execution",
    "dags clear": "tasks_clear.clear",
    "dags mark": "tasks_mark.mark_run",
    "dags note": "annotations.note_run",
    "dags reserialize": "dags.reserialize",
    "tasks list": "tasks.list_tasks",
    "tasks states-for-dag-run": "tasks.states",
    "tasks state": "tasks.state",
    "tasks clear": "tasks_clear.clear",
    "tasks logs": "tasks.logs",
    "tasks mark": "tasks_mark.mark",
    "tasks note": "annotations.note_task",
    "tasks render": "tasks.render",
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
    "state-store list": "state_store.list_values",
    "state-store delete": "state_store.delete",
    "state-store list-assets": "state_store.list_asset_values",
    "state-store delete-asset": "state_store.delete_asset",
    "pools list": "pools.list_all",
    "pools get": "pools.get",
    "pools set": "pools.put",
    "pools delete": "pools.delete",
    "pools import": "pools.import_file",
    "pools export": "pools.export_file",
    "variables list": "variables.list_all",
    "variables get": "variables.get",
    "variables set": "variables.put",
    "variables delete": "variables.delete",
    "variables import": "variables.import_file",
    "variables export": "variables.export_file",
    "connections list": "connections.list_all",
    "connections get": "connections.get",
    "connections add": "connections.add",
    "connections delete": "connections.delete",
    "connections import": "connections.import_file",
    "connections test": "connections.test",
    "connections create-default-connections": "connections.create_default",
    "users list": "users.list_users",
    "users create": "users.create",
    "users delete": "users.delete",
    "users add-role": "users.add_role",
    "users remove-role": "users.remove_role",
    "users reset-password": "users.reset_password",
    "users grant": "users.grant",
    "users revoke": "users.revoke",
    "users disable": "users.disable",
    "users enable": "users.enable",
    "users end-sessions": "users.end_sessions",
    "users import": "users.import_file",
    "users export": "users.export_file",
    "roles list": "roles.list_roles",
    "roles create": "roles.create",
    "roles delete": "roles.delete",
    "roles add-perms": "roles.add_perms",
    "roles del-perms": "roles.del_perms",
    "roles import": "roles.import_file",
    "roles export": "roles.export_file",
    "tokens list": "tokens.list_tokens",
    "tokens create": "tokens.create",
    "tokens delete": "tokens.delete",
    "config list": "config.list_all",
    "config get-value": "config.get",
    "assets list": "assets.list_all",
    "assets details": "assets.details",
    "assets materialize": "assets.materialize",
    "assets emit": "assets.emit",
    "providers list": "about.providers",
    "jobs check": "about.jobs",
    "jobs hosts": "about.hosts",
    "jobs drain": "about.drain",
    "jobs undrain": "about.undrain",
    "version": "about.version",
}
"""Command to what carries it out there."""

_HERE = "it is about the database or the files of the machine where it runs"
REFUSED: dict[str, str] = {
    "dags show": "the API tells tasks by name, without their order and their set-ups",
    "dags report": "the API tells how long DAGs were parsed, and nothing of files without one",
    "dags list-sla-misses": "the API has no SLAs",
    "dags backfill": "the API has only backfills that wait until nothing else does: see `windward backfill create`",
    "dags test": "it runs a file of this machine",
    "tasks test": "it runs a file of this machine",
    "backfill show": "the API tells the state of a backfill, and not of its dates",
    "deadlines list": "the API has no deadlines",
    "state-store clean": "the scheduler deletes what has expired",
    "connections export": "the API shows no passwords, and a file without them would break what imports it",
    "users login-link": "who holds a link is that user, so only the machine of the database makes them",
    **dict.fromkeys(("db migrate", "db check", "db check-migrations", "db reset", "db clean"), _HERE),
    **dict.fromkeys(
        ("db export-archived", "db drop-archived", "db shell", "rotate-fernet-key", "info"), _HERE
    ),
}
"""Command to why it cannot be carried out there."""

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
            f"`windward {command}` cannot be asked of a server: {REFUSED[command]}",
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
