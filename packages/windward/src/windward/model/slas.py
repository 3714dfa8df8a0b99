"""Missed SLAs of Airflow 2: records only."""

from __future__ import annotations

from datetime import datetime

import msgspec

SLA_KIND = "sla_miss"
"""Kind of the DAG-level callback."""


class SlaMissRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A task of a run that had not ended well when its `sla` was over."""

    run_pk: int
    task_id: str
    dag_id: str
    run_id: str
    logical_date: datetime
    due_at: datetime
    missed_at: datetime
    """When it was found; misses that were found together are told together."""
