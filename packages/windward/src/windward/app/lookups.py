"""Variables and connections as a person's command finds them: backend, environment, database, as a task does.

A command runs as the person who gave it, so it may run their backend (decision 0018). Components may not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from windward.protocol.calls import (
    Answer,
    Call,
    ConnectionAnswer,
    GetConnection,
    GetVariable,
    Refused,
    VariableAnswer,
)
from windward.sdk import connection, secrets, variable
from windward.sdk.bridge import LargeValues
from windward.sdk.connection import Connection
from windward.sdk.setting_up import set_up

if TYPE_CHECKING:
    from windward.app.session import Session


def find_variable(session: Session, key: str) -> str | None:
    """Return the text of a variable, or None."""
    set_up(session.settings, is_worker=True)
    found = secrets.read_variable(key)
    if found is None:
        found = variable.from_environment(key, session.environ)
    return session.store.secrets.get_variable(key) if found is None else found


def find_connection(session: Session, conn_id: str) -> Connection | None:
    """Return a connection, or None."""
    set_up(session.settings, is_worker=True)
    found = secrets.read_connection(conn_id)
    if isinstance(found, Connection):
        return found
    text = connection.from_environment(conn_id, session.environ)
    if text is not None:
        return connection.from_text(text, conn_id=conn_id)
    fields = session.store.secrets.get_connection(conn_id)
    return None if fields is None else Connection(conn_id=conn_id, **fields)


class LookupBridge:
    """What a hook that is tried by a command may reach: variables and connections, for reading."""

    large_values: LargeValues | None = None

    def __init__(self, session: Session) -> None:
        self._secrets = session.store.secrets

    def call(self, call: Call) -> Answer:
        """Read a variable or a connection of the database."""
        match call:
            case GetVariable(key=key):
                return VariableAnswer(value=self._secrets.get_variable(key))
            case GetConnection(conn_id=conn_id):
                return ConnectionAnswer(fields=self._secrets.get_connection(conn_id))
            case _:
                return Refused(code="invalid", message="only variables and connections can be read here")

    def mask(self, values: Sequence[str]) -> None:
        """Do nothing: the masker of this process knows them already."""
