"""A host tells that a log is complete once for each attempt, when nothing will be added to it."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runner.fake_scheduler import HostUnderTest, host_under_test, submission, task_context
from tests.runner.marking import Bench
from windward.model.states import Isolation
from windward.protocol.outcomes import Failed
from windward.protocol.work import AttemptRef

CALLING_BACK = """
import time
from datetime import datetime
from pathlib import Path
from windward.sdk.dag import DAG
from windward.sdk.operator import BaseOperator

GO = Path({go!r})

def slowly(context):
    deadline = time.monotonic() + 300
    while not GO.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    print("said by the callback")

class Fails(BaseOperator):
    def execute(self, context):
        raise ValueError("as it should")

with DAG("d", schedule=None, start_date=datetime(2026, 1, 1)) as d:
    Fails(task_id="fails", on_failure_callback=slowly)
"""


@pytest.fixture
def host(short_folder: Path) -> Iterator[HostUnderTest]:
    folder = Path(tempfile.mkdtemp(dir=short_folder))
    with host_under_test(folder, module="tests.runner.telling_host") as host:
        yield host


def told(host: HostUnderTest) -> list[tuple[int, str]]:
    """Return the size and the path of each log that the host told to be complete."""
    path = host.home / "told"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(int(size), log) for size, _, log in (line.partition(" ") for line in lines)]


def assert_told_whole(host: HostUnderTest, ref: AttemptRef, *, last: str) -> None:
    """Check that the log was told once, with all that was written to it."""
    log = task_context(ref).log_path
    host.scheduler.until(lambda: last in host.log(ref) and told(host))
    assert told(host) == [((host.home / "logs" / log).stat().st_size, log)]


@pytest.mark.parametrize("isolation", [Isolation.ISOLATED, Isolation.WARM])
def test_a_log_is_complete_when_its_callbacks_have_run(host: HostUnderTest, isolation: Isolation) -> None:
    go = host.home / "go"
    work = submission(host.write("f.py", CALLING_BACK.format(go=str(go))), "fails", isolation=isolation)
    [ending] = host.run(work)
    assert isinstance(ending.outcome, Failed)
    go.touch()
    assert_told_whole(host, work.ref, last="said by the callback")


def test_the_log_of_a_dropped_attempt_is_told_when_its_process_is_gone(host: HostUnderTest) -> None:
    bench = Bench(host, host.home / "marks")
    work = bench.work("wait")
    pid = bench.begin(work)
    host.scheduler.stale = (work.ref,)
    bench.gone(pid)
    assert_told_whole(host, work.ref, last="the attempt is not the current one any more")


def test_the_log_of_a_process_that_was_killed_is_told_once(host: HostUnderTest) -> None:
    bench = Bench(host, host.home / "marks")
    work = bench.work("wait")
    os.kill(bench.begin(work), signal.SIGKILL)
    bench.ended(work.ref)
    assert_told_whole(host, work.ref, last="the task's process ended")
