"""What the engine and the components need of a store, grouped by who needs it.

Every write is one transaction. `RunStore.apply` is the only way to change runs and task instances; it is
compare-and-set, row by row. Stores hold no decisions: they assert the transition tables and nothing else.

Databases count rows written and queries sent (`StoreCounters`), because budgets on them are tests.

Longer than 400 lines because it is the whole of a contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import UNSET, UnsetType

from windward.core.actions import Action
from windward.document import DagDocument
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.records import (
    CallbackRecord,
    DagRecord,
    PoolRecord,
    RunRecord,
    TaskRecord,
)
from windward.ports.hosts import HostStore
from windward.ports.lookups import RunLookups
from windward.ports.wishes import WishStore
from windward.protocol.outcomes import DeadXCom, XComValue

if TYPE_CHECKING:
    # `reads` needs the records of this module.
    from windward.ports.assets import AssetStore
    from windward.ports.audit import AuditStore
    from windward.ports.backfills import BackfillStore
    from windward.ports.deferrals import DeferralStore
    from windward.ports.reads import ReadStore
    from windward.ports.remote import RemoteStore
    from windward.ports.retention import RetentionStore
    from windward.ports.states import StateStore
    from windward.ports.waits import WaitStore


class StoreCounters(msgspec.Struct):
    """Counts since the store was opened; read by tests and metrics."""

    rows_written: int = 0
    queries: int = 0
    commits: int = 0


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """A held lease: a write with a guard is refused whole when someone else has taken the lease since."""

    name: str
    holder: str
    epoch: int


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the change feed that tells the leading scheduler what others changed.

    `kind`: `run` (created, cleared or marked: load it again), `dag` (document, pause or schedule changed),
    `backfill` (created, paused, cancelled), `pool`, `variable`, `callback`, `message` (a worker's message taken in by another process).
    """

    kind: str
    subject: str
    """run_pk for `run`, backfill_pk for `backfill`, dag_id for `dag`, name for `pool`; JSON for `message`."""
    note_pk: int = 0


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch: for each group of actions, in order, whether it was applied."""

    results: tuple[bool, ...]
    unwritable: dict[int, str] = msgspec.field(default_factory=dict)
    """Which of the refused groups hold something that the database does not take, by place, with what it says."""

    @property
    def all(self) -> bool:
        """Whether every group was applied."""
        return all(self.results)


class LeaseStore(Protocol):
    """Leases: who leads, and until when. Times are the database's or the store's clock given by callers."""

    def take_lease(self, name: str, holder: str, *, now: datetime, until: datetime) -> Guard | None:
        """Take a lease that is free, expired, or held by `holder` already (renewal keeps the epoch).

        A change of holder raises the epoch. None: someone else holds it.
        """

    def release_lease(self, guard: Guard) -> None:
        """Give a lease back, if it is still held."""


class RunStore(RunLookups, Protocol):
    """Runs and task instances: loads for the scheduler, and the one way to write."""

    counters: StoreCounters

    def load_open_runs(self) -> list[RunRecord]:
        """Return all runs that are queued or running."""

    def load_runs(self, run_pks: Sequence[int]) -> list[RunRecord]:
        """Return these runs (missing ones are left out)."""

    def load_tasks(self, run_pks: Sequence[int]) -> list[TaskRecord]:
        """Return all task instances of these runs."""

    def load_previous_run(self, dag_id: str, before: datetime, *, exclude_pk: int) -> RunRecord | None:
        """Return the run of the DAG with the greatest logical date below `before`, or None."""

    def apply(
        self,
        groups: Sequence[Sequence[Action]],
        *,
        after: Sequence[Sequence[Action]] = (),
        guard: Guard | None = None,
        notes: Sequence[Note] = (),
    ) -> Applied:
        """Apply groups of actions in one transaction; each group whole or not at all.

        A group is applied if what each of its actions expects is so when its turn comes (an action sees
        what earlier actions of its group did). A refused group leaves no trace; the other groups are
        applied all the same. `Applied.results` has one entry per group. The engine puts all actions of
        one run into one group, so that a successor is never queued upon an ending that was refused.
        `after` are groups that count on all of `groups`: if one of those is refused, they all are (slots
        given away must have been freed). `Applied.results` holds first `groups`, then `after`.
        `notes` are appended to the change feed in the same transaction, whatever was refused.
        A group with a value that the database does not take (a text with a NUL on PostgreSQL, a number
        beyond its column) is refused, too, when there is a guard: then one run must not keep all others
        from being written. Without one it is the error of who asks, and raised. Raise
        `ConflictError` (nothing written) when the guard's lease was taken by someone else,
        `UnavailableError` when the database does not answer (the transaction may have been committed all
        the same when the connection broke at its end: load again before deciding again).

        What the store keeps besides the columns of an action:

        - an illegal move is an `AssertionError`, raised before anything is written;
        - task instances are inserted in state `none` only;
        - an attempt is archived once: a second `archives` of the same try number copies nothing;
        - `DagRecord.failed_in_a_row` grows with `RunEvent.FAIL` and `MARK_FAILED`, and is 0 after
          `SUCCEED`, `MARK_SUCCESS` and after the DAG is unpaused;
        - locations of large XComs that were dropped or replaced go to the list of dead objects.
        """

    def load_notes(self, *, after: int, limit: int) -> list[Note]:
        """Return lines of the change feed with a greater `note_pk`, in order.

        Lines become visible in the order of their `note_pk`: a reader that has seen n never finds a
        smaller one later.
        """

    def delete_notes(self, *, up_to: int) -> None:
        """Forget lines that the leader has taken in."""

    def load_callbacks(self, *, limit: int) -> list[CallbackRecord]:
        """Return DAG-level callbacks in state `queued`, oldest first."""

    def load_open_callbacks(self, *, limit: int) -> list[CallbackRecord]:
        """Return callbacks that are not finished (`queued`, `submitted`, `started`), oldest first.

        A new leader, and whoever settles a dead host, finds those of workers that are gone by `owner`.
        """

    def load_trail(self, key: TaskKey) -> list[tuple[datetime, str, str]]:
        """Return the instance's history as (time, event, reason), oldest first; archived attempts included.

        The instance's state is the fold of it, from `none` by `TASK_TRANSITIONS`. The event `add` stands
        for the insertion by an expansion. Of a very long history the oldest lines may be gone.
        """


class XComStore(Protocol):
    """XComs and where large ones are."""

    def get_xcom(
        self, dag_id: str, run_id: str, key: str, *, task_id: str | None, map_index: int | None,
        include_prior_dates: bool = False,
    ) -> XComValue | None:  # fmt: skip
        """Return one value. `task_id` None: the newest of that key in the run; `map_index` None: the lowest.

        With `include_prior_dates` the run is the newest one that has such a value, among this run and those
        of the DAG with an earlier date (the logical date, or `run_after` of runs that have none).
        """

    def get_xcoms(
        self, dag_id: str, run_id: str, key: str, *, task_ids: Sequence[str],
        map_indexes: Sequence[int] | None, include_prior_dates: bool, offset: int, limit: int,
    ) -> tuple[list[tuple[str, int, str, XComValue]], int]:  # fmt: skip
        """Return a page of (task_id, map_index, run_id, value) by task and map index, and the count of all.

        With `include_prior_dates` each instance gives the value of the newest run that has one.
        """

    def set_xcom(self, key: TaskKey, name: str, value: XComValue, *, fence: int, now: datetime) -> None:
        """Store a value; raise `ConflictError` if the instance's fence is not `fence` any more."""

    def delete_xcoms(self, key: TaskKey, name: str | None, *, is_purged: bool = False) -> list[str]:
        """Delete the instance's values (of one name, or all); return locations in the object store to delete.

        `is_purged`: what made them has deleted already what it kept elsewhere.
        """

    def edit_xcom(
        self, key: TaskKey, name: str, value: XComValue | None, *, is_new: bool, now: datetime,
        return_length: int | UnsetType | None = UNSET,
    ) -> None:  # fmt: skip
        """Store a value in the name of an instance, whatever that does at the moment, or delete it (None).

        Of several who write a new one at once, one does. `return_length` is what the instance's row says from then
        on; the run's revision is raised with it, and the scheduler looks at the run again.

        Raises:
            ConflictError: when it `is_new` and is there.
            NotFoundError: when it is not new and is not there, or the instance is gone.
        """

    def load_dead_objects(self, *, limit: int, of_logs: bool = False) -> list[str]:
        """Return locations that no XCom refers to any more (or folders of logs of deleted runs), oldest first."""

    def forget_dead_objects(self, locations: Sequence[str]) -> None:
        """Forget locations whose objects were deleted."""

    def load_dead_xcoms(self, *, limit: int, of: TaskKey | None = None) -> list[DeadXCom]:
        """Return values that are gone and that their backends have to purge, those that failed least first.

        Of one instance; or of all runs that are over or gone, since an open run's tasks purge their own before
        they write under the same names again. A value whose successor stands for the same object is left out.
        """

    def settle_dead_xcoms(self, purged: Sequence[int], *, failed: Sequence[int] = ()) -> None:
        """Note which of these (by `dead_pk`) were purged: their objects in the object store may go now.

        Those that failed come again, after the others.
        """


