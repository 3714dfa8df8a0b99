"""Changes as they are found, and who is told of them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import msgspec
import pytest

from tests.api.conftest import NOW, Client
from tests.store.building import create, run_of, step
from windward.api.changes import QUEUE_MAX, Changes
from windward.api.contract.operation import Call, Nothing
from windward.api.own.events import EventsQuery, stream_events
from windward.api.services import Services
from windward.core.access import BUILT_IN_ROLES
from windward.core.actions import move_run
from windward.core.transitions import RunEvent, TaskEvent
from windward.model.access import Principal
from windward.model.ids import TaskKey
from windward.ports.listings.changes import DagPulse, RunPulse
from windward.store.sql.open import SqlStore

AT = datetime(2026, 3, 1, tzinfo=UTC)
NOTHING = DagPulse(dags=0, paused=0, last_changed_at=None, import_errors=0)


def pulse(run_pk: int = 1, **changes: object) -> RunPulse:
    run = RunPulse(
        run_pk=run_pk, dag_id="d", run_id=f"r{run_pk}", run_type="manual", state="running", run_after=AT,
        start_date=AT, end_date=None, revision=0,
    )  # fmt: skip
    return msgspec.structs.replace(run, **changes)


class FakeListings:
    """Shows what the test puts in."""

    def __init__(self) -> None:
        self.shown: list[RunPulse] = []
        self.looks = 0

    @property
    def changes(self) -> "FakeListings":
        return self

    def runs(self, *, ended_since: datetime, limit: int) -> list[RunPulse]:
        del ended_since, limit
        self.looks += 1
        return list(self.shown)

    def dags(self) -> DagPulse:
        return NOTHING


def watch(test: Callable[[Changes, FakeListings], Awaitable[None]]) -> None:
    async def run() -> None:
        listings = FakeListings()
        await asyncio.wait_for(test(Changes(listings, lambda: NOW, look_s=0.01), listings), 30)  # type: ignore[arg-type]

    asyncio.run(run())


async def looked(listings: FakeListings, times: int = 1) -> None:
    until = listings.looks + times
    while listings.looks < until:  # noqa: ASYNC110 - the look happens in a thread
        await asyncio.sleep(0.01)


def test_a_listener_is_told_of_what_differs_and_of_nothing_else() -> None:
    async def test(changes: Changes, listings: FakeListings) -> None:
        listings.shown = [pulse(1), pulse(2)]
        with changes.listening() as heard:
            await looked(listings, 2)
            listings.shown = [pulse(1), pulse(2, counts={"success": 1}), pulse(3)]
            assert (await heard.get()).run == pulse(2, counts={"success": 1})
            assert (await heard.get()).run == pulse(3)
            assert heard.empty()

    watch(test)


def test_who_comes_back_goes_on_where_it_was() -> None:
    async def test(changes: Changes, listings: FakeListings) -> None:
        with changes.listening() as heard:
            await looked(listings, 2)
            listings.shown = [pulse(1)]
            seen = await heard.get()
            listings.shown = [pulse(1), pulse(2)]
            later = await heard.get()
            with changes.listening(after=seen.number) as back:
                assert await back.get() == later
            with changes.listening(after=10**9) as unknown:
                assert (await unknown.get()).kind == "reset"

    watch(test)


def test_a_listener_that_does_not_read_is_told_to_begin_anew_and_keeps_nobody_waiting() -> None:
    async def test(changes: Changes, listings: FakeListings) -> None:
        with changes.listening() as slow, changes.listening() as quick:
            await looked(listings, 2)
            heard = 0
            for round_ in range(4):
                listings.shown = [pulse(n, revision=round_) for n in range(QUEUE_MAX // 2)]
                for _ in listings.shown:
                    assert (await quick.get()).kind == "run"
                    heard += 1
            assert heard > QUEUE_MAX
            assert slow.qsize() <= QUEUE_MAX
            assert (await slow.get()).kind == "reset"

    watch(test)


def test_nobody_looks_while_nobody_listens() -> None:
    async def test(changes: Changes, listings: FakeListings) -> None:
        with changes.listening():
            await looked(listings, 1)
        assert changes.listeners == 0
        while changes.is_watching:  # noqa: ASYNC110 - the watcher ends by itself or the test takes too long
            await asyncio.sleep(0.01)

    watch(test)


def test_the_pulse_of_runs_counts_their_tasks(store: SqlStore, services: Services) -> None:
    run = run_of(run_id="r")
    store.runs.apply([[create(run, "a", "b")]])
    store.runs.apply([[move_run(run, RunEvent.START, at=AT, start_date=AT)]])
    step(store, TaskKey(1, "a"), TaskEvent.QUEUE, try_number=1)
    [found] = services.listings.changes.runs(ended_since=NOW, limit=9)
    assert (found.run_id, found.state, found.counts) == ("r", "running", {"none": 1, "queued": 1})


def test_a_viewer_of_another_dag_hears_nothing_of_this_one(client: Client) -> None:
    assert client.ask("GET", "/api/windward/v1/events").status == 401


def test_who_comes_back_after_nobody_looked_begins_anew() -> None:
    async def test(changes: Changes, listings: FakeListings) -> None:
        with changes.listening() as heard:
            await looked(listings, 2)
            listings.shown = [pulse(1)]
            last = await heard.get()
        while changes.is_watching:  # noqa: ASYNC110 - it ends by itself
            await asyncio.sleep(0.01)
        listings.shown = [pulse(2)]  # began meanwhile
        with changes.listening(after=last.number) as back:
            assert (await back.get()).kind == "reset"

    watch(test)


@pytest.mark.parametrize(
    "last", ["\xb2", "9" * 5000, "5", "other-1", "x", "-", "{name}-", "{name}-\xb2", "{name}-99"]
)
def test_a_number_of_somewhere_else_is_answered_by_a_reset(services: Services, last: str) -> None:
    async def first() -> bytes:
        viewer = Principal(user_id="v", name="v", permissions=BUILT_IN_ROLES["viewer"])
        headers = {"last-event-id": last.format(name=services.changes.name)}
        call = Call(
            services=services, principal=viewer, path={}, query=EventsQuery(), body=Nothing(), headers=headers
        )
        chunks = (await stream_events(call)).chunks
        assert (await anext(chunks)).startswith(b"retry")
        return await anext(chunks)

    assert b"event: reset" in asyncio.run(first())
