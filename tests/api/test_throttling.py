"""Wrong passwords: counted by name, by address and by place, and answered like right ones when there are no tries left."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from tests.api.conftest import Client, FixedClock
from tests.api.signing_in import ME, SESSION, basic
from windward.api.access.familiar import Familiar

FORM = {"content-type": "application/x-www-form-urlencoded"}
PROXY = {"WINDWARD__API__TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8"}


def test_wrong_passwords_are_throttled_by_name_and_tries_come_back(client: Client, clock: FixedClock) -> None:
    for _ in range(10):
        assert client.ask("GET", ME, headers=basic("admin", "wrong")).status == 401
    answer = client.ask("GET", ME, headers=basic("admin", client.password))
    assert (answer.status, answer.headers["retry-after"]) == (429, "30")
    assert client.ask("GET", ME, headers=basic("vera", "wrong")).status == 401
    clock.at += timedelta(seconds=30)
    assert client.ask("GET", ME, headers=basic("admin", client.password)).status == 200


def test_no_answer_tells_a_right_password_when_there_are_no_tries_left(client: Client) -> None:
    assert client.ask("GET", ME, headers=basic("admin", client.password)).status == 200
    for _ in range(10):
        assert client.ask("GET", ME, headers=basic("admin", "wrong")).status == 401
    body = {"username": "ADMIN", "password": client.password}
    form = urlencode({**body, "next": "/"}).encode()
    for password in (client.password, "wrong"):
        assert client.ask("GET", ME, headers=basic("admin", password)).status == 429
    assert client.ask("POST", "/auth/token", body).status == 429
    assert client.ask("POST", "/login", form, headers=FORM).status == 429


@pytest.mark.parametrize("variables", [PROXY])
def test_who_guesses_elsewhere_keeps_nobody_out_where_they_have_signed_in(client: Client) -> None:
    def ask(password: str, address: str) -> int:
        headers = {**basic("admin", password), "x-forwarded-for": address}
        return client.ask("GET", ME, headers=headers).status

    places = ("9.9.9.1", "9.9.9.2")
    assert [ask(client.password, place) for place in places] == [200, 200]
    assert [ask("wrong", "6.6.6.6") for _ in range(11)] == [401] * 10 + [429]
    assert ask(client.password, "6.6.6.6") == 429
    assert ask(client.password, "7.7.7.7") == 429
    assert [ask(client.password, place) for place in places] == [200, 200]
    assert [ask("wrong", "9.9.9.1") for _ in range(11)] == [401] * 10 + [429]
    assert ask(client.password, "9.9.9.1") == 429


def test_places_are_remembered_up_to_a_number() -> None:
    familiar = Familiar(places_max=2)
    for name in ("a", "b", "a", "c"):
        familiar.note(name, "1.1.1.1")
    assert [familiar.knows(name, "1.1.1.1") for name in "abc"] == [True, False, True]
    assert not familiar.knows("a", "2.2.2.2")


@pytest.mark.parametrize(
    "body",
    [{"username": "admin", "password": "x" * 1025}, {"username": "x" * 1025, "password": "a long password"}],
)
@pytest.mark.parametrize("path", ["/auth/token", "/auth/token/cli", SESSION])
def test_what_is_too_long_for_a_password_is_a_try_like_any_other(
    client: Client, path: str, body: dict[str, str]
) -> None:
    assert [client.ask("POST", path, body).status for _ in range(11)] == [401] * 10 + [429]


def test_wrong_passwords_are_throttled_by_address_whatever_the_names(client: Client) -> None:
    for number in range(50):
        assert client.ask("GET", ME, headers=basic(f"user{number}", "wrong")).status == 401
    assert client.ask("GET", ME, headers=basic("somebody", "wrong")).status == 429


def test_right_passwords_use_no_tries_up(client: Client) -> None:
    for _ in range(30):
        assert (
            client.ask("POST", "/auth/token", {"username": "admin", "password": client.password}).status
            == 201
        )


def test_an_address_cannot_be_made_up(client: Client) -> None:
    for number in range(50):
        headers = {**basic(f"user{number}", "wrong"), "x-forwarded-for": f"10.0.0.{number}"}
        client.ask("GET", ME, headers=headers)
    assert client.ask("GET", ME, headers={**basic("x", "wrong"), "x-forwarded-for": "10.9.9.9"}).status == 429
