"""Files of exports and imports: JSON, YAML and `.env`, told apart by the name; `-` is stdin or stdout.

What lives here: reading and writing whole files of values. What may not: what the values mean.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from windward.errors import UserError

FORMATS = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".env": "env"}


def format_of(file: str, *, given: str | None = None) -> str:
    """Return `json`, `yaml` or `env`: as given, or by the ending of the name; JSON on stdin and stdout."""
    if given is not None:
        return given
    return "json" if file == "-" else FORMATS.get(Path(file).suffix or Path(file).name, "json")


def read_text(file: str) -> str:
    """Read a file or standard input; raise `UserError` when that cannot be."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"`{file}` cannot be read: {error}", hint="Give a UTF-8 file, or `-` for standard input."
        ) from error


def read_mapping(file: str) -> dict[str, Any]:
    """Read an object of names and values; raise `UserError` when the file holds something else."""
    text = read_text(file)
    form = format_of(file)
    try:
        values = _env(text, file=file) if form == "env" else _parsed(text, form=form)
    except ValueError as error:
        raise UserError(
            f"`{file}` is not {form.upper()}: {error}",
            hint="The ending of the name says the format: `.json`, `.yaml`, `.yml` or `.env`.",
        ) from error
    if not isinstance(values, dict):
        raise UserError(
            f"`{file}` holds a {type(values).__name__}, not an object",
            hint="Write an object of names and values.",
        )
    return {str(name): value for name, value in values.items()}


def _parsed(text: str, *, form: str) -> Any:
    if form == "json":
        return json.loads(text)
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _env(text: str, *, file: str) -> dict[str, Any]:
    values = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, sign, value = stripped.partition("=")
        if not sign or not name.strip():
            raise UserError(f"`{file}` line {number} is not `NAME=VALUE`", hint="Comments begin with `#`.")
        values[name.strip()] = value.strip()
    return values


def write_text(file: str, text: str) -> None:
    """Write a file that only its owner may read, or stdout; raise `UserError`."""
    if file == "-":
        print(text, end="")
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise UserError(
            f"`{file}` cannot be written: {error}", hint="Give a path that this user may write."
        ) from error


def dumped(value: Any, *, form: str) -> str:
    """Return JSON or YAML text that ends with a newline."""
    if form == "yaml":
        import yaml

        return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
