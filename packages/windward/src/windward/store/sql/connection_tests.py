"""Tests of connections in the background, on a database. What is said of them is encrypted: hooks are not to be trusted
with keeping secrets out of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import exc

from windward.errors import ConflictError
from windward.ports.connection_tests import ConnectionTest, State
from windward.store.sql.columns import storable, storable_or_none
from windward.store.sql.database import Database, is_taken
from windward.store.sql.tables import CONNECTION_TEST

if TYPE_CHECKING:
    from windward.store.sql.cipher import Cipher

_C = CONNECTION_TEST.c
_OPEN = ("queued", "running")


class SqlConnectionTests:
    """Tests that were begun."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher

    def insert_test(self, digest: str, test: ConnectionTest, *, expires_at: datetime) -> None:
        """Insert a test."""
        conn_id = storable(test.connection_id)
        query = sa.insert(CONNECTION_TEST).values(
            digest=digest,
            conn_id=conn_id,
            open_conn_id=conn_id if test.state in _OPEN else None,
            state=test.state,
            message=self._sealed(test.message),
            created_at=test.created_at,
            expires_at=expires_at,
        )
        try:
            self._database.write(lambda transaction: transaction.run(query))
        except exc.IntegrityError as error:
            if is_taken(error):
                raise ConflictError(
                    f"An active connection test already exists for connection_id `{test.connection_id}`."
                ) from error
            raise

    def move_test(self, digest: str, state: State, message: str | None = None) -> None:
        """Write how far a test is."""
        query = sa.update(CONNECTION_TEST).where(_C.digest == digest)
        query = query.values(state=state, message=self._sealed(message))
        if state not in _OPEN:
            query = query.values(open_conn_id=None)
        self._database.write(lambda transaction: transaction.run(query))

    def find_test(self, digest: str, *, now: datetime) -> ConnectionTest | None:
        """Return a test."""
        query = sa.select(CONNECTION_TEST).where(_C.digest == digest, _C.expires_at > now)
        with self._database.reading() as transaction:
            row = transaction.run(query).one_or_none()
        if row is None:
            return None
        return ConnectionTest(
            connection_id=row.conn_id,
            created_at=row.created_at,
            state=row.state,
            message=self._cipher.open(row.message),
        )

    def count_open_tests(self) -> int:
        """Return how many have not ended."""
        query = sa.select(sa.func.count()).where(_C.open_conn_id.is_not(None))
        with self._database.reading() as transaction:
            return int(transaction.run(query).scalar_one())

    def give_up_tests(self, *, before: datetime, message: str) -> None:
        """End tests whose API server is gone."""
        old = sa.and_(_C.open_conn_id.is_not(None), _C.created_at < before)
        with self._database.reading() as transaction:
            if transaction.run(sa.select(_C.digest).where(old).limit(1)).first() is None:
                return
        query = sa.update(CONNECTION_TEST).where(old)
        query = query.values(state="failed", message=self._sealed(message), open_conn_id=None)
        self._database.write(lambda transaction: transaction.run(query))

    def _sealed(self, message: str | None) -> str | None:
        return self._cipher.seal(storable_or_none(message))
