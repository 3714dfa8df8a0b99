"""What importing a package costs: the authoring names load no database, no server and no terminal library."""

import importlib.util
import os
import subprocess
import sys

import pytest

HEAVY = ("alembic", "fastapi", "rich", "sqlalchemy", "starlette", "uvicorn")
AUTHORS_SIDE = ("windward", "windward.sdk", "airflow", "airflow.sdk")


def loaded_by(statement: str) -> list[str]:
    """Return the heavy packages that a fresh interpreter holds after `statement`."""
    probe = f"import sys\n{statement}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", probe],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
    )
    return done.stdout.split()


def test_the_probe_sees_what_is_loaded() -> None:
    assert loaded_by("import sqlalchemy, starlette") == ["sqlalchemy", "starlette"]


@pytest.mark.parametrize("name", AUTHORS_SIDE)
def test_importing_the_authors_names_loads_neither_store_nor_server(name: str) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"`{name}` does not exist yet")
    assert loaded_by(f"import {name}") == []
