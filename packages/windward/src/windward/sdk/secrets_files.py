"""Variables and connections in files, as Airflow reads them: JSON, YAML or `.env`, told apart by the ending.

What may not live here: where the values go. The command line reads files of its own for imports.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from windward.errors import UserError
from windward.sdk.connection import Connection, from_text
from windward.sdk.exceptions import ConnectionNotUnique, VariableNotUnique


def variables_in(path: str) -> dict[str, str]:
    """Return the variables of a file as texts; values that are no text become JSON.

    Raises `UserError` for a file that cannot be read, `VariableNotUnique` for a key that is there twice.
    """
    found: dict[str, str] = {}
    for key, values in _lists(path).items():
        if len(values) != 1:
            raise VariableNotUnique(f"The \"{path}\" file contains multiple values for keys: ['{key}']")
        found[key] = values[0] if isinstance(values[0], str) else json.dumps(values[0])
    return found


def connections_in(path: str) -> dict[str, Connection]:
    """Return the connections of a file: each is a URI, JSON text, or an object of fields.

    Raises `UserError` for a file that cannot be read, `ConnectionNotUnique` for an id that is there twice.
    """
    found: dict[str, Connection] = {}
    for conn_id, values in _lists(path).items():
        if len(values) != 1:
            raise ConnectionNotUnique(f"Found multiple values for {conn_id} in {path}.")
        found[conn_id] = _connection(conn_id, values[0], path=path)
    return found


def _connection(conn_id: str, given: Any, *, path: str) -> Connection:
    if isinstance(given, str):
        return from_text(given, conn_id=conn_id)
    if isinstance(given, dict):
        fields = {"extra" if name == "extra_dejson" else str(name): value for name, value in given.items()}
        return Connection.from_json(fields, conn_id)
    raise UserError(
        f"connection `{conn_id}` of `{path}` is a {type(given).__name__}",
        hint="Write a URI, or an object with `conn_type`, `host`, `login` and so on.",
    )


def _lists(path: str) -> dict[str, list[Any]]:
    """Return the values of each name: in `.env` files, one for each line; a list elsewhere is several of them."""
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
        match Path(path).suffix or Path(path).name:
            case ".json":
                found = json.loads(text) if text.strip() else {}
            case ".yaml" | ".yml":
                import yaml  # few installations keep secrets in YAML

                found = yaml.safe_load(text) or {}
            case _:
                return _env_lists(text, path=path)
    except (OSError, ValueError) as error:
        raise UserError(
            f"`{path}` cannot be read: {error}", hint="Give a `.json`, `.yaml` or `.env` file in UTF-8."
        ) from error
    except Exception as error:
        if type(error).__module__.startswith("yaml"):
            raise UserError(
                f"`{path}` is not YAML: {error}", hint="Correct the line that it names."
            ) from error
        raise
    if not isinstance(found, dict):
        raise UserError(
            f"`{path}` holds a {type(found).__name__}, not an object", hint="Write names and their values."
        )
    return {str(name): value if isinstance(value, list) else [value] for name, value in found.items()}


def _env_lists(text: str, *, path: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, sign, value = stripped.partition("=")
        if not sign or not name.strip():
            raise UserError(f"`{path}` line {number} is not `NAME=VALUE`", hint="Comments begin with `#`.")
        found.setdefault(name.strip(), []).append(value.strip())
    return found
