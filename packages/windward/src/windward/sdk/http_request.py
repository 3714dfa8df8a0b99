"""One HTTP request of a sensor and its trigger, by the standard library: where to, with what, and what came.

What lives here: asking once. What may not: waiting, or judging the answer.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from functools import cached_property
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from windward.sdk.connection import Connection, read
from windward.sdk.exceptions import AirflowException

TIMEOUT_S = 60.0
"""How long one request may take when `extra_options` has no `timeout`."""
NOT_YET = ("404",)
"""Statuses that mean "not yet" unless the author names others."""
DEFAULT_CONN_ID = "http_default"
SCHEMES = frozenset({"http", "https"})
_OPTIONS = frozenset(
    {"timeout", "verify", "cert", "proxies", "stream", "allow_redirects", "max_redirects", "check_response",
     "trust_env"}
)  # fmt: skip
"""Keys of a connection's extra that are options of the request; all others are headers, as in Airflow."""


class HttpStatusError(AirflowException):
    """A server answered by a status of 400 or more."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(f"{response.status_code}:{response.reason}")
        self.response = response


@dataclass(frozen=True)
class HttpResponse:
    """What a server answered."""

    url: str
    status_code: int
    reason: str
    headers: Message
    """By name in any case."""
    content: bytes

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status_code < 400

    @cached_property
    def text(self) -> str:
        """The body as text, in the charset that its header names or UTF-8."""
        try:
            return self.content.decode(self.headers.get_content_charset("utf-8"), errors="replace")
        except LookupError:  # a server may name a charset that does not exist
            return self.content.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """Return the body read as JSON. Raises ValueError."""
        return json.loads(self.content)


@dataclass(frozen=True, kw_only=True)
class HttpQuestion:
    """What to ask: an endpoint below the base of a connection."""

    endpoint: str
    conn_id: str = DEFAULT_CONN_ID
    method: str = "GET"
    data: Mapping[str, Any] | str | bytes | None = None
    """Of GET and HEAD the query, of other methods the body: a mapping as a form."""
    headers: Mapping[str, str] | None = None
    options: Mapping[str, Any] | None = None
    """`timeout` in seconds, `verify` (false, or a file of certificates), `allow_redirects`."""

    def ask(self) -> HttpResponse:
        """Ask, and return the answer of any status. Raises OSError when there is none."""
        connection = read(self.conn_id)
        extra = connection.extra_dejson
        options = {**{key: extra[key] for key in extra.keys() & _OPTIONS}, **(self.options or {})}
        request = self._request(connection, extra)
        opener = _opener(options)
        try:
            answer = opener.open(request, timeout=float(options.get("timeout") or TIMEOUT_S))
        except HTTPError as error:
            answer = error
        with answer:
            return HttpResponse(
                url=answer.url, status_code=int(answer.status), reason=str(answer.reason), headers=answer.headers,
                content=answer.read(),
            )  # fmt: skip

    def _request(self, connection: Connection, extra: Mapping[str, Any]) -> Request:
        method, data, url = self.method.upper(), self.data, url_of(connection, self.endpoint)
        headers = {name: str(value) for name, value in extra.items() if name not in _OPTIONS}
        if connection.login:
            pair = f"{connection.login}:{connection.password or ''}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        headers |= self.headers or {}
        if method in {"GET", "HEAD"}:
            query = urlencode(data, doseq=True) if isinstance(data, Mapping) else _text(data)
            body = None
            url = f"{url}{'&' if urlsplit(url).query else '?'}{query}" if query else url
        else:
            body = (
                urlencode(data, doseq=True) if isinstance(data, Mapping) else _text(data)
            ).encode() or None
        return Request(url, data=body, headers=headers, method=method)  # noqa: S310 - `url_of` checks the scheme


def url_of(connection: Connection, endpoint: str) -> str:
    """Return the address of an endpoint: a host with a scheme is the base as it is; else the schema says which."""
    host = connection.host or ""
    base = host if "://" in host else f"{connection.schema or 'http'}://{host}"
    parts = urlsplit(base)
    if connection.port and parts.port is None:
        base = parts._replace(netloc=f"{parts.netloc}:{connection.port}").geturl()
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise AirflowException(
            f"connection `{connection.conn_id}` has no address that HTTP can reach: `{base}`\n\n"
            "hint: Give it a host such as `https://api.example.org`."
        )
    if not endpoint:
        return base
    return f"{base.rstrip('/')}/{endpoint.lstrip('/')}"


def _text(data: str | bytes | None) -> str:
    return data.decode() if isinstance(data, bytes) else (data or "")


class Redirects(HTTPRedirectHandler):
    """Follows a server to another address; another origin is not told the password."""

    def redirect_request(self, req: Request, *arguments: Any, **more: Any) -> Request | None:
        """Return the request to the other address."""
        found = super().redirect_request(req, *arguments, **more)
        if found is not None and urlsplit(found.full_url)[:2] != urlsplit(req.full_url)[:2]:
            found.headers.pop("Authorization", None)
        return found


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_more: Any) -> None:
        return None


def _opener(options: Mapping[str, Any]) -> OpenerDirector:
    verify = options.get("verify", True)
    context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    handlers: list[Any] = [HTTPSHandler(context=context)]
    handlers.append(Redirects if options.get("allow_redirects", True) else _NoRedirects)
    return build_opener(*handlers)


def answers(response: HttpResponse, *, not_yet: Sequence[str]) -> bool:
    """Return whether a response is an answer; raise `HttpStatusError` for an error that does not mean "not yet"."""
    if response.ok:
        return True
    if str(response.status_code) in not_yet:
        return False
    raise HttpStatusError(response)
