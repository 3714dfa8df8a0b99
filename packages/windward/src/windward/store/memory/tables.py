"""The dictionaries of the memory store, shared by its parts. No rules here."""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.records import (
    AssetEventRecord,
    BackfillRecord,
    BackfillSlot,
    CallbackRecord,
    DagRecord,
    HostRecord,
    PoolRecord,
    RunParent,
    RunRecord,
    TaskRecord,
    TriggerRecord,
)
from windward.model.slas import SlaMissRecord
from windward.model.waits import DeadlineRecord, InputRecord
from windward.ports.reads import AttemptRecord
from windward.ports.remote import MailItem
from windward.ports.store import Note, StoreCounters
from windward.ports.windows import DatesAsked
from windward.protocol.outcomes import DeadXCom, XComValue
from windward.store.history import Line
from windward.store.pools import DEFAULT_POOL
from windward.timetable import Dates, Windows


class Lease(NamedTuple):
    """Who holds a lease and until when; holder `""` is nobody."""

    holder: str
    epoch: int
    until: datetime | None


class StoredXCom(NamedTuple):
    """An XCom and when it was set."""

    value: XComValue
    at: datetime


class StoredDocument(NamedTuple):
    """An encoded document: the `number`-th of its DAG."""

    dag_id: str
    number: int
    body: bytes


class StoredState(NamedTuple):
    """A small value that a task keeps."""

    value: str
    set_at: datetime
    expires_at: datetime | None

    def is_expired(self, now: datetime) -> bool:
        """Whether it is not to be found any more."""
        return self.expires_at is not None and self.expires_at <= now


class DagDates(NamedTuple):
    """What is kept of a DAG besides its record."""

    first_seen_at: datetime
    last_changed_at: datetime
    paused_at: datetime | None = None
    paused_reason: str | None = None


class Tables:
    """All of the state. Everyone who touches it holds `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.counters = StoreCounters()
        self.leases: dict[str, Lease] = {}
        self.runs: dict[int, RunRecord] = {}
        self.run_by_id: dict[tuple[str, str], int] = {}
        self.run_by_date: dict[tuple[str, datetime], int] = {}
        self.links: dict[int, RunParent] = {}
        self.sla_misses: dict[tuple[int, str], SlaMissRecord] = {}
        self.run_trails: dict[int, list[Line]] = {}
        self.favorites: dict[tuple[str, str], datetime] = {}
        self.parse_requests: dict[str, datetime] = {}
        self.tasks: dict[int, dict[tuple[str, int], TaskRecord]] = {}
        self.trails: dict[TaskKey, list[Line]] = {}
        self.rendered: dict[TaskKey, str | None] = {}
        self.deferrals: dict[TaskKey, TriggerRecord] = {}
        self.attempts: dict[TaskKey, dict[int, AttemptRecord]] = defaultdict(dict)
        self.backfills: dict[int, BackfillRecord] = {}
        self.slots: dict[int, dict[int, BackfillSlot]] = {}
        self.xcoms: dict[int, dict[tuple[str, int, str], StoredXCom]] = defaultdict(dict)
        self.dead_objects: list[str] = []
        self.dead_xcoms: dict[int, tuple[int, DeadXCom]] = {}
        """What backends have to purge, with the run that it was of."""
        self.dead_pk = 0
        self.callbacks: dict[int, CallbackRecord] = {}
        self.inputs: dict[tuple[TaskKey, int], InputRecord] = {}
        self.deadlines: dict[tuple[int, int], DeadlineRecord] = {}
        self.task_states: dict[tuple[TaskKey, str], StoredState] = {}
        self.asset_states: dict[tuple[str, str], tuple[str, str, datetime]] = {}
        """By asset and name: the value, who wrote it, and when."""
        self.asset_events: dict[int, AssetEventRecord] = {}
        self.asset_unrouted: dict[int, bool] = {}
        self.asset_uses: dict[tuple[str, int], int | None] = {}
        """(DAG, event) to the run that has taken it; None while it waits."""
        self.asset_aliases: dict[tuple[str, str], datetime] = {}
        self.windows: dict[str, Windows] = {}
        self.dates: dict[DatesAsked, tuple[datetime, Dates | None]] = {}
        """Questions to timetables: when each was asked, and the answer."""
        self.notes: list[Note] = []
        self.note_pk = 0
        self.callback_pk = 0
        self.dags: dict[str, DagRecord] = {}
        self.dag_dates: dict[str, DagDates] = {}
        self.documents: dict[str, StoredDocument] = {}
        self.files: dict[str, FileRecord] = {}
        self.hosts: dict[str, HostRecord] = {}
        self.held: dict[str, tuple[TaskKey, ...]] = {}
        """Triggers by the triggerer that has them."""
        self.mail: list[tuple[str, MailItem]] = []
        """What waits for each host of another machine."""
        self.components: dict[tuple[str, str], dict[str, Any]] = {}
        self.metrics: dict[tuple[str, str], tuple[datetime, bytes]] = {}
        self.variables: dict[str, tuple[str, str | None]] = {}
        self.connections: dict[str, dict[str, Any]] = {}
        self.pools: dict[str, PoolRecord] = {DEFAULT_POOL.name: DEFAULT_POOL}

    def add_note(self, kind: str, subject: str) -> None:
        """Append a line to the change feed."""
        self.note_pk += 1
        self.notes.append(Note(kind=kind, subject=subject, note_pk=self.note_pk))

    def wrote(self, rows: int) -> None:
        """Count a committed write of `rows` rows."""
        self.counters.rows_written += rows
        self.counters.queries += 1
        self.counters.commits += 1

    def bury(self, key: TaskKey, name: str, value: XComValue) -> None:
        """Put what a value that is gone leaves behind on the list of dead objects, or first of what is to be purged."""
        if value.backend is not None:
            run = self.runs[key.run_pk]
            self.dead_pk += 1
            dead = DeadXCom(
                dead_pk=self.dead_pk,
                dag_id=run.dag_id,
                run_id=run.run_id,
                task_id=key.task_id,
                map_index=key.map_index,
                key=name,
                value=msgspec.structs.replace(value, size_bytes=0, preview="", length=None),
            )
            self.dead_xcoms[self.dead_pk] = (key.run_pk, dead)
        elif value.location is not None:
            self.bury_at(value.location)

    def exhume(self, dead_pk: int) -> None:
        """Take back what was buried for backends after this one."""
        for later in [pk for pk in self.dead_xcoms if pk > dead_pk]:
            del self.dead_xcoms[later]

    def bury_at(self, location: str) -> None:
        """Put a location on the list of dead objects."""
        if location not in self.dead_objects:
            self.dead_objects.append(location)
