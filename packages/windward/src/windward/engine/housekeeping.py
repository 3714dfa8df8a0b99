"""Housekeeping: deletes what aged, in small batches, while the scheduler has nothing better to do.

The leader's loop calls `step` after each pass; at most one batch a second does anything, and only when the
loop is idle. A look goes through everything once, one generator, one batch between two `yield`s. What may
go is decided by `windward.core.retention`; slow deletions (objects, logs, snapshots of code) run in the
background. Everything remembered is a cache: a new leader begins anew and deletes nothing twice.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

import msgspec

from windward.core import retention
from windward.core.paths import LOGS_SCHEME, run_of_log_folder
from windward.core.retention import DocumentFacts, DocumentUse, StoredObject
from windward.engine.deletions import delete_logs, delete_objects
from windward.errors import UnavailableError, WindwardError
from windward.ports.retention import LogBin, ObjectBin, SnapshotBin
from windward.ports.store import Store
from windward.settings import Settings

T = TypeVar("T")
Batches = Generator[None, None, T]

FIRST_LOOK = timedelta(minutes=1)
LOOK_EVERY = timedelta(minutes=10)
BATCH_EVERY = timedelta(seconds=1)
LATE_END = timedelta(minutes=10)
"""A run's end may be written that much after the time that it names."""
USES_MAX = 500
DOCUMENTS_MAX = 100
ENDED_RUNS_MAX = 500
XCOMS_MAX = 200
XCOM_BYTES_MAX = 1 << 20
RUNS_MAX = 20
TASKS_MAX = 500
ASSET_EVENTS_MAX = 500
AUDIT_EVENTS_MAX = 500
LOGINS_MAX = 500
OBJECTS_MAX = 100
STUCK_MAX = 1000
"""Of what cannot be deleted; behind so much, nothing more is tried in one look."""
STATES_MAX = 500
SWEEP_EVERY = timedelta(days=1)
"""Time between two searches for objects that no row names; each lists the whole object store."""
SWEEP_PAGE = 500
SWEEP_PAGES_MAX = 60
"""Pages in one look: a search of a large store goes on in the next one."""
JOB_WAITS_MAX = 600
"""Seconds after which a job in the background is given up."""

log = logging.getLogger("windward.housekeeping")


class Upkeep(Protocol):
    """What the scheduler's loop knows of work for idle times."""

    @property
    def due_at(self) -> datetime | None:
        """When the next batch is due; None before the first call of `step`."""

    def step(self, now: datetime, *, is_idle: bool) -> None:
        """Do a batch if one is due and nothing waits. Never raises."""


class Bins(msgspec.Struct, frozen=True, kw_only=True):
    """Where files are deleted; each is used in the background only."""

    objects: ObjectBin
    logs: LogBin
    snapshots: SnapshotBin


