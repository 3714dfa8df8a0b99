"""Tests of connections: off unless a setting says otherwise, done at once or in the background.

What lives here: who waits for whom. What may not: hooks; they run in processes of their own. A test in the background
is carried out by the API server that was asked; all of them tell what came of it, because it is in the database.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from windward.core.accounts import digest_of
from windward.errors import UserError, WindwardError
from windward.ports.connection_tests import (
    ConnectionTest,
    ConnectionTester,
    ConnectionTestStore,
    State,
)

log = logging.getLogger("windward.api")
WAITING_MAX = 20
"""Tests that wait or run, in all API servers together."""
KEPT_FOR = timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(minutes=30)
"""Longer than all that may wait take, one after the other."""
MESSAGE_HIDDEN = "the test could not be carried out; the API server's log says why"
MESSAGE_GONE = "the API server that was asked has ended; ask again"


class ConnectionTests:
    """Carries out tests."""

    def __init__(self, tester: ConnectionTester, store: ConnectionTestStore, *, is_enabled: bool) -> None:
        self.is_enabled = is_enabled
        self._tester = tester
        self._store = store
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()
        self._workers: list[threading.Thread] = []

    def test(self, conn_id: str, fields: Mapping[str, Any]) -> tuple[bool, str]:
        """Return whether the service answers, and what is to be said of it.

        Raises:
            UnavailableError: when too many are asked at this moment.
        """
        return self._tester.test(conn_id, fields)

    def enqueue(
        self, conn_id: str, fields: Mapping[str, Any], *, now: datetime, then: Callable[[], None]
    ) -> tuple[str, ConnectionTest]:
        """Begin a test in the background and return its token; `then` is called when the service answers.

        Raises:
            ConflictError: when one of this connection is under way.
            UserError: when too many are.
        """
        self._store.give_up_tests(before=now - GIVEN_UP_AFTER, message=MESSAGE_GONE)
        if self._store.count_open_tests() >= WAITING_MAX:
            raise UserError(f"{WAITING_MAX} tests are waiting already", hint="Repeat it when they are done.")
        token, test = secrets.token_urlsafe(32), ConnectionTest(connection_id=conn_id, created_at=now)
        self._store.insert_test(digest_of(token), test, expires_at=now + KEPT_FOR)
        worker = threading.Thread(
            target=self._run,
            args=(digest_of(token), conn_id, dict(fields), then),
            name="connection-test",
            daemon=True,
        )
        with self._lock:
            self._workers = [one for one in self._workers if one.is_alive()] + [worker]
            worker.start()
        return token, test

    def wait(self) -> None:
        """Wait until the tests in the background are done."""
        for worker in self._workers:
            worker.join()

    def find(self, token: str, *, now: datetime) -> ConnectionTest | None:
        """Return a test by its token, or None."""
        return self._store.find_test(digest_of(token), now=now)

    def _run(self, digest: str, conn_id: str, fields: dict[str, Any], then: Callable[[], None]) -> None:
        with self._one_at_a_time:
            try:
                self._store.move_test(digest, "running")
                is_well, message = self._tester.test(conn_id, fields)
                if is_well:
                    then()
            except WindwardError as error:
                is_well, message = False, str(error)
            except Exception:
                log.exception("test of a connection failed", extra={"connection": conn_id})
                is_well, message = False, MESSAGE_HIDDEN
            state: State = "success" if is_well else "failed"
            try:
                self._store.move_test(digest, state, message)
            except WindwardError:  # it is given up later
                log.warning("test of a connection not written", extra={"connection": conn_id})
