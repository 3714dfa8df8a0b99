"""Rows for people and programs: table, JSON, YAML, plain. Data goes to stdout; notes and questions to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]

LINE_MAX = 40
NULL = "-"
"""What a table shows where there is nothing."""


def iso(moment: datetime | None) -> str | None:
    """Return a time in ISO 8601 with its zone and microseconds."""
    return None if moment is None else moment.isoformat(timespec="microseconds")


def show_rows(rows: Sequence[Row], *, output: str, columns: Sequence[str] | None = None) -> None:
    """Print rows; `columns` picks and orders what a table or plain text shows. JSON and YAML have every field.

    An empty list is `[]` to programs, and only the header to people.
    """
    match output:
        case "json":
            print(json.dumps([_plain(row) for row in rows], indent=2, ensure_ascii=False))
        case "yaml":
            _print_yaml([_plain(row) for row in rows])
        case _:
            shown = list(columns or (rows[0] if rows else ()))
            cells = [[_text(row.get(column)) for column in shown] for row in rows]
            _print_cells(shown, cells, output=output)


def show_one(row: Row, *, output: str) -> None:
    """Print one thing with all of its fields: an object to programs, a line per field to people."""
    match output:
        case "json":
            print(json.dumps(_plain(row), indent=2, ensure_ascii=False))
        case "yaml":
            _print_yaml(_plain(row))
        case _:
            _print_cells(["field", "value"], [[name, _text(row[name])] for name in row], output=output)


def show_rendered(fields: Mapping[str, Any]) -> None:
    """Print template fields as they were rendered: each below its name."""
    for name, value in fields.items():
        print(f"# {name}")
        print(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))
        print()


def note(text: str) -> None:
    """Tell people something beside the data."""
    print(text, file=sys.stderr)


def tell_broken(files: int) -> None:
    """Say on stderr that files could not be read, if there are any."""
    if files:
        note(
            f"{files} file{'s' if files > 1 else ''} could not be read: see `windward dags list-import-errors`"
        )


def is_agreed(question: str, *, yes: bool) -> bool:
    """Ask on the terminal, unless `--yes` was given; without a terminal the answer is no."""
    if yes:
        return True
    if not sys.stdin.isatty():
        note(f"{question}\n\nhint: Nobody can be asked here. Give `--yes` to go on.")
        return False
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _plain(row: Row) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Mapping):
        return {str(name): _value(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(one) for one in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    value = _value(value)
    if value is None or value in ("", []):
        return NULL
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)


def _print_yaml(value: Any) -> None:
    import yaml

    print(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), end="")


def _print_cells(header: list[str], cells: list[list[str]], *, output: str) -> None:
    if output == "table" and sys.stdout.isatty():
        _print_rich(header, cells)
        return
    lines = [header, *cells]
    if output == "plain":
        for line in lines if header else []:
            print("  ".join(_one_line(cell) for cell in line))
        return
    if not header:
        return
    texts = [[_one_line(cell) for cell in line] for line in lines]
    widths = [max(len(line[column]) for line in texts) for column in range(len(header))]
    widths[-1] = min(
        widths[-1], LINE_MAX
    )  # only for the line below the header: the last column is as wide as it is
    texts.insert(1, ["-" * width for width in widths])
    for line in texts:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _one_line(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\n", "\\n")


_STYLES = {
    "success": "green",
    "failed": "red",
    "upstream_failed": "dark_orange",
    "running": "bright_green",
    "queued": "bright_black",
    "skipped": "magenta",
    "up_for_retry": "yellow",
}


def _print_rich(header: list[str], cells: list[list[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*header, box=SIMPLE_HEAD, pad_edge=False)
    for line in cells:
        table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in line))
    Console().print(table)
