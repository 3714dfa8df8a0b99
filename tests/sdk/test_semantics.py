"""Which Airflow a file is written for, and why."""

from __future__ import annotations

import pytest

from windward.errors import UserError
from windward.model.states import Semantics
from windward.sdk.semantics import detect, imports_of
from windward.sdk.unset import NOTSET

TWO, THREE = Semantics.AIRFLOW2, Semantics.AIRFLOW3


@pytest.mark.parametrize(
    ("source", "wanted", "because"),
    [
        ("from airflow import DAG", TWO, "`airflow`"),
        ("from airflow.models.dag import DAG\nimport pandas", TWO, "`airflow.models.dag`"),
        ("import airflow", TWO, "`airflow`"),
        ("from airflow.sdk import DAG", THREE, "`airflow.sdk`"),
        ("from airflow import DAG\nfrom airflow.sdk.definitions.asset import Asset", THREE, "`airflow.sdk.definitions.asset`"),
        ("from airflow import sdk", THREE, "`airflow.sdk`"),
        ("from windward import DAG", THREE, "`windward`"),
        ("def f():\n    from airflow.sdk import task\nfrom airflow import DAG", THREE, "`airflow.sdk`"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from airflow.sdk import DAG\nfrom airflow import DAG", TWO, "`airflow`"),
        ("try:\n    from airflow.sdk import DAG\nexcept ImportError:\n    from airflow import DAG", THREE, "`airflow.sdk`"),
        ("from airflowish import DAG", THREE, "neither"),
        ("from .airflow import x", THREE, "neither"),
        ("import my_factory", THREE, "neither"),
        ("def broken(:", THREE, "neither"),
    ],
)  # fmt: skip
def test_the_imports_of_a_file_tell_its_semantics(source: str, wanted: Semantics, because: str) -> None:
    semantics, reason = detect(imports_of(source))
    assert semantics is wanted
    assert because in reason


@pytest.mark.parametrize(
    ("argument", "setting", "wanted", "because"),
    [
        ("airflow3", "airflow2", THREE, "`semantics=`"),
        (Semantics.AIRFLOW3, None, THREE, "`semantics=`"),
        (None, "airflow3", THREE, "[core] semantics"),
        (NOTSET, None, TWO, "`airflow`"),
        (None, "", TWO, "`airflow`"),
    ],
)
def test_the_dag_is_asked_first_then_the_settings_then_the_file(
    argument: object, setting: str | None, wanted: Semantics, because: str
) -> None:
    semantics, reason = detect(("airflow",), argument, setting)
    assert semantics is wanted
    assert because in reason


def test_a_value_that_does_not_exist_says_where_it_stands() -> None:
    with pytest.raises(UserError, match="`semantics=` of the DAG is `airflow4`"):
        detect((), "airflow4")
    with pytest.raises(UserError, match=r"`\[core\] semantics` is `3`"):
        detect((), None, "3")


def test_a_source_that_is_not_text_is_read_by_its_own_declaration() -> None:
    assert imports_of("# -*- coding: latin-1 -*-\nimport airflow # é".encode("latin-1")) == ("airflow",)
    assert imports_of(b"\x00") == ()
