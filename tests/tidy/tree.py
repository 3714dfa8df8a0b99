"""The files of the checkout, as the tidy tests see them.

A file counts when git tracks it or would track it, so that a new file is judged before it is committed. A checkout
without git (a source archive) is walked instead.
"""

import ast
import functools
import gc
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = "packages/windward/src/windward/"
NAMES = "packages/windward-airflow/src/airflow/"
_SKIPPED_FOLDERS = frozenset({".git", ".venv", "node_modules", "__pycache__", ".windward", "build", "dist"})


@dataclass(frozen=True)
class Module:
    """A Python file: its path from the root, its text, and its syntax tree."""

    path: str
    text: str
    tree: ast.Module


def parse(path: str, text: str) -> Module:
    """Return `text` as the module that stands at `path`."""
    return Module(path, text, ast.parse(text, path))


@functools.cache
def paths() -> tuple[str, ...]:
    """Return the path of every file of the checkout, from the root, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.split("\0") if listed.returncode == 0 else _walked()
    return tuple(sorted(name for name in names if name and (ROOT / name).is_file()))


def _walked() -> list[str]:
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
    return [path.as_posix() for path in found if not _SKIPPED_FOLDERS.intersection(path.parts)]


@functools.cache
def texts() -> dict[str, str]:
    """Return the text of every file that is text, by path."""
    found = {}
    for path in paths():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            found[path] = content.decode("utf-8")
    return found


@functools.cache
def modules() -> tuple[Module, ...]:
    """Return every Python module that people write and maintain here, parsed."""
    # Millions of objects that all stay: to look through them for rubbish takes longer than to make them.
    gc.disable()
    try:
        return tuple(
            parse(path, text)
            for path, text in texts().items()
            if path.endswith(".py") and "/data/" not in path
        )
    finally:
        gc.freeze()
        gc.enable()


def report(problems: list[str]) -> str:
    """Return `problems` one a line, for the message of a failed assert."""
    return "\n".join(["", *problems])
