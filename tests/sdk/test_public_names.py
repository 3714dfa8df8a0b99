"""The public names, and what importing them costs."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import windward
import windward.sdk
from windward.sdk.names import PUBLIC, RENAMED

HEAVY = (
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "rich",
    "jinja2",
    "pendulum",
    "jsonschema",
    "cryptography",
    "pandas",
)
MEMORY_MB_MAX = 45


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_where_the_table_says(name: str) -> None:
    assert getattr(windward, name) is getattr(importlib.import_module(PUBLIC[name]), name)


def test_airflows_names_are_ours() -> None:
    for name, ours in RENAMED.items():
        assert getattr(windward, name) is getattr(windward, ours)


def test_editors_are_told_the_same_names() -> None:
    text = Path(windward.__file__).with_suffix(".pyi").read_text()
    told = {
        alias.asname
        for node in ast.parse(text).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    told |= {ast.unparse(node.targets[0]) for node in ast.parse(text).body if isinstance(node, ast.Assign)}
    assert told == {*PUBLIC, *RENAMED}


@pytest.mark.parametrize("package", [windward, windward.sdk])
def test_an_unknown_name_is_an_error_with_a_suggestion(package: object) -> None:
    with pytest.raises(AttributeError, match=r"has no name `PythonOprator`. Did you mean `PythonOperator`"):
        package.PythonOprator  # type: ignore[attr-defined]
    assert "DAG" in dir(package)


def _measured(code: str) -> dict[str, Any]:
    report = (
        "\nmodules = sorted(__import__('sys').modules)"
        "\npeak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))"
        "\nimport json; print(json.dumps({'modules': modules, 'mb': int(peak.split()[1]) / 1024}))"
    )
    answer = subprocess.run([sys.executable, "-c", code + report], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_the_bare_package_imports_nothing_else() -> None:
    assert [
        name for name in _measured("import windward")["modules"] if str(name).startswith("windward.")
    ] == []


def test_authoring_loads_no_server_code_and_little_memory() -> None:
    found = _measured(
        "from windward import DAG, task, BaseOperator, PythonOperator, BashOperator, TaskGroup, Param"
    )
    loaded = {str(name).partition(".")[0] for name in found["modules"]}
    assert loaded.isdisjoint(HEAVY)
    assert found["mb"] <= MEMORY_MB_MAX
