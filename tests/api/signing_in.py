"""What tests of coming in share: signing in by every way, and the headers that follow from it."""

import base64

from tests.api.conftest import Answer, Client

ME = "/api/windward/v1/me"
SESSION = "/api/windward/v1/session"
POOL = {"name": "p", "slots": 1}


def cookies_of(answer: Answer) -> dict[str, str]:
    pairs = (cookie.split(";")[0].partition("=") for cookie in answer.cookies)
    return {name: value for name, _, value in pairs}


def headers_of(cookies: dict[str, str], *, csrf: bool = True) -> dict[str, str]:
    headers = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    return {**headers, "x-csrf-token": cookies["windward_csrf"]} if csrf else headers


def sign_in(client: Client, username: str = "admin", password: str | None = None) -> dict[str, str]:
    body = {"username": username, "password": password or client.password}
    answer = client.ask("POST", SESSION, body)
    assert answer.status == 201, answer.body
    return cookies_of(answer)


def jwt_of(
    client: Client, username: str = "admin", password: str | None = None, *, path: str = "/auth/token"
) -> str:
    answer = client.ask("POST", path, {"username": username, "password": password or client.password})
    assert answer.status == 201, answer.body
    token: str = answer.json["access_token"]
    return token


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def basic(name: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}
