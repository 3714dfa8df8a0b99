"""How commands are declared: a parser whose errors look like all others, and the arguments that many commands share.

What lives here: argparse and the reading of single arguments. What may not: commands.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from windward.app.session import Session

OUTPUTS = ("table", "json", "yaml", "plain")

Run = Callable[[argparse.Namespace, "Session"], int]
"""A command: writes data to stdout, everything else to stderr, and returns the exit code."""


class UsageError(Exception):
    """The command line cannot be understood; `prog` is the command whose help explains it."""

    def __init__(self, message: str, *, prog: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint or f"`{prog} --help` shows what it takes."


class Parser(argparse.ArgumentParser):
    """A parser that raises `UsageError`, suggests a command for an unknown word, and takes no abbreviations."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**kwargs)

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        raise UsageError(message.replace("'", "`"), prog=self.prog)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            near = get_close_matches(str(value), known, n=1)
            suggestion = f"Did you mean `{near[0]}`? " if near else ""
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the public way has no hook for this
                raise UsageError(
                    f"there is no command `{self.prog} {value}`",
                    prog=self.prog,
                    hint=f"{suggestion}`{self.prog} --help` lists the commands.",
                )
            name = "/".join(action.option_strings) or action.dest
            listed = ", ".join(f"`{choice}`" for choice in known)
            raise UsageError(
                f"{name} cannot be `{value}`", prog=self.prog, hint=f"{suggestion}It is one of {listed}."
            )


class Commands:
    """The commands of one group, in the order in which they are added."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._actions = parser.add_subparsers(
            title="commands", metavar="COMMAND", dest="command", required=True, parser_class=Parser
        )

    def add(self, name: str, run: Run, help: str, *, about: str = "", output: bool = False) -> Parser:  # noqa: A002 - argparse's word
        """Declare a command; `about` is what its help says below the first line."""
        text = f"{help[:1].upper()}{help[1:]}."
        parser: Parser = self._actions.add_parser(
            name, help=help, description=f"{text}\n\n{about}" if about else text
        )
        return finish(parser, run, output=output)


def refuse_leftovers(parser: argparse.ArgumentParser, leftovers: Sequence[str]) -> NoReturn:
    """Raise `UsageError` for words that a command does not know."""
    known = [option for action in parser._actions for option in action.option_strings]  # noqa: SLF001 - no public list
    word = leftovers[0].partition("=")[0]
    raise UsageError(
        f"`{parser.prog}` does not know `{leftovers[0]}`",
        prog=parser.prog,
        hint=f"{nearest(word, known)}`{parser.prog} --help` shows what it takes.",
    )


def finish(parser: Parser, run: Run, *, output: bool = False) -> Parser:
    """Give a parser its command and the arguments that every command has."""
    parser.set_defaults(execute=run, parser=parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="show tracebacks of errors")
    if output:
        add_output(parser)
    return parser


def add_output(parser: argparse.ArgumentParser, *, default: str | None = "table") -> None:
    """Add `-o`."""
    parser.add_argument(
        "-o",
        "--output",
        choices=OUTPUTS,
        default=default,
        metavar="FORMAT",
        help="table, json, yaml or plain",
    )


def add_yes(parser: argparse.ArgumentParser) -> None:
    """Add `-y`."""
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def add_dates(parser: argparse.ArgumentParser, *, what: str) -> None:
    """Add `-s` and `-e`, both inclusive."""
    parser.add_argument("-s", "--start-date", type=moment, metavar="TIME", help=f"{what} not before it")
    parser.add_argument("-e", "--end-date", type=moment, metavar="TIME", help=f"{what} not after it")


def moment(text: str) -> datetime:
    """Read a time in ISO 8601; naive when the text has no zone."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"`{text}` is no time in ISO 8601, such as `2026-01-31T06:00:00+00:00` or `2026-01-31`"
        ) from None


def as_moment(text: str) -> datetime | None:
    """Return the time that `text` says, or None when it says none."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def json_object(text: str) -> dict[str, Any]:
    """Read a JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"`{text}` is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f'`{text}` is not a JSON object such as `{{"key": "value"}}`')
    return value


def pattern(text: str) -> re.Pattern[str]:
    """Read a regular expression."""
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"`{text}` is no regular expression: {error}") from None


def at_least(least: int) -> Callable[[str], int]:
    """Return a reader of whole numbers of at least `least`."""

    def whole_number(text: str) -> int:
        if not text.lstrip("-").isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"`{text}` is no whole number of at least {least}")
        return int(text)

    return whole_number


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `Did you mean …? ` for the nearest of `known`, or nothing."""
    near = get_close_matches(word, list(known), n=1)
    return f"Did you mean `{near[0]}`? " if near else ""


def late(module: str, function: str) -> Run:
    """Return a command that imports its module when it is run."""

    def run(args: argparse.Namespace, session: Session) -> int:
        code: int = getattr(import_module(f"windward.cli.{module}"), function)(args, session)
        return code

    return run
