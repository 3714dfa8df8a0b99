"""Coming in as a person: passwords, sessions of browsers, proxies; and what others may make a browser do."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from tests.api.conftest import Client, FixedClock
from tests.api.signing_in import ME, POOL, SESSION, basic, bearer, cookies_of, headers_of, jwt_of, sign_in
from windward.api.access.words import LANGUAGES, Word, language_of
from windward.core.access import BUILT_IN_ROLES
from windward.model.accounts import User

FORM = {"content-type": "application/x-www-form-urlencoded"}
PROXY = {
    "WINDWARD__API_AUTH__PROXY_USER_HEADER": "X-Remote-User",
    "WINDWARD__API__TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8",
}


# -- passwords


def test_a_name_and_its_password_come_in_whatever_the_case_of_the_name(client: Client) -> None:
    answer = client.ask("GET", ME, headers=basic("ADMIN", client.password))
    assert answer.json["username"] == "admin"
    assert answer.json["credential"] == "password"
    assert client.ask("GET", ME, headers=basic("admin", client.password.upper())).status == 401


# -- sessions


def test_a_session_cookie_is_hidden_from_scripts_and_other_sites(client: Client) -> None:
    answer = client.ask("POST", SESSION, {"username": "admin", "password": client.password})
    session, csrf = answer.cookies
    assert session.startswith("windward_session=")
    assert "HttpOnly" in session
    assert all("SameSite=Lax" in cookie and "Path=/" in cookie for cookie in (session, csrf))
    assert "Secure" not in session
    assert "HttpOnly" not in csrf


@pytest.mark.parametrize("variables", [{"WINDWARD__API__BASE_URL": "https://windward.test"}])
def test_cookies_stay_on_https(client: Client) -> None:
    answer = client.ask("POST", SESSION, {"username": "admin", "password": client.password})
    assert all("; Secure" in cookie for cookie in answer.cookies)


def test_a_session_reads_and_changes_only_with_its_own_token(client: Client) -> None:
    mine, other = sign_in(client), sign_in(client)
    assert client.ask("GET", ME, headers=headers_of(mine, csrf=False)).json["credential"] == "session"
    for headers in (
        headers_of(mine, csrf=False),
        {**headers_of(mine), "x-csrf-token": "x"},
        {**headers_of(mine), "x-csrf-token": other["windward_csrf"]},
        {**headers_of(mine), "origin": "https://evil.test", "host": "127.0.0.1"},
        {**headers_of(mine), "sec-fetch-site": "cross-site"},
        {**headers_of(mine), "sec-fetch-site": "same-site"},
    ):
        assert client.ask("POST", "/api/v2/pools", POOL, headers=headers).status == 403
    assert client.ask("POST", "/api/v2/pools", POOL, headers=headers_of(mine)).status == 201


def test_a_session_begins_with_a_new_id_and_ends_the_one_before(client: Client) -> None:
    planted = sign_in(client)
    body = {"username": "admin", "password": client.password}
    answer = client.ask("POST", SESSION, body, headers=headers_of(planted, csrf=False))
    fresh = cookies_of(answer)
    assert fresh["windward_session"] != planted["windward_session"]
    assert client.ask("GET", ME, headers=headers_of(planted)).status == 401
    assert client.ask("GET", ME, headers=headers_of(fresh)).status == 200
    made_up = {"windward_session": "chosen by somebody else"}
    answer = client.ask("POST", SESSION, body, headers=headers_of(made_up, csrf=False))
    assert cookies_of(answer)["windward_session"] != made_up["windward_session"]


def test_sessions_are_listed_and_ended(client: Client) -> None:
    mine, lost = sign_in(client), sign_in(client)
    listed = client.ask("GET", f"{ME}/sessions", headers=headers_of(mine)).json["sessions"]
    assert [one["is_current"] for one in listed].count(True) == 1
    (other,) = [one["session_id"] for one in listed if not one["is_current"]]
    assert client.ask("DELETE", f"{ME}/sessions/{other}", headers=headers_of(mine)).status == 204
    assert client.ask("DELETE", f"{ME}/sessions/{other}", headers=headers_of(mine)).status == 404
    assert client.ask("GET", ME, headers=headers_of(lost)).status == 401
    assert client.ask("DELETE", SESSION, headers=headers_of(mine)).status == 204
    assert client.ask("GET", ME, headers=headers_of(mine)).status == 401


def test_a_session_ends_with_its_time_and_when_nobody_uses_it(client: Client, clock: FixedClock) -> None:
    idle, used = sign_in(client), sign_in(client)
    for _ in range(6):
        clock.at += timedelta(hours=20)
        assert client.ask("GET", ME, headers=headers_of(used)).status == 200
    assert client.ask("GET", ME, headers=headers_of(idle)).status == 401
    statuses = []
    for _ in range(3):
        clock.at += timedelta(hours=20)
        statuses.append(client.ask("GET", ME, headers=headers_of(used)).status)
    assert statuses == [200, 200, 401]


def test_a_new_password_ends_every_session_and_jwt_and_goes_on_in_a_new_session(client: Client) -> None:
    mine, other, token = sign_in(client), sign_in(client), jwt_of(client)
    body = {"current_password": client.password, "new_password": "another long password"}
    answer = client.ask("POST", f"{ME}/password", body, headers=headers_of(mine))
    assert answer.status == 204
    for headers in (headers_of(mine), headers_of(other), bearer(token), basic("admin", client.password)):
        assert client.ask("GET", ME, headers=headers).status == 401
    assert client.ask("GET", ME, headers=headers_of(cookies_of(answer))).status == 200
    assert client.ask("GET", ME, headers=basic("admin", "another long password")).status == 200


def test_a_password_is_changed_by_who_knows_it_and_tries_are_limited(client: Client) -> None:
    mine = sign_in(client)
    body = {"current_password": "wrong", "new_password": "another long password"}
    for _ in range(10):
        assert client.ask("POST", f"{ME}/password", body, headers=headers_of(mine)).status == 400
    assert client.ask("POST", f"{ME}/password", body, headers=headers_of(mine)).status == 429


@pytest.mark.parametrize("new", ["short", "ADMIN", "x" * 2000])
def test_some_passwords_are_none(client: Client, new: str) -> None:
    body = {"current_password": client.password, "new_password": new}
    answer = client.ask("POST", f"{ME}/password", body, headers=basic("admin", client.password))
    assert answer.status == 400


# -- the page to sign in on


def test_the_form_signs_in_and_goes_on_to_a_place_of_this_server(client: Client) -> None:
    form = urlencode({"username": "admin", "password": client.password, "next": "/openapi.json"}).encode()
    answer = client.ask("POST", "/login", form, headers=FORM)
    assert (answer.status, answer.headers["location"]) == (303, "/openapi.json")
    page = client.ask("GET", "/", headers=headers_of(cookies_of(answer), csrf=False))
    assert (page.status, b"sign out" in page.body) == (200, True)


@pytest.mark.parametrize(
    "target", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "\\x"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(client: Client, target: str) -> None:
    form = urlencode({"username": "admin", "password": client.password, "next": target}).encode()
    assert client.ask("POST", "/login", form, headers=FORM).headers["location"] == "/"
    assert client.ask("GET", f"/api/v2/auth/login?{urlencode({'next': target})}").status == 400


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("/dags/한글?tab=그리드", "/dags/%ED%95%9C%EA%B8%80?tab=%EA%B7%B8%EB%A6%AC%EB%93%9C"),
        ("/é#x", "/%C3%A9#x"),
        ("/dags/a%2Fb?x=%ED%95%9C&y=1", "/dags/a%2Fb?x=%ED%95%9C&y=1"),
        ("/" + "한" * 1000, "/"),
    ],
)
def test_after_signing_in_one_comes_to_a_place_in_any_script(client: Client, target: str, place: str) -> None:
    form = urlencode({"username": "admin", "password": client.password, "next": target}).encode()
    answer = client.ask("POST", "/login", form, headers=FORM)
    assert (answer.status, answer.headers["location"]) == (303, place)


def test_the_form_says_what_is_wrong_and_runs_no_script(client: Client) -> None:
    form = urlencode({"username": '"><script>', "password": "x", "next": '/"><script>'}).encode()
    answer = client.ask("POST", "/login", form, headers=FORM)
    assert answer.status == 401
    assert b"<script" not in answer.body
    assert "unsafe" not in answer.headers["content-security-policy"]
    elsewhere = client.ask(
        "POST", "/login", form, headers={**FORM, "origin": "https://evil.test", "host": "h"}
    )
    assert elsewhere.status == 403


def test_the_form_is_in_the_language_that_a_browser_asks_for(client: Client) -> None:
    form = urlencode({"username": "admin", "password": "wrong", "next": "/"}).encode()
    for accepted, language, title, problem in (
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko", "로그인", "올바르지 않습니다"),
        ("fr, en;q=0.5, ko;q=0.4", "en", "Sign in", "do not belong together"),
        ("", "en", "Sign in", "do not belong together"),
    ):
        said = {"accept-language": accepted}
        page = client.ask("GET", "/login", headers=said)
        assert (page.status, page.headers["content-language"]) == (200, language)
        assert f'<html lang="{language}">' in page.body.decode()
        assert f"<button>{title}</button>" in page.body.decode()
        refused = client.ask("POST", "/login", form, headers={**FORM, **said})
        assert (refused.status, problem in refused.body.decode()) == (401, True)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("ko", "ko"),
        ("KO-kr", "ko"),
        ("en;q=0.2,ko;q=0.3", "ko"),
        ("ko;q=0,en", "en"),
        ("ko;q=x", "en"),
        ("ko;q=nan", "en"),
        (",;,q=", "en"),
        ("<script>", "en"),
    ],
)
def test_what_a_browser_asks_for_may_be_anything(accepted: str, language: str) -> None:
    assert language_of(accepted) == language


def test_every_word_is_said_in_every_language() -> None:
    assert all(set(words) == set(Word) for words in LANGUAGES.values())


def test_the_form_is_taken_as_browsers_send_it(client: Client) -> None:
    """From a page that sends no referrer a form's origin is `null`; an old browser says nothing but the origin."""
    form = urlencode({"username": "admin", "password": client.password, "next": "/"}).encode()
    for sent, status in (
        ({"origin": "null", "sec-fetch-site": "same-origin"}, 303),
        ({"origin": "http://h", "host": "h"}, 303),
        ({"origin": "null"}, 403),
        ({"origin": "null", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "null", "sec-fetch-site": "none"}, 403),
    ):
        answer = client.ask("POST", "/login", form, headers={**FORM, "host": "h", **sent})
        assert answer.status == status, sent
    assert client.ask("GET", "/login").headers["referrer-policy"] == "same-origin"


