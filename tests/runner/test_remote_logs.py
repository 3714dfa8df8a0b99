"""Logs of a worker on another machine arrive whole, each line once, whatever gets lost between it and the server."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from windward.errors import ConflictError, UnavailableError
from windward.protocol.work import AttemptRef
from windward.runner.remote.api import ExecutionApi
from windward.runner.remote.logs import LogShipping

PATH = "dag_id=d/run_id=r/task_id=t/attempt=1.log"
FIRST, SECOND = AttemptRef(1, "t", -1, 1), AttemptRef(1, "t", -1, 2)


class FaultyServer:
    """Keeps logs as the server does; `loses` answers and `refuses` requests, so many of each."""

    def __init__(self) -> None:
        self.logs: dict[str, bytes] = {}
        self.tokens: list[str] = []
        self.loses = 0
        self.refuses = 0

    def append_log(self, token: str, path: str, offset: int, data: bytes) -> int:
        there = self.logs.get(path, b"")
        if data and self.refuses:
            self.refuses -= 1
            raise UnavailableError("nobody answers")
        if offset > len(there):
            raise ConflictError(f"the log has {len(there)} bytes: send those from there on")
        self.tokens.append(token)
        self.logs[path] = there + data[len(there) - offset :]
        if data and self.loses:
            self.loses -= 1
            raise UnavailableError("the answer got lost")
        return len(self.logs[path])


class Worker:
    """The worker's side: what tasks and the host do, and a round of the shipping."""

    def __init__(self, server: FaultyServer, folder: Path) -> None:
        self._done, self._told = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.file = folder / PATH
        self.file.parent.mkdir(parents=True)
        self.shipping = LogShipping(
            cast("ExecutionApi", server), folder, done=self._done
        )  # what it needs of one

    def write(self, text: str) -> None:
        with self.file.open("a") as file:
            file.write(text)

    def tell_done(self) -> None:
        os.write(self._told, os.fsencode(self.file) + b"\n")

    def close(self) -> None:
        os.close(self._done)
        os.close(self._told)

    def round(self) -> None:
        self.shipping.stop()  # so that `run` looks once
        self.shipping.run()


@pytest.fixture
def server() -> FaultyServer:
    return FaultyServer()


@pytest.fixture
def workers(server: FaultyServer, tmp_path: Path) -> Iterator[tuple[Worker, Worker]]:
    made = Worker(server, tmp_path / "a"), Worker(server, tmp_path / "b")
    yield made
    for worker in made:
        worker.close()


@pytest.fixture
def worker(workers: tuple[Worker, Worker]) -> Worker:
    return workers[0]


def test_a_complete_log_is_there_and_not_here(worker: Worker, server: FaultyServer) -> None:
    worker.shipping.begin(FIRST, PATH, "token")
    worker.write("one\n")
    worker.round()
    assert worker.file.exists()
    worker.write("two\n")
    worker.tell_done()
    worker.round()
    assert server.logs == {PATH: b"one\ntwo\n"}
    assert not worker.file.exists()


def test_a_part_of_a_try_follows_what_is_there(worker: Worker, server: FaultyServer) -> None:
    worker.shipping.begin(FIRST, PATH, "token")
    worker.write("the first part\n")
    worker.tell_done()
    worker.round()

    worker.shipping.begin(SECOND, PATH, "token")
    worker.write("two\n")
    worker.round()
    worker.write("three\n")
    worker.tell_done()
    worker.round()

    assert server.logs == {PATH: b"the first part\ntwo\nthree\n"}
    assert not worker.file.exists()


def test_a_part_on_another_worker_follows_too(workers: tuple[Worker, Worker], server: FaultyServer) -> None:
    for ref, worker in zip((FIRST, SECOND), workers, strict=True):
        worker.shipping.begin(ref, PATH, "token")
        worker.write(f"by {ref.fence}\n")
        worker.tell_done()
        worker.round()
    assert server.logs == {PATH: b"by 1\nby 2\n"}


def test_a_part_that_begins_before_the_earlier_one_was_shipped_loses_none_of_it(
    worker: Worker, server: FaultyServer
) -> None:
    worker.shipping.begin(FIRST, PATH, "old")
    worker.write("one\n")
    worker.tell_done()
    server.refuses = 1
    worker.round()

    worker.shipping.begin(SECOND, PATH, "new")
    worker.write("two\n")
    worker.round()
    assert worker.file.exists()
    worker.write("three\n")
    worker.tell_done()
    worker.round()

    assert server.logs == {PATH: b"one\ntwo\nthree\n"}
    assert set(server.tokens[1:]) == {"new"}
    assert not worker.file.exists()


def test_a_start_that_was_granted_twice_is_one_part(worker: Worker, server: FaultyServer) -> None:
    for _ in range(2):
        worker.shipping.begin(FIRST, PATH, "token")
    worker.write("one\n")
    worker.tell_done()
    worker.round()
    assert server.logs == {PATH: b"one\n"}
    assert not worker.file.exists()


def test_an_answer_that_was_lost_writes_nothing_twice(worker: Worker, server: FaultyServer) -> None:
    server.logs[PATH] = b"the first part\n"
    server.loses = 1
    worker.shipping.begin(SECOND, PATH, "token")
    worker.write("two\n")
    worker.round()
    worker.write("three\n")
    worker.tell_done()
    worker.round()
    assert server.logs == {PATH: b"the first part\ntwo\nthree\n"}


@pytest.mark.parametrize("kept", [b"", b"the first", b"the first part\n", b"the first part\ntw"])
def test_a_server_that_lost_the_end_gets_this_part_again(
    worker: Worker, server: FaultyServer, kept: bytes
) -> None:
    server.logs[PATH] = b"the first part\n"
    worker.shipping.begin(SECOND, PATH, "token")
    worker.write("two\n")
    worker.round()

    server.logs[PATH] = kept
    worker.write("three\n")
    worker.round()

    assert server.logs[PATH] == kept.removesuffix(b"tw") + b"two\nthree\n"
