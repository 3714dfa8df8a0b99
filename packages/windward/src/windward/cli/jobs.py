"""`windward jobs`: whether components give signs of life, and which hosts there are and take work."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from windward.cli.arguments import Commands, Parser, at_least

if TYPE_CHECKING:
    from windward.app.session import Session

KINDS = {
    "scheduler": "scheduler",
    "SchedulerJob": "scheduler",
    "processor": "processor",
    "dag-processor": "processor",
    "DagProcessorJob": "processor",
    "triggerer": "triggerer",
    "TriggererJob": "triggerer",
    "api-server": "api-server",
}
"""Names of components, ours and Airflow's."""


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    check = commands.add(
        "check",
        _check,
        "check that components are alive",
        about="The exit code is 1 when none is.",
        output=True,
    )
    check.add_argument("--job-type", choices=tuple(KINDS), metavar="KIND", help="only this component")
    check.add_argument("--hostname", metavar="NAME", help="only on this machine")
    check.add_argument("--local", action="store_true", help="only on the machine where this runs")
    check.add_argument("--allow-multiple", action="store_true", help="several of one kind are right")
    check.add_argument(
        "--limit", type=at_least(0), default=0, metavar="N", help="show at most so many; 0 is all"
    )
    _add_hosts(commands)


def _add_hosts(commands: Commands) -> None:
    commands.add("hosts", _hosts, "list worker hosts and triggerers", output=True)
    for name, run, text in (
        ("drain", _drain, "give a worker host nothing new; what runs there goes on"),
        ("undrain", _undrain, "let a drained worker host work again"),
    ):
        commands.add(name, run, text).add_argument("host_id", metavar="HOST", help="id of the host")


def _hosts(args: Namespace, session: Session) -> int:
    from windward.cli.columns import HOST_COLUMNS
    from windward.cli.output import show_rows

    now = session.clock.now()
    rows = [
        {
            "host_id": host.host_id,
            "hostname": host.hostname,
            "kind": host.kind,
            "queues": list(host.queues),
            "capacity": host.capacity,
            "status": "healthy" if host.lease_until > now else "unhealthy",
            "is_draining": host.is_draining,
        }
        for host in session.store.hosts.load_hosts()
    ]
    show_rows(rows, output=args.output, columns=HOST_COLUMNS)
    return 0


def _drain(args: Namespace, session: Session) -> int:
    return _steer(args, session, is_draining=True)


def _undrain(args: Namespace, session: Session) -> int:
    return _steer(args, session, is_draining=False)


def _steer(args: Namespace, session: Session, *, is_draining: bool) -> int:
    from windward.cli.output import note
    from windward.engine.people.hosts import drain_host
    from windward.errors import NotFoundError, UserError

    try:
        drain_host(session.desk, args.host_id, is_draining=is_draining)
    except NotFoundError as error:
        raise UserError(str(error), hint="`windward jobs hosts` shows all.") from error
    note(steered(args.host_id, is_draining=is_draining))
    return 0


def steered(host_id: str, *, is_draining: bool) -> str:
    """Return what is said of a host that was drained, or is no more."""
    return f"host `{host_id}` {'is given nothing new' if is_draining else 'works again'}"


def _check(args: Namespace, session: Session) -> int:
    from datetime import timedelta

    from windward.app.process import component_name
    from windward.cli.columns import COMPONENT_COLUMNS
    from windward.cli.output import note, show_rows
    from windward.errors import UserError

    silence = timedelta(seconds=session.settings.scheduler.host_lease_s)
    hostname = component_name() if args.local else args.hostname
    kind = KINDS.get(args.job_type)
    now = session.clock.now()
    alive = [
        component
        for component in session.store.hosts.load_components()
        if now - component["last_beat_at"] <= silence
        and (kind is None or component["kind"] == kind)
        and (hostname is None or component["hostname"] == hostname)
    ]
    if not alive:
        raise UserError(
            f"no {kind or 'component'} gave a sign of life in the last {silence.total_seconds():g} s",
            hint="Start one, for instance by `windward standalone`; its log says what stops it.",
        )
    rows = [
        component
        | {
            "status": "healthy",
            "latest_heartbeat": component["last_beat_at"],
            "silent_s": max(0.0, (now - component["last_beat_at"]).total_seconds()),
        }
        for component in alive[: args.limit or None]
    ]
    shown = [{name: row[name] for name in COMPONENT_COLUMNS} for row in rows]
    show_rows(shown, output=args.output, columns=COMPONENT_COLUMNS)
    kinds = [component["kind"] for component in alive]
    if kind is not None and len(kinds) > 1 and not args.allow_multiple:
        note(f"{len(kinds)} of kind `{kind}` are alive; `--allow-multiple` says that this is right")
        return 1
    return 0
