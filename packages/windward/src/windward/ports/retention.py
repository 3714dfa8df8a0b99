"""What housekeeping needs of a store: small bounded reads, and deletes that check that a run is still over.

Each method is at most one transaction of bounded size, so that nobody waits long for it. Nothing here
decides what is old: times and limits are arguments (`windward.core.retention`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from windward.core.retention import DocumentFacts, DocumentUse, EndedRun, StoredObject


class DeletedXComs(msgspec.Struct, frozen=True, kw_only=True):
    """What one batch did."""

    count: int
    """Values deleted."""
    left: tuple[int, ...] = ()
    """Runs (`run_pk`) to go on with: the batch was full before their turn came."""


class RetentionStore(Protocol):
    """Reads and deletes for housekeeping."""

    def load_document_uses(self, *, after: str, limit: int) -> list[DocumentUse]:
        """Return documents with a greater hash than `after`, by hash. An inactive DAG has a newest document too."""

    def load_document_facts(self, hashes: Sequence[str]) -> dict[str, DocumentFacts]:
        """Return what retention has to know of these documents, by hash (missing ones are left out)."""

    def load_needed_documents(self, hashes: Sequence[str], *, ended_since: datetime) -> set[str]:
        """Return those that a DAG's row, a run that is not over, or a run that ended since then refers to."""

    def load_ended_runs(
        self, *, before: datetime, after: tuple[datetime, int] | None, limit: int
    ) -> list[EndedRun]:
        """Return finished runs that ended before a time, by (end_date, run_pk), beginning behind `after`."""

    def delete_xcoms_of(
        self, run_pks: Sequence[int], *, ended_before: datetime, limit: int, bytes_max: int
    ) -> DeletedXComs:
        """Delete at most `limit` XComs of those of these runs that are finished and ended before a time.

        No more values of them than have `bytes_max` bytes in the database together, but one at least.
        Locations of large values go to the list of dead objects in the same transaction. A run that is not
        over any more keeps its values and is not among those that are `left`.
        """

    def delete_ended_runs(self, *, before: datetime, runs_max: int, tasks_max: int) -> list[tuple[str, str]]:
        """Delete finished runs that ended before a time, with all that belongs to them, oldest first.

        At most `runs_max` runs with at most `tasks_max` task instances together, but one run if there is
        one. Return (dag_id, run_id) of each. Their folders of logs go to the list of dead objects. A run stays while the run of its DAG with the next logical
        date is missing or not finished: tasks that depend on the past look at it.
        """

    def load_forsaken(self, objects: Sequence[tuple[int, str]]) -> list[str]:
        """Return those (run, location) whose run is over and has no XCom that names the location.

        A run that is not in this database is another one's, as far as anybody here can tell: its objects stay.
        """

    def delete_expired_logins(self, *, before: datetime, limit: int) -> int:
        """Delete sessions, tokens, tickets, revocations of JWTs, tries and tests of connections that expired before a time; return how many."""


class ObjectBin(Protocol):
    """Where objects are deleted."""

    def pages(self, limit: int) -> Iterator[Sequence[StoredObject]]:
        """Yield all objects, at most `limit` at a time; temporary files that a writer left are objects too."""

    def delete(self, location: str) -> None:
        """Delete if it is there; raise `NotFoundError` when the location is of another object store."""


class LogBin(Protocol):
    """Where logs are deleted."""

    def delete(self, prefix: str) -> int:
        """Delete all logs below a folder; return how many."""


class SnapshotBin(Protocol):
    """Where snapshots of code are deleted."""

    def snapshots(self) -> list[tuple[str, datetime]]:
        """Return (code hash, when it was last saved)."""

    def discard(self, code_hashes: Collection[str], *, saved_before: datetime) -> int:
        """Delete these snapshots, but none that was saved since; return how many."""
