"""What is installed from a wheel has the web interface, and needs no Node for it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.tidy import tree
from tests.ui import tools

pytestmark = pytest.mark.slow
STATIC = "windward/api/static/"


def names_in_wheel(folder: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=tree.ROOT / "packages/windward",
        env={**os.environ, "WINDWARD_SKIP_UI": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_carries_what_was_built(tmp_path: Path) -> None:
    built = tools.build()
    files = {STATIC + path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert f"{STATIC}index.html" in files
    assert files - names_in_wheel(tmp_path) == set()
