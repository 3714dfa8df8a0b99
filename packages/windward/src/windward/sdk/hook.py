"""`BaseHook`, and the way from a connection's type to the hook class that some installed package brings."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from windward.sdk.connection import Connection, read
from windward.sdk.exceptions import AirflowException
from windward.sdk.logging_mixin import LoggingMixin

_registered: dict[str, str] = {}
_from_packages: dict[str, str] | None = None


class BaseHook(LoggingMixin):
    """The base of hooks: objects that talk to the service of a connection."""

    _log_config_logger_name = "airflow.task.hooks"

    conn_name_attr = "conn_id"
    default_conn_name: str
    conn_type: str
    hook_name: str

    def __init__(self, logger_name: str | None = None) -> None:
        super().__init__()
        self._logger_name = logger_name

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """Return the connection of that id. Raises `AirflowNotFoundException`."""
        return read(conn_id)

    @classmethod
    async def aget_connection(cls, conn_id: str) -> Connection:
        """Return the connection of that id. Raises `AirflowNotFoundException`."""
        return read(conn_id)

    @classmethod
    def get_connections(cls, conn_id: str) -> list[Connection]:
        """Return the connection of that id in a list, as 1.10 does."""
        return [read(conn_id)]

    @classmethod
    def get_hook(cls, conn_id: str, hook_params: dict[str, Any] | None = None) -> Any:
        """Return the hook for a connection's type."""
        return read(conn_id).get_hook(hook_params=hook_params)

    @classmethod
    async def aget_hook(cls, conn_id: str, hook_params: dict[str, Any] | None = None) -> Any:
        """Return the hook for a connection's type."""
        return cls.get_hook(conn_id, hook_params)

    def get_conn(self) -> Any:
        """Return the client of the service."""
        raise NotImplementedError

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return further fields of the form in which people enter the connection."""
        return {}

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return which fields of the form are hidden or renamed."""
        return {}


def register_hook(conn_type: str, path: str) -> None:
    """Make `path` (`module.Class`) the hook of a connection type, before what packages bring."""
    _registered[conn_type] = path


def hook_class_path(conn_type: str) -> str | None:
    """Return the import path of the hook of a connection type, or None."""
    global _from_packages  # noqa: PLW0603 - looked up once per process
    if conn_type in _registered:
        return _registered[conn_type]
    if _from_packages is None:
        _from_packages = _scan_packages()
    return _from_packages.get(conn_type)


def hook_for(connection: Connection, hook_params: dict[str, Any]) -> Any:
    """Return the hook of a connection. Raises `AirflowException` when no installed package brings one."""
    path = hook_class_path(str(connection.conn_type))
    if path is None:
        raise AirflowException(
            f"no installed package brings a hook for connections of type `{connection.conn_type}` "
            f"(connection `{connection.conn_id}`)\n\nhint: Install the provider of the service, for example "
            f"`pip install apache-airflow-providers-{str(connection.conn_type).replace('_', '-')}`."
        )
    module, _, name = path.rpartition(".")
    hook = getattr(importlib.import_module(module), name)
    accepted = inspect.signature(hook.__init__).parameters
    takes_all = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in accepted.values())
    params = {key: value for key, value in hook_params.items() if takes_all or key in accepted}
    return hook(**{hook.conn_name_attr: connection.conn_id}, **params)


def _scan_packages() -> dict[str, str]:
    """Return connection types and hook classes from the provider info of installed packages."""
    from importlib.metadata import entry_points  # only for connection types that nobody registered

    found: dict[str, str] = {}
    for entry_point in entry_points(group="apache_airflow_provider"):
        info = entry_point.load()()
        for item in info.get("connection-types", ()):
            found.setdefault(item["connection-type"], item["hook-class-name"])
    return found
