"""Types of connections are told as their packages declare them, and no code of theirs is run for it."""

import importlib.metadata
import textwrap
from pathlib import Path

import pytest

from windward.app.connection_types import connection_types, declared_of, type_of
from windward.ports.installed import FieldKind

SHOP = {
    "connection-type": "shop",
    "hook-name": "Shop",
    "ui-field-behaviour": {
        "hidden-fields": ["port", "extra"],
        "relabeling": {"schema": "Branch"},
        "placeholders": {"host": "shop.example", "wait": "30"},
    },
    "conn-fields": {
        "key": {"label": "Key", "schema": {"type": ["string", "null"], "format": "password"}},
        "wait": {"label": "Wait", "schema": {"type": ["integer", "null"]}, "description": "Seconds."},
        "size": {"schema": {"type": "string", "enum": ["s", "m"]}},
    },
}


def entry_point(folder: Path, source: str) -> importlib.metadata.EntryPoint:
    """Return the entry point of a package `shop` with this source, as if it were installed in a folder."""
    (folder / "shop.py").write_text(textwrap.dedent(source))
    metadata = folder / "shop-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[apache_airflow_provider]\nprovider_info=shop:info\n")
    [shop] = importlib.metadata.distributions(path=[str(folder)])
    [point] = shop.entry_points
    return point


def test_a_type_uses_the_fields_that_its_package_does_not_hide() -> None:
    shop = type_of(SHOP, "shop")
    assert shop is not None
    assert (shop.name, shop.package_name) == ("Shop", "shop")
    assert [(one.name, one.label, one.placeholder) for one in shop.fields] == [
        ("host", "", "shop.example"),
        ("login", "", ""),
        ("password", "", ""),
        ("schema", "Branch", ""),
    ]


def test_keys_of_the_extra_are_fields_with_a_kind() -> None:
    shop = type_of(SHOP, "shop")
    assert shop is not None
    key, wait, size = shop.extras
    assert (key.label, key.kind, key.is_secret) == ("Key", FieldKind.TEXT, True)
    assert (wait.kind, wait.placeholder, wait.hint) == (FieldKind.INTEGER, "30", "Seconds.")
    assert (size.label, size.choices) == ("size", ("s", "m"))


def test_a_package_that_says_nothing_of_fields_leaves_those_that_are_known() -> None:
    known = {one.connection_type: one for one in connection_types()}["sqlite"]
    declared = {"connection-type": "sqlite", "hook-name": "Their name"}
    told = type_of(declared, "theirs", known)
    assert told is not None
    assert (told.name, told.package_name, told.fields) == ("Their name", "theirs", known.fields)
    alone = type_of({"connection-type": "strange"}, "theirs")
    assert alone is not None
    assert [one.name for one in alone.fields] == ["host", "port", "login", "password", "schema", "extra"]


@pytest.mark.parametrize("declared", [
    {}, {"connection-type": 1}, {"connection-type": ""},
    {"connection-type": "x", "ui-field-behaviour": [], "conn-fields": 3, "hook-name": None},
    {"connection-type": "x", "conn-fields": {"a": None, "b": {"schema": {"type": None, "enum": [1, None]}}}},
    {"connection-type": "x", "ui-field-behaviour": {"hidden-fields": None, "relabeling": {"host": 1}}},
])  # fmt: skip
def test_what_is_declared_wrongly_breaks_nothing(declared: dict[str, object]) -> None:
    told = type_of(declared, "theirs")
    assert told is None or told.connection_type == "x"


def test_what_a_package_returns_is_read_and_not_run(tmp_path: Path) -> None:
    point = entry_point(
        tmp_path,
        """
        raise RuntimeError("this is user code")

        def info():
            return {"connection-types": [{"connection-type": "shop", "hook-class-name": "shop.Hook"}]}
        """,
    )
    assert declared_of(point) == [{"connection-type": "shop", "hook-class-name": "shop.Hook"}]


@pytest.mark.parametrize("source", [
    "def info():\n    return made_elsewhere()\n", "def info(:", "info = 3\n",
    'def info():\n    return {"connection-types": 3}\n',
    'def info():\n    return {"connection-types": ["x"]}\n',
])  # fmt: skip
def test_a_package_whose_words_cannot_be_read_declares_nothing(tmp_path: Path, source: str) -> None:
    assert not any(declared_of(entry_point(tmp_path, source)))


def test_every_known_type_has_a_name_and_fields_of_its_own() -> None:
    for one in connection_types():
        assert one.name
        assert one.fields or one.extras
        names = [field.name for field in (*one.fields, *one.extras)]
        assert len(names) == len(set(names))
        assert all(field.label for field in one.extras)
