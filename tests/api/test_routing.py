"""Routes are looked for among those of the same length: that changes nothing of what is found. Nobody is redirected."""

import asyncio
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router

from windward.api.routing import RoutesByLength

PATHS = ("/", "/a", "/a/{x}", "/a/b", "/a/{x}/c", "/files/{x:path}", "/files/{x:path}/end", "/late/{x:path}")


def routes() -> list[Route]:
    def to(name: str) -> Route:
        async def answer(request: Request) -> Response:
            return PlainTextResponse(f"{name} {dict(request.path_params)}")

        return Route(name, answer, methods=["GET"])

    return [to(path) for path in PATHS]


def asked(router: Router, method: str, path: str, root_path: str = "") -> list[Any]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "root_path": root_path, "query_string": b"", "headers": [],
        "scheme": "http", "server": ("x", 80),
    }  # fmt: skip
    asyncio.run(router(scope, receive, send))
    return sent


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path",
    [
        "/", "/a", "/a/", "/a/b", "/a/z", "/a/z/c", "/a/z/c/", "/a/z/d", "/a//c", "/b", "/files", "/files/", "/files/1",
        "/files/1/2", "/files/1/end", "/files/1/2/3/4/5/6/7/8/9", "/late/1/2/3", "//", "",
    ],
)  # fmt: skip
def test_a_path_is_answered_as_if_all_routes_were_tried(method: str, path: str) -> None:
    assert asked(RoutesByLength(routes()), method, path) == asked(
        Router(routes(), redirect_slashes=False), method, path
    )


def test_a_path_below_a_root_is_answered_as_if_all_routes_were_tried() -> None:
    answer = asked(RoutesByLength(routes()), "GET", "/base/a/z", "/base")
    assert answer == asked(Router(routes(), redirect_slashes=False), "GET", "/base/a/z", "/base")
    assert answer[0]["status"] == 200
