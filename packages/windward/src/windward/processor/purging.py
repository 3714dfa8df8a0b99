"""Values of XCom backends that are gone: handed to a child that purges them, a batch at a time.

A backend is user code, so it runs beside what imports DAG files and not where the values were deleted.
"""

from __future__ import annotations

import logging

from windward.ports.clock import Clock
from windward.ports.store import XComStore
from windward.processor.pool import ParsePool
from windward.protocol.outcomes import DeadXCom

LOOK_S = 15.0
"""Time between two looks for values to purge, while there are none."""
BATCH_MAX = 50
TRIES_MAX = 20
"""A value whose backend fails as often is given up: what it stood for stays, and the log says where that was."""

log = logging.getLogger(__name__)


class Purging:
    """Knows what is being purged, and when to look for more."""

    def __init__(self, xcoms: XComStore, clock: Clock) -> None:
        self._xcoms = xcoms
        self._clock = clock
        self._due = 0.0
        self._batch: dict[int, DeadXCom] = {}

    @property
    def due(self) -> float:
        """Monotonic time of the next look."""
        return self._due

    def work(self, pool: ParsePool) -> None:
        """Take in what was purged, and begin with the next batch when it is time."""
        self._settle(pool)
        now = self._clock.monotonic()
        if now < self._due or pool.is_purging:
            return
        items = self._xcoms.load_dead_xcoms(limit=BATCH_MAX)
        self._due = now + LOOK_S
        self._batch = {item.dead_pk: item for item in items}
        if items:
            pool.purge(items)

    def _settle(self, pool: ParsePool) -> None:
        said = {one.dead_pk: one.error for one in pool.take_purged() if one.dead_pk in self._batch}
        if not said:
            return
        purged = [pk for pk, error in said.items() if not error]
        failed = [pk for pk, error in said.items() if error]
        for dead_pk in failed:
            self._report(self._batch[dead_pk], said[dead_pk])
        given_up = [pk for pk in failed if self._batch[pk].tries + 1 >= TRIES_MAX]
        self._xcoms.settle_dead_xcoms(
            [*purged, *given_up], failed=[pk for pk in failed if pk not in given_up]
        )
        if purged:
            self._due = 0.0  # there may be more
            log.info("values purged", extra={"count": len(purged)})

    def _report(self, item: DeadXCom, error: str) -> None:
        place = {
            "backend": item.value.backend,
            "dag": item.dag_id,
            "run": item.run_id,
            "task": item.task_id,
            "map_index": item.map_index,
            "key": item.key,
            "error": error,
        }
        if item.tries + 1 >= TRIES_MAX:
            log.error("value given up, what its backend kept stays", extra=place)
        else:
            log.warning("value not purged", extra=place)
