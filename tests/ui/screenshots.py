"""Write a picture of every page, dialog and menu of the web interface: `make screenshots`, some by `ARGS="dag run"`."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.ui import serving, tools

OUT = tools.UI / "screenshots"
ONLY_PICTURED = Path(__file__).with_name("pictured") / "dags"
"""DAGs that no test knows."""
SETTINGS = {"WINDWARD__API__EXPOSE_CONFIG": "true", "WINDWARD__CORE__TEST_CONNECTION": "enabled"}


def main(pages: list[str]) -> int:
    """Start a server over the DAGs of the tests and those for pictures, and look at everything that it shows."""
    with contextlib.ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        for one in (serving.DAGS, ONLY_PICTURED):
            shutil.copytree(one, folder / "dags", dirs_exist_ok=True)
        server = held.enter_context(serving.serving(folder / "home", dags=folder / "dags", settings=SETTINGS))
        environ = {**os.environ, **server.environ(), "SCREENSHOTS": str(OUT), "PAGES": ",".join(pages)}
        command = ["bash", str(tools.UI / "build.sh"), "node", "tests/screenshots.ts"]
        done = subprocess.run(command, env=environ, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
