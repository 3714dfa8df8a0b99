"""What is answered in the event loop: what was quick before and nothing else, with the rights and the rows of now."""

import asyncio
import http.client
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop
from starlette.requests import Request
from starlette.responses import Response

from tests.api.conftest import Client, FakeLedger
from tests.api.signing_in import basic, bearer, jwt_of
from tests.api.test_http import listening
from tests.store.building import create, put_dags, run_of
from windward.api.access.entrance import EntranceGate
from windward.api.access.pages import LoginPages
from windward.api.app import OPERATIONS, make_app
from windward.api.at_once import STALLING_S, TARGET_BYTES_MAX, TARGETS_MAX, TURN_S, AtOnce
from windward.api.contract.holding import Held
from windward.api.contract.operation import Operation
from windward.api.contract.threads import Threads
from windward.api.measuring import Requests
from windward.api.page import Page
from windward.api.services import Services
from windward.logs.shipped import ShippedLogStore
from windward.model.access import Principal
from windward.ports.listings import WouldWait
from windward.store.sql.database import Database
from windward.store.sql.open import SqlStore
from windward.store.sql.transaction import Transaction
from windward.telemetry import names
from windward.telemetry.registry import Registry, read_snapshot

FOREVER_S = 3600.0
RUNS, HEALTH, GRID = (
    "/api/v2/dags/sales/dagRuns",
    "/api/v2/monitor/health",
    "/api/windward/v1/dags/sales/grid",
)
READS = ("/api/v2/dags", RUNS, f"{RUNS}/r1/taskInstances?limit=20", GRID, f"{RUNS}/r1", f"{RUNS}/none")
TRIES_MAX = 1000
"""A thread may still be busy with having answered, and what is asked meanwhile is handed to another."""


@dataclass
class WatchedGate:
    """Lets in whom the real one lets in, and notes in which threads."""

    real: EntranceGate
    threads: list[str] = field(default_factory=list)

    def admit(self, request: Request) -> Principal | None:
        self.threads.append(threading.current_thread().name)
        return self.real.admit(request)


@dataclass
class Server:
    """A server and a connection to it."""

    connection: http.client.HTTPConnection
    gate: WatchedGate
    registry: Registry
    requests: Requests

    def ask(
        self, path: str, headers: dict[str, str], method: str = "GET"
    ) -> tuple[int, dict[str, str], bytes]:
        """Return what is answered."""
        self.connection.request(method, path, headers=headers)
        answer = self.connection.getresponse()
        shown = {name: value for name, value in answer.getheaders() if name != "date"}
        return answer.status, shown, answer.read()

    def is_at_once(self, path: str, headers: dict[str, str], method: str = "GET") -> bool:
        """Whether a request is answered in the event loop."""
        self.ask(path, headers, method)
        return not self.gate.threads[-1].startswith("request-")

    def learns(self, path: str, headers: dict[str, str]) -> bool:
        """Whether a request will be answered in the event loop, sooner or later."""
        return any(self.is_at_once(path, headers) for _ in range(TRIES_MAX))


@contextmanager
def serving(
    services: Services, store: SqlStore, *, quick_s: float = FOREVER_S, slow_s: float = FOREVER_S
) -> Iterator[Server]:
    registry, threads = Registry(), Threads()
    requests, gate = Requests(registry), WatchedGate(EntranceGate(services.entrance))
    app = make_app(
        services,
        gate=gate,
        ledger=FakeLedger(),
        page=Page(services, gate=gate, title="t"),
        login=LoginPages(services.entrance, store.audit, title="t"),
        requests=requests,
        threads=threads,
        at_once=AtOnce(threads, requests=requests, quick_s=quick_s, slow_s=slow_s),
    )
    with listening(app) as connect:
        connection = http.client.HTTPConnection("test")
        connection.sock = connect()
        yield Server(connection, gate, registry, requests)
    threads.close()


