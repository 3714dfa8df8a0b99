"""`Connection`: where a service is and how to sign in; from a secrets backend, the environment or the store.

What lives here: the fields, their URI and JSON forms, and the look-up. What may not: hooks (`hook`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from windward.protocol.calls import ConnectionAnswer, GetConnection, Refused
from windward.sdk import bridge, connection_uri, secrets
from windward.sdk.exceptions import AirflowException, AirflowNotFoundException
from windward.sdk.masking import mask_secret

ENVIRONMENT_PREFIXES = ("WINDWARD_CONN_", "AIRFLOW_CONN_")
FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")


class Connection:
    """A connection. Its password and telling extras are masked in logs from the moment it is made."""

    def __init__(
        self,
        conn_id: str | None = None,
        conn_type: str | None = None,
        description: str | None = None,
        host: str | None = None,
        login: str | None = None,
        password: str | None = None,
        schema: str | None = None,
        port: int | str | None = None,
        extra: str | dict[str, Any] | None = None,
        uri: str | None = None,
        **_more: Any,
    ) -> None:
        """Take the fields, or a `uri` that holds them all."""
        given = (conn_type, host, login, password, schema, port, extra)
        if uri and any(value is not None for value in given):
            raise AirflowException(f"connection `{conn_id}` has both a `uri` and fields; give one of them")
        self.conn_id = conn_id
        self.description = description
        fields = connection_uri.parse(uri) if uri else dict(zip(_URI_FIELDS, given, strict=True))
        self.conn_type: Any = connection_uri.normal_type(fields["conn_type"])
        self.host: Any = fields["host"]
        self.login: Any = fields["login"]
        self.password: Any = fields["password"]
        self.schema: Any = fields["schema"]
        self.port: Any = int(fields["port"]) if fields["port"] not in (None, "") else None
        extra_value = fields["extra"]
        self.extra: Any = json.dumps(extra_value) if isinstance(extra_value, dict) else extra_value
        self.is_encrypted = self.is_extra_encrypted = True
        self._mask()

    def _mask(self) -> None:
        if self.password:
            mask_secret(self.password)
        if self.extra:
            try:
                mask_secret(self.get_extra_dejson(nested=True), "extra")
            except AirflowException:
                mask_secret(self.extra, "extra")

    def __repr__(self) -> str:
        return f"Connection({self.conn_id or ''}, {self.conn_type or ''})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Connection):
            return NotImplemented
        return self.conn_id == other.conn_id and all(
            getattr(self, name) == getattr(other, name) for name in FIELDS
        )

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def get(cls, conn_id: str) -> Connection:
        """Return the connection of that id. Raises `AirflowNotFoundException`."""
        return read(conn_id)

    @classmethod
    async def async_get(cls, conn_id: str) -> Connection:
        """Return the connection of that id. Raises `AirflowNotFoundException`."""
        return read(conn_id)

    @classmethod
    def get_connection_from_secrets(cls, conn_id: str) -> Connection:
        """Return the connection of that id, by its name in 2.x. Raises `AirflowNotFoundException`."""
        return read(conn_id)

    @classmethod
    def from_uri(cls, uri: str, conn_id: str | None = None) -> Connection:
        """Return the connection that a URI describes."""
        return cls(conn_id=conn_id, uri=uri)

    @classmethod
    def from_json(cls, value: str | dict[str, Any], conn_id: str | None = None) -> Connection:
        """Return the connection that a JSON object describes; other keys than the fields are refused."""
        fields = dict(json.loads(value)) if isinstance(value, str) else dict(value)
        fields.pop("conn_id", None)
        unknown = set(fields) - {*FIELDS, "uri"}
        if unknown:
            names = ", ".join(f"`{name}`" for name in sorted(unknown))
            raise AirflowException(f"connection `{conn_id}` has unknown fields {names}; known are {FIELDS}")
        return cls(conn_id=conn_id, **fields)

    def as_json(self) -> str:
        """Return the fields that are set as a JSON object."""
        return json.dumps(self.to_dict(prune_empty=True))

    def to_dict(self, *, prune_empty: bool = False, validate: bool = True) -> dict[str, Any]:
        """Return the fields; `extra` as a dict."""
        fields = {"conn_id": self.conn_id, **{name: getattr(self, name) for name in FIELDS}}
        fields["extra"] = self.extra_dejson if validate or self.extra else {}
        if prune_empty:
            fields.pop("conn_id")
            return {name: value for name, value in fields.items() if value not in (None, "", {})}
        return fields

    def get_uri(self) -> str:
        """Return the URI that `from_uri` reads as this connection."""
        return connection_uri.build(self)

    async def aget_uri(self) -> str:
        """Return the URI."""
        return self.get_uri()

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The extras as a dict."""
        return self.get_extra_dejson()

    async def aextra_dejson(self) -> dict[str, Any]:
        """Return the extras as a dict."""
        return self.get_extra_dejson()

    def get_extra_dejson(self, nested: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - Airflow's signature
        """Return the extras as a dict; `nested` reads texts inside that are JSON themselves."""
        if not self.extra:
            return {}
        try:
            extra = json.loads(self.extra)
        except ValueError as error:
            raise AirflowException(f"`extra` of connection `{self.conn_id}` is not JSON: {error}") from error
        if not isinstance(extra, dict):
            raise AirflowException(f"`extra` of connection `{self.conn_id}` is no JSON object")
        return {key: _inner_json(value) for key, value in extra.items()} if nested else extra

    def get_password(self) -> str | None:
        """Return the password."""
        return self.password if self.password is None else str(self.password)

    def set_password(self, value: str | None) -> None:
        """Set the password of this object."""
        self.password = value
        self._mask()

    def get_extra(self) -> str | None:
        """Return the extras as text."""
        return self.extra if self.extra is None else str(self.extra)

    def set_extra(self, value: str | None) -> None:
        """Set the extras of this object."""
        self.extra = value
        self._mask()

    def get_hook(self, *, hook_params: dict[str, Any] | None = None) -> Any:
        """Return a hook for this connection's type. Raises `AirflowException` when no package brings one."""
        from windward.sdk.hook import hook_for  # hooks import connections

        return hook_for(self, hook_params or {})

    def test_connection(self) -> tuple[bool, str]:
        """Ask the hook whether the service answers; return the truth and a message."""
        try:
            hook = self.get_hook()
            if not hasattr(hook, "test_connection"):
                return False, f"`{type(hook).__name__}` has no `test_connection`"
            done, message = hook.test_connection()
            return bool(done), str(message)
        except Exception as error:  # noqa: BLE001 - the answer is the message
            return False, str(error)


_URI_FIELDS = ("conn_type", "host", "login", "password", "schema", "port", "extra")


def read(conn_id: str) -> Connection:
    """Return the connection from the first place that has it. Raises `AirflowNotFoundException`."""
    found = secrets.read_connection(conn_id)
    if isinstance(found, Connection):
        return found
    text = from_environment(conn_id)
    if text is not None:
        return from_text(text, conn_id=conn_id)
    stored = from_store(conn_id)
    if stored is not None:
        return stored
    raise AirflowNotFoundException(
        f"The conn_id `{conn_id}` isn't defined\n\nhint: Add it by `windward connections add {conn_id}`, or by the "
        f"environment variable `AIRFLOW_CONN_{conn_id.upper()}`, as a URI or as JSON."
    )


def from_environment(conn_id: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the URI or JSON of a connection from environment variables, or None."""
    names = (prefix + conn_id.upper() for prefix in ENVIRONMENT_PREFIXES)
    return next((environ[name] for name in names if name in environ), None)


def from_store(conn_id: str) -> Connection | None:
    """Return the connection from the store, or None."""
    answer = bridge.current_bridge(purpose=f"connection `{conn_id}`").call(GetConnection(conn_id=conn_id))
    if isinstance(answer, ConnectionAnswer) and answer.fields is not None:
        return Connection(conn_id=conn_id, **answer.fields)
    if isinstance(answer, Refused) and answer.code != "not_found":
        raise AirflowException(f"connection `{conn_id}`: {answer.message}")
    return None


def from_text(text: str, *, conn_id: str) -> Connection:
    """Return the connection that a text describes: a JSON object or a URI."""
    text = text.strip()
    return Connection.from_json(text, conn_id) if text.startswith("{") else Connection.from_uri(text, conn_id)


def _inner_json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
