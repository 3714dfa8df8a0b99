"""`BaseSecretsBackend`, which authors of secrets backends subclass, and those that Airflow names for every place.

What may not live here: in which order backends are asked (`variable`, `connection`).
"""

from __future__ import annotations

from windward.sdk.connection import Connection, from_store, from_text
from windward.sdk.connection import from_environment as connection_from_environment
from windward.sdk.logging_mixin import LoggingMixin
from windward.sdk.secrets_files import connections_in, variables_in
from windward.sdk.variable import from_environment as variable_from_environment
from windward.sdk.variable import from_store as variable_from_store

CONN_ENV_PREFIX = "AIRFLOW_CONN_"
VAR_ENV_PREFIX = "AIRFLOW_VAR_"


class BaseSecretsBackend:
    """A place outside that keeps connections and variables; subclasses write `get_conn_value` and `get_variable`."""

    @staticmethod
    def build_path(path_prefix: str, secret_id: str, sep: str = "/") -> str:
        """Return the name of a secret below a prefix."""
        return f"{path_prefix}{sep}{secret_id}"

    def get_conn_value(self, conn_id: str, team_name: str | None = None) -> str | None:
        """Return a connection as a URI or as JSON, or None."""
        raise NotImplementedError

    def deserialize_connection(self, conn_id: str, value: str) -> Connection:
        """Return the connection that a text describes."""
        return from_text(value, conn_id=conn_id)

    def get_connection(self, conn_id: str, team_name: str | None = None) -> Connection | None:
        """Return the connection, or None."""
        more = {} if team_name is None else {"team_name": team_name}
        value = self.get_conn_value(conn_id, **more)
        return self.deserialize_connection(conn_id, value) if value else None

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        """Return the text of a variable, or None."""
        raise NotImplementedError

    def get_config(self, key: str) -> str | None:
        """Return the value of a setting, or None."""
        del key
        return None


class EnvironmentVariablesBackend(BaseSecretsBackend):
    """`AIRFLOW_CONN_…` and `AIRFLOW_VAR_…`."""

    def get_conn_value(self, conn_id: str, team_name: str | None = None) -> str | None:
        """Return a connection as a URI or as JSON, or None."""
        del team_name
        return connection_from_environment(conn_id)

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        """Return the text of a variable, or None."""
        del team_name
        return variable_from_environment(key)


class MetastoreBackend(BaseSecretsBackend):
    """The store of the installation, asked by way of the execution service."""

    def get_connection(self, conn_id: str, team_name: str | None = None) -> Connection | None:
        """Return the connection, or None."""
        del team_name
        return from_store(conn_id)

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        """Return the text of a variable, or None."""
        del team_name
        return variable_from_store(key)


class LocalFilesystemBackend(BaseSecretsBackend, LoggingMixin):
    """Files of variables and connections: JSON, YAML or `.env`. They are read when the backend is made."""

    def __init__(
        self, variables_file_path: str | None = None, connections_file_path: str | None = None
    ) -> None:
        super().__init__()
        self.variables_file = variables_file_path
        self.connections_file = connections_file_path
        self._variables: dict[str, str] = {}
        self._connections: dict[str, Connection] = {}
        if self.variables_file:
            self._variables = variables_in(self.variables_file)
        if self.connections_file:
            self._connections = connections_in(self.connections_file)

    def get_connection(self, conn_id: str, team_name: str | None = None) -> Connection | None:
        """Return the connection, or None."""
        del team_name
        return self._connections.get(conn_id)

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        """Return the text of a variable, or None."""
        del team_name
        return self._variables.get(key)


__all__ = [
    "BaseSecretsBackend",
    "EnvironmentVariablesBackend",
    "LocalFilesystemBackend",
    "MetastoreBackend",
]
