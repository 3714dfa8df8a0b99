"""Draws the pages that repeat what the code says: states and transitions, settings, command line, context, names.

`make docs` runs this and writes the pages; a tidy test fails when a page differs from what would be drawn.
Nothing is written here that the code could say: sentences about a setting or an event belong in its docstring.
"""

import argparse
import ast
import dataclasses
import functools
import inspect
import re
import runpy
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from windward.cli.catalogue import GROUPS
from windward.cli.main import build_parser
from windward.core import transitions
from windward.model.states import RunState, TaskState
from windward.settings import Key, all_keys, sections
from windward.settings.keys import ATTRIBUTES

DOCS = Path(__file__).resolve().parent
DRAWN = "<!-- Drawn by docs/draw.py from the code; `make docs` writes it anew. -->"

Event = TypeVar("Event", bound=StrEnum)
State = TypeVar("State", bound=StrEnum)


def pages() -> dict[str, str]:
    """Return the text of each drawn page, by its name in `docs/`."""
    return {
        "states.md": _states_page(),
        "settings.md": _settings_page(),
        "cli.md": _cli_page(),
        "context.md": _drawn_by("draw_context.py"),
        "airflow-names.md": _drawn_by("draw_names.py"),
    }


def _drawn_by(script: str) -> str:
    text: str = runpy.run_path(str(DOCS / script))["page"](DRAWN)
    return text


