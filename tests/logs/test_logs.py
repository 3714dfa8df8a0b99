"""Log lines, their writers on both sides of a child, the store on files, and what people see of them."""

import json
import logging
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windward.errors import InvalidIdError, NotFoundError
from windward.logs.local import LocalLogStore
from windward.logs.raw import RawLines, encode_raw
from windward.logs.records import EVENT_CHARACTERS_MAX, decode_line, decode_lines, encode_line
from windward.logs.render import render_line, render_lines
from windward.logs.writer import HELD_BYTES_MAX, LogWriter, capture
from windward.sdk.masking import SecretsMasker

AT = datetime(2026, 3, 4, 5, 6, 7, 89_000, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    st.lists,
    max_leaves=5,
)


def line(event: str, fields: dict[str, Any] | None = None) -> bytes:
    return encode_line(at=AT, level="info", event=event, logger="l", source="task", fields=fields)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(found) for found in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def writer(tmp_path: Path) -> LogWriter:
    return LogWriter.open(os.fspath(tmp_path / "a" / "b" / "log"), SecretsMasker())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a" / "b" / "log"


@given(
    event=st.text(st.characters(codec="utf-8")),
    name=st.from_regex(r"f[a-z]{1,8}", fullmatch=True),
    value=JSON,
)
def test_a_line_is_read_back_as_it_was_written(event: str, name: str, value: Any) -> None:
    data = line(event, {name: value})
    assert data.count(b"\n") == 1
    found = decode_line(data)
    assert (found.timestamp, found.level, found.event, found.logger) == (AT, "info", event, "l")
    assert found.fields == {name: value}


@pytest.mark.parametrize("value", ["\ud800", object(), {1: {2: "\udfff"}}, b"\xff", {"k": {"s"}}])
def test_what_json_cannot_say_is_said_as_text(value: object) -> None:
    assert decode_line(line("\ud800", {"field": value})).level == "info"


def test_fields_never_replace_the_fixed_ones() -> None:
    assert decode_line(line("true", {"event": "false", "level": "error"})).event == "true"


def test_a_long_event_is_cut_and_says_so() -> None:
    assert decode_line(line("x" * (EVENT_CHARACTERS_MAX + 5))).event.endswith("… (5 more characters)")


@given(st.binary())
def test_any_bytes_are_read_as_some_line(data: bytes) -> None:
    assert isinstance(decode_line(data).event, str)


@given(st.binary(), st.lists(st.integers(0, 30)))
def test_raw_output_is_cut_into_the_same_lines_however_it_arrives(data: bytes, cuts: list[int]) -> None:
    whole = RawLines()
    expected = [*whole.feed(data), *whole.finish()]
    pieces = RawLines()
    found: list[str] = []
    rest = data
    for cut in cuts:
        found += pieces.feed(rest[:cut])
        rest = rest[cut:]
    found += pieces.feed(rest)
    assert [*found, *pieces.finish()] == expected


def test_raw_output_is_masked() -> None:
    masker = SecretsMasker()
    masker.add("sesame-open")
    assert b"sesame" not in encode_raw(["say sesame-open"], masker)


def test_a_few_lines_are_in_the_file_at_once(writer: LogWriter, file: Path) -> None:
    for number in range(5):
        writer.line("info", f"event {number}")
        assert read(file)[-1]["event"] == f"event {number}"


def test_many_lines_are_written_together_whole_and_in_order(writer: LogWriter, file: Path) -> None:
    for number in range(1000):
        writer.line("info", f"event {number}")
    writer.flush()
    assert [found["event"] for found in read(file)] == [f"event {number}" for number in range(1000)]


def test_no_more_than_a_bounded_number_of_bytes_is_held_back(writer: LogWriter, file: Path) -> None:
    written = 0
    for _ in range(500):
        writer.line("info", "x" * 100)
        written += len(line("x" * 100))
        assert file.stat().st_size > written - 2 * HELD_BYTES_MAX - 200 * 100


def test_held_lines_reach_the_file_without_another_line(writer: LogWriter, file: Path) -> None:
    for number in range(200):
        writer.line("info", f"event {number}")
    for thread in threading.enumerate():
        if thread.name == "windward-log":
            thread.join(60)
    assert read(file)[-1]["event"] == "event 199"


def test_what_waits_for_its_end_of_line_waits_by_thread(writer: LogWriter, file: Path) -> None:
    with capture(writer, level=logging.INFO):
        print("one ", end="")
        other = threading.Thread(target=print, args=("two",))
        other.start()
        other.join()
        print("three")
        print("no end", end="")
    writer.close()
    assert [found["event"] for found in read(file)] == ["two", "one three", "no end"]