class SecretStore(Protocol):
    """Variables, connections, pools: what people keep. Values are encrypted at rest by the store."""

    def get_variable(self, key: str) -> str | None:
        """Return the value, or None."""

    def find_variable(self, key: str) -> tuple[str, str | None] | None:
        """Return (value, description), or None."""

    def set_variable(self, key: str, value: str, *, description: str | None = None) -> None:
        """Insert or replace."""

    def delete_variable(self, key: str) -> bool:
        """Delete; whether it existed."""

    def list_variables(self) -> list[tuple[str, str, str | None]]:
        """Return (key, value, description), by key."""

    def get_connection(self, conn_id: str) -> dict[str, Any] | None:
        """Return conn_type, host, schema, login, password, port, extra, description; or None.

        All keys are there; `port` is an int or None, `extra` JSON text or None, the others str or None.
        """

    def set_connection(self, conn_id: str, fields: Mapping[str, Any]) -> None:
        """Insert or replace; a field that is left out is None. Raise `UserError` on an unknown field."""

    def delete_connection(self, conn_id: str) -> bool:
        """Delete; whether it existed."""

    def list_connections(self) -> list[tuple[str, dict[str, Any]]]:
        """Return (conn_id, fields), by id."""

    def load_pools(self) -> list[PoolRecord]:
        """Return all pools; `default_pool` always exists."""

    def set_pool(self, pool: PoolRecord) -> None:
        """Insert or replace, and tell the scheduler by a note."""

    def delete_pool(self, name: str) -> bool:
        """Delete; whether it existed. `default_pool` cannot be deleted (`UserError`)."""


