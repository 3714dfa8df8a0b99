"""Variables and connections in files, as `dag.test()` takes them: JSON, YAML or `.env`, told apart by the name.

The command line has a reader of its own for imports, above this layer; here only what a test needs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from windward.errors import UserError
from windward.ports.store import SecretStore
from windward.sdk.connection import FIELDS, Connection, from_text


def put_variables(path: str, secrets: SecretStore) -> None:
    """Store the variables of a file; values that are no text are stored as JSON."""
    for name, value in _mapping(path).items():
        secrets.set_variable(name, value if isinstance(value, str) else json.dumps(value))


def put_connections(path: str, secrets: SecretStore) -> None:
    """Store the connections of a file: each a URI, JSON text, or an object of fields."""
    for conn_id, given in _mapping(path).items():
        one = given[0] if isinstance(given, list) and len(given) == 1 else given
        if isinstance(one, str):
            connection = from_text(one, conn_id=conn_id)
        elif isinstance(one, dict):
            connection = Connection.from_json(one, conn_id)
        else:
            raise UserError(
                f"connection `{conn_id}` of `{path}` is a {type(one).__name__}",
                hint="Write a URI, or an object with `conn_type`, `host`, `login` and so on.",
            )
        secrets.set_connection(conn_id, {name: getattr(connection, name) for name in FIELDS})


def _mapping(path: str) -> dict[str, Any]:
    try:
        text = Path(path).read_text(encoding="utf-8")
        match Path(path).suffix or Path(path).name:
            case ".json":
                found = json.loads(text)
            case ".yaml" | ".yml":
                import yaml

                found = yaml.safe_load(text)
            case _:
                lines = (line.strip() for line in text.splitlines())
                pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
                found = {name.strip(): value.strip() for name, _, value in pairs}
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
    return {str(name): value for name, value in found.items()}
