"""Logs over HTTP: in parts, whole, and while they are written."""

import asyncio
import json
from typing import Any

import pytest

from tests.api.conftest import NOW, Client
from tests.store.building import create, run_of, step
from windward.api.attempt_logs import AttemptLog, attempt_log
from windward.api.services import Services
from windward.core.transitions import TaskEvent
from windward.logs.records import encode_line
from windward.model.ids import TaskKey
from windward.store.sql.open import SqlStore

KEY = TaskKey(1, "load")
PUBLIC = "/api/v2/dags/sales/dagRuns/r/taskInstances/load/logs/1"
OWN = "/api/windward/v1/dags/sales/dagRuns/r/taskInstances/load/-1/logs/1"


def line(text: str, **fields: Any) -> bytes:
    return encode_line(at=NOW, level="info", event=text, logger="task", source="task", fields=fields)


@pytest.fixture
def log(store: SqlStore, services: Services) -> AttemptLog:
    store.runs.apply([[create(run_of(run_id="r"), "load")]])
    step(store, KEY, TaskEvent.QUEUE, try_number=1)
    step(store, KEY, TaskEvent.START, owner="h")
    return attempt_log(services, dag_id="sales", run_id="r", task_id="load", map_index=-1, try_number=1)


def write(services: Services, log: AttemptLog, *lines: bytes) -> None:
    services.execution.logs.append(log.path, b"".join(lines))


def test_a_line_longer_than_what_is_read_at_once_comes_in_pieces(
    services: Services, log: AttemptLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windward.logs.local.READ_BYTES_MAX", 1000)
    long = b"x" * 2500 + b"\n"
    write(services, log, long, line("next"))
    pieces, offset = list[bytes](), 0
    while data := log.lines(offset, 100)[0]:
        pieces.append(data)
        offset += len(data)
    assert b"".join(pieces) == long + line("next")
    assert max(map(len, pieces)) <= 1000


def test_a_part_of_a_log_goes_on_where_the_last_one_ended(
    client: Client, services: Services, store: SqlStore, log: AttemptLog
) -> None:
    write(services, log, line("one", rows=3), b"not ours\n")
    first = client.ask("GET", PUBLIC, role="viewer").json
    assert first["content"] == [
        {"timestamp": "2026-03-01T12:00:00.000000+00:00", "level": "info", "event": "one", "logger": "task",
         "source": "task", "rows": 3},
        {"event": "not ours"},
    ]  # fmt: skip
    write(services, log, line("two"))
    step(store, KEY, TaskEvent.SUCCEED)
    second = client.ask("GET", f"{PUBLIC}?token={first['continuation_token']}", role="viewer").json
    assert [entry["event"] for entry in second["content"]] == ["two"]
    assert second["continuation_token"] is None


def test_a_log_that_is_not_there_yet_is_empty_and_goes_on(client: Client, log: AttemptLog) -> None:
    answer = client.ask("GET", PUBLIC, role="viewer").json
    assert answer["content"] == []
    assert answer["continuation_token"] is not None


def test_a_stream_is_the_log_as_it_was_written(client: Client, services: Services, log: AttemptLog) -> None:
    write(services, log, line("one"), line("two"))
    for path, headers in ((PUBLIC, {"accept": "application/x-ndjson"}), (OWN, {})):
        answer = client.ask("GET", path, role="viewer", headers=headers)
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        assert answer.body == line("one") + line("two")
    rest = client.ask("GET", f"{OWN}?offset={len(line('one'))}", role="viewer")
    assert rest.body == line("two")


def test_a_log_is_followed_to_the_end_of_its_attempt(
    services: Services, store: SqlStore, log: AttemptLog
) -> None:
    seen: list[str] = []

    async def read() -> None:
        async for data in log.follow(0):
            seen.extend(json.loads(text)["event"] for text in data.splitlines())
            if seen == ["one"]:
                write(services, log, line("two"))
            elif seen == ["one", "two"]:
                write(services, log, line("last"))
                step(store, KEY, TaskEvent.SUCCEED)

    write(services, log, line("one"))
    asyncio.run(asyncio.wait_for(read(), 30))
    assert seen == ["one", "two", "last"]


def test_a_line_that_is_being_written_waits_for_its_end(services: Services, log: AttemptLog) -> None:
    half, rest = line("one")[:10], line("one")[10:]
    write(services, log, half)
    assert log.lines(0) == (b"", 0)
    write(services, log, rest)
    assert log.lines(0) == (line("one"), len(line("one")))


def test_the_last_line_of_a_dead_attempt_needs_no_end(
    services: Services, store: SqlStore, log: AttemptLog
) -> None:
    write(services, log, b"killed in the mid")
    step(store, KEY, TaskEvent.FAIL)
    assert log.lines(0) == (b"killed in the mid", 17)


def test_a_line_longer_than_a_piece_comes_whole(services: Services, log: AttemptLog) -> None:
    long = line("x" * 5000)
    write(services, log, long)
    assert log.lines(0, 100) == (long, len(long))


@pytest.mark.parametrize("path", [
    "/api/v2/dags/sales/dagRuns/r/taskInstances/load/logs/2", "/api/v2/dags/sales/dagRuns/r/taskInstances/load/logs/0",
    "/api/v2/dags/sales/dagRuns/r/taskInstances/other/logs/1", "/api/v2/dags/sales/dagRuns/q/taskInstances/load/logs/1",
    "/api/v2/dags/sales/dagRuns/r/taskInstances/load/logs/1?map_index=3",
])  # fmt: skip
def test_what_has_no_log_is_not_found(client: Client, log: AttemptLog, path: str) -> None:
    assert client.ask("GET", path, role="viewer").status == 404


def test_a_token_that_nobody_gave_is_refused(client: Client, log: AttemptLog) -> None:
    assert client.ask("GET", f"{PUBLIC}?token=%21%21", role="viewer").status == 422


def test_another_kind_of_answer_is_not_had(client: Client, log: AttemptLog) -> None:
    assert client.ask("GET", PUBLIC, role="viewer", headers={"accept": "text/html"}).status == 406
