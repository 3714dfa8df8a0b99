"""What a connection may send: how much, for how long, and how many there are."""

import asyncio
import re
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import uvicorn
import uvloop

from tests.api.told import told
from windward.api.http import HEADERS_BYTES_MAX, PIPELINED_MAX, BoundedHttp
from windward.api.server import config_of
from windward.api.services import Services
from windward.store.sql.open import SqlStore


class Hasty(BoundedHttp):
    """A connection that waits for a request as long as one takes that is sent at once."""

    request_s_max = 0.3


@contextmanager
def listening(
    app: Any, http: type[BoundedHttp] = BoundedHttp, *, keep_alive_s: int = 5, **bounds: int
) -> Iterator[Callable[..., socket.socket]]:
    """Serve, and give what opens connections."""
    config = config_of(app, **bounds)
    config.http = http
    config.timeout_keep_alive = keep_alive_s
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve([listener]))

    thread = threading.Thread(target=run)
    thread.start()
    opened: list[socket.socket] = []

    def connect(source: str = "127.0.0.1") -> socket.socket:
        opened.append(socket.create_connection(address, timeout=60, source_address=(source, 0)))
        return opened[-1]

    try:
        yield connect
    finally:
        for one in opened:
            one.close()
        server.should_exit = True
        thread.join()


def status_of(connection: socket.socket) -> int:
    line = connection.makefile("rb").readline()
    return int(line.split()[1])


