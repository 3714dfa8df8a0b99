"""Jobs, as Airflow calls them: components and hosts, with their signs of life."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.api.contract.paging import PageQuery, page_of
from windward.api.contract.ranges import moments
from windward.api.health import SILENCE_S_MAX
from windward.errors import UserError
from windward.model.access import Resource, Verb
from windward.model.records import HostRecord
from windward.ports.listings.page import Between

TAG = "Job"
ID_BITS = 48
TYPES = {
    "scheduler": "SchedulerJob",
    "processor": "DagProcessorJob",
    "triggerer": "TriggererJob",
    "api-server": "ApiServerJob",
    "worker": "WorkerJob",
}
"""Our name of a component to that of Airflow's job, or one like it where Airflow has none."""
EXECUTORS = {"local": "LocalExecutor", "sequential": "SequentialExecutor"}
ALIVE, SILENT = "running", "failed"


class JobResponse(msgspec.Struct, kw_only=True):
    """A component or host. It is `running` while it gives signs of life, and `failed` once it does not."""

    id: int
    state: str | None
    job_type: str | None
    latest_heartbeat: datetime | None
    hostname: str | None
    start_date: datetime | None = None
    end_date: datetime | None = None
    executor_class: str | None = None
    dag_id: str | None = None
    unixname: str | None = None
    dag_display_name: str | None = None


class JobCollectionResponse(msgspec.Struct, kw_only=True):
    """Jobs."""

    jobs: list[JobResponse]
    total_entries: int


class JobQuery(PageQuery, kw_only=True):
    """Which jobs."""

    is_alive: bool | None = None
    start_date_gte: datetime | None = None
    start_date_gt: datetime | None = None
    start_date_lte: datetime | None = None
    start_date_lt: datetime | None = None
    end_date_gte: datetime | None = None
    end_date_gt: datetime | None = None
    end_date_lte: datetime | None = None
    end_date_lt: datetime | None = None
    job_state: str | None = None
    job_type: str | None = None
    hostname: str | None = None
    executor_class: str | None = None


def get_jobs(call: Call[JobQuery, Nothing]) -> JobCollectionResponse:
    """List jobs. There are as many as processes, so they are sorted and cut here."""
    services, query = call.services, call.query
    found = [
        *hosts(
            services.store.hosts.load_hosts(),
            lease=timedelta(seconds=services.settings.scheduler.host_lease_s),
            now=services.now(),
        ),
        *components(
            services.store.hosts.load_components(),
            executor=EXECUTORS.get(services.settings.core.executor, services.settings.core.executor),
            now=services.now(),
        ),
    ]
    # A triggerer is both, and more is known of a component.
    jobs = {job.id: job for job in found}.values()
    started, ended = moments(call, query, "start_date"), moments(call, query, "end_date")
    fitting = [
        job
        for job in jobs
        if _fits(job, query) and _within(job.start_date, started) and _within(job.end_date, ended)
    ]
    wanted = ordered(fitting, query.order_by or ["id"])
    page = page_of(query)
    return JobCollectionResponse(
        jobs=wanted[page.offset : page.offset + page.limit], total_entries=len(wanted)
    )


def components(rows: Iterable[dict[str, Any]], *, executor: str, now: datetime) -> list[JobResponse]:
    """Return components as jobs; the executor is the scheduler's."""
    found = []
    for row in rows:
        is_alive = now - row["last_beat_at"] <= timedelta(seconds=SILENCE_S_MAX)
        found.append(
            JobResponse(
                id=job_id(row["kind"], row["name"]),
                state=ALIVE if is_alive else SILENT,
                job_type=TYPES.get(row["kind"], row["kind"]),
                latest_heartbeat=row["last_beat_at"],
                hostname=row["hostname"],
                start_date=row["started_at"],
                end_date=None if is_alive else row["last_beat_at"],
                executor_class=executor if row["kind"] == "scheduler" else None,
            )
        )
    return found


def hosts(records: Iterable[HostRecord], *, lease: timedelta, now: datetime) -> list[JobResponse]:
    """Return hosts as jobs; when they began is not known."""
    return [
        JobResponse(
            id=job_id(record.kind, record.host_id),
            state=ALIVE if record.lease_until > now else SILENT,
            job_type=TYPES.get(record.kind, record.kind),
            latest_heartbeat=record.lease_until - lease,
            hostname=record.hostname,
            end_date=None if record.lease_until > now else record.lease_until - lease,
        )
        for record in records
    ]


def job_id(kind: str, name: str) -> int:
    """Return a number that stays the same for one copy of a component."""
    digest = hashlib.blake2b(f"{kind}\0{name}".encode(), digest_size=ID_BITS // 8).digest()
    return int.from_bytes(digest)


def ordered(jobs: list[JobResponse], order_by: Sequence[str]) -> list[JobResponse]:
    """Return jobs in an order; nulls come last.

    Raises:
        UserError: when jobs have no such order.
    """
    names = JobResponse.__struct_fields__
    found = sorted(jobs, key=lambda job: job.id)
    for given in reversed(order_by):
        name = given.removeprefix("-")
        if name not in names:
            raise UserError(
                f"this list cannot be ordered by `{name}`",
                hint=f"Order it by one of: {', '.join(sorted(names))}; a `-` in front turns it round.",
            )
        known = [job for job in found if getattr(job, name) is not None]
        known.sort(key=lambda job, name=name: getattr(job, name), reverse=given.startswith("-"))  # type: ignore[misc]
        found = [*known, *(job for job in found if getattr(job, name) is None)]
    return found


def _fits(job: JobResponse, query: JobQuery) -> bool:
    is_alive = job.state == ALIVE
    return (
        query.is_alive in (None, is_alive)
        and query.job_state in (None, job.state)
        and query.job_type in (None, job.job_type)
        and query.hostname in (None, job.hostname)
        and query.executor_class in (None, job.executor_class)
    )


def _within(moment: datetime | None, bounds: Between[datetime]) -> bool:
    if moment is None:
        return bounds == Between()
    return (
        (bounds.gte is None or moment >= bounds.gte)
        and (bounds.gt is None or moment > bounds.gt)
        and (bounds.lte is None or moment <= bounds.lte)
        and (bounds.lt is None or moment < bounds.lt)
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/jobs",
        name="get_jobs",
        tag=TAG,
        summary="List components and hosts with their signs of life.",
        access=Needs(verb=Verb.READ, resource=Resource.JOB),
        query=JobQuery,
        reply=JobCollectionResponse,
        handler=get_jobs,
        errors=[400],
    ),
)
