"""Builders for the tests of housekeeping: a store with places for files, and time that passes when told."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor as Background
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from tests.simulation.configured import simulated_settings
from tests.simulation.dice import FakeClock
from tests.store.building import create, document_of, put, run_of, step
from windward.core.actions import move_run
from windward.core.retention import StoredObject
from windward.core.transitions import RunEvent, TaskEvent
from windward.engine.housekeeping import Bins, Housekeeping
from windward.errors import NotFoundError, UnavailableError
from windward.logs.local import LocalLogStore
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.states import RunState
from windward.settings import Settings
from windward.store.code import LocalCodeStore
from windward.store.memory import MemoryStore

DAY = timedelta(days=1)
HOUR_S = 3600


class FakeBackground(Background):
    """Does jobs at once, or when `work` is called if `is_slow`."""

    def __init__(self) -> None:
        self.is_slow = False
        self.waiting: list[Callable[[], None]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def do() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:  # noqa: BLE001 - handed to whoever asks for the result
                future.set_exception(error)

        if self.is_slow:
            self.waiting.append(do)
        else:
            do()
        return future

    def work(self) -> None:
        waiting, self.waiting = self.waiting, []
        for do in waiting:
            do()


class FakeObjects:
    """An object store that may be unreachable; `elsewhere` are locations of another one."""

    def __init__(self) -> None:
        self.is_down = False
        self.elsewhere: set[str] = set()
        self.stuck: set[str] = set()
        """What nobody here may delete."""
        self.deleted: list[str] = []
        self._kept: dict[str, StoredObject] = {}
        """What a listing finds, by location: a test keeps tens of thousands."""

    def keep(self, stored: StoredObject) -> None:
        self._kept[stored.location] = stored

    def delete(self, location: str) -> None:
        if self.is_down:
            raise UnavailableError("no route to the bucket")
        if location in self.elsewhere:
            raise NotFoundError(location)
        if location in self.stuck:
            raise PermissionError(location)
        self.deleted.append(location)
        self._kept.pop(location, None)

    def pages(self, limit: int) -> Iterator[list[StoredObject]]:
        if self.is_down:
            raise UnavailableError("no route to the bucket")
        kept = list(self._kept.values())
        for start in range(0, len(kept), limit):
            yield kept[start : start + limit]


class FaultyLogs(LocalLogStore):
    """Logs, some folders of which nobody here may delete."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.is_down = False
        self.stuck: set[str] = set()

    def delete(self, prefix: str) -> int:
        if self.is_down:
            raise UnavailableError("no route to the logs")
        if prefix in self.stuck:
            raise PermissionError(prefix)
        return super().delete(prefix)


class House:
    """A store, the places of files, and the housekeeping over them."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore()
        self.objects = FakeObjects()
        self.logs = FaultyLogs(folder / "logs")
        self.code = LocalCodeStore(folder / "code")
        self.background = FakeBackground()
        self.settings: Settings = replace(simulated_settings(), **changes)
        self.keeper = Housekeeping(
            store=self.store,
            bins=Bins(objects=self.objects, logs=self.logs, snapshots=self.code),
            background=self.background,
            settings=self.settings,
        )

    def put_dag(self, dag_id: str, *, days: float | None = None, code_hash: str = "") -> str:
        name, body, document = document_of(
            dag_id, fileloc=f"{dag_id}.py", xcom_retention_days=days, code_hash=code_hash
        )
        file = FileRecord(fileloc=f"{dag_id}.py", content_hash=name, dag_ids=(dag_id,))
        now = self.clock.now()
        self.store.catalog.put_file(file, [(name, body, document)], paused_at_creation=False, now=now)
        return name

    def add_run(
        self, pk: int, dag_id: str = "sales", *, ended_ago: timedelta | None, values: int = 1, large: bool = False,
        location: str | None = None, **changes: Any,
    ) -> None:  # fmt: skip
        """Add a run with a task and its values; it goes on when `ended_ago` is None."""
        run = run_of(pk, dag_id=dag_id, state=RunState.RUNNING, **changes)
        assert self.store.runs.apply([[create(run, "load")]]).all
        key = TaskKey(pk, "load")
        step(self.store, key, TaskEvent.QUEUE, try_number=1)
        where = f"file:///{pk}/" if large else None
        xcoms = tuple(
            put(f"k{n}", "v", location=location or (where and f"{where}{n}")) for n in range(values)
        )
        step(self.store, key, TaskEvent.START, xcoms=xcoms)
        if ended_ago is not None:
            end = self.clock.now() - ended_ago
            assert self.store.runs.apply([[move_run(run, RunEvent.SUCCEED, at=end, end_date=end)]]).all

    def values_of(self, pk: int) -> int:
        return len(self.store.tables.xcoms[pk])

    def live(self, seconds: float, *, is_idle: bool = True) -> list[datetime]:
        """Let time pass, a second at a time; return when something was read or written."""
        active = []
        for _ in range(int(seconds)):
            before = msgspec.structs.astuple(self.store.tables.counters)
            self.keeper.step(self.clock.now(), is_idle=is_idle)
            if msgspec.structs.astuple(self.store.tables.counters) != before:
                active.append(self.clock.now())
            self.clock.advance(1)
        return active
