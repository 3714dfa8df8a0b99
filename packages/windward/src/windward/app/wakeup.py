"""Wake-ups in use: a datagram to the scheduler of this home, and for PostgreSQL a notification to all others.

MySQL and MariaDB have no notifications: schedulers elsewhere find changes at their next poll.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windward.executors.doors import wake_socket
from windward.ports.store import Store
from windward.processor.stop import StopPipe
from windward.settings import Settings

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger("windward.app.wakeup")
CHANNEL = "windward_wake"
CONNECT_S = 2
PROBE_S = 60.0
RELISTEN_FIRST_S = 1.0
RELISTEN_MAX_S = 30.0


class LocalWakeup:
    """Sends a datagram; a scheduler that is away or busy is not waited for."""

    def __init__(self, path: Path) -> None:
        self._path = os.fspath(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def wake(self) -> None:
        """Tell the scheduler of this home, if there is one."""
        # Nobody listens, or so many wake-ups wait that one more changes nothing.
        with contextlib.suppress(OSError):
            self._socket.sendto(b"w", self._path)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


class PostgresWakeup:
    """Tells the scheduler of this home, and by NOTIFY those of other machines."""

    def __init__(self, local: LocalWakeup, url: str) -> None:
        self._local = local
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None
        self._lock = threading.Lock()

    def wake(self) -> None:
        """Notify; whatever goes wrong is left to the poll."""
        self._local.wake()
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = connect(self._url)
                self._connection.execute(f"NOTIFY {CHANNEL}")
            except Exception as error:  # noqa: BLE001 - a wake-up never raises: it is only a hint
                log.debug("notification failed", extra={"error": str(error)})
                self._disconnect()

    def close(self) -> None:
        """Give the socket and the connection back."""
        self._local.close()
        with self._lock:
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()


class PostgresListener:
    """Calls `wake` at each notification, from a thread of its own, until `stop`."""

    def __init__(self, url: str, wake: Callable[[], None]) -> None:
        self._url = url
        self._wake = wake
        self._stop = StopPipe()
        self._thread = threading.Thread(target=self._run, name="windward-listen", daemon=True)

    def start(self) -> None:
        """Begin to listen; the connection is made by the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a connection that is being made is waited for, not longer than `CONNECT_S`."""
        self._stop.set()
        self._thread.join(CONNECT_S * 2)
        if not self._thread.is_alive():
            self._stop.close()

    def _run(self) -> None:
        back_off_s = RELISTEN_FIRST_S
        while not self._stop.is_set():
            try:
                with connect(self._url) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._wake()  # what was notified before is not delivered
                    back_off_s = RELISTEN_FIRST_S
                    self._listen(connection)
            except Exception as error:  # noqa: BLE001 - a thread's boundary; the poll goes on without it
                log.warning(
                    "not listening for wake-ups", extra={"error": str(error), "again_in_s": back_off_s}
                )
                select.select([self._stop.fileno()], [], [], back_off_s)
                back_off_s = min(back_off_s * 2, RELISTEN_MAX_S)

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        """Wait for notifications; returns at the stop, raises when the connection ends."""
        while not self._stop.is_set():
            ready, _, _ = select.select([connection.fileno(), self._stop.fileno()], [], [], PROBE_S)
            if self._stop.is_set():
                return
            heard = len(list(connection.notifies(timeout=0))) if ready else 0
            if heard:
                self._wake()
            else:
                # Silent for long, or readable without a word: a connection that died says so now.
                connection.execute("SELECT 1")


def open_wakeup(settings: Settings, store: Store | None = None) -> LocalWakeup | PostgresWakeup:
    """Return the wake-up for components of this home; it shares no connection with the store."""
    del store
    local = LocalWakeup(wake_socket(settings.run_folder))
    if is_postgres(settings):
        return PostgresWakeup(local, settings.database.sql_alchemy_conn)
    return local


def is_postgres(settings: Settings) -> bool:
    """Whether the database can notify."""
    return settings.database.sql_alchemy_conn.startswith(("postgresql", "postgres:"))


def connect(url: str) -> psycopg.Connection[Any]:
    """Return a connection outside of the store, each statement a transaction of its own."""
    import psycopg
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    given = {name: value for name, value in parsed.query.items() if isinstance(value, str)}
    options: dict[str, Any] = {
        "host": parsed.host,
        "port": parsed.port,
        "user": parsed.username,
        "password": parsed.password,
        "dbname": parsed.database,
        "connect_timeout": CONNECT_S,
        "application_name": "windward wake-up",
        **given,
    }
    return psycopg.connect(
        autocommit=True, **{name: value for name, value in options.items() if value is not None}
    )
