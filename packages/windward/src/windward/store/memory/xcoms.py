"""XComs in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from windward.core.paths import LOGS_SCHEME
from windward.errors import ConflictError, NotFoundError
from windward.model.ids import TaskKey
from windward.model.records import RunRecord
from windward.model.states import RUN_FINISHED
from windward.protocol.outcomes import DeadXCom, XComValue
from windward.store.memory.tables import StoredXCom, Tables


class MemoryXComs:
    """XComs and where large ones are."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def get_xcom(
        self, dag_id: str, run_id: str, key: str, *, task_id: str | None, map_index: int | None,
        include_prior_dates: bool = False,
    ) -> XComValue | None:  # fmt: skip
        """Return one value, or None."""
        with self._tables.lock:
            for run in self._runs(dag_id, run_id, include_prior_dates=include_prior_dates):
                found = [
                    (name, index, stored)
                    for (name, index, xcom_key), stored in self._tables.xcoms[run.run_pk].items()
                    if xcom_key == key and task_id in {None, name} and map_index in {None, index}
                ]
                if found and task_id is None:
                    return max(found, key=lambda item: (item[2].at, item[0], item[1]))[2].value
                if found:
                    return min(found, key=lambda item: item[1])[2].value
            return None

    def get_xcoms(
        self, dag_id: str, run_id: str, key: str, *, task_ids: Sequence[str],
        map_indexes: Sequence[int] | None, include_prior_dates: bool, offset: int, limit: int,
    ) -> tuple[list[tuple[str, int, str, XComValue]], int]:  # fmt: skip
        """Return a page of (task_id, map_index, run_id, value), and the count of all."""
        with self._tables.lock:
            found: dict[tuple[str, int], tuple[str, XComValue]] = {}
            for run in self._runs(dag_id, run_id, include_prior_dates=include_prior_dates):
                for (task_id, index, xcom_key), stored in self._tables.xcoms[run.run_pk].items():
                    is_asked = task_id in task_ids and (map_indexes is None or index in map_indexes)
                    if xcom_key == key and is_asked:
                        found.setdefault((task_id, index), (run.run_id, stored.value))
            page = sorted(found)[offset : offset + limit]
            return [(*instance, *found[instance]) for instance in page], len(found)

    def _runs(self, dag_id: str, run_id: str, *, include_prior_dates: bool) -> Iterator[RunRecord]:
        run_pk = self._tables.run_by_id.get((dag_id, run_id))
        if run_pk is None:
            return
        run = self._tables.runs[run_pk]
        yield run
        if include_prior_dates:
            earlier = (
                other
                for other in self._tables.runs.values()
                if other.dag_id == dag_id and _date(other) < _date(run)
            )
            yield from sorted(earlier, key=lambda other: (_date(other), other.run_pk), reverse=True)

    def set_xcom(self, key: TaskKey, name: str, value: XComValue, *, fence: int, now: datetime) -> None:
        """Store a value; raise `ConflictError` if the instance has another fence."""
        with self._tables.lock:
            task = self._tables.tasks.get(key.run_pk, {}).get((key.task_id, key.map_index))
            if task is None or task.fence != fence:
                raise ConflictError(
                    f"task instance `{key.task_id}` [{key.map_index}] has another attempt by now"
                )
            put_xcom(self._tables, key, name, value, at=now)
            self._tables.wrote(1)

    def edit_xcom(
        self, key: TaskKey, name: str, value: XComValue | None, *, is_new: bool, now: datetime,
        return_length: int | UnsetType | None = UNSET,
    ) -> None:  # fmt: skip
        """Store a value in the name of an instance, or delete it."""
        tables, place = self._tables, (key.task_id, key.map_index)
        with tables.lock:
            task = tables.tasks.get(key.run_pk, {}).get(place)
            is_there = (*place, name) in tables.xcoms.get(key.run_pk, {})
            if task is None or (not is_new and not is_there):
                raise NotFoundError(f"task instance `{key.task_id}` [{key.map_index}] has no value `{name}`")
            if is_new and is_there:
                raise ConflictError(f"task instance `{key.task_id}` [{key.map_index}] has a value `{name}`")
            if value is None:
                drop_xcoms(tables, key, name)
            else:
                put_xcom(tables, key, name, value, at=now)
            if return_length is not UNSET:
                tables.tasks[key.run_pk][place] = msgspec.structs.replace(task, return_length=return_length)
                run = tables.runs[key.run_pk]
                tables.runs[key.run_pk] = msgspec.structs.replace(run, revision=run.revision + 1)
                tables.add_note("run", str(key.run_pk))
            tables.wrote(1)

    def delete_xcoms(self, key: TaskKey, name: str | None, *, is_purged: bool = False) -> list[str]:
        """Delete the instance's values; return the locations of large ones."""
        with self._tables.lock:
            gone = drop_xcoms(self._tables, key, name, is_purged=is_purged)
            self._tables.wrote(len(gone))
            return [stored.value.location for _, stored in gone if stored.value.location is not None]

    def load_dead_objects(self, *, limit: int, of_logs: bool = False) -> list[str]:
        """Return locations that no XCom refers to any more, or folders of logs whose run is gone."""
        with self._tables.lock:
            alive = {
                stored.value.location for xcoms in self._tables.xcoms.values() for stored in xcoms.values()
            }
            dead = (place for place in self._tables.dead_objects if place not in alive)
            return [place for place in dead if place.startswith(LOGS_SCHEME) == of_logs][:limit]

    def forget_dead_objects(self, locations: Sequence[str]) -> None:
        """Forget locations whose objects were deleted."""
        with self._tables.lock:
            gone = set(locations)
            before = len(self._tables.dead_objects)
            self._tables.dead_objects = [place for place in self._tables.dead_objects if place not in gone]
            self._tables.wrote(before - len(self._tables.dead_objects))

    def load_dead_xcoms(self, *, limit: int, of: TaskKey | None = None) -> list[DeadXCom]:
        """Return values that are gone and have to be purged."""
        with self._tables.lock:
            found = [
                dead
                for run_pk, dead in self._tables.dead_xcoms.values()
                if self._may_purge(run_pk, dead, of) and not self._has_successor(run_pk, dead)
            ]
            return sorted(found, key=lambda dead: (dead.tries, dead.dead_pk))[:limit]

    def _may_purge(self, run_pk: int, dead: DeadXCom, of: TaskKey | None) -> bool:
        if of is not None:
            return of == TaskKey(run_pk, dead.task_id, dead.map_index)
        run = self._tables.runs.get(run_pk)
        return run is None or run.state in RUN_FINISHED

    def _has_successor(self, run_pk: int, dead: DeadXCom) -> bool:
        values = self._tables.xcoms.get(run_pk, {})
        live = values.get((dead.task_id, dead.map_index, dead.key))
        return live is not None and live.value.is_same_object(dead.value)

    def settle_dead_xcoms(self, purged: Sequence[int], *, failed: Sequence[int] = ()) -> None:
        """Forget what was purged, but for objects in the object store, and count what failed."""
        with self._tables.lock:
            waiting = self._tables.dead_xcoms
            for dead_pk in purged:
                _, dead = waiting.pop(dead_pk, (0, None))
                if dead is not None and dead.value.location is not None:
                    self._tables.bury_at(dead.value.location)
            for dead_pk in failed:
                if dead_pk in waiting:
                    run_pk, dead = waiting[dead_pk]
                    waiting[dead_pk] = run_pk, msgspec.structs.replace(dead, tries=dead.tries + 1)
            self._tables.wrote(len(purged) + len(failed))


def put_xcom(tables: Tables, key: TaskKey, name: str, value: XComValue, *, at: datetime) -> StoredXCom | None:
    """Insert or replace a value; return what it replaced."""
    place = (key.task_id, key.map_index, name)
    before = tables.xcoms[key.run_pk].pop(place, None)
    tables.xcoms[key.run_pk][place] = StoredXCom(value, at)
    if before is not None:
        tables.bury(key, name, before.value)
    return before


def drop_xcoms(
    tables: Tables, key: TaskKey, name: str | None = None, *, is_purged: bool = False
) -> list[tuple[tuple[str, int, str], StoredXCom]]:
    """Delete the values of an instance (of one name, or all); return them."""
    xcoms = tables.xcoms[key.run_pk]
    places = sorted(
        place for place in xcoms if place[:2] == (key.task_id, key.map_index) and name in {None, place[2]}
    )
    gone = [(place, xcoms.pop(place)) for place in places]
    for place, stored in gone:
        value = msgspec.structs.replace(stored.value, backend=None) if is_purged else stored.value
        tables.bury(key, place[2], value)
    return gone


def _date(run: RunRecord) -> datetime:
    return run.logical_date or run.run_after