class Housekeeping:
    """Implements `Upkeep`. `background` runs one job at a time."""

    def __init__(self, *, store: Store, bins: Bins, background: Executor, settings: Settings) -> None:
        self._store = store.retention
        self._xcoms = store.xcoms
        self._events = store.assets
        self._audit = store.audit
        self._bins = bins
        self._background = background
        self._settings = settings
        self._due_at: datetime | None = None
        self._now = datetime.min.replace(tzinfo=UTC)
        self._look: Iterator[None] | None = None
        self._deleted: Counter[str] = Counter()
        self._runs = store.runs
        self._states = store.states
        self._sweep: Iterator[Sequence[StoredObject]] | None = None
        self._sweep_at = self._now
        self._uses: list[DocumentUse] = []
        self._facts: dict[str, DocumentFacts] = {}
        self._own_days: dict[str, float] = {}
        self._cursors: dict[float, tuple[datetime, int]] = {}
        """By age of XComs: up to which end runs were gone through."""

    @property
    def due_at(self) -> datetime | None:
        """When the next batch is due."""
        return self._due_at

    def step(self, now: datetime, *, is_idle: bool) -> None:
        """Do a batch if one is due and nothing waits. Never raises."""
        if self._due_at is None:
            self._due_at = now + FIRST_LOOK
        # The clock may have been put back.
        self._due_at = min(self._due_at, now + LOOK_EVERY)
        if not is_idle or now < self._due_at:
            return
        self._now = now
        try:
            if self._look is None:
                self._look = self._everything()
            next(self._look)
        except StopIteration:
            self._end_look()
        except WindwardError as error:
            log.warning("housekeeping interrupted, later again", extra={"error": str(error)})
            self._end_look()
        except Exception:
            # As at a process boundary: not even a bug in here may stop the scheduler.
            log.warning("housekeeping failed, later again", exc_info=True)
            self._end_look()
        else:
            self._due_at = now + BATCH_EVERY

    def _end_look(self) -> None:
        self._look = None
        self._due_at = self._now + LOOK_EVERY
        if self._deleted:
            log.info("housekeeping deleted", extra=dict(self._deleted))
            self._deleted.clear()

    def _everything(self) -> Iterator[None]:
        """Go through everything once; files last, because they may not be deleted, or their store be unreachable."""
        yield from self._learn_documents()
        yield from self._delete_xcoms()
        yield from self._delete_runs()
        yield from self._delete_asset_events()
        yield from self._delete_states()
        yield from self._delete_audit_events()
        yield from self._delete_logins()
        for part in (self._discard_snapshots, self._delete_logs, self._delete_objects, self._sweep_objects):
            try:
                yield from part()
            except (WindwardError, OSError) as error:
                # What cannot be deleted in one place stops nothing in another.
                log.warning("housekeeping interrupted, later again", extra={"error": str(error)})

    def _learn_documents(self) -> Iterator[None]:
        """Learn of each document what retention needs; a document never changes, so of each only once."""
        uses: list[DocumentUse] = []
        while True:
            after = uses[-1].document_hash if uses else ""
            page = self._store.load_document_uses(after=after, limit=USES_MAX)
            uses += page
            yield
            if len(page) < USES_MAX:
                break
        names = [use.document_hash for use in uses]
        facts = {name: self._facts[name] for name in names if name in self._facts}
        for part in _batches([name for name in names if name not in facts], DOCUMENTS_MAX):
            facts |= self._store.load_document_facts(part)
            yield
        self._facts = facts
        self._uses = [use for use in uses if use.document_hash in facts]

    def _delete_xcoms(self) -> Iterator[None]:
        default_days = self._settings.xcom.retention_days
        own_days = retention.xcom_days(self._uses, self._facts)
        for days in retention.ages_to_repeat(self._own_days, own_days, default_days):
            self._cursors.pop(days, None)
        self._own_days = own_days
        ages = retention.xcom_ages(own_days, default_days)
        self._cursors = {days: cursor for days, cursor in self._cursors.items() if days in ages}
        for days in ages:
            yield from self._delete_xcoms_of_age(days)

    def _delete_xcoms_of_age(self, days: float) -> Iterator[None]:
        """Go through the runs that became that old since the last look."""
        before = retention.ended_before(days, self._now)
        cursor = self._cursors.get(days)
        if cursor is not None and cursor[0] > before:
            cursor = None
        while True:
            page = self._store.load_ended_runs(before=before, after=cursor, limit=ENDED_RUNS_MAX)
            yield
            runs = retention.runs_of_age(
                page, days, own_days=self._own_days, default_days=self._settings.xcom.retention_days
            )
            left = tuple(run.run_pk for run in runs)
            while left:
                done = self._store.delete_xcoms_of(
                    left, ended_before=before, limit=XCOMS_MAX, bytes_max=XCOM_BYTES_MAX
                )
                self._count("xcoms", done.count)
                left = done.left
                yield
            if len(page) < ENDED_RUNS_MAX:
                break
            cursor = self._cursors[days] = (page[-1].end_date, page[-1].run_pk)
        self._cursors[days] = (before - LATE_END, 0)

    def _delete_runs(self) -> Iterator[None]:
        days = self._settings.scheduler.run_retention_days
        if days is None:
            return
        before = retention.ended_before(days, self._now)
        while True:
            gone = self._store.delete_ended_runs(before=before, runs_max=RUNS_MAX, tasks_max=TASKS_MAX)
            self._count("runs", len(gone))
            yield
            if not gone:
                break

    def _delete_logs(self) -> Iterator[None]:
        """Delete the logs of runs that were deleted, by whomever; not those of a run that has the same name now."""
        stuck: list[str] = []
        while True:
            dead = self._dead_objects(stuck, of_logs=True)
            yield
            if not dead:
                break
            folders = [place.removeprefix(LOGS_SCHEME) for place in dead]
            doomed = []
            for folder in folders:
                dag_id, run_id = run_of_log_folder(folder)
                if self._runs.find_run(dag_id, run_id=run_id) is None:
                    doomed.append(folder)
            yield
            count, kept = yield from self._away(partial(delete_logs, self._bins.logs, doomed))
            self._count("logs", count)
            stuck += [LOGS_SCHEME + folder for folder in kept]
            self._xcoms.forget_dead_objects([place for place in dead if place not in stuck])
            yield
        _tell_stuck("folders of logs cannot be deleted", stuck)

    def _dead_objects(self, stuck: Sequence[str], *, of_logs: bool = False) -> list[str]:
        """Return the oldest that ought to go, behind those that cannot; nothing when too many cannot."""
        if len(stuck) >= STUCK_MAX:
            return []
        dead = self._xcoms.load_dead_objects(limit=OBJECTS_MAX + len(stuck), of_logs=of_logs)
        return [place for place in dead if place not in stuck][:OBJECTS_MAX]

    def _delete_states(self) -> Iterator[None]:
        """Delete small values that tasks kept and that have expired; nobody finds them any more."""
        while True:
            gone = self._states.delete_expired_states(before=self._now, limit=STATES_MAX)
            self._count("task_states", gone)
            yield
            if gone < STATES_MAX:
                break

    def _delete_asset_events(self) -> Iterator[None]:
        days = self._settings.scheduler.asset_event_retention_days
        if days is None:
            return
        before = retention.ended_before(days, self._now)
        while True:
            gone = self._events.delete_events(before=before, limit=ASSET_EVENTS_MAX)
            self._count("asset_events", gone)
            yield
            if gone < ASSET_EVENTS_MAX:
                break

    def _delete_audit_events(self) -> Iterator[None]:
        days = self._settings.scheduler.audit_retention_days
        if days is None:
            return
        before = retention.ended_before(days, self._now)
        while True:
            gone = self._audit.delete_old_events(before=before, limit=AUDIT_EVENTS_MAX)
            self._count("audit_events", gone)
            yield
            if gone < AUDIT_EVENTS_MAX:
                break

    def _delete_logins(self) -> Iterator[None]:
        while True:
            gone = self._store.delete_expired_logins(before=self._now, limit=LOGINS_MAX)
            self._count("logins", gone)
            yield
            if gone < LOGINS_MAX:
                break

    def _discard_snapshots(self) -> Iterator[None]:
        saved = yield from self._away(self._bins.snapshots.snapshots)
        surplus = retention.surplus_snapshots(
            saved,
            current={self._facts[use.document_hash].code_hash for use in self._uses if use.is_current},
            kept_max=self._settings.processor.snapshots_kept_max,
            now=self._now,
        )
        chosen = frozenset(surplus)
        asked = [name for name, facts in self._facts.items() if facts.code_hash in chosen]
        ended_since = retention.ended_before(retention.CLEARABLE_DAYS, self._now)
        needed: set[str] = set()
        for part in _batches(asked, DOCUMENTS_MAX):
            needed |= self._store.load_needed_documents(part, ended_since=ended_since)
            yield
        doomed = retention.unneeded_snapshots(surplus, self._facts, needed)
        if doomed:
            saved_before = self._now - retention.SNAPSHOT_AGE_MIN
            discard = partial(self._bins.snapshots.discard, doomed, saved_before=saved_before)
            self._count("snapshots", (yield from self._away(discard)))

    def _delete_objects(self) -> Iterator[None]:
        stuck: list[str] = []
        while True:
            dead = self._dead_objects(stuck)
            yield
            if not dead:
                break
            done = yield from self._away(partial(delete_objects, self._bins.objects, dead))
            if done.foreign:
                log.warning(
                    "objects of another object store stay",
                    extra={"count": len(done.foreign), "first": done.foreign[0]},
                )
            self._count("objects", len(done.deleted))
            if gone := [*done.deleted, *done.foreign]:
                self._xcoms.forget_dead_objects(gone)
                yield
            if done.problem:
                raise UnavailableError(done.problem)
            stuck += done.stuck
        _tell_stuck("objects cannot be deleted", stuck)

    def _sweep_objects(self) -> Iterator[None]:
        """Search the object store for what no row names: values of attempts that died before they could report."""
        if self._sweep is None:
            if self._now < self._sweep_at:
                return
            self._sweep = self._bins.objects.pages(SWEEP_PAGE)
        for _ in range(SWEEP_PAGES_MAX):
            try:
                page = yield from self._away(partial(next, self._sweep, None))
            except Exception:
                self._sweep = None  # what broke off does not go on
                raise
            if page is None:
                self._sweep, self._sweep_at = None, self._now + SWEEP_EVERY
                break
            aged = retention.aged_values(page, self._now)
            doomed = retention.abandoned_writes(page, self._now)
            if aged:
                doomed += self._store.load_forsaken(aged)
                yield
            if doomed:
                done = yield from self._away(partial(delete_objects, self._bins.objects, doomed))
                self._count("orphans", len(done.deleted))
                _tell_stuck("objects cannot be deleted", done.stuck)
                if done.problem:
                    raise UnavailableError(done.problem)

    def _away(self, job: Callable[[], T]) -> Batches[T]:
        """Have a job done in the background, and return its result."""
        future = self._background.submit(job)
        for _ in range(JOB_WAITS_MAX):
            if future.done():
                return future.result()
            yield
        future.cancel()
        raise UnavailableError("a deletion in the background does not end")

    def _count(self, what: str, number: int) -> None:
        if number:
            self._deleted[what] += number


def _tell_stuck(event: str, stuck: Sequence[str]) -> None:
    if stuck:
        log.warning(event, extra={"count": len(stuck), "first": stuck[0]})


def _batches(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
