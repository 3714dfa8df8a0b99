"""Variables and connections in files, stored for a run that is tested."""

from __future__ import annotations

from windward.ports.store import SecretStore
from windward.sdk.connection import FIELDS
from windward.sdk.secrets_files import connections_in, variables_in


def put_variables(path: str, secrets: SecretStore) -> None:
    """Store the variables of a file."""
    for key, value in variables_in(path).items():
        secrets.set_variable(key, value)


def put_connections(path: str, secrets: SecretStore) -> None:
    """Store the connections of a file."""
    for conn_id, connection in connections_in(path).items():
        secrets.set_connection(conn_id, {name: getattr(connection, name) for name in FIELDS})
