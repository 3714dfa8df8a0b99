"""Variables over HTTP."""

import json

import pytest

from tests.api.conftest import Client
from windward.api.services import Services

V = "/api/v2/variables"


def keys(client: Client, query: str = "") -> list[str]:
    return [one["key"] for one in client.ask("GET", f"{V}{query}", role="op").json["variables"]]


@pytest.fixture
def made(client: Client) -> Client:
    for number in range(1, 4):
        body = {"key": f"v{number}", "value": f"value {number}", "description": "x" * (4 - number)}
        assert client.ask("POST", V, body, role="op").status == 201
    return client


def test_a_variable_that_was_made_is_shown(client: Client, services: Services) -> None:
    answer = client.ask("POST", V, {"key": "a/b", "value": "north", "description": "where"}, role="op")
    assert answer.status == 201
    assert client.ask("GET", f"{V}/a/b", role="op").json == answer.json == {
        "key": "a/b", "value": "north", "description": "where", "is_encrypted": True, "team_name": None,
    }  # fmt: skip
    assert services.store.secrets.get_variable("a/b") == "north"


@pytest.mark.parametrize("value", [{"a": [1, None]}, [1], 7, True, None])
def test_what_is_no_text_is_stored_as_json(client: Client, services: Services, value: object) -> None:
    client.ask("POST", V, {"key": "k", "value": value}, role="op")
    assert json.loads(services.store.secrets.get_variable("k") or "") == value


def test_secret_values_are_shown_to_nobody_and_survive_being_sent_back(
    client: Client, services: Services
) -> None:
    client.ask("POST", V, {"key": "api_key", "value": "tell-nobody"}, role="admin")
    shown = client.ask("GET", f"{V}/api_key", role="admin")
    assert shown.json["value"] == "***"
    assert b"tell-nobody" not in client.ask("GET", V, role="admin").body
    body = {"key": "api_key", "value": shown.json["value"], "description": "new"}
    assert client.ask("PATCH", f"{V}/api_key", body, role="admin").json["description"] == "new"
    assert services.store.secrets.get_variable("api_key") == "tell-nobody"


@pytest.mark.parametrize(("query", "expected"), [
    ("?limit=1&offset=1", ["v2"]),
    ("?order_by=-key", ["v3", "v2", "v1"]),
    ("?order_by=description", ["v3", "v2", "v1"]),
    ("?order_by=-is_encrypted&order_by=team_name", ["v1", "v2", "v3"]),
    ("?variable_key_pattern=V1|v3", ["v1", "v3"]),
    ("?variable_key_prefix_pattern=v", ["v1", "v2", "v3"]),
])  # fmt: skip
def test_lists_are_filtered_ordered_and_cut(made: Client, query: str, expected: list[str]) -> None:
    assert keys(made, query) == expected


def test_values_are_no_order(made: Client) -> None:
    assert made.ask("GET", f"{V}?order_by=value", role="op").status == 400


def test_only_what_a_mask_names_changes(made: Client) -> None:
    body = {"key": "v1", "value": "new", "description": "new"}
    answer = made.ask("PATCH", f"{V}/v1?update_mask=description", body, role="op")
    assert (answer.json["value"], answer.json["description"]) == ("value 1", "new")
    assert made.ask("PATCH", f"{V}/v1", {"key": "v1", "value": "newer"}, role="op").json == {
        **answer.json, "value": "newer",
    }  # fmt: skip


@pytest.mark.parametrize(("body", "status"), [
    ({"key": "v2", "value": 1}, 400), ({"key": "v1"}, 422), ({"key": "v1", "value": 1, "x": 1}, 422),
    ({"key": "v1", "value": 1, "team_name": "a"}, 422), ({"key": "v1", "value": "\0"}, 422),
])  # fmt: skip
def test_what_a_variable_cannot_be_is_refused(made: Client, body: object, status: int) -> None:
    assert made.ask("PATCH", f"{V}/v1", body, role="op").status == status
    assert made.ask("GET", f"{V}/v1", role="op").json["value"] == "value 1"


def test_a_variable_is_made_once_and_deleted_once(made: Client) -> None:
    assert made.ask("POST", V, {"key": "v1", "value": "x"}, role="op").status == 409
    assert made.ask("POST", V, {"key": "x" * 251, "value": "x"}, role="op").status == 422
    assert made.ask("DELETE", f"{V}/v1", role="op").status == 204
    for method, body in (("DELETE", None), ("GET", None), ("PATCH", {"key": "v1", "value": 1})):
        assert made.ask(method, f"{V}/v1", body, role="op").status == 404


@pytest.mark.parametrize(
    ("on_existence", "created", "errors", "value"),
    [
        ("fail", [], [{"error": "are named twice: twin", "status_code": 409}], None),
        ("skip", ["twin"], [], "1"),
        ("overwrite", ["twin", "twin"], [], "2"),
    ],
)
def test_what_one_action_names_twice_is_made_once(
    client: Client, on_existence: str, created: list[str], errors: list[object], value: str | None
) -> None:
    twins = [{"key": "twin", "value": "1"}, {"key": "twin", "value": "2"}]
    actions = [{"action": "create", "entities": twins, "action_on_existence": on_existence}]

    answer = client.ask("PATCH", V, {"actions": actions}, role="op")

    assert answer.json["create"] == {"success": created, "errors": errors}
    assert client.ask("GET", f"{V}/twin", role="op").json.get("value") == value


def test_many_changes_go_in_one_request(made: Client) -> None:
    actions = [
        {"action": "create", "entities": [{"key": "v1", "value": "w"}, {"key": "new", "value": 1}],
         "action_on_existence": "overwrite"},
        {"action": "update", "entities": [{"key": "v2", "value": "w", "description": "w"}],
         "update_mask": ["value"]},
        {"action": "delete", "entities": ["v3", "nothing"], "action_on_non_existence": "skip"},
    ]  # fmt: skip
    answer = made.ask("PATCH", V, {"actions": actions}, role="op")
    assert answer.json == {
        "create": {"success": ["v1", "new"], "errors": []},
        "update": {"success": ["v2"], "errors": []},
        "delete": {"success": ["v3"], "errors": []},
    }
    found = made.ask("GET", V, role="op").json["variables"]
    assert [(one["key"], one["value"], one["description"]) for one in found] == [
        ("new", "1", None), ("v1", "w", "xxx"), ("v2", "w", "xx"),
    ]  # fmt: skip