def field_descriptions(cls: type) -> dict[str, str]:
    """Return the docstring under each member of a class, empty where there is none."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    name = ""
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                found[name] = ""
            case ast.Expr(value=ast.Constant(value=str(text))) if name:
                found[name] = " ".join(text.split())
    return found


def _states_page() -> str:
    task_events_of_people = [event for event in transitions.TaskEvent if _is_by_people(event)]
    run_events_of_people = [event for event in transitions.RunEvent if _is_by_people(event)]
    return "\n".join(
        [
            "# States",
            "",
            DRAWN,
            "",
            "What may happen to a task instance and to a run stands in one table each, `windward.core.transitions`.",
            "Decisions use it, stores assert it, and this page is drawn from it.",
            "What people do (clear, restart and mark) is in the tables and left out of the pictures.",
            "",
            "## Task instances",
            "",
            *_diagram(transitions.TASK_TRANSITIONS, task_events_of_people, first=TaskState.NONE),
            "",
            *_transition_table(
                transitions.TASK_TRANSITIONS, TaskState, field_descriptions(transitions.TaskEvent)
            ),
            "",
            "## Runs",
            "",
            *_diagram(transitions.RUN_TRANSITIONS, run_events_of_people, first=RunState.QUEUED),
            "",
            *_transition_table(
                transitions.RUN_TRANSITIONS, RunState, field_descriptions(transitions.RunEvent)
            ),
            "",
        ]
    )


def _is_by_people(event: StrEnum) -> bool:
    return event.value.startswith(("mark_", "clear", "restart"))


def _diagram(
    table: Mapping[Event, tuple[frozenset[State], State]], left_out: Iterable[Event], *, first: State
) -> Iterator[str]:
    """Yield a Mermaid diagram; states to which the same may happen stand in one box."""
    excluded = frozenset(left_out)
    drawn = {event: row for event, row in table.items() if event not in excluded}
    boxes = _boxes(drawn)
    yield "```mermaid"
    yield "stateDiagram-v2"
    for box, members in boxes.items():
        if len(members) > 1:
            yield f'    state "{", ".join(members)}" as {box} {{'
            yield from (f"        {state}" for state in members)
            yield "    }"
    yield f"    [*] --> {first}"
    for (source, target), events in _edges(drawn, boxes).items():
        yield f"    {source} --> {target}: {', '.join(events)}"
    yield "```"


def _boxes(table: Mapping[Event, tuple[frozenset[State], State]]) -> dict[str, list[str]]:
    """Return states by box: those to which exactly the same events may happen."""
    states = sorted({state for sources, target in table.values() for state in (*sources, target)})
    by_events: dict[frozenset[Event], list[str]] = {}
    for state in states:
        by_events.setdefault(
            frozenset(e for e, (sources, _) in table.items() if state in sources), []
        ).append(state)
    return {
        members[0] if len(members) == 1 else f"box{number}": members
        for number, members in enumerate(by_events.values(), start=1)
    }


def _edges(
    table: Mapping[Event, tuple[frozenset[State], State]], boxes: Mapping[str, list[str]]
) -> dict[tuple[str, str], list[str]]:
    edges: dict[tuple[str, str], list[str]] = {}
    for event, (sources, target) in table.items():
        for box, members in boxes.items():
            if sources.issuperset(members):
                edges.setdefault((box, target.value), []).append(event.value)
    return edges


def _transition_table(
    table: Mapping[Event, tuple[frozenset[State], State]],
    states: Iterable[State],
    descriptions: Mapping[str, str],
) -> Iterator[str]:
    everything = frozenset(states)
    yield "| event | may happen in | leads to | |"
    yield "|---|---|---|---|"
    for event, (sources, target) in table.items():
        where = "any state" if sources == everything else ", ".join(f"`{state}`" for state in sorted(sources))
        yield f"| `{event}` | {where} | `{target}` | {_cell(descriptions[event.name])} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _settings_page() -> str:
    lines = ["# Settings", "", DRAWN, "", *_ABOUT_SETTINGS, ""]
    for section, attribute in ATTRIBUTES.items():
        (declared,) = (field for field in dataclasses.fields(sections.Settings) if field.name == attribute)
        lines += _section(
            getattr(sections, str(declared.type)),
            [key for key in all_keys().values() if key.section == section],
        )
    return "\n".join(lines)


_ABOUT_SETTINGS = (
    "A key stands in `windward.toml` in `WINDWARD_HOME` (`~/windward` when that is not set):",
    "",
    "```toml",
    "[core]",
    "parallelism = 8",
    "```",
    "",
    "The variable `WINDWARD__CORE__PARALLELISM` overrides it; `WINDWARD__SECTION__KEY` does so for every key.",
    "`AIRFLOW__SECTION__KEY` variables are read too, in the places of Airflow 3, 2 and 1.10.",
    "They come after the file and before `WINDWARD__` variables.",
    "A name of ours that does not exist is an error; one of Airflow's that means nothing here is ignored.",
    "`windward config list --origin` shows every value and where it came from.",
    "",
    "A key that is said to do nothing yet is accepted, and no part of this version asks for it.",
    "Keys marked *secret* are never shown.",
    "They may also be given as `KEY_cmd`, a command that prints the value, or `KEY_secret`, a name in a secrets back end.",
    "Keys that nobody sets are made at first start and kept in `WINDWARD_HOME/secrets.toml`, which only its owner may read.",
)


def _section(section: type, keys: Iterable[Key]) -> Iterator[str]:
    name, _, about = (section.__doc__ or "").partition(": ")
    descriptions = field_descriptions(section)
    yield f"## {name}"
    yield ""
    yield about[:1].upper() + about[1:]
    yield ""
    yield "| key | default | allowed | |"
    yield "|---|---|---|---|"
    for key in keys:
        default = "depends on `WINDWARD_HOME`" if key.depends_on_home else _default(key.default)
        allowed = key.allowed + (", *secret*" if key.is_secret else "")
        about_key = descriptions[key.field] + ("" if _is_read(key.field) else " *Does nothing yet.*")
        yield f"| `{key.name}` | {default} | {_cell(allowed)} | {_cell(about_key)} |"
    yield ""


def _is_read(field: str) -> bool:
    """Whether any code outside the settings asks for a setting."""
    return re.search(rf"\.{field}\b", _code()) is not None


@functools.cache
def _code() -> str:
    root = DOCS.parent / "packages" / "windward" / "src" / "windward"
    files = (path for path in sorted(root.rglob("*.py")) if path.parent != root / "settings")
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def _default(value: object) -> str:
    match value:
        case None | "" | ():
            return "unset"
        case bool():
            return f"`{str(value).lower()}`"
        case tuple():
            return f"`{', '.join(map(str, value))}`"
    return f"`{value}`"


def _cli_page() -> str:
    parser = build_parser(groups=list(GROUPS))
    lines = ["# Command line", "", DRAWN, "", *_ABOUT_THE_CLI, ""]
    groups = _commands_below(parser)
    for name, group in GROUPS.items():
        lines += [f"## `windward {name}`", "", groups[name].description or ""]
        lines += [f"Also called `windward {alias}`." for alias in group.aliases]
        lines += [""]
        below = _commands_below(groups[name])
        for command in below.values():
            lines += [f"### `{command.prog}`", "", *_command(command)]
        if not below:
            lines += list(_command(groups[name], with_description=False))
    return "\n".join(lines)


_ABOUT_THE_CLI = (
    "Groups, commands and flags are named as Airflow names them, where the thing is the same.",
    "Data goes to standard output, everything else to standard error.",
    "The exit code is 0 when it is done, 1 when it is not, and 2 when the command line cannot be understood.",
    "`-o json` and `-o yaml` are for programs: times are ISO 8601 with zone and microseconds, what is absent is null.",
    "Tables are for people and may change.",
    "Every command takes `-h`, and `-v` to show the traceback of an error.",
    "Many can be [asked of a server](api/installation.md): `windward --server URL COMMAND`.",
)


def _commands_below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the commands of a parser, each once, without the aliases."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list
        if isinstance(action.choices, dict):
            for name, child in action.choices.items():
                if child not in found.values():
                    found[name] = child
    return found


def _command(parser: argparse.ArgumentParser, *, with_description: bool = True) -> Iterator[str]:
    if with_description:
        yield from (parser.description or "").replace(". ", ".\n").splitlines()
        yield ""
    actions = [
        action
        for action in parser._actions  # noqa: SLF001 - argparse has no public list
        if not {"-h", "-v"}.intersection(action.option_strings)
    ]
    if actions:
        yield "| argument | |"
        yield "|---|---|"
        for action in actions:
            yield f"| {_argument(action)} | {_cell(action.help or '')} |"
        yield ""


def _argument(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return f"`{value}`, may be left out" if action.nargs == "?" else f"`{value}`"
    return ", ".join(f"`{option} {value}`" if value else f"`{option}`" for option in action.option_strings)


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
