"""Tests of connections: off unless a setting says otherwise, done at once or in the background.

What lives here: who waits for whom. What may not: hooks; they run in processes of their own. Tests in the background
are known to the API server that was asked, and to no other.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from windward.errors import ConflictError, UserError, WindwardError
from windward.ports.connection_tests import ConnectionTester

log = logging.getLogger("windward.api")
KEPT_MAX = 200
"""Tests whose outcome is kept; the oldest goes first."""
WAITING_MAX = 20
MESSAGE_HIDDEN = "the test could not be carried out; the API server's log says why"


class ConnectionTest(msgspec.Struct, kw_only=True):
    """A test in the background. `state` is `queued`, `running`, `success` or `failed`."""

    token: str
    connection_id: str
    created_at: datetime
    state: str = "queued"
    message: str | None = None


class ConnectionTests:
    """Carries out tests."""

    def __init__(self, tester: ConnectionTester, *, is_enabled: bool) -> None:
        self.is_enabled = is_enabled
        self._tester = tester
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()
        self._tests: dict[str, ConnectionTest] = {}
        self._workers: list[threading.Thread] = []

    def test(self, conn_id: str, fields: Mapping[str, Any]) -> tuple[bool, str]:
        """Return whether the service answers, and what is to be said of it.

        Raises:
            UnavailableError: when too many are asked at this moment.
        """
        return self._tester.test(conn_id, fields)

    def enqueue(
        self, conn_id: str, fields: Mapping[str, Any], *, now: datetime, then: Callable[[], None]
    ) -> ConnectionTest:
        """Begin a test in the background; `then` is called when the service answers.

        Raises:
            ConflictError: when one of this connection is under way.
            UserError: when too many are.
        """
        test = ConnectionTest(token=secrets.token_urlsafe(32), connection_id=conn_id, created_at=now)
        with self._lock:
            active = [one for one in self._tests.values() if one.state in {"queued", "running"}]
            if any(one.connection_id == conn_id for one in active):
                raise ConflictError(
                    f"An active connection test already exists for connection_id `{conn_id}`."
                )
            if len(active) >= WAITING_MAX:
                raise UserError(
                    f"{WAITING_MAX} tests are waiting already", hint="Repeat it when they are done."
                )
            self._tests[test.token] = test
            ended = [token for token, one in self._tests.items() if one not in active and one is not test]
            for token in ended[: max(0, len(self._tests) - KEPT_MAX)]:
                del self._tests[token]
            worker = threading.Thread(
                target=self._run, args=(test, dict(fields), then), name="connection-test", daemon=True
            )
            self._workers = [one for one in self._workers if one.is_alive()] + [worker]
            worker.start()
        return test

    def wait(self) -> None:
        """Wait until the tests in the background are done."""
        for worker in self._workers:
            worker.join()

    def find(self, token: str) -> ConnectionTest | None:
        """Return a test by its token, or None."""
        with self._lock:
            return self._tests.get(token)

    def _run(self, test: ConnectionTest, fields: dict[str, Any], then: Callable[[], None]) -> None:
        with self._one_at_a_time:
            test.state = "running"
            try:
                is_well, message = self._tester.test(test.connection_id, fields)
                if is_well:
                    then()
            except WindwardError as error:
                is_well, message = False, str(error)
            except Exception:
                log.exception("test of a connection failed", extra={"connection": test.connection_id})
                is_well, message = False, MESSAGE_HIDDEN
            test.message = message
            test.state = "success" if is_well else "failed"
