"""A real `windward standalone` over the DAGs of `dags/`, with runs, a viewer, and a browser's way in."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.ui import tools

WINDWARD = Path(sys.executable).with_name("windward")
DAGS = Path(__file__).with_name("dags")
STOP_TIMEOUT_S = 20
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
def serving(home: Path) -> Iterator[Server]:
    """Yield a server in a fresh home, and stop it."""
    home.mkdir(parents=True, exist_ok=True)
    environ = {
        **os.environ,
        "WINDWARD_HOME": str(home),
        "WINDWARD__CORE__DAGS_FOLDER": str(DAGS),
        "WINDWARD__CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
        "WINDWARD__CORE__DEFAULT_TASK_RETRIES": "0",
    }
    with (home / "out.log").open("w") as out:
        process = subprocess.Popen(
            [str(WINDWARD), "standalone", "--port", "0"], env=environ, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert process.stderr is not None
            said = ""
            for line in process.stderr:
                said += line
                if "ready in" in line:
                    break
            address, password = re.search(r"http://[\d.:]+", said), re.search(r"password (\S+)", said)
            assert address is not None, said
            assert password is not None, said
            copier = subprocess.Popen(["cat"], stdin=process.stderr, stdout=out)
            subprocess.run(
                [str(WINDWARD), "users", "create", "-u", "watcher", "-r", "viewer", "-p", VIEWER_PASSWORD],
                env=environ, check=True, capture_output=True,
            )  # fmt: skip
            yield Server(home, address[0], password[1])
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stderr is not None:
                process.stderr.close()
    copier.wait()
