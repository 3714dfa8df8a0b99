"""A real `windward standalone` over the DAGs of `dags/`, with runs, a viewer, and a browser's way in."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.ui import tools

WINDWARD = Path(sys.executable).with_name("windward")
DAGS = Path(__file__).with_name("dags")
START_TIMEOUT_S, STOP_TIMEOUT_S = 120, 60
LOOK_S = 0.05
VIEWER_PASSWORD = "a viewer's own password"


@dataclass(frozen=True)
class Server:
    """Where it listens, and how one signs in."""

    home: Path
    address: str
    password: str

    def environ(self) -> dict[str, str]:
        """Return what scripts of the browser are told."""
        return {
            "WINDWARD_ADDRESS": self.address,
            "WINDWARD_PASSWORD": self.password,
            "WINDWARD_VIEWER_PASSWORD": VIEWER_PASSWORD,
            "CHROMIUM": str(tools.chromium()),
        }


@contextlib.contextmanager
def serving(home: Path, *, dags: Path = DAGS, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Yield a server in a fresh home, and stop it."""
    home.mkdir(parents=True, exist_ok=True)
    environ = {
        **os.environ,
        "WINDWARD_HOME": str(home),
        "WINDWARD__CORE__DAGS_FOLDER": str(dags),
        "WINDWARD__CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
        "WINDWARD__CORE__DEFAULT_TASK_RETRIES": "0",
        **(settings or {}),
    }
    said = home / "out.log"
    with said.open("w") as out:
        process = subprocess.Popen(
            [str(WINDWARD), "standalone", "--port", "0"], env=environ, stdout=subprocess.DEVNULL, stderr=out
        )
    try:
        text = _wait_until_ready(process, said)
        address, password = re.search(r"http://[\d.:]+", text), re.search(r"password (\S+)", text)
        assert address is not None, text
        assert password is not None, text
        subprocess.run(
            [str(WINDWARD), "users", "create", "-u", "watcher", "-r", "viewer", "-p", VIEWER_PASSWORD],
            env=environ,
            check=True,
            capture_output=True,
        )
        yield Server(home, address[0], password[1])
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: "subprocess.Popen[bytes]", said: Path) -> str:
    """Return what it said until it was ready."""
    end = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < end:
        text = said.read_text()
        if "ready in" in text:
            return text
        time.sleep(LOOK_S)
    raise AssertionError(f"the server is not ready:\n{said.read_text()}")
