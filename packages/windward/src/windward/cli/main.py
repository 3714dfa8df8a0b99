"""The entry point: finds the command, runs it in a session, and turns errors into words and exit codes.

Exit codes: 0 done, 1 not done (the message says why), 2 the command line cannot be understood.
"""

from __future__ import annotations

import functools
import os
import sys
from argparse import SUPPRESS, Namespace
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from itertools import takewhile
from typing import TYPE_CHECKING

from windward import __version__
from windward.cli.arguments import Parser, UsageError, refuse_leftovers
from windward.cli.catalogue import GROUPS, LOCAL, WRITES, group_named, overview
from windward.cli.remote import SERVER_VARIABLE

if TYPE_CHECKING:
    from windward.app.session import Session

INTERRUPTED = 130

MakeSession = Callable[[Mapping[str, str]], "Session"]


def main(
    argv: Sequence[str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    make_session: MakeSession | None = None,
) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    environ = os.environ if environ is None else environ
    is_verbose = "--verbose" in words or "-v" in words
    try:
        return _run(words, environ=environ, make_session=make_session)
    except UsageError as error:
        return _refuse(str(error), hint=error.hint, code=2)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`head`, a pager) has seen enough. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the process boundary: nothing is above that could say it
        if is_verbose:
            import traceback

            traceback.print_exc()
        return _explain(error)


def build_parser(*, groups: Sequence[str]) -> Parser:
    """Return the parser with the commands of `groups`; every other group is known by name only."""
    parser = Parser(
        prog="windward",
        usage="windward [--version] [--server URL] COMMAND ...",
        description="Run data pipelines written for Airflow.",
        epilog=f"{overview()}\n\n`windward COMMAND --help` explains one command.",
        add_help=False,
    )
    parser.add_argument("-h", "--help", action="help", help="show this")
    parser.add_argument(
        "--server",
        metavar="URL",
        help="ask this API server instead of the database, with the token in `WINDWARD_TOKEN`; `WINDWARD_SERVER` does the same",
    )
    parser.add_argument("--version", action="version", version=__version__, help="show the version")
    actions = parser.add_subparsers(
        dest="group", metavar="COMMAND", parser_class=Parser, prog="windward", help=SUPPRESS
    )
    for name, group in GROUPS.items():
        child: Parser = actions.add_parser(
            name, aliases=list(group.aliases), description=f"{group.help[:1].upper()}{group.help[1:]}."
        )
        if name in groups:
            import_module(f"windward.cli.{group.module}").add_commands(name, child)
    return parser


def _run(words: list[str], *, environ: Mapping[str, str], make_session: MakeSession | None) -> int:
    if "_ARGCOMPLETE" in environ:
        import argcomplete

        argcomplete.autocomplete(build_parser(groups=list(GROUPS)))
    words, server = _with_server(words)
    named = next((word for word in words if not word.startswith("-")), None)
    group = group_named(named) if named is not None else None
    parser = _parser_for(group)
    _refuse_unknown(parser, words)
    try:
        args = _parsed(parser, words, group)
    except SystemExit as stop:  # after `--help` and `--version`
        return int(stop.code or 0)
    if getattr(args, "execute", None) is None:
        parser.print_help(sys.stderr)
        return 2
    if server is None:
        server = environ.get(SERVER_VARIABLE)
    if server and group not in LOCAL:
        from windward.cli import remote

        return remote.run(_command(args), args, server=server, environ=environ)
    with (make_session or _session)(environ) as session:
        code = _executed(args, session)
    sys.stdout.flush()
    return code


@functools.cache
def _parser_for(group: str | None) -> Parser:
    """Return the parser with the commands of one group; it is kept for whoever runs many commands in a process."""
    return build_parser(groups=[group] if group else [])


def _parsed(parser: Parser, words: list[str], group: str | None) -> Namespace:
    """Return what the words mean; a `--server` behind a command that may be asked of one is told where it stands."""
    try:
        args, leftovers = parser.parse_known_args(words)
        if leftovers and getattr(args, "execute", None) is not None:
            refuse_leftovers(args.parser, leftovers)
    except UsageError as error:
        is_given = any(word.partition("=")[0] == "--server" for word in words)
        if is_given and group is not None and group not in LOCAL:
            error.hint = f"`--server` stands before the command: `windward --server URL {group} ...`."
        raise
    return args


def _refuse_unknown(parser: Parser, words: list[str]) -> None:
    """Refuse an option in front of the command that is none: what follows it is its value, and may be a secret."""
    known = {option for action in parser._actions for option in action.option_strings}  # noqa: SLF001 - no public list
    for word in takewhile(lambda word: word.startswith("-"), words):
        option = word.partition("=")[0]
        if option not in known:
            refuse_leftovers(parser, [option])


def _with_server(words: list[str]) -> tuple[list[str], str | None]:
    """Return the words without a `--server URL` that stands in front of the command, and the URL.

    An empty one is refused: a script whose variable is not set would work on the database of this machine.
    """
    if words[:1] == ["--server"] and len(words) > 1:
        rest, server = words[2:], words[1]
    elif words and words[0].startswith("--server="):
        rest, server = words[1:], words[0].partition("=")[2]
    else:
        return words, None
    if not server.strip():
        raise UsageError(
            f"`{server}` is not the address of an API server",
            prog="windward",
            hint="Give it as `http://HOST:PORT` or `https://HOST`, or leave `--server` out for the database of this machine.",
        )
    return rest, server


def _command(args: Namespace) -> str:
    return " ".join(filter(None, (group_named(args.group), getattr(args, "command", None))))


def _executed(args: Namespace, session: Session) -> int:
    command = _command(args)
    if command not in WRITES:
        code: int = args.execute(args, session)
        return code
    from windward.cli.audit import written_down

    return written_down(command, args, session)


def _session(environ: Mapping[str, str]) -> Session:
    from windward.app.session import Session

    return Session(environ)


def _explain(error: Exception) -> int:
    from windward.errors import ConflictError, NotFoundError, UnavailableError, UserError

    match error:
        case UserError():
            return _refuse(error.message, hint=error.hint)
        case ConflictError():
            changed = "Someone else changed it at the same moment. Look again, then repeat it."
            return _refuse(str(error), hint=error.hint or changed)
        case NotFoundError():
            return _refuse(str(error), hint=error.hint or "List what exists, and check the spelling.")
        case UnavailableError():
            return _refuse(
                str(error),
                hint="Nothing was written. `windward db check` tells whether the database answers.",
            )
        case _:
            return _refuse(
                f"{type(error).__name__}: {error}" if str(error) else type(error).__name__,
                hint="This is an error of Windward, not yours. Repeat with `--verbose`, and report what it prints.",
            )


def _refuse(message: str, *, hint: str, code: int = 1) -> int:
    print(f"error: {message}\n\nhint: {hint}", file=sys.stderr)
    return code