def test_threads_that_print_lose_no_line(writer: LogWriter, file: Path) -> None:
    def say(name: int) -> None:
        for number in range(5000):
            print(f"{name}:{number}")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with capture(writer, level=logging.INFO):
            threads = [threading.Thread(target=say, args=(name,)) for name in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    writer.close()
    expected = {f"{name}:{number}" for name in range(8) for number in range(5000)}
    found = [one["event"] for one in read(file)]
    assert len(found) == len(expected)
    assert set(found) == expected


def test_threads_write_whole_lines(writer: LogWriter, file: Path) -> None:
    def write(name: int) -> None:
        for number in range(200):
            writer.line("info", f"{name} {number}")

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    events = [found["event"] for found in read(file)]
    assert len(events) == 800
    for name in range(4):
        assert [event for event in events if event.startswith(f"{name} ")] == [
            f"{name} {n}" for n in range(200)
        ]


def test_a_forked_process_does_not_write_its_parents_held_lines_again(writer: LogWriter, file: Path) -> None:
    for number in range(100):
        writer.line("info", f"event {number}")
    pid = os.fork()
    if pid == 0:
        writer.line("info", "from the child")
        os._exit(0)
    os.waitpid(pid, 0)
    writer.flush()
    events = [found["event"] for found in read(file)]
    assert len(events) == len(set(events)) == 101


def test_secrets_are_masked_in_events_fields_and_tracebacks(writer: LogWriter, file: Path) -> None:
    masker = SecretsMasker()
    masker.add("sesame-open")
    writer.masker = masker
    writer.line("info", "say sesame-open", door="sesame-open", password="x")
    try:
        raise ValueError("sesame-open")
    except ValueError as error:
        writer.failure("failed", error)
    assert "sesame" not in file.read_text()
    assert read(file)[0]["password"] == "***"


def test_streams_and_logging_end_in_the_log_with_their_source(writer: LogWriter, file: Path) -> None:
    with capture(writer, level=logging.INFO):
        print("a", end="")
        print("b\nc\r")
        print("d", file=sys.stderr)
        sys.stdout.buffer.write(b"e\xff\n")
        logging.getLogger("mine").warning("f %s", 1)
        logging.getLogger("mine").debug("not seen")
        sys.stdout.write("rest")
    found = [(one["event"], one["source"], one["level"]) for one in read(file)]
    assert found == [
        ("ab", "stdout", "info"),
        ("c", "stdout", "info"),
        ("d", "stderr", "error"),
        ("e\ufffd", "stdout", "info"),
        ("f 1", "task", "warning"),
        ("rest", "stdout", "info"),
    ]


def test_streams_are_given_back(writer: LogWriter) -> None:
    before = sys.stdout, sys.stderr, logging.getLogger().handlers[:]
    with capture(writer, level=logging.INFO):
        assert sys.stdout is not before[0]
    assert (sys.stdout, sys.stderr, logging.getLogger().handlers[:]) == before


def test_a_full_disk_does_not_fail_the_task_that_prints() -> None:
    writer = LogWriter.open("/dev/full", SecretsMasker())
    writer.line("info", "lost")
    writer.close()


def test_a_log_is_appended_read_by_pages_and_deleted(tmp_path: Path) -> None:
    store = LocalLogStore(tmp_path)
    store.append("dag_id=a/run_id=b/x.log", line("one"))
    store.append("dag_id=a/run_id=b/x.log", line("two"))
    data, size = store.read("dag_id=a/run_id=b/x.log")
    assert [found.event for found in decode_lines(data)] == ["one", "two"]
    assert size == len(data)
    assert store.read("dag_id=a/run_id=b/x.log", offset=len(line("one")))[0] == line("two")
    assert store.delete("dag_id=a") == 1
    with pytest.raises(NotFoundError):
        store.read("dag_id=a/run_id=b/x.log")


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", "a\0b", "a\\b", "link/x"])
def test_a_path_that_leads_out_of_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "link").symlink_to(tmp_path)
    store = LocalLogStore(tmp_path / "logs")
    for use in (store.read, store.delete, lambda found: store.append(found, b"x")):
        with pytest.raises(InvalidIdError):
            use(path)


@given(st.integers(0, 30), st.integers(0, 35))
def test_the_tail_is_the_last_lines(
    tmp_path_factory: pytest.TempPathFactory, written: int, wanted: int
) -> None:
    store = LocalLogStore(tmp_path_factory.mktemp("tail"))
    lines = [line(str(number)) for number in range(written)]
    store.append("x.log", b"".join(lines) + b"half a line")
    data, offset = store.tail("x.log", lines=wanted)
    assert data == b"".join(lines[len(lines) - min(wanted, written) :])
    assert offset == sum(map(len, lines))


def test_following_gives_whole_lines_as_they_come_and_ends_with_the_writer(tmp_path: Path) -> None:
    store = LocalLogStore(tmp_path)
    steps = iter([b"one\ntw", b"o\n", b"three"])

    def wait() -> bool:
        if (step := next(steps, None)) is None:
            return False
        store.append("x.log", step)
        return True

    assert list(store.follow("x.log", wait=wait)) == [b"one\n", b"two\n", b"three"]


def test_a_line_is_shown_with_time_level_fields_and_traceback() -> None:
    data = line("task failed", {"task_id": "a b", "n": 1, "exception": "Traceback:\n  here"})
    text = render_line(decode_line(data))
    assert text == ('2026-03-04 05:06:07.089+0000 INFO     task failed task_id="a b" n=1\nTraceback:\n  here')


def test_times_are_shown_in_the_zone_that_is_asked_for() -> None:
    [text] = render_lines([decode_line(line("x"))], zone=ZoneInfo("Asia/Seoul"))
    assert text.startswith("2026-03-04 14:06:07.089+0900")
