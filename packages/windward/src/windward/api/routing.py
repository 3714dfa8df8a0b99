"""Finding the route of a path among its like: to try all of a hundred and fifty takes as long as a query."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

_ANY_LENGTH = ":path}"
"""In a route's path: a parameter that may hold slashes."""


class RoutesByLength(Router):
    """Tries the routes that have as many parts as the path, in their order, then all.

    Nothing is redirected here: a router's own way makes an address out of whatever the request says of the host.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        super().__init__(routes, redirect_slashes=False)
        lengths, whole = {_length(route.path) for route in routes}, super().app
        self._by_length = {
            length: Router(
                [route for route in routes if _may_have(route.path, length)],
                redirect_slashes=False,
                default=whole,
            )
            for length in lengths
        }

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is asked, as a router does."""
        some = None
        if scope["type"] == "http" and not scope.get("root_path"):
            some = self._by_length.get(_length(scope["path"]))
        if some is None:
            await super().app(scope, receive, send)
        else:
            await some.app(scope, receive, send)


def _length(path: str) -> int:
    return path.count("/")


def _may_have(path: str, length: int) -> bool:
    """Whether a route's path may stand for one of that length."""
    return _length(path) == length or (_ANY_LENGTH in path and _length(path) <= length)
