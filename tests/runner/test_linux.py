"""Secrets of a process: gone from what others see of it, also of those that it has forked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHOWN = """
import os
from windward.runner.linux import wipe_variable
wipe_variable("SECRET")
wipe_variable("NEVER_SET")
if (child := os.fork()) == 0:
    os.write(1, b"child " + open("/proc/self/environ", "rb").read())
    os.execvp("env", ["env"])
os.waitpid(child, 0)
os.write(1, b"parent " + open("/proc/self/environ", "rb").read())
"""
HIDDEN = """
import ctypes
from windward.runner.linux import hide_memory
PR_GET_DUMPABLE = 3
before = ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
hide_memory()
print(before, ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0))
"""
pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows it")


def said_by(code: str, **environ: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, check=True, text=True
    ).stdout


def test_a_wiped_variable_is_in_no_environment() -> None:
    said = said_by(SHOWN, SECRET="sesame", OTHER="stays")
    assert "sesame" not in said
    assert said.count("OTHER=stays") == 3


def test_a_process_can_be_closed_to_others_of_its_user() -> None:
    assert said_by(HIDDEN).split() == ["1", "0"]
