"""Logs that were copied to an object store read the same as those of this machine."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.clouds import CLOUDS
from windward.app.log_shipper import Shipping
from windward.errors import NotFoundError, UnavailableError
from windward.logs.shipped import FRESH_S, ShippedLogStore

PATH = "dag_id=d/run_id=scheduled__2024-01-01T00:00:00+00:00/task_id=t/attempt=1.log"
LINES = b"".join(b'{"event":"%d"}\n' % number for number in range(1000))


@pytest.fixture(params=["file", *CLOUDS])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShippedLogStore:
    if request.param == "file":
        return ShippedLogStore(tmp_path / "logs", (tmp_path / "there").as_uri())
    cloud = CLOUDS[request.param]()
    for name, value in cloud.environ.items():
        monkeypatch.setenv(name, value)
    return ShippedLogStore(tmp_path / "logs", f"{cloud.url}/logs")


def test_a_log_reads_the_same_before_and_after_it_is_only_there(store: ShippedLogStore) -> None:
    store.append(PATH, LINES)
    here = (store.read(PATH, offset=40, limit=100), store.tail(PATH, lines=3))
    assert store.ship(PATH) == len(LINES)
    store.locate(PATH).unlink()
    assert (store.read(PATH, offset=40, limit=100), store.tail(PATH, lines=3)) == here
    assert b"".join(store.follow(PATH, wait=lambda: False)) == LINES


def test_a_part_that_is_written_after_the_first_was_deleted_follows_it(store: ShippedLogStore) -> None:
    first, second, third = (b'{"event":"%d"}\n' % number for number in range(3))
    store.append(PATH, first)
    store.ship(PATH)
    store.locate(PATH).unlink()

    store.append(PATH, second)
    assert store.ship(PATH) == len(second)
    store.append(PATH, third)
    for _ in range(2):
        assert store.ship(PATH) == len(second + third)
    store.locate(PATH).unlink()

    assert store.read(PATH)[0] == first + second + third


def test_a_line_that_ends_as_the_first_of_a_part_does_is_another(store: ShippedLogStore) -> None:
    store.append(PATH, b"23\n")
    store.ship(PATH)
    store.locate(PATH).write_bytes(b"3\n")
    store.ship(PATH)
    store.locate(PATH).unlink()
    assert store.read(PATH)[0] == b"23\n3\n"


def test_an_empty_log_takes_nothing_away(store: ShippedLogStore) -> None:
    store.append(PATH, LINES)
    store.ship(PATH)
    store.locate(PATH).write_bytes(b"")
    assert store.ship(PATH) == 0
    store.locate(PATH).unlink()
    assert store.read(PATH)[0] == LINES


def test_a_copy_that_grew_is_read_anew(tmp_path: Path) -> None:
    there, now = (tmp_path / "there").as_uri(), [0.0]
    reader = ShippedLogStore(tmp_path / "reader", there, monotonic=lambda: now[0])
    worker = ShippedLogStore(tmp_path / "worker", there)
    for count in (1, 2):
        worker.append(PATH, LINES)
        worker.ship(PATH)
        assert reader.read(PATH) == (LINES * count, len(LINES) * count)
        now[0] += FRESH_S


def test_a_log_that_is_nowhere_is_not_found(store: ShippedLogStore) -> None:
    with pytest.raises(NotFoundError):
        store.read(PATH)
    with pytest.raises(NotFoundError):
        store.ship(PATH)


def test_logs_are_deleted_here_and_there_and_no_others(store: ShippedLogStore) -> None:
    other = PATH.replace("dag_id=d/", "dag_id=data/")
    for path in (PATH, other):
        store.append(path, LINES)
        store.ship(path)
    assert store.delete("dag_id=d") == 1
    store.locate(other).unlink()
    assert store.read(other)[0] == LINES
    with pytest.raises(NotFoundError):
        store.read(PATH)


def test_a_store_that_is_not_there_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CLOUDS["s3"]().environ.items():
        monkeypatch.setenv(name, value)
    store = ShippedLogStore(tmp_path, "s3://no-such-bucket/logs")
    store.append(PATH, LINES)
    with pytest.raises(UnavailableError):
        store.ship(PATH)


def test_the_process_copies_what_it_is_told_of_before_it_ends(tmp_path: Path) -> None:
    there = (tmp_path / "there").as_uri()
    store = ShippedLogStore(tmp_path / "logs", there)
    store.append(PATH, LINES)
    shipping = Shipping(tmp_path / "logs", there, deletes=False)
    shipping.start()
    shipping.done(str(store.locate(PATH)))
    shipping.close()
    store.locate(PATH).unlink()
    assert store.read(PATH)[0] == LINES


def test_what_was_missed_is_found_by_the_next_start(tmp_path: Path) -> None:
    there = (tmp_path / "there").as_uri()
    store = ShippedLogStore(tmp_path / "logs", there)
    shipping = Shipping(tmp_path / "logs", there, deletes=False)
    shipping.start()
    shipping.close()
    store.append(PATH, LINES)
    shipping.start()
    shipping.close()
    store.locate(PATH).unlink()
    assert store.read(PATH)[0] == LINES


def test_what_could_not_be_copied_before_a_stop_is_copied_after_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CLOUDS["s3"]().environ.items():
        monkeypatch.setenv(name, value)
    there, now = (tmp_path / "there").as_uri(), time.time()
    store = ShippedLogStore(tmp_path / "logs", there)
    store.append(PATH, LINES)
    (store.folder / ".shipped").touch()
    for path, age_s in ((store.locate(PATH), 300), (store.folder / ".shipped", 330)):
        os.utime(path, (now - age_s, now - age_s))

    for url in ("s3://no-such-bucket/logs", there):
        shipping = Shipping(tmp_path / "logs", url, deletes=False)
        shipping.start()  # finds the log, which is younger than the mark
        shipping.close()
    store.locate(PATH).unlink()

    assert store.read(PATH)[0] == LINES


def test_a_process_without_a_host_ends() -> None:
    command = [sys.executable, "-m", "windward.app.log_shipper"]
    assert subprocess.run(command, stdin=subprocess.DEVNULL, timeout=30).returncode == 0
