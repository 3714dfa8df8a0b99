"""The scheduler's loop gives its idle moments, and only those, to upkeep, and only while it leads."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.engine.house import DAY, House
from tests.simulation.configured import simulated_settings
from tests.simulation.dice import CountingIds, FakeClock
from windward.engine.housekeeping import FIRST_LOOK
from windward.engine.scheduler import LEASE, Scheduler
from windward.ports.executor import Envelope, HostGone, Woken
from windward.ports.store import Store
from windward.protocol.messages import ToHost
from windward.protocol.work import AttemptRef, Submission
from windward.store.memory import MemoryStore


class Loop:
    """The mailbox and the executor of a scheduler whose waits pass at once; `letters` come with the next waits."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.letters: list[list[Envelope | HostGone | Woken]] = []
        self.name = "none"

    def wait(self, timeout_s: float) -> list[Envelope | HostGone | Woken]:
        if self.letters:
            self.clock.advance(0.001)
            return self.letters.pop(0)
        self.clock.advance(timeout_s)
        return []

    def send(self, host_id: str, message: ToHost) -> None:
        raise AssertionError(host_id)

    def capacity(self) -> int:
        return 0

    def submit(self, work: Sequence[Submission]) -> list[str]:
        raise AssertionError(work)

    def placed(self) -> list[tuple[AttemptRef, str]]:
        return []

    def avoid(self, host_ids: Collection[str]) -> None:
        pass

    def cancel(self, refs: Sequence[AttemptRef], *, reason: str) -> None:
        raise AssertionError(refs)


class FakeUpkeep:
    """Is due at times of its own, and remembers when it was called and whether the loop was idle."""

    def __init__(self) -> None:
        self.due_at: datetime | None = None
        self.calls: list[tuple[datetime, bool]] = []

    def step(self, now: datetime, *, is_idle: bool) -> None:
        self.calls.append((now, is_idle))
        if self.due_at is None or (is_idle and now >= self.due_at):
            self.due_at = now + timedelta(seconds=7.3)


def scheduler_over(store: Store, clock: FakeClock, upkeep: Any) -> tuple[Scheduler, Loop]:
    loop = Loop(clock)
    scheduler = Scheduler(
        store=store, mailbox=loop, executor=loop, clock=clock, ids=CountingIds(),
        settings=simulated_settings(), name="one", upkeep=upkeep,
    )  # fmt: skip
    return scheduler, loop


def test_the_loop_wakes_for_upkeep_exactly_when_it_is_due() -> None:
    clock, upkeep = FakeClock(), FakeUpkeep()
    scheduler, _ = scheduler_over(MemoryStore(), clock, upkeep)
    for _ in range(5):
        scheduler.step()
    due_at = upkeep.due_at

    for _ in range(20):
        scheduler.step()

    assert due_at in [now for now, is_idle in upkeep.calls if is_idle]


def test_upkeep_waits_for_a_loop_without_letters() -> None:
    clock, upkeep = FakeClock(), FakeUpkeep()
    scheduler, loop = scheduler_over(MemoryStore(), clock, upkeep)
    scheduler.step()
    clock.advance(3600)
    loop.letters = [[Woken()] for _ in range(10)]  # a step reads twice
    upkeep.calls = []

    for _ in range(6):
        scheduler.step()

    assert [is_idle for _, is_idle in upkeep.calls] == [False] * 5 + [True]


def test_only_the_leader_keeps_house() -> None:
    clock, upkeep, store = FakeClock(), FakeUpkeep(), MemoryStore()
    other = store.leases.take_lease(LEASE, "two", now=clock.now(), until=clock.now() + DAY)
    assert other is not None
    scheduler, _ = scheduler_over(store, clock, upkeep)
    for _ in range(20):
        scheduler.step()
    assert upkeep.calls == []

    store.leases.release_lease(other)
    for _ in range(20):
        scheduler.step()

    assert upkeep.calls


def test_a_scheduler_with_its_housekeeping_cleans_an_old_store(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add_run(1, ended_ago=31 * DAY, large=True)
    house.add_run(2, ended_ago=DAY, large=True)
    scheduler, _ = scheduler_over(house.store, house.clock, house.keeper)
    until = house.clock.now() + 2 * FIRST_LOOK

    while house.clock.now() < until:
        scheduler.step()

    assert [house.values_of(pk) for pk in (1, 2)] == [0, 1]
    assert house.objects.deleted == ["file:///1/0"]
