"""Asking the service of a connection whether it answers, in a process that has nothing but this connection.

A hook is user code (decision 0018), so it runs neither in the API server nor with the database or the keys in reach.
The process reads the connection from its standard input and writes what came of it to its standard output.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any

from windward.errors import UnavailableError
from windward.runner.linux import die_with_parent
from windward.settings import all_keys

AT_ONCE_MAX = 2
TEST_S_MAX = 60.0
MESSAGE_MAX = 4_000
_COMMAND = (sys.executable, "-P", "-m", "windward.app.connection_test")


class ChildTester:
    """Starts a process for each question, few at once."""

    def __init__(self, environ: Mapping[str, str], *, timeout_s: float = TEST_S_MAX) -> None:
        self._environ = without_secrets(environ)
        self._timeout_s = timeout_s
        self._slots = threading.BoundedSemaphore(AT_ONCE_MAX)

    def test(self, conn_id: str, fields: Mapping[str, Any]) -> tuple[bool, str]:
        """Return whether the service answers, and what is to be said of it.

        Raises:
            UnavailableError: when too many are asked at this moment.
        """
        if not self._slots.acquire(blocking=False):
            raise UnavailableError(f"{AT_ONCE_MAX} connections are being tested already")
        try:
            return self._asked({"conn_id": conn_id, "fields": dict(fields), "parent": os.getpid()})
        finally:
            self._slots.release()

    def _asked(self, question: Mapping[str, Any]) -> tuple[bool, str]:
        child = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environ,
            start_new_session=True,
        )
        try:
            said, _ = child.communicate(json.dumps(question).encode(), timeout=self._timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)  # with what it started
            child.communicate()
            return False, f"no answer within {self._timeout_s:g} s"
        try:
            is_well, message = json.loads(said)
        except ValueError:
            return False, f"the process that asked has died (exit code {child.returncode})"
        return bool(is_well), str(message)[:MESSAGE_MAX]


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the variables that set secrets of the installation, ours and Airflow's."""
    names = {f"{key.section}__{key.name}".upper() for key in all_keys().values() if key.is_secret}
    return {
        name: value
        for name, value in environ.items()
        if not any(secret in name.upper() for secret in names)
        and not name.startswith(("WINDWARD_CONN_", "AIRFLOW_CONN_", "WINDWARD_VAR_", "AIRFLOW_VAR_"))
        and name != "WINDWARD_TOKEN"
    }


def main() -> int:
    """Ask about the connection on standard input."""
    question = json.loads(sys.stdin.buffer.read())
    die_with_parent(question["parent"])
    answer = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what hooks print is no answer
    from windward.sdk.connection import Connection
    from windward.sdk.masking import mask_text

    conn_id = question["conn_id"]
    connection = Connection(conn_id=conn_id, **question["fields"])
    os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"] = connection.as_json()  # hooks look it up by its id
    is_well, message = connection.test_connection()
    os.write(answer, json.dumps([is_well, mask_text(message)]).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
