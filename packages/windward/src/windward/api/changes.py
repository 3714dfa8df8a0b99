"""Changes of runs and DAGs, watched once for all who listen.

Theory of operation: while anybody listens, one task looks at what is under way, twice a second, and tells what differs
from its last look. Each listener has a queue with a limit. Who does not read loses what does not fit and is told to
read everything again; nobody waits for it, and nothing is kept for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from starlette.concurrency import run_in_threadpool

from windward.errors import UnavailableError
from windward.ports.listings.changes import DagPulse, RunPulse

if TYPE_CHECKING:
    from windward.ports.listings import Listings

log = logging.getLogger("windward.api.changes")
LOOK_S = 0.5
RUNS_MAX = 2000
ENDED_FOR = timedelta(seconds=30)
"""How long a run that has ended is still looked at: its end must be in some look."""
QUEUE_MAX = 512
KEPT_MAX = 2048
"""Changes that are remembered for listeners who come back."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something changed. `kind`: `run`, `dags`, or `reset` (changes were missed: read again)."""

    number: int
    kind: str
    dag_id: str | None = None
    run: RunPulse | None = None


class Changes:
    """The one watcher of a process. Belongs to its event loop."""

    def __init__(self, listings: Listings, now: Callable[[], datetime], *, look_s: float = LOOK_S) -> None:
        self._look_s = look_s
        self._listings = listings
        self._now = now
        self._runs: dict[int, RunPulse] = {}
        self._dags: DagPulse | None = None
        self.name = secrets.token_hex(4)
        """Of this process's numbers: another process counts for itself."""
        self._number = 0
        self._kept: deque[Change] = deque(maxlen=KEPT_MAX)
        self._queues: set[asyncio.Queue[Change]] = set()
        self._watching: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def listening(self, *, after: int | None = None) -> Iterator[asyncio.Queue[Change]]:
        """Give a queue of changes, in a running loop; with `after`, first those behind that number, or a reset."""
        queue: asyncio.Queue[Change] = asyncio.Queue(QUEUE_MAX)
        if not self.is_watching:
            # Nobody looked: what has changed meanwhile is not known.
            self._number += 1
            self._kept.clear()
        for change in self._missed(after):
            queue.put_nowait(change)
        self._queues.add(queue)
        if not self.is_watching:
            self._watching = asyncio.create_task(self._watch())
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    @property
    def is_watching(self) -> bool:
        """Whether anybody looks."""
        return self._watching is not None and not self._watching.done()

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._queues)

    def _missed(self, after: int | None) -> list[Change]:
        if after is None or after == self._number:
            return []
        kept = [change for change in self._kept if change.number > after]
        is_whole = bool(kept) and kept[0].number == after + 1 and len(kept) < QUEUE_MAX
        return kept if is_whole else [Change(number=self._number, kind="reset")]

    async def _watch(self) -> None:
        """Look until nobody listens."""
        is_first = True
        while self._queues:
            try:
                await self._look(is_first=is_first)
                is_first = False
            except UnavailableError as error:
                log.debug("not looked", extra={"error": str(error)})
            except Exception:
                log.exception("the watcher failed, and looks again")
            await asyncio.sleep(self._look_s)

    async def _look(self, *, is_first: bool) -> None:
        since = self._now() - ENDED_FOR
        found = await run_in_threadpool(self._listings.changes.runs, ended_since=since, limit=RUNS_MAX)
        dags = await run_in_threadpool(self._listings.changes.dags)
        before, self._runs = self._runs, {run.run_pk: run for run in found}
        if is_first and not before:
            self._dags = dags
            return
        for run in found:
            if before.get(run.run_pk) != run:
                self._tell("run", run=run)
        for gone in before.keys() - self._runs.keys():
            # Deleted, or cut off by the limit. Ended ones leave without a word: their end was told.
            if before[gone].end_date is None:
                self._tell("run", dag_id=before[gone].dag_id)
        if dags != self._dags:
            self._dags = dags
            self._tell("dags")

    def _tell(self, kind: str, *, run: RunPulse | None = None, dag_id: str | None = None) -> None:
        self._number += 1
        change = Change(number=self._number, kind=kind, dag_id=run.dag_id if run else dag_id, run=run)
        self._kept.append(change)
        for queue in self._queues:
            try:
                queue.put_nowait(change)
            except asyncio.QueueFull:
                while not queue.empty():
                    with contextlib.suppress(asyncio.QueueEmpty):
                        queue.get_nowait()
                queue.put_nowait(Change(number=change.number, kind="reset"))