def test_headers_beyond_their_bound_are_refused(services: Services, store: SqlStore) -> None:
    with listening(told(services, store)) as connect:
        for size, status in ((HEADERS_BYTES_MAX // 2, 401), (2 * HEADERS_BYTES_MAX, 400)):
            connection = connect()
            head = b"GET /api/v2/pools HTTP/1.1\r\nHost: x\r\nX-Much: " + b"a" * size
            connection.sendall(head + b"\r\nConnection: close\r\n\r\n")
            assert status_of(connection) == status


ASK = b"GET /api/v2/pools HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST /api/v2/pools HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE, ENDLESS = 1 << 14, 1 << 26


@pytest.mark.parametrize(
    ("begun", "more"),
    [
        (b"GET /", b"a" * PIECE),
        (ASK + b"X-Much: ", b"a" * PIECE),
        (ASK, b"a" * PIECE),
        (ASK, b"X-Small: 1\r\n" * (PIECE // 12)),
        (ASK, b"X: 1\r\n" + b"X-Much: " + b"a" * PIECE + b"\r\nX: "),
        (b"", b"\r\n" * (PIECE // 2)),
        (CHUNKED + b"0\r\n", b"X-Small: 1\r\n" * (PIECE // 12)),
        (CHUNKED + b"0\r\nX-Much: ", b"a" * PIECE),
        (CHUNKED + b"1;", b"a" * PIECE),
    ],
    ids=[
        "line", "value", "name", "many", "many and large", "empty lines", "trailers", "trailer", "extension of a chunk",
    ],
)  # fmt: skip
def test_what_never_ends_is_refused_however_it_comes(
    services: Services, store: SqlStore, begun: bytes, more: bytes
) -> None:
    with listening(told(services, store)) as connect:
        connection, sent, found = connect(), 0, b""
        with suppress(ConnectionError):  # it closes while we still send
            connection.sendall(begun)
            while sent < ENDLESS:
                connection.sendall(more)
                sent += len(more)
                while select.select([connection], [], [], 0)[0]:
                    if not (some := connection.recv(1 << 16)):
                        raise ConnectionResetError
                    found += some
        assert sent < ENDLESS
        assert b"HTTP/1.1 400 " in found + rest_of(connection)


def rest_of(connection: socket.socket) -> bytes:
    """Return what comes until the server closes the connection."""
    found = b""
    with suppress(ConnectionError):
        while some := connection.recv(1 << 16):
            found += some
    return found


def test_what_is_within_bounds_is_answered_however_it_comes(services: Services, store: SqlStore) -> None:
    trailed = CHUNKED + b"1\r\n \r\n0\r\nX-Role: admin\r\n\r\n"
    large = ASK + b"X-Much: " + b"a" * (HEADERS_BYTES_MAX - 200) + b"\r\n\r\n"
    with listening(told(services, store)) as connect:
        connection = connect()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in ASK + b"X-Much: " + b"a" * 300 + b"\r\n\r\n":
            connection.sendall(bytes([byte]))
        connection.sendall(large + trailed + large + ASK + b"Connection: close\r\n\r\n")
        assert statuses(rest_of(connection)) == [401] * 5


def test_a_connection_may_not_ask_without_end_before_it_is_answered(
    services: Services, store: SqlStore
) -> None:
    with listening(told(services, store)) as connect:
        within, beyond = connect(), connect()
        within.sendall((ASK + b"\r\n") * PIPELINED_MAX + ASK + b"Connection: close\r\n\r\n")
        assert statuses(rest_of(within)) == [401] * (PIPELINED_MAX + 1)
        beyond.sendall((ASK + b"\r\n") * 8 * PIPELINED_MAX)
        assert 400 in statuses(rest_of(beyond))


@pytest.mark.parametrize(
    "sent", [b"", b"GET /api", ASK + b"X-Much: a\r\n"], ids=["nothing", "line", "header"]
)
def test_who_does_not_end_a_request_is_not_waited_for(
    services: Services, store: SqlStore, sent: bytes
) -> None:
    with listening(told(services, store), http=Hasty) as connect:
        connection = connect()
        connection.sendall(sent)
        assert rest_of(connection) == b""


@pytest.mark.parametrize(
    ("sent", "drop"),
    [
        (b"", b"\r\n"),
        (ASK + b"\r\n", b"\r\n"),
        (ASK + b"X-Much: ", b"a"),
        (ASK + b"\r\n" + ASK + b"X-Much: ", b"a"),
        (CHUNKED + b"ffff\r\n", b"a"),
    ],
    ids=[
        "empty lines",
        "empty lines after a request",
        "a header",
        "a second header",
        "a body that nobody takes",
    ],
)
def test_who_sends_a_little_again_and_again_gains_no_time(
    services: Services, store: SqlStore, sent: bytes, drop: bytes
) -> None:
    with listening(told(services, store), http=Hasty) as connect:
        connection = connect()
        connection.sendall(sent)
        with suppress(ConnectionError):
            while True:
                select.select([connection], [], [], 0.01)
                connection.sendall(drop)


def test_who_is_answered_slowly_is_waited_for(services: Services, store: SqlStore) -> None:
    app = told(services, store)

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(3 * Hasty.request_s_max)
        await app(scope, receive, send)

    with listening(slow, http=Hasty) as connect:
        connection = connect()
        connection.sendall(ASK + b"\r\n" + ASK + b"Connection: close\r\n\r\n")
        assert statuses(rest_of(connection)) == [401, 401]


def test_a_trailer_is_no_header(services: Services, store: SqlStore) -> None:
    body = b'{"name": "p", "slots": 1, "description": null, "include_deferred": false}'
    head = CHUNKED.replace(b"Host: x", b"Host: x\r\nContent-Type: application/json\r\nConnection: close")
    chunks = b"%x\r\n%b\r\n0\r\n" % (len(body), body)
    told_in_head = head.replace(b"Host: x", b"Host: x\r\nX-Role: admin")
    with listening(told(services, store)) as connect:
        for sent, status in (
            (head + chunks + b"X-Role: admin\r\n\r\n", 401),
            (told_in_head + chunks + b"\r\n", 201),
        ):
            connection = connect()
            connection.sendall(sent)
            assert statuses(rest_of(connection)) == [status]


@pytest.mark.parametrize(("head", "status"), [
    (b"HTTP/1.1\r\nHost: x\r\n", 401),
    (b"HTTP/1.1\r\nHost:\r\n", 401),
    (b"HTTP/1.1\r\n", 400),
    (b"HTTP/1.1\r\nHost: x\r\nhost: y\r\n", 400),
    (b"HTTP/1.0\r\n", 401),
    (b"HTTP/1.0\r\nHost: x\r\nHost: x\r\n", 400),
])  # fmt: skip
def test_a_request_names_one_host(services: Services, store: SqlStore, head: bytes, status: int) -> None:
    with listening(told(services, store)) as connect:
        client = connect()
        client.sendall(b"GET /api/v2/pools " + head + b"\r\n")
        assert client.recv(12) == b"HTTP/1.1 %d" % status


@pytest.mark.parametrize(("codings", "status"), [
    ([b"chunked"], 401), ([b"Chunked"], 401), ([b"gzip, chunked"], 501), ([b"gzip", b"chunked"], 501), ([b"gzip,chunked"], 501),
    ([b"identity, chunked"], 501), ([b"gzip"], 501),
])  # fmt: skip
def test_a_body_that_is_coded_otherwise_than_chunked_is_not_taken_for_one_that_is_not(
    services: Services, store: SqlStore, codings: list[bytes], status: int
) -> None:
    with listening(told(services, store)) as connect:
        connection = connect()
        head = b"".join(b"Transfer-Encoding: " + coding + b"\r\n" for coding in codings)
        ask = b"POST /api/v2/pools HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        connection.sendall(ask + head + b"\r\n1\r\n \r\n0\r\n\r\n")
        assert statuses(rest_of(connection)) == [status]


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
def test_who_asks_for_another_protocol_is_answered_in_this_one(
    services: Services, store: SqlStore, protocol: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(told(services, store)) as connect:
        connection = connect()
        connection.sendall(ASK + b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n\r\n" + ASK + b"\r\n")
        found = rest_of(connection)
        assert statuses(found) == [401]
        assert b"\r\nconnection: close\r\n" in found
    assert not caplog.records


def statuses(answers: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1.1 (\d+) ", answers)]


class Patient:
    """An application that answers at once, but for one address."""

    def __init__(self) -> None:
        self.waiting = threading.Semaphore(0)

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        """Answer."""
        if scope["path"] == "/wait":
            self.waiting.release()
            await asyncio.sleep(300)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


def ask_for(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def is_closed(connection: socket.socket) -> bool:
    connection.settimeout(60)
    return connection.recv(1) == b""


def test_more_connections_than_may_be_are_turned_away_where_all_are_owed_an_answer() -> None:
    app = Patient()
    with listening(app, connections_max=3) as connect:
        for _ in range(2):
            connect().sendall(ask_for("/wait"))
            assert app.waiting.acquire(timeout=60)
        last = connect()
        last.sendall(ask_for("/"))
        assert status_of(last) == 503


def test_whoever_holds_many_idle_connections_makes_room_for_others() -> None:
    with listening(Patient(), connections_max=6, keep_alive_s=300) as connect:
        mine = connect("127.0.0.2")
        mine.sendall(ask_for("/"))
        assert status_of(mine) == 200
        crowd = [connect() for _ in range(30)]
        assert all(is_closed(one) for one in crowd[:20])
        mine.sendall(ask_for("/"))
        assert status_of(mine) == 200
        another = connect("127.0.0.3")
        another.sendall(ask_for("/"))
        assert status_of(another) == 200
