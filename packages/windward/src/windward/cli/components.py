"""The commands that start components: standalone, scheduler, processor, api-server, worker, triggerer.

What lives here: flags, and the table of what is started. What may not: the components.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from windward.cli.arguments import Commands, Parser, at_least, finish

if TYPE_CHECKING:
    from windward.app.session import Session

MODULES: dict[str, str] = {
    "standalone": "windward.app.standalone",
    "scheduler": "windward.app.scheduler",
    "processor": "windward.app.processor",
    "api-server": "windward.app.api_server",
    "worker": "windward.app.worker_host",
    "triggerer": "windward.app.triggerer",
}
"""Component to the module whose `main(session)` runs it until it is stopped, and returns the exit code."""


def component(module: str, function: str, *, what: str) -> Callable[..., Any]:
    """Return a function of a module that may not be part of this release; raise `UserError` then."""
    try:
        found: Callable[..., Any] = getattr(import_module(module), function)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        from windward.errors import UserError

        raise UserError(
            f"`windward {what}` comes with a later release", hint="`windward --help` lists what there is."
        ) from error
    return found


def add_commands(name: str, parser: Parser) -> None:
    """Declare one component's command."""

    def run(args: Namespace, session: Session) -> int:
        session.override(_flags(args))
        if getattr(args, "server", None):
            remote: int = component("windward.app.remote_worker", "main", what=name)(
                session, server=args.server
            )
            return remote
        code: int = component(MODULES[name], "main", what=name)(session)
        return code

    if name == "worker":
        host = Commands(parser).add("host", run, "run attempts on this machine")
        host.add_argument("-c", "--concurrency", type=at_least(1), metavar="N", help="attempts at once")
        host.add_argument(
            "--server",
            metavar="URL",
            help="work for the API server at this address, with the token in `WINDWARD_TOKEN`, and need nothing else",
        )
        host.add_argument("-q", "--queues", metavar="NAMES", help="queues to take attempts from, by commas")
        return
    finish(parser, run)
    if name == "triggerer":
        parser.add_argument("--capacity", type=at_least(1), metavar="N", help="triggers at once")
        parser.add_argument(
            "-q",
            "--queues",
            dest="trigger_queues",
            metavar="NAMES",
            help="queues of tasks to serve, by commas",
        )
    if name in {"api-server", "standalone"}:
        parser.add_argument("-H", "--host", metavar="ADDRESS", help="address that the API server binds to")
        parser.add_argument("-p", "--port", type=at_least(0), metavar="PORT", help="port that it binds to")


_FLAGS = {
    "host": "WINDWARD__API__HOST",
    "port": "WINDWARD__API__PORT",
    "concurrency": "WINDWARD__WORKERS__CONCURRENCY",
    "queues": "WINDWARD__WORKERS__QUEUES",
    "trigger_queues": "WINDWARD__TRIGGERER__QUEUES",
    "capacity": "WINDWARD__TRIGGERER__CAPACITY",
}


def _flags(args: Namespace) -> dict[str, str]:
    given = {variable: getattr(args, flag, None) for flag, variable in _FLAGS.items()}
    return {variable: str(value) for variable, value in given.items() if value is not None}
