"""Write a picture of every page of the web interface: `make screenshots`, with `ARGS="dag run"` of some pages only."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.ui import serving, tools

OUT = tools.UI / "screenshots"


def main(pages: list[str]) -> int:
    """Start a server over the DAGs of the tests, and look at all of its pages."""
    with tempfile.TemporaryDirectory() as folder, serving.serving(Path(folder) / "home") as server:
        environ = {**os.environ, **server.environ(), "SCREENSHOTS": str(OUT), "PAGES": ",".join(pages)}
        command = ["bash", str(tools.UI / "build.sh"), "node", "tests/screenshots.ts"]
        done = subprocess.run(command, env=environ, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
