"""Which triggerer has the trigger of a deferred task instance, as Airflow shows it: the job of a component."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from windward.api.contract.operation import Call
from windward.api.public.jobs import JobResponse, components
from windward.api.public.task_instance_shapes import TaskInstanceResponse, instance_response
from windward.model.ids import TaskKey
from windward.ports.listings.instances import InstanceRow

TRIGGERER = "triggerer"


def triggerer_jobs(call: Call[Any, Any], rows: Iterable[InstanceRow]) -> dict[TaskKey, JobResponse]:
    """Return the triggerers of those that are deferred, and of which a triggerer has said that it has them."""
    deferred = {row.record.key for row in rows if row.deferred_at is not None}
    if not deferred:
        return {}
    jobs: dict[TaskKey, JobResponse] = {}
    for held in call.services.store.hosts.load_held():
        part = {
            "kind": TRIGGERER,
            "name": held.host_id,
            "hostname": held.hostname,
            "started_at": held.started_at,
            "last_beat_at": held.last_beat_at,
        }
        (job,) = components([part], executor="", now=call.services.now())
        jobs |= dict.fromkeys(deferred.intersection(held.keys), job)
    return jobs


def instance_responses(call: Call[Any, Any], rows: Iterable[InstanceRow]) -> list[TaskInstanceResponse]:
    """Return instances as the API shows them."""
    kept = list(rows)
    jobs = triggerer_jobs(call, kept)
    return [instance_response(row, jobs.get(row.record.key)) for row in kept]