SUPERSEDED_KEPT = timedelta(hours=1)
"""How long a document outlives its successor at least: longer than anybody decides on an old view."""


class ParsedFile(msgspec.Struct, frozen=True, kw_only=True):
    """What parsing one file gave: its record, and its documents as (hash, encoded, decoded)."""

    file: FileRecord
    documents: tuple[tuple[str, bytes, DagDocument], ...] = ()


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a parsed file: the DAGs that changed, or why the database refuses it (nothing was written)."""

    changed: tuple[str, ...] = ()
    refused: str = ""


class CatalogStore(WishStore, Protocol):
    """DAGs, documents, files: what the processor writes and everyone reads."""

    def load_dags(self, *, active_only: bool = True) -> list[DagRecord]:
        """Return DAG rows."""

    def load_dag(self, dag_id: str) -> DagRecord | None:
        """Return one DAG row."""

    def load_documents(self, hashes: Iterable[str]) -> dict[str, DagDocument]:
        """Return decoded documents by hash (missing ones are left out)."""

    def load_files(self) -> list[FileRecord]:
        """Return all known files."""

    def put_file(
        self, file: FileRecord, documents: Sequence[tuple[str, bytes, DagDocument]], *,
        paused_at_creation: bool, now: datetime,
    ) -> tuple[str, ...]:  # fmt: skip
        """Store what parsing one file gave, in one transaction; return the ids of DAGs that changed.

        `documents` are (hash, encoded, decoded). DAGs that the file had before and has no more (neither in
        `documents` nor in `file.dag_ids`) become inactive. A dag id that another active file declares is
        not taken over: the caller has put that into `file.error`. Superseded
        documents that no run refers to are deleted at a change that comes `SUPERSEDED_KEPT` after the one
        before: a run that is being made upon a document must find it. A `dag` note is written for each
        change.
        """

    def put_files(
        self, files: Sequence[ParsedFile], *, paused_at_creation: bool, now: datetime
    ) -> tuple[StoredFile, ...]:
        """Do as `put_file` for each in turn, in one transaction; one that is refused does not keep others out."""

    def delete_file(self, fileloc: str, *, now: datetime) -> tuple[str, ...]:
        """Forget a file that is gone: its DAGs become inactive; return their ids."""

    def delete_dag(self, dag_id: str) -> int:
        """Delete a DAG with its runs, tasks, XComs and documents; return the number of runs deleted.

        A `dag` note is written. Locations of large XComs go to the list of dead objects.
        """


class Store(Protocol):
    """All of a store."""

    @property
    def leases(self) -> LeaseStore:
        """Who leads."""

    @property
    def runs(self) -> RunStore:
        """Runs and task instances."""

    @property
    def backfills(self) -> BackfillStore:
        """Ranges of runs that people ask for."""

    @property
    def deferrals(self) -> DeferralStore:
        """Deferrals of task instances."""

    @property
    def waits(self) -> WaitStore:
        """Questions to people, and deadlines."""

    @property
    def states(self) -> StateStore:
        """Small values that tasks keep."""

    @property
    def hosts(self) -> HostStore:
        """Components and worker hosts."""

    @property
    def xcoms(self) -> XComStore:
        """XComs."""

    @property
    def secrets(self) -> SecretStore:
        """Variables, connections, pools."""

    @property
    def catalog(self) -> CatalogStore:
        """DAGs, documents, files."""

    @property
    def assets(self) -> AssetStore:
        """Asset events."""

    @property
    def audit(self) -> AuditStore:
        """The audit log."""

    @property
    def reads(self) -> ReadStore:
        """What people ask."""

    @property
    def retention(self) -> RetentionStore:
        """What housekeeping reads and deletes."""

    @property
    def remote(self) -> RemoteStore:
        """Letters and mail of worker hosts on other machines."""

    def close(self) -> None:
        """Give back connections; the store is not used after that."""
