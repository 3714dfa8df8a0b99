"""Young children: as many at a time as there are processors, and none is held back by one that sleeps."""

import os
import subprocess
import sys
import time

import pytest

from windward.protocol.work import AttemptRef, Submission
from windward.runner import young
from windward.runner.held import Held, Step
from windward.runner.linux import is_computing
from windward.runner.young import AGAIN_S, GROWN_S, LOOK_S, UNSTARTED_S, YOUNG_MAX, Young


class World:
    """The clock, and what processes do."""

    def __init__(self) -> None:
        self.now, self.computing = 100.0, set[int]()
        self.looked = list[int]()

    def is_computing(self, pid: int) -> bool:
        self.looked.append(pid)
        return pid in self.computing


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(young, "boot_clock", lambda: world.now)
    monkeypatch.setattr(young, "is_computing", world.is_computing)
    return world


def held(pid: int = 0, *, is_idle_class: bool = False) -> Held:
    ref = AttemptRef(run_pk=1, task_id="t", map_index=-1, fence=1)
    work = Submission(ref=ref, dag_id="d", fileloc="/f.py", code_hash="c", is_idle_class=is_idle_class)
    found = Held(work)
    if pid:
        found.pid, found.step = pid, Step.RUNNING
    return found


def full(*pids: int) -> Young:
    """As many as may be young, or all of these."""
    table = Young()
    for pid in pids or range(1, YOUNG_MAX + 1):
        table.add(held(pid))
    return table


def test_there_is_room_for_as_many_as_there_are_processors(world: World) -> None:
    world.computing = set(range(1, YOUNG_MAX + 1))
    table, last = Young(), held()
    for pid in range(1, YOUNG_MAX + 1):
        assert table.wait_s(last) == 0
        table.add(held(pid))
    assert table.wait_s(last) == pytest.approx(LOOK_S)
    assert world.looked == []


def test_one_that_ends_makes_room(world: World) -> None:
    table = full(*range(2, YOUNG_MAX + 1))
    first = held(1)
    table.add(first)
    assert table.wait_s(held()) > 0
    table.remove(first)
    table.remove(first)
    assert table.wait_s(held()) == 0


def test_one_that_sleeps_makes_room_but_not_at_once(world: World) -> None:
    world.computing = set(range(2, YOUNG_MAX + 1))
    table = full()
    world.now += LOOK_S * 0.9
    assert table.wait_s(held()) == pytest.approx(max(AGAIN_S, LOOK_S * 0.1))
    world.now += LOOK_S * 0.2
    assert table.wait_s(held()) == 0
    table.add(held(99))
    world.computing.add(99)
    assert table.wait_s(held()) == AGAIN_S


def test_one_that_computes_is_young_until_it_is_grown(world: World) -> None:
    world.computing = set(range(1, YOUNG_MAX + 1))
    table = full()
    world.now += GROWN_S * 0.9
    assert table.wait_s(held()) == AGAIN_S
    world.now += GROWN_S * 0.2
    assert table.wait_s(held()) == 0


def test_one_that_waits_for_its_grant_is_young_for_a_while(world: World) -> None:
    table = Young()
    for _ in range(YOUNG_MAX):
        table.add(held())
    world.now += LOOK_S * 2
    assert table.wait_s(held()) == AGAIN_S
    world.now += UNSTARTED_S
    assert table.wait_s(held()) == 0
    assert world.looked == []


def test_the_idle_class_does_not_count_for_other_work(world: World) -> None:
    table = Young()
    for _ in range(YOUNG_MAX):
        table.add(held(is_idle_class=True))
    assert table.wait_s(held()) == 0
    assert table.wait_s(held(is_idle_class=True)) > 0


def test_what_a_process_does_is_seen() -> None:
    source = "import sys\nsys.stdin.readline()\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        try:
            for expected in (False, True):
                deadline_s = time.monotonic() + 30
                while is_computing(process.pid) is not expected:
                    assert time.monotonic() < deadline_s
                    time.sleep(0.01)
                process.stdin.write("go\n")
                process.stdin.flush()
        finally:
            process.kill()
    assert not is_computing(process.pid)
    assert is_computing(os.getpid())
