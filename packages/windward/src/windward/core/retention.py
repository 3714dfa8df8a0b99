"""Retention: what may be deleted, and when. Who deletes it, and how much at once, is the engine's housekeeping.

Only what has ended ages: a run that is queued or running keeps everything. Age is counted from the run's end,
in days; an age of None is never. Stores check once more, row by row, that a run is still over when they
delete: somebody may have cleared it since it was chosen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from windward.core.paths import run_of_large_value

DAYS_MAX = 36_500.0
"""A hundred years: a greater age is as good as never, and could leave the calendar."""
SNAPSHOT_AGE_MIN = timedelta(hours=1)
"""A snapshot of code may be that old before the document that names it is in the database."""
ORPHAN_AGE_MIN = timedelta(days=1)
"""An object that no row names may be that old before it goes: whoever put it may still have to report."""
CLEARABLE_DAYS = 30.0
"""Runs that ended since then keep the code that they ran, because people clear them and expect the same code."""


class DocumentUse(msgspec.Struct, frozen=True, kw_only=True):
    """A stored document: whose it is, and whether it is the newest of its DAG."""

    document_hash: str
    dag_id: str
    is_current: bool


class DocumentFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What retention needs to know of a document; read without decoding the rest of it."""

    code_hash: str = ""
    xcom_retention_days: float | None = None


class EndedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is over."""

    run_pk: int
    dag_id: str
    end_date: datetime


class StoredObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object in the object store."""

    location: str
    written_at: datetime
    is_unfinished: bool = False
    """Whether it is what a writer left that did not come to its end."""


def ended_before(days: float, now: datetime) -> datetime:
    """Return the time before which a run must have ended to be older than `days`."""
    return now - timedelta(days=min(days, DAYS_MAX))


def xcom_days(uses: Iterable[DocumentUse], facts: Mapping[str, DocumentFacts]) -> dict[str, float]:
    """Return how long DAGs that say so themselves keep their XComs, by dag id: what their newest document says."""
    days = ((use.dag_id, facts[use.document_hash].xcom_retention_days) for use in uses if use.is_current)
    return {dag_id: own for dag_id, own in days if own is not None}


def xcom_ages(own_days: Mapping[str, float], default_days: float | None) -> list[float]:
    """Return the different ages at which XComs of some DAG go, shortest first."""
    return sorted({*own_days.values(), *(() if default_days is None else (default_days,))})


def runs_of_age(
    runs: Iterable[EndedRun], days: float, *, own_days: Mapping[str, float], default_days: float | None
) -> list[EndedRun]:
    """Return the runs whose DAG keeps XComs for exactly `days`."""
    return [run for run in runs if own_days.get(run.dag_id, default_days) == days]


def ages_to_repeat(
    before: Mapping[str, float], after: Mapping[str, float], default_days: float | None
) -> set[float]:
    """Return the ages that a DAG has newly chosen: runs of it may have been passed over under its earlier age."""
    changed = {dag_id for dag_id in {*before, *after} if before.get(dag_id) != after.get(dag_id)}
    ages = (after.get(dag_id, default_days) for dag_id in changed)
    return {days for days in ages if days is not None}


def aged_values(objects: Iterable[StoredObject], now: datetime) -> list[tuple[int, str]]:
    """Return (run, location) of the large values that are old enough to be orphans, of anything that is there."""
    found = [
        (run_of_large_value(one.location), one.location)
        for one in objects
        if not one.is_unfinished and one.written_at < now - ORPHAN_AGE_MIN
    ]
    return [(run_pk, location) for run_pk, location in found if run_pk is not None]


def abandoned_writes(objects: Iterable[StoredObject], now: datetime) -> list[str]:
    """Return what writers left that have certainly died."""
    before = now - ORPHAN_AGE_MIN
    return [one.location for one in objects if one.is_unfinished and one.written_at < before]


def surplus_snapshots(
    saved: Sequence[tuple[str, datetime]], *, current: Collection[str], kept_max: int, now: datetime
) -> list[str]:
    """Return the snapshots that are kept only if a run needs them, oldest first.

    `saved` are (code hash, when it was last saved). What a current document names stays, and so do the
    `kept_max` newest of the others, and whatever was saved a moment ago.
    """
    others = sorted(((at, code_hash) for code_hash, at in saved if code_hash not in current), reverse=True)
    surplus = [code_hash for at, code_hash in others[kept_max:] if at < now - SNAPSHOT_AGE_MIN]
    return surplus[::-1]


def unneeded_snapshots(
    surplus: Iterable[str], facts: Mapping[str, DocumentFacts], needed: Collection[str]
) -> list[str]:
    """Return those of `surplus` that none of the `needed` documents names."""
    kept = {facts[document_hash].code_hash for document_hash in needed}
    return [code_hash for code_hash in surplus if code_hash not in kept]
