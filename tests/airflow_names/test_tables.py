"""The tables say the truth: every target exists, every file is TOML, and the names that people use are there."""

import importlib
import json
import tomllib
import warnings
from pathlib import Path

import pytest

from airflow import _tables
from airflow._finder import NameNotAvailableError
from airflow._tables import Kind

ENTRIES = [(module, name) for module, named in sorted(_tables.modules().items()) for name in named.names]
CENSUS: dict[str, str] = json.loads(Path(__file__).with_name("census.json").read_text(encoding="utf-8"))
"""The names that public DAG files import most, `module:name`, and what this version does with each."""


def kind_of(module: str, name: str) -> Kind:
    named = _tables.module(module)
    assert named is not None, f"no table has `{module}`"
    entry = named.entry(name)
    assert entry is not None, f"the table of `{module}` has no `{name}`"
    return entry.kind


def imported(module: str, name: str) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("area", sorted(_tables.areas()))
def test_a_table_is_toml_and_is_read_as_toml_reads_it(area: str) -> None:
    text = (Path(_tables.FOLDER) / f"{area}.toml").read_text(encoding="utf-8")
    assert _tables.parse(text) == tomllib.loads(text)


@pytest.mark.parametrize("area", sorted(_tables.areas()))
def test_each_module_is_found_in_the_table_where_it_stands(area: str) -> None:
    text = (Path(_tables.FOLDER) / f"{area}.toml").read_text(encoding="utf-8")
    for name in _tables.parse(text):
        found = _tables.module(name)
        assert found is not None
        assert set(_tables.parse(text)[name]) >= set(found.names)


def test_every_name_resolves_or_says_what_to_do() -> None:
    wrong = []
    for module, name in ENTRIES:
        named = _tables.module(module)
        assert named is not None
        entry = named.entry(name)
        assert entry is not None
        may_be_absent = entry.kind is Kind.LATER or entry.target.startswith("airflow.providers.")
        try:
            imported(module, name)
        except NameNotAvailableError as error:
            if not may_be_absent or not error.hint:
                wrong.append(f"{module}.{name}: {error}")
        except (ImportError, AttributeError) as error:
            wrong.append(f"{module}.{name} -> {entry.target}: {error}")
        else:
            if entry.kind is Kind.LATER:
                wrong.append(f"{module}.{name} is `later` and is there")
    assert not wrong, "\n".join(["", *wrong])


def test_a_replacement_of_a_deprecated_name_is_a_name_we_know() -> None:
    unknown = []
    for module, name in ENTRIES:
        named = _tables.module(module)
        assert named is not None
        entry = named.entry(name)
        if (
            entry is None
            or entry.kind is not Kind.DEPRECATED
            or entry.target.startswith("airflow.providers.")
        ):
            continue
        home, _, last = entry.advice.rpartition(".")
        target = _tables.module(home)
        if target is None or target.entry(last) is None:
            unknown.append(f"{module}.{name}: `{entry.advice}`")
    assert not unknown, "\n".join(["", *unknown])


@pytest.mark.parametrize(("path", "kind"), CENSUS.items())
def test_a_name_of_the_census_is_what_the_list_says(path: str, kind: str) -> None:
    module, _, name = path.partition(":")
    assert kind_of(module, name) is Kind(kind)
