"""A real Chromium at a server under measurement: builds the interface, fills the server, runs a scene of `ui/tests/paint`.

A scene says what it looks at and how often; what it prints becomes rows of the table. Chromium draws without a graphics
card here, so that frames cost more than they do on a desk.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench.harness import Standalone
from bench.rows import Row
from tests.ui import tools

SCENE_S_MAX = 600.0


class Seen(msgspec.Struct):
    """A row as a scene prints it."""

    what: str
    unit: str
    values: list[float]
    most: float | None = None
    note: str = ""


def look(name: str, scene: str, standalone: Standalone, *, repeat: int) -> Iterator[Row]:
    """Run a scene at a server, and yield its rows as they come."""
    said = standalone.said()
    address = re.search(r"http://[\d.:]+", said)
    password = re.search(r"password (\S+)", said)
    assert address is not None, said
    assert password is not None, said
    environ = {
        **os.environ,
        "WINDWARD_ADDRESS": address[0],
        "WINDWARD_PASSWORD": password[1],
        "CHROMIUM": os.fspath(tools.chromium()),
        "REPEAT": str(repeat),
    }
    command = ["bash", os.fspath(tools.UI / "build.sh"), "node", "tests/paint/main.ts", scene]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            seen = msgspec.json.decode(line, type=Seen)
            yield Row(
                name=name,
                what=seen.what,
                unit=seen.unit,
                values=seen.values,
                at_most=seen.most,
                note=seen.note,
            )
        if process.wait(SCENE_S_MAX) != 0:
            raise RuntimeError(f"the scene `{scene}` did not go through")


def built() -> Path:
    """Build the interface, if something of it changed."""
    return tools.build()
