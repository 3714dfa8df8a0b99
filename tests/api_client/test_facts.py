"""Our OpenAPI document says what the official client was made of: every operation, parameter and field."""

import re
from functools import cache
from typing import Any

import pytest

from tests.api_client import shapes
from tests.api_client.official import Official, model_of, operations
from windward.api.app import OPERATIONS
from windward.api.contract.openapi import document_of
from windward.api.public import OPERATIONS as PUBLIC

ours_alone = {"create_token", "create_token_cli", "get_metrics"}
"""Served beside the public API of Airflow, as Airflow serves them: not described there, or not at all."""
each_operation = pytest.mark.parametrize("official", operations(), ids=lambda one: one.label)


@cache
def document() -> dict[str, Any]:
    return document_of(OPERATIONS, title="Windward", version="0")


def ours(official: Official) -> dict[str, Any]:
    found: dict[str, Any] = document()["paths"][official.path][official.method.lower()]
    return found


def names(operation: dict[str, Any], place: str) -> set[str]:
    return {one["name"] for one in operation["parameters"] if one["in"] == place}


def test_the_client_has_the_operations_that_we_have() -> None:
    found = {one.name: (one.method, one.path) for one in operations()}
    assert len(found) == 128
    assert found == {
        one.name: (one.method, re.sub(r":path}", "}", one.path))
        for one in PUBLIC
        if one.name not in ours_alone
    }


@each_operation
def test_an_operation_has_its_name(official: Official) -> None:
    assert ours(official)["operationId"] == official.name


@each_operation
def test_an_operation_takes_the_parameters_that_the_client_sends(official: Official) -> None:
    operation = ours(official)
    assert names(operation, "path") == official.path_names
    assert names(operation, "query") == official.query_names
    assert names(operation, "header") == official.header_names - {"accept"}


@each_operation
def test_an_operation_takes_the_body_that_the_client_sends(official: Official) -> None:
    described = ours(official).get("requestBody")
    assert (described is None) is (official.body is None)
    if described is not None:
        mine = shapes.of_schema(
            described["content"]["application/json"]["schema"], document(), is_reply=False
        )
        assert not list(shapes.differences(mine, shapes.of_type(official.body), "body", is_reply=False))


@each_operation
def test_an_operation_answers_with_what_the_client_reads(official: Official) -> None:
    status, kind = official.good
    responses = ours(official)["responses"]
    if "501" in responses:
        assert status not in responses
        return
    if kind in {None, "object"}:
        return
    assert kind is not None
    mine = shapes.of_schema(
        responses[status]["content"]["application/json"]["schema"], document(), is_reply=True
    )
    assert not list(shapes.differences(mine, shapes.of_type(model_of(kind)), "reply", is_reply=True))


def test_what_the_client_takes_for_a_time_is_described_as_one() -> None:
    components, found = document()["components"]["schemas"], set[str]()
    for official in operations():
        kinds = {official.good[1], getattr(official.body, "__name__", None)}
        for name in kinds & components.keys():
            for field, described in components[name].get("properties", {}).items():
                wanted = next(
                    (one for key, one in model_of(name).model_fields.items() if (one.alias or key) == field),
                    None,
                )
                if wanted is not None and "datetime" in repr(wanted.annotation):
                    members = described.get("anyOf", [described])
                    assert [one.get("format") for one in members if one["type"] == "string"] == [
                        "date-time"
                    ], (
                        name,
                        field,
                    )
                    found.add(f"{name}.{field}")
    assert {"DAGRunResponse.logical_date", "TriggerDAGRunPostBody.logical_date"} <= found


def test_a_time_in_a_query_is_described_as_one() -> None:
    parameters = document()["paths"]["/api/v2/dags/{dag_id}/dagRuns"]["get"]["parameters"]
    (described,) = [one["schema"] for one in parameters if one["name"] == "run_after_gte"]
    assert {"type": "string", "format": "date-time"} in described["anyOf"]
