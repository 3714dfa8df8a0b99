"""`windward backfill`: declared, so that scripts get a clear answer; it comes with a later release."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from windward.cli.arguments import Commands, Parser, json_object, moment

if TYPE_CHECKING:
    from windward.app.session import Session


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    create = Commands(parser).add("create", _create, "run a DAG for a range of dates")
    create.add_argument("--dag-id", required=True, metavar="DAG", help="which DAG")
    create.add_argument("--from-date", type=moment, required=True, metavar="TIME", help="first date")
    create.add_argument("--to-date", type=moment, required=True, metavar="TIME", help="last date")
    create.add_argument("--dag-run-conf", type=json_object, metavar="JSON", help="conf of every run")


def _create(args: Namespace, session: Session) -> int:
    from windward.errors import UserError

    del args, session
    raise UserError(
        "`windward backfill create` comes with a later release",
        hint="Set `catchup=True` and a `start_date` in the DAG: every interval since then gets its run.",
    )
