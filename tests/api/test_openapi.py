"""The document that describes the API."""

import subprocess
import sys
from typing import Any

import pytest

from tests.api.conftest import Client
from tests.api.test_walk import OPEN
from tests.tidy import tree
from windward.api.app import OPERATIONS


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    answer = client.get("/openapi.json")
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(one.method, one.path.replace(":path}", "}")) for one in OPERATIONS}


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if "$ref" in value else []
            return own + [x for part in value.values() for x in references(part)]
        return [x for part in value for x in references(part)] if isinstance(value, list) else []

    found = references(document)
    assert found
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def test_every_guarded_operation_says_how_to_sign_in(document: dict[str, Any]) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            assert (operation["security"] == []) is (operation["operationId"] in OPEN)


def test_the_web_interface_was_made_for_this_api() -> None:
    command = [sys.executable, str(tree.ROOT / "ui/scripts/describe_api.py"), "--check"]
    hint = "`make openapi` writes `ui/openapi.json` anew; see whether the interface still fits"
    assert subprocess.run(command, check=False).returncode == 0, hint
