"""All that can be written after `windward`."""

import functools
from argparse import ArgumentParser, _SubParsersAction

from windward.cli.arguments import Parser
from windward.cli.catalogue import GROUPS
from windward.cli.main import build_parser


@functools.cache
def whole_parser() -> Parser:
    """Return the parser of all commands: to make it takes a tenth of a second."""
    return build_parser(groups=list(GROUPS))


def parsers() -> dict[str, ArgumentParser]:
    """Return the parser of every command, by group and name."""
    found: dict[str, ArgumentParser] = {}
    groups = _choices(whole_parser())
    for group in GROUPS:
        below = _choices(groups[group])
        found |= {f"{group} {name}": parser for name, parser in below.items()} or {group: groups[group]}
    return found


def _choices(parser: ArgumentParser) -> dict[str, ArgumentParser]:
    below = (action for action in parser._actions if isinstance(action, _SubParsersAction))
    return next((dict(action.choices) for action in below), {})


def all_commands() -> set[str]:
    """Return every command, by group and name."""
    return set(parsers())
