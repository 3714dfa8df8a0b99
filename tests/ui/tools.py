"""What tests of the web interface need of the machine: a Node, the packages, a build, a Chromium."""

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.tidy import tree

UI = tree.ROOT / "ui"
STATIC = tree.ROOT / "packages/windward/src/windward/api/static"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
TAIL_CHARS = 6000


def run(*command: str) -> str:
    """Run a command of Node's beside its packages, return what it printed; fail the test when it fails."""
    done = do(*command)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-TAIL_CHARS:]}"
    return done.stdout


def do(
    *command: str, env: dict[str, str] | None = None, timeout_s: float = 500
) -> "subprocess.CompletedProcess[str]":
    """Run a command of Node's beside its packages, return what became of it."""
    require_node()
    try:
        return subprocess.run(
            ["bash", str(UI / "build.sh"), *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={**os.environ, **(env or {})},
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode(errors="replace")
        pytest.fail(
            f"{' '.join(command)} takes longer than {timeout_s:g} s\n{said[-TAIL_CHARS:]}", pytrace=False
        )


@functools.cache
def _why_no_node() -> str:
    """Return why no command of Node's can be run here, empty when one can."""
    asked = ["bash", str(UI / "build.sh"), "node", "--version"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"no Node with the packages of `ui/`: {done.stderr[-500:]}"


def require_node() -> None:
    """Skip the test, or in CI fail it, where no Node or none of its packages can be had."""
    if reason := _why_no_node():
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@functools.cache
def build() -> Path:
    """Return the folder of the built interface, built if something of it changed."""
    run()
    return STATIC


def chromium() -> Path:
    """Return the Chromium of this machine; skip the test where there is none."""
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        # In CI too: what the repository installs by itself comes from registries, which carry no Chromium.
        pytest.skip("no Chromium on this machine: install one, or name it by `CHROMIUM`")
    return Path(found)
