"""A home of its own for each test of an example, and the command line in a process of its own."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMAND = Path(sys.executable).with_name("windward")
STANDALONE_STOP_S = 120.0
COMMAND_S = 150.0
"""Limits and no claims: for a machine that does much else."""


@dataclass(frozen=True)
class Home:
    """A home folder, and the examples on it."""

    folder: Path

    @property
    def output(self) -> Path:
        return self.folder / "examples-output"

    @property
    def environ(self) -> dict[str, str]:
        # Coverage, locale and path stay; settings of the developer were taken out of the environment already.
        return {**os.environ, "WINDWARD_HOME": str(self.folder), "WINDWARD__CORE__DAGS_FOLDER": str(EXAMPLES)}

    def windward(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(COMMAND), *arguments], env=self.environ, capture_output=True, text=True, timeout=COMMAND_S
        )

    def test(self, file: str, day: str) -> str:
        """Run a whole DAG by `dags test`; return what it printed."""
        done = self.windward("dags", "test", str(EXAMPLES / file), day)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.output / "examples.sqlite")) as database:
            return database.execute(sql).fetchall()

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        done = self.windward("dags", "list-runs", dag_id, "-o", "json")
        found: list[dict[str, Any]] = json.loads(done.stdout) if done.returncode == 0 else []
        return found

    @contextmanager
    def standalone(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run everything, as `make run` does, and stop it as Ctrl-C does."""
        environ = {
            **self.environ,
            "WINDWARD__API__PORT": "0",
            "WINDWARD__CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
        }
        with (
            (self.folder / "standalone.log").open("wb") as log,
            subprocess.Popen([str(COMMAND), "standalone"], env=environ, stdout=log, stderr=log) as process,
        ):
            try:
                yield process
            finally:
                process.terminate()
                process.wait(STANDALONE_STOP_S)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)
