"""Params and their schemas."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk.declared import Work
from windward import DAG, Param, ParamsDict
from windward.errors import InvalidParamError
from windward.sdk.exceptions import ParamValidationError
from windward.sdk.params import DagParam

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(value=JSON)
def test_a_param_without_schema_takes_any_json(value: Any) -> None:
    assert Param(value).resolve() == value
    assert ParamsDict({"x": value}).dump() == {"x": value}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer", "minimum": 1}, 1, 0),
        ({"type": "string", "pattern": "^a"}, "ab", "ba"),
        ({"enum": ["a", "b"]}, "a", "c"),
        ({"type": ["null", "string"]}, None, 1),
        ({"type": "string", "format": "date"}, "2026-01-31", "2026-13-31"),
        ({"const": True}, True, False),
        ({"type": "array", "items": {"type": "string"}}, ["a"], [1]),
    ],
)
def test_a_value_has_to_fit_the_schema(schema: dict[str, Any], good: Any, bad: Any) -> None:
    assert Param(good, **schema).resolve() == good
    with pytest.raises(ParamValidationError) as caught:
        ParamsDict({"limit": Param(bad, **schema)}).validate()
    assert str(caught.value).startswith("Invalid input for param limit: ")
    assert isinstance(caught.value, InvalidParamError)


def test_hints_for_forms_refuse_nothing_and_load_no_validator() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from windward import Param; Param(1, title='T', section='S', description='d').resolve();"
        "assert 'jsonschema' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_param_without_default_needs_a_value() -> None:
    with pytest.raises(ParamValidationError, match="no default value"):
        Param(type="integer").resolve()
    assert Param(type="integer").resolve(5) == 5
    assert Param(type="integer").resolve(suppress_exception=True) is None


def test_what_is_no_json_is_refused_where_it_is_written() -> None:
    with pytest.raises(ParamValidationError, match="`datetime`, which is no JSON"):
        Param(datetime(2026, 1, 1))


def test_writing_a_value_keeps_and_checks_the_schema() -> None:
    params = ParamsDict({"limit": Param(5, type="integer")})
    params["limit"] = 7
    with pytest.raises(ParamValidationError, match="param limit"):
        params["limit"] = "many"
    assert params["limit"] == 7
    assert params.get_param("limit").schema == {"type": "integer"}


def test_copies_do_not_share_values() -> None:
    params = ParamsDict({"limit": Param(5, type="integer")})
    for other in (copy.copy(params), copy.deepcopy(params), ParamsDict(params)):
        other["limit"] = 7
    assert params["limit"] == 5


def test_the_params_of_a_task_stand_over_those_of_its_dag() -> None:
    with DAG("d", params={"a": 1, "b": Param(2, type="integer")}):
        made = Work(task_id="w", params={"b": 3, "c": 4})
    assert made.params.dump() == {"a": 1, "b": 3, "c": 4}


def test_a_reference_to_a_param_is_the_conf_then_the_params_then_its_default() -> None:
    class Run:
        conf = {"x": 1}  # noqa: RUF012 - a fake

    made = DAG("d")
    reference = made.param("x", 3)
    assert isinstance(reference, DagParam)
    assert reference.resolve({"dag_run": Run(), "params": {"x": 2}}) == 1
    assert reference.resolve({"params": {"x": 2}}) == 2
    assert reference.resolve({"params": {}}) == 3
    with pytest.raises(ParamValidationError, match="no value for the param `y` of DAG `d`"):
        made.param("y").resolve({"params": {}})
