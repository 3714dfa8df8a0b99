"""Requests to an API server: one connection for each thread, JSON both ways, and errors by what to do about them."""

from __future__ import annotations

import http.client
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from windward.errors import (
    ConflictError,
    NotFoundError,
    SettingsError,
    UnavailableError,
    WindwardError,
)

Reply = TypeVar("Reply")
TIMEOUT_S = 60.0
ANSWER_BYTES_MAX = 64 * 1024 * 1024
PART_BYTES = 65_536
ErrorOf = Callable[[int, bytes, str, str], WindwardError]
"""Of a status, a body, a method and a path."""
_ENCODE = msgspec.json.Encoder().encode


_TOKEN = re.compile(r"[!-~]+")


class NotAdmittedError(WindwardError):
    """The server does not take this token, for this, any more."""


class RefusedError(WindwardError):
    """The server does not take the request as it is: sending it again changes nothing."""


class ApiClient:
    """Speaks to one server with a worker's token, or with the token of an attempt. Safe to share between threads."""

    def __init__(self, server: str, token: str, *, error_of: ErrorOf | None = None) -> None:
        """`error_of` turns a refusal into the error that is raised.

        Raises:
            SettingsError: when the address or the token can be none.
        """
        self._is_tls, self._host, self._port, self._base = _address(server)
        if token and not _TOKEN.fullmatch(token):
            raise SettingsError(
                "the token holds a character that no token has, such as a space or a line break",
                hint="Set `WINDWARD_TOKEN` to what `windward tokens create` printed, and to nothing more.",
            )
        self._token = token
        self._error_of = error_of or _error
        self._local = threading.local()

    def ask(
        self,
        method: str,
        path: str,
        reply: type[Reply],
        *,
        body: object = None,
        token: str | None = None,
    ) -> Reply:
        """Send a request; return its answer, decoded.

        Raises:
            UnavailableError: when the server cannot be reached, or asks for patience: try again.
            NotAdmittedError: when the token is not taken.
            NotFoundError: when what is asked for is not there.
            ConflictError: when somebody else was first.
            RefusedError: when the request is wrong.
        """
        raw = self._send(method, path, body, token)
        if reply is bytes:
            return raw  # type: ignore[return-value]  # it was asked for as it is
        try:
            return msgspec.json.decode(raw, type=reply)
        except msgspec.MsgspecError as error:
            raise RefusedError(f"`{method} {path}` was answered with what cannot be read: {error}") from error

    def stream(self, path: str, *, accept: str) -> Iterator[bytes]:
        """Yield the parts of an answer as they come, on a connection of its own; end where they stop for a minute.

        Raises:
            UnavailableError: when the server cannot be reached; and what `ask` raises.
        """
        connection = self._new_connection()
        headers = {"authorization": f"Bearer {self._token}", "accept": accept}
        try:
            connection.request("GET", self._base + path, headers=headers)
            response = connection.getresponse()
            if response.status >= 300:
                raise self._error_of(response.status, response.read(ANSWER_BYTES_MAX), "GET", path)
            while part := response.read1(PART_BYTES):
                yield part
        except (OSError, http.client.HTTPException) as error:
            raise _unanswered(error) from error
        finally:
            connection.close()

    def tell(self, method: str, path: str, *, body: object = None, token: str | None = None) -> None:
        """Send a request whose answer is empty; raise as `ask` does."""
        self._send(method, path, body, token)

    def close(self) -> None:
        """Give back this thread's connection."""
        self._drop()

    def _send(self, method: str, path: str, body: object, token: str | None) -> bytes:
        headers = {"authorization": f"Bearer {token or self._token}", "accept": "application/json"}
        raw: bytes | None = None
        if isinstance(body, bytes):
            raw, headers["content-type"] = body, "application/octet-stream"
        elif body is not None:
            raw, headers["content-type"] = _ENCODE(body), "application/json"
        try:
            status, answer = self._exchange(method, self._base + path, raw, headers)
        except (OSError, http.client.HTTPException) as error:
            self._drop()
            raise _unanswered(error) from error
        if status < 300:
            return answer
        raise self._error_of(status, answer, method, path)

    def _exchange(
        self, method: str, path: str, raw: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        connection, is_kept = self._connection()
        try:
            connection.request(method, path, body=raw, headers=headers)
            response = connection.getresponse()
        except (ConnectionError, http.client.RemoteDisconnected):
            if not is_kept:
                raise
            self._drop()  # the server closed it while it was idle
            connection, _ = self._connection()
            connection.request(method, path, body=raw, headers=headers)
            response = connection.getresponse()
        return response.status, response.read(ANSWER_BYTES_MAX)

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        kept: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if kept is not None:
            return kept, True
        made = self._new_connection()
        self._local.connection = made
        return made, False

    def _new_connection(self) -> http.client.HTTPConnection:
        return (
            http.client.HTTPSConnection(
                self._host, self._port, timeout=TIMEOUT_S, context=ssl.create_default_context()
            )
            if self._is_tls
            else http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        )

    def _drop(self) -> None:
        kept = getattr(self._local, "connection", None)
        if kept is not None:
            kept.close()
            self._local.connection = None


def in_path(text: str) -> str:
    """Return a text as one part of a path."""
    return quote(text, safe="")


def _address(server: str) -> tuple[bool, str, int, str]:
    """Return whether an address is of TLS, its host, its port and what stands before each path."""
    no_address = SettingsError(
        f"`{server}` is not the address of an API server",
        hint="Give it as `http://HOST:PORT` or `https://HOST`.",
    )
    try:
        parts = urlsplit(server)
        host, port = parts.hostname, parts.port
    except ValueError as error:  # brackets without an end, a port that is no number
        raise no_address from error
    if not host or " " in host or parts.scheme not in {"http", "https"}:
        raise no_address
    is_tls = parts.scheme == "https"
    return is_tls, host, port or (443 if is_tls else 80), parts.path.rstrip("/")


def _unanswered(error: OSError | http.client.HTTPException) -> UnavailableError:
    if isinstance(error, OSError):
        return UnavailableError(f"the API server does not answer: {error}")
    # What another program sent stands in the error, as it was sent.
    return UnavailableError("the API server does not answer: what answers there does not speak HTTP")


def _error(status: int, answer: bytes, method: str, path: str) -> WindwardError:
    message = f"`{method} {path}` was answered with {status}: {_detail(answer)}"
    match status:
        case 401 | 403:
            return NotAdmittedError(message)
        case 404:
            return NotFoundError(message)
        case 409:
            return ConflictError(_detail(answer))
        case 429 | 502 | 503 | 504:
            return UnavailableError(message)
        case _ if status >= 500:
            return UnavailableError(message)
        case _:
            return RefusedError(message)


def _detail(answer: bytes) -> str:
    try:
        body: Any = msgspec.json.decode(answer)
        return str(body["detail"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        return answer[:200].decode(errors="replace")
