"""`windward jobs check`: whether components give signs of life; for health checks of containers."""

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
    check = Commands(parser).add(
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


def _check(args: Namespace, session: Session) -> int:
    from datetime import timedelta

    from windward.app.process import component_name
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
    show_rows(alive[: args.limit or None], output=args.output)
    kinds = [component["kind"] for component in alive]
    if kind is not None and len(kinds) > 1 and not args.allow_multiple:
        note(f"{len(kinds)} of kind `{kind}` are alive; `--allow-multiple` says that this is right")
        return 1
    return 0
