"""Everything that a client can ask for has a limit: how much it sends, for how long, and how much it is sent."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.api.conftest import NOW, Client, FakeGate
from tests.api.told import told
from tests.store.building import create, put_dags, run_of
from windward.api.app import OPERATIONS
from windward.api.contract.binding import VALUES_MAX
from windward.api.contract.operation import BODY_MAX, ForAttempt, Nothing, Operation
from windward.api.contract.paging import LIMIT_MAX, PATTERN_MAX, OffsetQuery
from windward.api.contract.problem import Throttled
from windward.api.execution.attempts import LOG_CHUNK_BYTES_MAX
from windward.api.own.grid import CELLS_MAX, RUNS_MAX, runs_of
from windward.api.services import Services
from windward.api.streams import STREAMS_MAX, STREAMS_PER_USER_MAX, Streams
from windward.core.access import BUILT_IN_ROLES
from windward.model.access import Permission
from windward.protocol.messages import FRAME_BYTES_MAX
from windward.store.sql.listings.filters import ALTERNATIVES_MAX
from windward.store.sql.open import SqlStore

EVENTS = "/api/windward/v1/events"


class ClientGone(Exception):
    """The client has heard enough."""


# -- what is sent to the server


def test_no_body_is_larger_than_a_megabyte_but_those_of_workers() -> None:
    bounds = {one.name: one.body_max for one in OPERATIONS if one.body is not Nothing}
    larger = {name: size for name, size in bounds.items() if size > BODY_MAX}
    assert BODY_MAX == 1 << 20
    assert larger == {"ask": 2 * FRAME_BYTES_MAX, "end_attempt": 2 * FRAME_BYTES_MAX}
    assert bounds["append_log"] == LOG_CHUNK_BYTES_MAX


def bodies() -> list[Operation]:
    return [one for one in OPERATIONS if one.body is not Nothing and one.path.startswith("/api/")]


@pytest.mark.parametrize("operation", bodies(), ids=lambda one: one.name)
def test_a_larger_body_is_refused_by_every_operation(client: Client, operation: Operation) -> None:
    path = operation.path.replace("{dag_id}", "~").replace(":path}", "}")
    for name in operation.parameters:
        path = path.replace(f"{{{name}}}", "1")
    for headers in ({"content-length": str(operation.body_max + 1)}, {"content-length": "none"}):
        answer = client.ask(
            operation.method, path, b" " * (operation.body_max + 1), role="admin", headers=headers
        )
        assert answer.status == 413, answer.body


@pytest.mark.parametrize("path", ["/api/v2/pools", "/login"])
def test_a_body_that_does_not_come_is_not_waited_for(services: Services, store: SqlStore, path: str) -> None:
    app = told(services, store, body_s_max=0.01)
    sent: list[Any] = []

    async def ask() -> None:
        begun = [{"type": "http.request", "body": b'{"name": "p', "more_body": True}]

        async def receive() -> Any:
            if begun:
                return begun.pop()
            return await asyncio.Event().wait()  # nothing comes any more

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": [(b"x-role", b"admin"), (b"content-type", b"application/json")],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip
        await asyncio.wait_for(app(scope, receive, send), 30)

    asyncio.run(ask())
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


def test_a_client_that_goes_away_is_no_error_of_the_server(
    services: Services, store: SqlStore, caplog: pytest.LogCaptureFixture
) -> None:
    app = told(services, store)

    async def ask(path: str) -> None:
        async def receive() -> Any:
            return {"type": "http.disconnect"}

        async def send(_message: Any) -> None: ...

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": [(b"x-role", b"admin"), (b"content-type", b"application/json")],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip
        await app(scope, receive, send)

    for path in ("/api/v2/pools", "/auth/token", "/login"):
        asyncio.run(ask(path))
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


# -- what is sent by the server


def lists_of_queries() -> list[tuple[Operation, str]]:
    found = []
    for one in OPERATIONS:
        if one.query is not Nothing and not isinstance(one.access, ForAttempt):
            fields = msgspec.structs.fields(one.query)
            found += [(one, field.encode_name) for field in fields if "list[" in str(field.type)]
    return found


@pytest.mark.parametrize(
    ("operation", "name"), lists_of_queries(), ids=lambda one: one if isinstance(one, str) else one.name
)
def test_a_parameter_has_a_bounded_number_of_values(client: Client, operation: Operation, name: str) -> None:
    path = re.sub(r"\{\w+(:path)?\}", "1", operation.path)
    query = "&".join(f"{name}=x" for _ in range(VALUES_MAX + 1))
    answer = client.ask(operation.method, f"{path}?{query}", role="admin")
    assert answer.status == 422, answer.body
    (fault,) = answer.json["detail"]
    assert fault["msg"] == f"Expected `array` of length <= {VALUES_MAX}"


@pytest.mark.parametrize("query", ["tags=x", "tags_match_mode=all&tags=x", "owners=x", "order_by=dag_id"])
def test_as_many_values_as_may_be_are_looked_for(client: Client, query: str) -> None:
    before, _, last = query.rpartition("&")
    query = "&".join([before, *(last for _ in range(VALUES_MAX))])
    assert client.ask("GET", f"/api/v2/dags?{query}", role="admin").status == 200


@pytest.mark.parametrize("name", ["dag_id_pattern", "dag_id_prefix_pattern"])
def test_a_pattern_has_a_bounded_number_of_texts(client: Client, name: str) -> None:
    for count, status in ((ALTERNATIVES_MAX, 200), (ALTERNATIVES_MAX + 1, 400)):
        texts = "%7C".join("x" for _ in range(count))
        assert client.ask("GET", f"/api/v2/dags?{name}={texts}", role="admin").status == status


def patterns_of_queries() -> list[tuple[Operation, str]]:
    found = []
    for one in OPERATIONS:
        if one.query is not Nothing:
            names = [field.encode_name for field in msgspec.structs.fields(one.query)]
            found += [(one, name) for name in names if name.endswith(("_pattern", "_search"))]
    return found


@pytest.mark.parametrize(
    ("operation", "name"), patterns_of_queries(), ids=lambda one: one if isinstance(one, str) else one.name
)
def test_a_pattern_has_a_bounded_length(client: Client, operation: Operation, name: str) -> None:
    path = re.sub(r"\{\w+(:path)?\}", "1", operation.path)
    answer = client.ask(operation.method, f"{path}?{name}={'x' * (PATTERN_MAX + 1)}", role="admin")
    assert answer.status == 422, answer.body
    (fault,) = answer.json["detail"]
    assert (fault["loc"], fault["msg"]) == (["query", name], f"Expected `str` of length <= {PATTERN_MAX}")


@pytest.mark.parametrize("letter", ["x", "/", "%F0%9F%92%A8"])
@pytest.mark.parametrize("name", ["dag_id_pattern", "dag_id_prefix_pattern"])
def test_as_long_a_pattern_as_may_be_is_looked_for(client: Client, name: str, letter: str) -> None:
    query = f"{name}={letter * PATTERN_MAX}"
    assert client.ask("GET", f"/api/v2/dags?{query}", role="admin").status == 200


def test_no_page_is_longer_than_the_longest_whatever_is_asked_for(client: Client, store: SqlStore) -> None:
    count = LIMIT_MAX + 5
    put_dags(store, *(f"dag{number:03}" for number in range(count)))
    answer = client.ask("GET", f"/api/v2/dags?limit={2**31 - 1}", role="admin").json
    assert (len(answer["dags"]), answer["total_entries"]) == (LIMIT_MAX, count)


def test_every_limit_of_a_list_is_one_that_is_cut(client: Client) -> None:
    """A query with a `limit` is a page, or says its own greatest."""
    del client
    for one in OPERATIONS:
        if one.query is Nothing or issubclass(one.query, OffsetQuery):
            continue
        for field in msgspec.structs.fields(one.query):
            if field.encode_name == "limit":
                assert one.name in {"get_grid", "get_recent", "get_timeline", "get_upcoming"}


@pytest.mark.parametrize(
    ("limit", "tasks", "runs"),
    [
        (30, 10, 30),
        (RUNS_MAX, 100, RUNS_MAX),
        (RUNS_MAX, 1000, RUNS_MAX),
        (RUNS_MAX, 5000, 80),
        (30, 1_000_000, 1),
        (5, 0, 5),
    ],
)
def test_a_grid_has_a_bounded_number_of_cells(limit: int, tasks: int, runs: int) -> None:
    assert runs_of(limit, tasks=tasks) == runs
    assert runs == 1 or runs * tasks <= CELLS_MAX


@pytest.mark.parametrize("path", ["grid?limit=366", "grid?limit=0", "dagRuns/r/timeline?limit=20001"])
def test_a_grid_and_a_timeline_of_more_than_the_most_are_refused(client: Client, path: str) -> None:
    assert client.ask("GET", f"/api/windward/v1/dags/d/{path}", role="admin").status == 422


# -- streams


def test_streams_are_counted_in_all_and_for_each_user() -> None:
    streams = Streams(streams_max=3, per_user_max=2)
    streams.begin("ada")
    streams.begin("ada")
    with pytest.raises(Throttled, match="you have 2"):
        streams.begin("ada")
    streams.begin("bob")
    with pytest.raises(Throttled, match="too many"):
        streams.begin("eve")
    streams.end("ada")
    streams.begin("eve")
    assert len(streams) == 3
    assert STREAMS_PER_USER_MAX < STREAMS_MAX


@pytest.fixture
def running(store: SqlStore) -> str:
    """A run that does not end."""
    put_dags(store, "sales")
    store.runs.apply([[create(run_of(run_id="r", dag_id="sales", start_date=NOW), "load")]])
    return "/api/v2/dags/sales/dagRuns/r/wait?interval=60"


async def opened(app: Any, path: str, role: str, *, gone: asyncio.Event) -> AsyncIterator[int]:
    """Ask, and yield the status as soon as it is known; the client leaves when `gone` is set."""
    statuses: asyncio.Queue[int] = asyncio.Queue()

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.put_nowait(message["status"])

    target, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": target, "raw_path": target.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(b"x-role", role.encode())], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    task = asyncio.ensure_future(app(scope, receive, send))
    yield await asyncio.wait_for(statuses.get(), 30)
    await asyncio.wait_for(task, 30)


@pytest.mark.parametrize("kind", ["events", "wait"])
def test_a_stream_too_many_is_refused_and_one_that_ended_makes_room(
    client: Client, services: Services, store: SqlStore, running: str, kind: str
) -> None:
    del client
    bounded = replace(services, streams=Streams(streams_max=9, per_user_max=2))
    app = told(bounded, store)
    path = EVENTS if kind == "events" else running

    async def ask() -> None:
        gone = asyncio.Event()
        held = [opened(app, path, "viewer", gone=gone) for _ in range(2)]
        assert [await anext(one) for one in held] == [200, 200]
        for role, status in (("viewer", 429), ("op", 200)):
            another = asyncio.Event()
            more = opened(app, path, role, gone=another)
            assert await anext(more) == status
            another.set()
            assert [one async for one in more] == []
        gone.set()
        for one in held:
            assert [status async for status in one] == []
        assert len(bounded.streams) == 0
        last = asyncio.Event()
        again = opened(app, path, "viewer", gone=last)
        assert await anext(again) == 200
        last.set()
        assert [one async for one in again] == []

    asyncio.run(ask())


@pytest.mark.parametrize("held", [frozenset(), BUILT_IN_ROLES["viewer"]], ids=["taken", "kept"])
def test_a_stream_goes_on_for_as_long_as_its_listener_may_have_it(
    client: Client, services: Services, store: SqlStore, running: str, held: frozenset[Permission]
) -> None:
    del client
    gate, parts = FakeGate(), list[bytes]()
    app = told(replace(services, streams=Streams(asked_every_s=0)), store, gate)

    def take(part: Any) -> None:
        parts.append(part.get("body", b""))
        gate.permissions["viewer"] = held
        if len(parts) == 4:
            raise ClientGone

    answered = Client(app, "")
    path = running.replace("60", "0.05")
    if held:
        with pytest.raises(ClientGone):
            answered.ask("GET", path, role="viewer", on_part=take)
    else:
        assert answered.ask("GET", path, role="viewer", on_part=take).body == b""


def test_whatever_streams_says_that_it_may_refuse() -> None:
    streaming = {"stream_events", "stream_log", "wait_dag_run_until_finished", "get_log"}
    assert {one.name for one in OPERATIONS if one.path.startswith("/api/") and 429 in one.errors} >= streaming