def test_a_link_signs_in_once(client: Client) -> None:
    link = f"/login/link?ticket={client.ticket}"
    looked = client.ask("HEAD", link)
    assert (looked.status, looked.cookies) == (200, [])
    answer = client.ask("GET", link)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert client.ask("GET", "/", headers=headers_of(cookies_of(answer), csrf=False)).status == 200
    assert client.ask("GET", link).status == 401
    assert client.ask("GET", "/login/link").status == 401


CHANGES: dict[str, list[dict[str, object]]] = {
    "password": [{"password": "another horse"}],
    "disabled": [{"is_active": False}, {"is_active": True}],
}


@pytest.mark.parametrize("word", ["sessions", *CHANGES])
def test_what_ends_sessions_ends_links(client: Client, word: str) -> None:
    users = "/api/windward/v1/users"
    other = {"username": "other", "password": "correct horse", "roles": ["admin"]}
    assert client.ask("POST", users, other, role="admin").status == 201
    if word == "sessions":
        assert client.ask("DELETE", f"{users}/admin/sessions", role="admin").status == 204
    for change in CHANGES.get(word, ()):
        assert client.ask("PATCH", f"{users}/admin", change, role="admin").status == 200
    assert client.ask("GET", f"/login/link?ticket={client.ticket}").status == 401


