"""`windward version`, `jobs` and `providers list` against a server."""

from __future__ import annotations

from argparse import Namespace

from windward.cli.columns import COMPONENT_COLUMNS, HOST_COLUMNS
from windward.cli.jobs import steered
from windward.cli.output import note, show_rows
from windward.cli.remote.asking import OWN, moment, path
from windward.client.http import in_path
from windward.client.server import Server
from windward.errors import NotFoundError, UserError

KINDS = {
    "SchedulerJob": "scheduler",
    "dag-processor": "processor",
    "DagProcessorJob": "processor",
    "TriggererJob": "triggerer",
}
"""Airflow's names of components to ours."""


def version(_args: Namespace, server: Server) -> int:
    """Print the server's version."""
    print(server.get(path("version"))["version"])
    return 0


def jobs(args: Namespace, server: Server) -> int:
    """Check that components are alive."""
    if args.local:
        raise UserError("`--local` cannot be asked of a server", hint="Give `--hostname`.")
    kind = KINDS.get(args.job_type, args.job_type)
    alive = [
        one
        for one in server.get(f"{OWN}/components")["components"]
        if one["status"] == "healthy"
        and (kind is None or one["kind"] == kind)
        and (args.hostname is None or one["hostname"] == args.hostname)
    ]
    if not alive:
        raise UserError(
            f"no {kind or 'component'} has given a sign of life of late",
            hint="Its log, on its machine, says what stops it.",
        )
    shown = [
        {name: one[name] for name in COMPONENT_COLUMNS}
        | {name: moment(one[name]) for name in ("started_at", "latest_heartbeat")}
        for one in alive[: args.limit or None]
    ]
    show_rows(shown, output=args.output, columns=COMPONENT_COLUMNS)
    if kind is not None and len(alive) > 1 and not args.allow_multiple:
        note(f"{len(alive)} of kind `{kind}` are alive; `--allow-multiple` says that this is right")
        return 1
    return 0


def hosts(args: Namespace, server: Server) -> int:
    """Print worker hosts and triggerers."""
    found = [{name: one[name] for name in HOST_COLUMNS} for one in server.get(f"{OWN}/components")["hosts"]]
    show_rows(found, output=args.output, columns=HOST_COLUMNS)
    return 0


def drain(args: Namespace, server: Server) -> int:
    """Have a worker host given nothing new."""
    return _steer(args, server, is_draining=True)


def undrain(args: Namespace, server: Server) -> int:
    """Let a drained worker host work again."""
    return _steer(args, server, is_draining=False)


def _steer(args: Namespace, server: Server, *, is_draining: bool) -> int:
    try:
        server.send("PATCH", f"{OWN}/hosts/{in_path(args.host_id)}", {"is_draining": is_draining})
    except NotFoundError as error:
        raise UserError(str(error), hint="`windward jobs hosts` shows all.") from error
    note(steered(args.host_id, is_draining=is_draining))
    return 0


def providers(args: Namespace, server: Server) -> int:
    """Print installed provider packages."""
    columns = ("package_name", "description", "version")
    show_rows(list(server.pages(path("providers"), "providers")), output=args.output, columns=columns)
    return 0
