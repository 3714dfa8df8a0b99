"""HTTP/1.1 as the server speaks it: what uvicorn makes of httptools' parser, with bounds on what it keeps for a stranger.

The parser has none of its own: it collects a header until that ends, and requests for as long as they come.
"""

from __future__ import annotations

import asyncio
import functools
import time
from email.utils import formatdate
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from windward.api.at_once import AtOnce
from windward.api.crowd import Place, decide_who_leaves

HEADERS_BYTES_MAX = 64 << 10
"""Of a request's first line, headers and trailers together; more is answered with 400."""
PIPELINED_MAX = 100
"""Requests of one connection that wait for the answer to the one before; one more is answered with 400."""
REQUEST_S_MAX = 60.0
"""How long a client that is owed no answer may take from its first sign to the end of a request's headers."""
_BESIDE_BYTES = 4
"""A colon, a space and the end of the line: of a header, what is neither name nor value."""


class BeyondBounds(Exception):
    """A client sends more than is kept for it. Raised through the parser, which ends the connection with 400."""


class Ambiguous(Exception):
    """A proxy may have understood a request in another way (RFC 9112, 3.2). Ends the connection with 400, too."""


class NotDecoded(Exception):
    """A body is coded in a way that is not read here (RFC 9112, 6.1). Ends the connection with 501."""


class BoundedHttp(HttpToolsProtocol):
    """One connection. Of what it reads in one piece, the first request may be answered at once, if it waits for none."""

    request_s_max = REQUEST_S_MAX

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._at_once: AtOnce | None = getattr(self.app, "at_once", None)
        self._may_be_at_once = False
        self._is_head = True
        self._is_body = False
        self._is_coded = False
        self._head_bytes = 0
        self._silent_bytes = 0
        """What was read since the parser last made something of it: it belongs to what has not ended yet."""
        self._answered: RequestResponseCycle | None = None
        """The request that is being answered, which need not be the last that was read."""
        self._patience: asyncio.TimerHandle | None = None
        self._heard_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, not for ever; and make room where too many wait."""
        super().connection_made(transport)
        self._heard_s = self.loop.time()
        self._wait()
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Read on, unless what does not end is too much."""
        self.server_state.default_headers = _dated(int(time.time()))
        self._heard_s = self.loop.time()
        self._silent_bytes += len(data)
        self._may_be_at_once = self._at_once is not None
        super().data_received(data)
        self._may_be_at_once = False
        if self._head_bytes + self._silent_bytes > HEADERS_BYTES_MAX and not self.transport.is_closing():
            self.send_400_response("Too many bytes before the end of a header.")
        elif self._patience is None and self._owes_request():
            self._wait()

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._is_head = True
        self._head_bytes = self._silent_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the first line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. A trailer is none: who guards us looked at the headers."""
        self._count(len(name) + len(value) + _BESIDE_BYTES)
        if self._is_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer, or let the request wait for its turn."""
        self._is_head, self._is_body = False, True
        self._wait_no_more()
        self._silent_bytes = 0
        if len(self.pipeline) >= PIPELINED_MAX:
            raise BeyondBounds("requests of one connection")
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise Ambiguous("a request has one `Host`")
        codings = b",".join(value for name, value in self.headers if name == b"transfer-encoding")
        if codings and codings.strip().lower() != b"chunked":
            self._is_coded = True
            raise NotDecoded("a body is chunked, or not coded at all")
        super().on_headers_complete()
        if self.parser.should_upgrade():  # to nothing that is spoken here: what follows is no request
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a part of a body, for which its operation has a bound."""
        self._silent_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Let the body end."""
        self._silent_bytes = 0
        self._is_body = False
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let what is being answered know that nobody listens."""
        self._wait_no_more()
        if self._answered is not None and not self._answered.response_complete:
            self._answered.disconnected = True
            self._answered.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """End the connection; with 501 where it is a coding that is not understood."""
        if not self._is_coded:
            super().send_400_response(msg)
            return
        text = b"A body is sent as it is, or chunked; no other `Transfer-Encoding` is read here."
        head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[501] + head % len(text) + text)
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: whoever asks for another protocol would fill the log, and is answered in this one."""

    def _owes_request(self) -> bool:
        """Whether a request was begun, or something was sent that is none, and nothing is being answered."""
        is_idle = self.cycle is None or self.cycle.response_complete
        return is_idle and (self._is_head or self._is_body or self._silent_bytes > 0)

    def _place(self) -> Place:
        is_busy = self.cycle is not None and not self.cycle.response_complete
        return Place(self.client[0] if self.client else "", self._heard_s, is_busy or bool(self.pipeline))

    def _make_room(self) -> None:
        others = [one for one in self.connections if isinstance(one, BoundedHttp) and one is not self]
        leaves = decide_who_leaves([one._place() for one in others])  # noqa: SLF001 - connections of one kind
        if leaves is not None:
            self.connections.discard(others[leaves])  # it counts no more from now on
            others[leaves].transport.close()

    def _wait(self) -> None:
        self._patience = self.loop.call_later(self.request_s_max, self._give_up)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        """End a connection whose client takes too long; an answer that it does not wait for is not sent."""
        self._patience = None
        if self._owes_request() and not self.transport.is_closing():
            self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        may_be, self._may_be_at_once = self._may_be_at_once and app is self.app, False
        response = self._answered_at_once(cycle) if may_be else None
        if type(response) is Response:
            self._send(cycle, response)
        else:
            started: Any = app if response is None else response
            super()._start_asgi_task(cycle, started)

    def _answered_at_once(self, cycle: RequestResponseCycle) -> Response | ASGIApp | None:
        """Return the answer to a request that has nothing more to it, if it is known to be quick."""
        assert self._at_once is not None
        if not cycle.keep_alive or self.flow.write_paused or self.parser.should_upgrade():
            return None
        scope: Any = cycle.scope
        return self._at_once.answer(scope)

    def _send(self, cycle: RequestResponseCycle, response: Response) -> None:
        """Send an answer as a whole, as the cycle would in parts."""
        parts: list[bytes | memoryview] = [STATUS_LINE[response.status_code]]
        for name, value in (*cycle.default_headers, *response.raw_headers):
            parts += name, b": ", value, b"\r\n"
        parts += b"\r\n", response.body
        self.transport.write(b"".join(parts))
        cycle.response_started = cycle.response_complete = True
        cycle.on_response()

    def _count(self, count: int) -> None:
        self._silent_bytes = 0
        self._head_bytes += count
        if self._head_bytes > HEADERS_BYTES_MAX:
            raise BeyondBounds("bytes of headers")


@functools.lru_cache(maxsize=1)
def _dated(second: int) -> list[tuple[bytes, bytes]]:
    """Return the headers of every answer, made anew where there is somebody to answer: an idle server needs no clock."""
    return [(b"date", formatdate(second, usegmt=True).encode())]
