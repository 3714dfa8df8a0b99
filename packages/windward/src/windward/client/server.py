"""An API server as a command line asks it: JSON by path, lists page by page, and errors with hints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

import msgspec

from windward.client.http import ApiClient
from windward.errors import NotFoundError, UnavailableError, UserError, WindwardError

PAGE = 100
SIGN_IN = "Set `WINDWARD_TOKEN` to a token of this server: `windward tokens create` makes one there."
LOOK_AT_THE_LOG = "The server's log tells more; `--verbose` shows where this came from."
NO_SUCH_PLACE = {404: "Not Found", 405: "Method Not Allowed"}
"""What a server answers where it has no API: no command asks for what an API server does not offer."""
Json = dict[str, Any]


class RefusedHereError(UserError):
    """The server refused; `status` says how."""

    def __init__(self, message: str, *, hint: str, status: int) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class Server:
    """One server."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self._api = ApiClient(url, token, error_of=partial(error_of, url=self.url))

    def close(self) -> None:
        """Give back the connection."""
        self._api.close()

    def get(self, path: str, **query: object) -> Json:
        """Return an answer.

        Raises:
            NotFoundError: when there is no such thing.
            UnavailableError: when the server does not answer.
            RefusedHereError: when it refuses for another reason.
        """
        return self._ask("GET", _with(path, query))

    def send(self, method: str, path: str, body: object = None, **query: object) -> Json:
        """Ask for a change and return the answer; raise as `get` does."""
        return self._ask(method, _with(path, query), body)

    def pages(self, path: str, key: str, *, limit: int | None = None, **query: object) -> Iterator[Json]:
        """Yield the entries of a list, `limit` at most; raise as `get` does."""
        count = 0
        while limit is None or count < limit:
            wanted = PAGE if limit is None else min(PAGE, limit - count)
            found = self.get(path, **query, limit=wanted, offset=count)[key]
            yield from found
            count += len(found)
            if len(found) < wanted:
                return

    def lines(self, path: str, **query: object) -> Iterator[bytes]:
        """Yield parts of a log as they come; raise as `get` does."""
        return self._api.stream(_with(path, query), accept="application/x-ndjson")

    def _ask(self, method: str, path: str, body: object = None) -> Json:
        """Return an answer; that of a request without one is empty."""
        raw = self._api.ask(method, path, bytes, body=body)
        if not raw and method != "GET":
            return {}
        try:
            return msgspec.json.decode(raw, type=dict)
        except msgspec.MsgspecError as error:
            raise _is_elsewhere(self.url) from error


def _with(path: str, query: Mapping[str, object]) -> str:
    pairs = [
        (name, _text(one))
        for name, value in query.items()
        for one in (value if isinstance(value, list | tuple) else [value])
        if one is not None
    ]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def error_of(status: int, answer: bytes, method: str, path: str, *, url: str) -> WindwardError:
    """Return the error to raise for a refusal: in the server's words, with a hint. Others' words are not repeated."""
    try:
        body = msgspec.json.decode(answer)
        detail, hint = body["detail"], str(body.get("hint", ""))
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
        return _of_something_else(status, method, path, url=url)
    if detail == NO_SUCH_PLACE.get(status):
        return _is_elsewhere(url)
    if isinstance(detail, list):
        detail = "; ".join(f"{'.'.join(map(str, one['loc']))} {one['msg']}" for one in detail)
    message = str(detail) or f"`{method} {path}` was answered with {status}"
    match status:
        case 401:
            return RefusedHereError(f"the server does not know you: {message}", hint=SIGN_IN, status=status)
        case 403:
            hint = hint or "Ask for a role or a token that permits it: `windward tokens create --scope …`."
            return RefusedHereError(message, hint=hint, status=status)
        case 404:
            return NotFoundError(message, hint=hint)
        case 409:
            hint = hint or "Someone else changed it at the same moment. Look again, then repeat it."
            return RefusedHereError(message, hint=hint, status=status)
        case 422:
            hint = hint or "Correct what it names, and repeat the command."
            return RefusedHereError(message, hint=hint, status=status)
        case 429 | 502 | 503 | 504:
            return UnavailableError(message)
        case _:
            return RefusedHereError(message, hint=hint or LOOK_AT_THE_LOG, status=status)


def _of_something_else(status: int, method: str, path: str, *, url: str) -> WindwardError:
    """Return the error for a refusal that is none of this API's: of a proxy, of a broken server, or of another one."""
    match status:
        case 429 | 502 | 503 | 504:
            return UnavailableError(f"the API server does not answer: something before it said {status}")
        case 500:
            message = f"`{method} {path.partition('?')[0]}` was answered with {status}"
            return RefusedHereError(message, hint=LOOK_AT_THE_LOG, status=status)
        case _:
            return _is_elsewhere(url)


def _is_elsewhere(url: str) -> UserError:
    return UserError(
        f"what answers at {url} is not a Windward API server",
        hint="Give its address as `http://HOST:PORT` or `https://HOST`, with a path only where `[api] base_url` has one.",
    )
