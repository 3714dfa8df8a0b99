"""What to do about a refusal, as the command line says it: the server's own advice, where it has some."""

import msgspec
import pytest

from tests.api.asked_twice import Both, Run, address, both, local, run  # fixtures
from tests.api.conftest import Client
from windward.api.contract.problem import refusal_of
from windward.client.server import error_of
from windward.errors import ConflictError, NotFoundError, UserError

__all__ = ["address", "both", "local", "run"]


@pytest.fixture
def variables() -> dict[str, str]:
    """No setting switches on the tests of connections."""
    return {}


def test_a_name_that_is_taken_is_told_as_such(both: Both) -> None:
    both("users", "create", "-u", "{n}", "-p", "long enough")
    said = both("users", "create", "-u", "{n}", "-p", "long enough")
    assert (said.code, "same moment" in said.err) == (1, False)
    assert "already" in said.err
    assert "hint: Give another name; `windward users list` shows those that are taken." in said.err


def test_what_a_setting_switches_off_is_not_for_a_role_to_permit(run: Run, local: Run) -> None:
    local("connections", "add", "shop", "--conn-uri", "http://h")
    said = run("connections", "test", "shop")
    assert said.code == 1
    assert "hint: Set it to `enabled` where the server runs, and start the server anew." in said.err


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_a_token_that_would_delete_its_owners_is_sent_for_a_jwt(
    client: Client, run: Run, local: Run, role: str
) -> None:
    del client
    local("users", "create", "-u", "ada", "-p", "long enough", "-r", role)
    made = local("tokens", "create", "-u", "ada", "mine")
    local("tokens", "create", "-u", "ada", "other")
    other = next(
        one["token_id"]
        for one in local("tokens", "list", "-u", "ada", "-o", "json").rows
        if one["name"] == "other"
    )
    said = run("tokens", "delete", "-u", "ada", other, token=made.out.strip())
    assert said.code == 1
    assert "hint: Set `WINDWARD_TOKEN` to a JWT: `POST /auth/token`" in said.err
    assert "Ask for a role" not in said.err


@pytest.mark.parametrize("error", [NotFoundError("gone", hint="look"), ConflictError("twice", hint="look")])
def test_a_hint_of_the_server_is_passed_on(error: NotFoundError | ConflictError) -> None:
    refusal = refusal_of(error)
    body = msgspec.json.encode(refusal.body)
    again = error_of(refusal.status, body, "GET", "/api/v2/x", url="http://h")
    said = again.message if isinstance(again, UserError) else str(again)
    assert (said, again.hint) == (str(error), "look")
