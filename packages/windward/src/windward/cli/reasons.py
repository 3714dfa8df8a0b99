"""Showing why: a sentence and a small tree, of this machine's reasons and of a server's alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windward.cli.output import show_one

Tree = Mapping[str, Any]
"""A `reason`, and the trees `because` of which it is so."""


def show_reason(tree: Tree, *, output: str) -> None:
    """Print a reason."""
    if output in {"json", "yaml"}:
        show_one(dict(tree), output=output)
    else:
        print("\n".join(lines_of(tree)))


def lines_of(tree: Tree) -> list[str]:
    """Return a reason as lines of a tree; the first has no branch of its own."""
    lines = [str(tree["reason"])]
    parts = tree["because"]
    for number, part in enumerate(parts, 1):
        is_last = number == len(parts)
        first, *rest = lines_of(part)
        lines.append(f"{'└─' if is_last else '├─'} {first}")
        lines.extend(f"{'   ' if is_last else '│  '}{line}" for line in rest)
    return lines