def test_a_link_counts_for_a_while_only(client: Client, clock: FixedClock) -> None:
    clock.at += timedelta(seconds=900)
    assert client.ask("GET", f"/login/link?ticket={client.ticket}").status == 401


def test_airflows_addresses_lead_to_the_page_and_back(client: Client) -> None:
    answer = client.ask("GET", "/api/v2/auth/login?next=/x?a=b")
    assert (answer.status, answer.headers["location"]) == (307, "/login?next=%2Fx%3Fa%3Db")
    mine = sign_in(client)
    elsewhere = {**headers_of(mine, csrf=False), "sec-fetch-site": "cross-site"}
    assert client.ask("GET", "/api/v2/auth/logout", headers=elsewhere).cookies == []
    assert client.ask("HEAD", "/api/v2/auth/logout", headers=headers_of(mine, csrf=False)).cookies == []
    assert client.ask("GET", ME, headers=headers_of(mine)).status == 200
    answer = client.ask("GET", "/api/v2/auth/logout", headers=headers_of(mine, csrf=False))
    assert (answer.status, answer.headers["location"]) == (307, "/login")
    assert all("Max-Age=0" in cookie for cookie in answer.cookies)
    assert client.ask("GET", ME, headers=headers_of(mine)).status == 401


# -- proxies