@pytest.fixture
def filled(store: SqlStore) -> SqlStore:
    put_dags(store, "sales", "costs")
    for dag_id in ("sales", "costs"):
        run = run_of(1 if dag_id == "sales" else 2, dag_id=dag_id, run_id="r1")
        assert store.runs.apply([[create(run, "a", "b")]]).all
    return store


def test_it_is_the_same_answer_in_a_thread_and_at_once(
    client: Client, services: Services, filled: SqlStore
) -> None:
    headers = bearer(jwt_of(client))
    with serving(services, filled) as server:
        for path in READS:
            first = server.ask(path, headers)
            assert server.gate.threads[-1].startswith("request-")
            if first[0] == 404:  # there is nothing to be remembered
                assert not server.is_at_once(path, headers)
                continue
            assert server.learns(path, headers)
            assert server.ask(path, headers) == first
            known = {**headers, "if-none-match": first[1]["etag"]}
            assert server.ask(path, known)[::2] == (304, b"")
            assert not server.gate.threads[-1].startswith("request-")
        assert server.ask(HEALTH, {}) == server.ask(HEALTH, {})


def test_an_answer_is_dated_when_it_is_asked_for(
    services: Services, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = list[str | None]()
    with serving(services, store) as server:
        for day in range(2):
            clock = SimpleNamespace(time=lambda day=day: day * 86_400.5)
            monkeypatch.setattr("windward.api.http.time", clock)
            server.connection.request("GET", HEALTH)
            answer = server.connection.getresponse()
            answer.read()
            days.append(answer.getheader("date"))
    assert days == ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 02 Jan 1970 00:00:00 GMT"]


def test_who_asks_and_what_they_may_and_what_is_there_is_read_each_time(
    client: Client, services: Services, filled: SqlStore
) -> None:
    token = jwt_of(client)
    with serving(services, filled) as server:
        assert server.learns(RUNS, bearer(token))
        put_dags(filled, "sales", display_name="Sales")
        assert b'"Sales"' in server.ask(RUNS, bearer(token))[2]
        for headers in ({}, bearer("nonsense"), bearer(token + "x")):
            assert server.ask(RUNS, headers)[0] == 401
            assert not server.gate.threads[-1].startswith("request-")
        out = client.ask("GET", "/auth/logout", headers=bearer(token))
        claims = services.entrance.jwts.read(token, now=services.now())
        assert claims is not None, out
        services.account_desk.accounts.revoke_jwt(claims.jti, expires_at=claims.expires_at)
        assert server.ask(RUNS, bearer(token))[0] == 401
        assert not server.gate.threads[-1].startswith("request-")


def test_what_has_more_to_it_than_a_head_goes_to_a_thread(
    client: Client, services: Services, filled: SqlStore
) -> None:
    headers = bearer(jwt_of(client))
    with serving(services, filled) as server:
        assert server.learns(RUNS, headers)
        assert server.is_at_once(RUNS, headers)
        for more in (
            {"content-length": "0"},
            basic("admin", client.password),
            {"authorization": "Negotiate x"},
        ):
            assert not server.is_at_once(RUNS, {**headers, **more})
        assert not server.is_at_once(RUNS, headers, "HEAD")
        assert not server.is_at_once(f"{RUNS}?limit=3", headers)
        assert not server.is_at_once(RUNS, {**headers, "connection": "close"})


def test_of_what_comes_in_one_piece_one_request_is_answered_at_once_and_all_in_order(
    client: Client, services: Services, filled: SqlStore
) -> None:
    headers, count = bearer(jwt_of(client)), 20
    with serving(services, filled) as server:
        assert server.learns(RUNS, headers)
        server.gate.threads.clear()
        head = f"GET {RUNS} HTTP/1.1\r\nhost: x\r\nauthorization: {headers['authorization']}\r\n\r\n"
        other = head.replace(RUNS, f"{RUNS}/none")
        last = head.replace("host: x", "host: x\r\nconnection: close")
        server.connection.sock.sendall((head + other * (count - 2) + last).encode())
        found = read_all(server.connection.sock)
    assert re.findall(rb"HTTP/1.1 (\d+)", found) == [b"200", *[b"404"] * (count - 2), b"200"]
    assert len([name for name in server.gate.threads if not name.startswith("request-")]) <= 1


def read_all(connection: socket.socket) -> bytes:
    found = b""
    while piece := connection.recv(1 << 16):
        found += piece
    return found


def test_what_was_slow_goes_back_to_a_thread(client: Client, services: Services, filled: SqlStore) -> None:
    headers = bearer(jwt_of(client))
    with serving(services, filled, slow_s=0.0) as server:
        assert server.learns(RUNS, headers)
        assert not server.is_at_once(RUNS, headers)
    with serving(services, filled, quick_s=0.0) as server:
        assert not any(server.is_at_once(RUNS, headers) for _ in range(10))


@pytest.mark.parametrize(("held_s", "is_kept"), [(0.001, True), (0.03, False), (0.3, False)])
def test_what_lost_its_processor_was_not_slow(held_s: float, is_kept: bool) -> None:
    class Measured(Held):
        took_s = property(lambda _: 0.5)
        held_s = property(lambda _: held_s)

    at_once = AtOnce(Threads(), measure=Measured)
    at_once.learn(scope_of(), Read(), held_s=0.0)
    assert at_once.answer(scope_of()) is not None
    assert (at_once.answer(scope_of()) is not None) == is_kept
    if not is_kept:
        at_once.learn(scope_of(), Read(), held_s=0.0)
        assert (at_once.answer(scope_of()) is not None) == (held_s < STALLING_S)


@pytest.mark.parametrize("make_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_the_rest_of_a_long_turn_of_the_loop_is_left_to_threads(
    make_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    now_s = 1000.0

    async def turns() -> list[bool]:
        nonlocal now_s
        at_once = AtOnce(Threads(), monotonic=lambda: now_s)
        at_once.learn(scope_of(), Read(), held_s=0.0)
        seen: list[bool] = []
        for took_s in (0.0, TURN_S / 2, TURN_S, -1.0, 0.0, TURN_S * 2):
            now_s += max(took_s, 0.0)
            seen.append(at_once.answer(scope_of()) is not None)
            if took_s < 0.0:
                await asyncio.sleep(0.001)
        return seen

    with asyncio.Runner(loop_factory=make_loop) as runner:
        assert runner.run(turns()) == [True, True, False, False, True, False]


def test_what_stalls_is_left_to_threads_for_longer_each_time() -> None:
    now_s = 1000.0
    at_once = AtOnce(Threads(), monotonic=lambda: now_s)

    def seconds_aside() -> float:
        nonlocal now_s
        for _ in range(3):  # at the same time: that is once
            at_once.learn(scope_of(), Read(), held_s=STALLING_S + 0.1)
        began_s = now_s
        while at_once.answer(scope_of()) is None:
            now_s += 1.0
            at_once.learn(scope_of(), Read(), held_s=0.0)
        return now_s - began_s

    assert [seconds_aside() for _ in range(5)] == [5.0, 20.0, 80.0, 300.0, 300.0]


def test_requests_are_measured_wherever_they_are_answered(
    client: Client, services: Services, filled: SqlStore
) -> None:
    headers = bearer(jwt_of(client))
    with serving(services, filled) as server:
        assert server.learns(RUNS, headers)
        asked = len(server.gate.threads)
        assert server.ask(RUNS, {})[0] == 401
        server.requests.tell()
        counts = {
            one.labels: one.value for one in read_snapshot(server.registry.snapshot())[names.API_REQUESTS]
        }
    assert counts == {("get_dag_runs", "GET", "2xx"): asked, ("get_dag_runs", "GET", "4xx"): 1}


HEALTH_OPERATION = next(one for one in OPERATIONS if one.path == HEALTH)


@dataclass
class Read:
    """An operation that reads, or would have to write."""

    would_wait: bool = False
    operation: Operation = HEALTH_OPERATION

    def answer_now(self, _request: Request) -> Response:
        if self.would_wait:
            raise WouldWait
        return Response(b"read")


def scope_of(target: str = "/x", **more: Any) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [], "path_params": {}, **more,
    }  # fmt: skip


def test_what_would_wait_and_what_comes_while_threads_work_is_not_answered() -> None:
    threads = Threads()
    at_once = AtOnce(threads)
    at_once.learn(scope_of("/waits"), Read(would_wait=True), held_s=0.0)
    at_once.learn(scope_of("/x"), Read(), held_s=0.0)
    assert at_once.answer(scope_of("/waits")) is None
    assert at_once.answer(scope_of("/x")) is not None
    assert at_once.answer(scope_of("/x", method="HEAD")) is None

    async def work() -> object:
        goes_on = threading.Event()
        working = asyncio.ensure_future(threads.run(goes_on.wait))
        await asyncio.sleep(0)  # until it has begun
        answer = at_once.answer(scope_of("/x"))
        goes_on.set()
        await working
        return answer

    assert asyncio.run(work()) is None
    threads.close()


def test_what_is_remembered_of_targets_has_an_end() -> None:
    at_once = AtOnce(Threads())
    for number in range(TARGETS_MAX + 1):
        at_once.learn(scope_of(f"/{number}"), Read(), held_s=0.0)
    known = [number for number in range(TARGETS_MAX + 1) if at_once.answer(scope_of(f"/{number}"))]
    assert 1 <= len(known) <= TARGETS_MAX
    long = scope_of("/x?" + "y" * TARGET_BYTES_MAX)
    at_once.learn(long, Read(), held_s=0.0)
    assert at_once.answer(long) is None


def test_a_brief_read_writes_nothing_and_leaves_nothing(store: SqlStore) -> None:
    database = Database(store.engine)

    def put(transaction: Transaction) -> None:
        transaction.one("INSERT INTO custom_role (name) VALUES (?)", ("a",))

    def read_and_put() -> None:
        with database.briefly():
            with database.reading() as transaction:
                assert transaction.select("SELECT name FROM custom_role") == []
            database.write(put)

    with pytest.raises(WouldWait):
        read_and_put()
    database.write(put)
    with database.briefly(), database.reading() as transaction:
        assert transaction.select("SELECT name FROM custom_role") == [("a",)]


def test_a_log_is_read_at_once_only_from_a_folder_of_this_machine(
    client: Client, services: Services, filled: SqlStore, tmp_path: Path
) -> None:
    headers, log = bearer(jwt_of(client)), f"{RUNS}/r1/taskInstances/a/logs/1"
    with serving(services, filled) as server:
        assert server.learns(log, headers)
    shipped = ShippedLogStore(tmp_path / "logs", (tmp_path / "kept").as_uri())
    elsewhere = replace(services, execution=replace(services.execution, logs=shipped))
    with serving(elsewhere, filled) as server:
        assert server.ask(log, headers)[0] == 200
        assert not any(server.is_at_once(log, headers) for _ in range(10))
    lines = {**headers, "accept": "application/x-ndjson"}
    with serving(services, filled) as server:
        assert server.learns(log, headers)
        connection = server.connection
        for _ in range(3):  # a stream is one, however its target was answered before
            connection.request("GET", log, headers=lines)
            answer = connection.getresponse()
            assert (answer.status, answer.getheader("content-type"), answer.read()) == (
                200, "application/x-ndjson", b"",
            )  # fmt: skip
        asked = len(server.gate.threads)
    assert len(services.streams) == 0
    server.requests.tell()
    [noted] = read_snapshot(server.registry.snapshot())[names.API_REQUESTS]
    assert (noted.labels, noted.value) == (("get_log", "GET", "2xx"), asked)
