"""Connections over HTTP: no password ever leaves."""

import json
from typing import Any

import pytest

from tests.api.conftest import Client, FakeTester
from windward.api.services import Services

C = "/api/v2/connections"
SHOP = {
    "connection_id": "shop", "conn_type": "postgres", "host": "db.example", "login": "me", "schema": "orders",
    "port": 5432, "password": "tell-nobody", "extra": '{"sslmode": "require", "token": "tell-nobody"}',
    "description": "orders",
}  # fmt: skip


@pytest.fixture
def variables() -> dict[str, str]:
    return {"WINDWARD__CORE__TEST_CONNECTION": "enabled"}


@pytest.fixture
def made(client: Client) -> Client:
    assert client.ask("POST", C, SHOP, role="op").status == 201
    assert client.ask("POST", C, {"connection_id": "web", "conn_type": "http"}, role="op").status == 201
    return client


def stored(services: Services, conn_id: str = "shop") -> dict[str, Any]:
    found = services.store.secrets.get_connection(conn_id)
    assert found is not None
    return found


def test_a_connection_is_shown_without_its_secrets(made: Client, services: Services) -> None:
    answer = made.ask("GET", f"{C}/shop", role="admin")
    assert answer.json == {
        **SHOP, "password": "***", "extra": '{"sslmode": "require", "token": "***"}', "team_name": None,
    }  # fmt: skip
    assert b"tell-nobody" not in made.ask("GET", C, role="admin").body
    assert stored(services)["password"] == "tell-nobody"
    assert made.ask("GET", f"{C}/web", role="admin").json["password"] is None


def test_what_is_sent_back_as_it_was_shown_keeps_its_secrets(made: Client, services: Services) -> None:
    before = stored(services)
    body = {**made.ask("GET", f"{C}/shop", role="op").json, "host": "other.example"}
    answer = made.ask("PATCH", f"{C}/shop", body, role="op")
    assert (answer.status, answer.json["host"]) == (200, "other.example")
    assert stored(services) == {**before, "host": "other.example"}


def test_credentials_in_a_host_are_neither_shown_nor_written_down_nor_lost(
    client: Client, services: Services
) -> None:
    host = "http://u:tell-nobody@h/?token=tell-nobody"
    made = client.ask("POST", C, {"connection_id": "shop", "conn_type": "http", "host": host}, role="op")
    assert made.json["host"] == "http://***@h/?token=***"

    client.ask("PATCH", f"{C}/shop", {**made.json, "description": "new"}, role="op")

    assert (stored(services)["host"], stored(services)["description"]) == (host, "new")
    assert b"tell-nobody" not in client.ask("GET", C, role="admin").body


def test_only_what_a_mask_names_changes(made: Client, services: Services) -> None:
    body = {"connection_id": "shop", "conn_type": "mysql", "host": "new", "password": "new"}
    made.ask("PATCH", f"{C}/shop?update_mask=host&update_mask=password", body, role="op")
    found = stored(services)
    assert (found["conn_type"], found["host"], found["password"]) == ("postgres", "new", "new")
    made.ask("PATCH", f"{C}/shop", {**body, "password": None}, role="op")
    assert stored(services)["password"] is None


@pytest.mark.parametrize(("changed", "status"), [
    ({"connection_id": "other"}, 400), ({"connection_id": "a b"}, 422), ({"extra": "[1]"}, 422),
    ({"extra": "none"}, 422), ({"port": "x"}, 422), ({"port": -1}, 422), ({"host": "\0"}, 422),
    ({"team_name": "a"}, 422), ({"colour": "red"}, 422), ({"conn_type": ""}, 422),
])  # fmt: skip
def test_what_a_connection_cannot_be_is_refused(made: Client, changed: dict[str, Any], status: int) -> None:
    body = {"connection_id": "shop", "conn_type": "http", **changed}
    assert made.ask("PATCH", f"{C}/shop", body, role="op").status == status
    assert made.ask("GET", f"{C}/shop", role="op").json["conn_type"] == "postgres"


@pytest.mark.parametrize(("query", "expected"), [
    ("?order_by=-connection_id", ["web", "shop"]), ("?order_by=conn_type", ["web", "shop"]),
    ("?order_by=port", ["shop", "web"]), ("?order_by=-team_name", ["shop", "web"]), ("?limit=1", ["shop"]), ("?connection_id_pattern=HO", ["shop"]),
    ("?connection_id_prefix_pattern=w", ["web"]),
])  # fmt: skip
def test_lists_are_filtered_ordered_and_cut(made: Client, query: str, expected: list[str]) -> None:
    found = made.ask("GET", f"{C}{query}", role="op").json["connections"]
    assert [one["connection_id"] for one in found] == expected


