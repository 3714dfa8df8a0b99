"""What templates and tasks find under `var`, `conn` and `conf`: look-ups by name that cost nothing until used."""

from __future__ import annotations

from typing import Any

from windward.sdk.exceptions import AirflowNotFoundException
from windward.sdk.unset import NOTSET, ArgNotSet

PROBED = frozenset({"template_fields", "iter_references", "resolve"})
"""Attributes that templating looks for in any object: no look-up. Templates still read such names, as items."""


class VariableAccessor:
    """`var.value.<key>` or `var.json.<key>`."""

    def __init__(self, *, deserialize_json: bool) -> None:
        self._deserialize_json = deserialize_json

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__") or key in PROBED:
            raise AttributeError(key)
        return self.get(key)

    def __getitem__(self, key: str) -> Any:
        return self.get(key)

    def __repr__(self) -> str:
        return "<variables as JSON>" if self._deserialize_json else "<variables>"

    def get(self, key: str, default: Any = NOTSET, default_var: Any = NOTSET) -> Any:
        """Return the variable, or the default."""
        from windward.sdk.variable import Variable  # few templates use variables

        chosen = default if isinstance(default_var, ArgNotSet) else default_var
        return Variable.get(key, chosen, self._deserialize_json)


class ConnectionAccessor:
    """`conn.<id>.<attribute>`."""

    def __getattr__(self, conn_id: str) -> Any:
        if conn_id.startswith("__") or conn_id in PROBED:
            raise AttributeError(conn_id)
        return self[conn_id]

    def __getitem__(self, conn_id: str) -> Any:
        from windward.sdk.connection import read  # few templates use connections

        return read(conn_id)

    def __repr__(self) -> str:
        return "<connections>"

    def get(self, conn_id: str, default_conn: Any = None) -> Any:
        """Return the connection, or the default."""
        try:
            return self[conn_id]
        except AirflowNotFoundException:
            return default_conn