@pytest.mark.parametrize("variables", [PROXY])
def test_a_trusted_proxy_says_who_it_is(client: Client, viewer: User) -> None:
    assert client.ask("GET", ME, headers={"x-remote-user": "vera"}).json["credential"] == "proxy"
    assert client.ask("GET", ME, headers={"x-remote-user": "nobody"}).status == 401
    elsewhere = {"x-remote-user": "admin", "origin": "https://evil.test", "host": "127.0.0.1"}
    assert client.ask("POST", "/api/v2/pools", POOL, headers=elsewhere).status == 403
    assert client.ask("POST", "/api/v2/pools", POOL, headers={"x-remote-user": "admin"}).status == 201


@pytest.mark.parametrize("variables", [{**PROXY, "WINDWARD__API_AUTH__NEW_USER_ROLE": "viewer"}])
def test_a_user_that_a_proxy_vouches_for_is_made_with_the_role_that_is_set(client: Client) -> None:
    answer = client.ask("GET", ME, headers={"x-remote-user": "nora"})
    assert (answer.json["username"], answer.json["roles"]) == ("nora", ["viewer"])
    assert client.ask("GET", ME, headers=basic("nora", "")).status == 401
    assert client.ask("GET", ME, headers={"x-remote-user": "no such <name>"}).status == 401


@pytest.mark.parametrize("variables", [{**PROXY, "WINDWARD__API__TRUSTED_PROXIES": "10.0.0.1"}])
def test_a_header_from_anybody_else_is_nothing(client: Client) -> None:
    assert client.ask("GET", ME, headers={"x-remote-user": "admin"}).status == 401
    lie = {"x-remote-user": "admin", "x-forwarded-for": "10.0.0.1"}
    assert client.ask("GET", ME, headers=lie).status == 401


def test_a_header_is_nothing_unless_it_is_switched_on(client: Client) -> None:
    assert client.ask("GET", ME, headers={"x-remote-user": "admin", "": "admin"}).status == 401


@pytest.mark.parametrize("variables", [PROXY])
def test_addresses_behind_trusted_proxies_are_the_last_that_is_not_theirs(client: Client) -> None:
    headers = {"x-forwarded-for": "1.1.1.1, 9.9.9.9, 10.1.1.1"}
    body = {"username": "admin", "password": client.password}
    made = cookies_of(client.ask("POST", SESSION, body, headers={**headers, "x-forwarded-proto": "https"}))
    (shown,) = client.ask("GET", f"{ME}/sessions", headers=headers_of(made)).json["sessions"]
    assert shown["address"] == "9.9.9.9"


@pytest.mark.parametrize("variables", [PROXY])
def test_the_line_that_a_proxy_adds_is_not_hidden_by_one_of_the_client(client: Client) -> None:
    for number in range(50):
        headers = {"X-Forwarded-For": f"6.6.6.{number}", "x-forwarded-for": "9.9.9.9"}
        assert client.ask("GET", ME, headers={**basic(f"user{number}", "no"), **headers}).status == 401
    headers = {"X-Forwarded-For": "6.6.6.66", "x-forwarded-for": "9.9.9.9"}
    assert client.ask("GET", ME, headers={**basic("somebody", "no"), **headers}).status == 429
    both = {"X-Remote-User": "admin", "x-remote-user": "vera"}
    assert client.ask("GET", ME, headers=both).status == 401


@pytest.mark.parametrize("variables", [PROXY])
def test_https_of_a_chain_of_proxies_is_what_the_browser_speaks(client: Client) -> None:
    body = {"username": "admin", "password": client.password}
    chain = {"X-Forwarded-Proto": "https", "x-forwarded-proto": "http"}
    for headers in (chain, {"x-forwarded-proto": "https, http"}):
        assert all("Secure" in one for one in client.ask("POST", SESSION, body, headers=headers).cookies)


def test_cookies_in_two_lines_are_all_read(client: Client) -> None:
    mine = sign_in(client)
    lines = {"Cookie": "theme=dark", "cookie": headers_of(mine)["cookie"]}
    assert client.ask("GET", ME, headers=lines).status == 200


def test_me_says_what_i_may(client: Client) -> None:
    shown = client.ask("GET", ME, role="viewer").json
    assert "run:read" in shown["permissions"]
    assert len(shown["permissions"]) == len(BUILT_IN_ROLES["viewer"])