def test_a_connection_is_made_once_and_deleted_once(made: Client) -> None:
    assert made.ask("POST", C, SHOP, role="op").status == 409
    assert made.ask("DELETE", f"{C}/shop", role="op").status == 204
    for method, body in (("DELETE", None), ("GET", None), ("PATCH", SHOP)):
        assert made.ask(method, f"{C}/shop", body, role="op").status == 404


def test_defaults_are_made_once_and_replace_nothing(client: Client) -> None:
    mine = {"connection_id": "http_default", "conn_type": "http", "host": "mine"}
    client.ask("POST", C, mine, role="op")
    for _ in range(2):
        assert client.ask("POST", f"{C}/defaults", role="op").status == 204
    assert client.ask("GET", f"{C}/http_default", role="op").json["host"] == "mine"
    assert client.ask("GET", f"{C}/sqlite_default", role="op").status == 200


def test_many_changes_go_in_one_request(made: Client, services: Services) -> None:
    actions = [
        {"action": "create", "entities": [{**SHOP, "host": "over", "password": "***"}],
         "action_on_existence": "overwrite"},
        {"action": "create", "entities": [{**SHOP, "connection_id": "bad", "extra": "no JSON"}]},
        {"action": "delete", "entities": ["web"]},
    ]  # fmt: skip
    answer = made.ask("PATCH", C, {"actions": actions}, role="op")
    assert answer.json["create"]["success"] == ["shop"]
    assert answer.json["create"]["errors"] == [
        {"error": "bad: extra: is not the text of a JSON object, such as `{\"a\": 1}`",
         "status_code": 422, "name": "bad"},
    ]  # fmt: skip
    assert answer.json["delete"]["success"] == ["web"]
    assert b"tell-nobody" not in answer.body
    assert (stored(services)["host"], stored(services)["password"]) == ("over", "tell-nobody")


def test_a_test_has_the_stored_secrets_at_their_own_place_only(made: Client, tester: FakeTester) -> None:
    body = {**SHOP, "password": "***", "extra": '{"sslmode": "require", "token": "***"}'}
    assert made.ask("POST", f"{C}/test", body, role="op").json == {"status": True, "message": "asked"}
    assert tester.asked[0][1]["password"] == "tell-nobody"
    assert made.ask("POST", f"{C}/test", {**body, "host": "evil"}, role="op").status == 400
    answer = made.ask("POST", f"{C}/test", {**SHOP, "host": "closed", "password": "mine"}, role="op")
    assert answer.json["status"] is False
    assert len(tester.asked) == 2


def test_a_test_in_the_background_is_asked_for_by_its_token(
    made: Client, services: Services, tester: FakeTester
) -> None:
    body = {"connection_id": "new", "conn_type": "http", "host": "open", "commit_on_success": True}
    begun = made.ask("POST", f"{C}/enqueue-test", body, role="op")
    assert (begun.status, begun.json["connection_id"]) == (202, "new")
    services.connection_tests.wait()
    headers = {"Airflow-Connection-Test-Token": begun.json["token"]}
    ended = made.ask("GET", f"{C}/enqueue-test", role="op", headers=headers).json
    assert (ended["state"], ended["result_message"]) == ("success", "asked")
    assert stored(services, "new")["host"] == "open"
    assert tester.asked[0][0] == "new"


def test_what_does_not_answer_is_not_kept(client: Client, services: Services) -> None:
    body = {"connection_id": "new", "conn_type": "http", "host": "closed", "commit_on_success": True}
    client.ask("POST", f"{C}/enqueue-test", body, role="op")
    services.connection_tests.wait()
    assert services.store.secrets.get_connection("new") is None


def test_a_token_of_no_test_is_no_token(client: Client) -> None:
    assert client.ask("GET", f"{C}/enqueue-test", role="op").status == 422
    headers = {"Airflow-Connection-Test-Token": "x"}
    assert client.ask("GET", f"{C}/enqueue-test", role="op", headers=headers).status == 404


def test_an_executor_that_is_not_there_is_refused(client: Client) -> None:
    body = {"connection_id": "new", "conn_type": "http", "executor": "KubernetesExecutor"}
    assert client.ask("POST", f"{C}/enqueue-test", body, role="op").status == 422
    answer = client.ask("POST", f"{C}/enqueue-test", {**body, "executor": "LocalExecutor"}, role="op")
    assert answer.status == 202


class TestSwitchedOff:
    @pytest.fixture
    def variables(self) -> dict[str, str]:
        return {}

    @pytest.mark.parametrize("path", ["test", "enqueue-test"])
    def test_nothing_is_tested_unless_a_setting_says_so(
        self, client: Client, tester: FakeTester, path: str
    ) -> None:
        answer = client.ask("POST", f"{C}/{path}", SHOP, role="admin")
        assert answer.status == 403
        assert "test_connection" in json.dumps(answer.json)
        assert tester.asked == []
