"""Task instances: running them again."""

from __future__ import annotations

from typing import Any

from windward.api.contract.operation import Call, Nothing, Operation, operation
from windward.api.contract.problem import InvalidRequest
from windward.api.contract.ranges import aware_or_none
from windward.api.public.dag_versions import known_dag
from windward.api.public.task_instance_bodies import ClearTaskInstancesBody
from windward.api.public.task_instance_changes import EDIT
from windward.api.public.task_instance_shapes import TaskInstanceCollectionResponse
from windward.api.public.task_instances import TAG
from windward.api.public.triggerer_jobs import instance_responses
from windward.core.selection import Selection, select
from windward.core.view import RunView
from windward.engine.people import tasks
from windward.engine.people.runs import newest_plan
from windward.errors import NotFoundError, UserError
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import FAILURES, TaskState
from windward.ports.listings.instances import InstanceFilter
from windward.ports.listings.page import Between

RUNS_MAX = 1000
"""Most runs that one request clears: each is looked at as a whole."""


def post_clear_task_instances(
    call: Call[Nothing, ClearTaskInstancesBody],
) -> TaskInstanceCollectionResponse:
    """Run instances again, or say which these would be."""
    body, desk, dag_id = call.body, call.services.desk, call.text("dag_id")
    _check(call, body)
    known_dag(call, dag_id)
    runs, selection = _runs(call, dag_id), _selection(body)

    def choose(view: RunView) -> list[TaskRecord]:
        return select(view, selection)

    if body.dry_run:
        keys = [record.key for run in runs for record in tasks.selected(desk, run, selection)]
        return _shown(call, keys)
    clearing = tasks.Clearing(
        newest=newest_plan(desk, dag_id) if body.run_on_latest_version else None,
        reopens=body.reset_dag_runs,
        spares_running=body.prevent_running_task,
        note=body.note,
    )
    keys = tasks.clear_tasks(desk, runs, choose, clearing, by=call.principal.name)
    return _shown(call, keys)


def _check(call: Call[Any, Any], body: ClearTaskInstancesBody) -> None:
    problem = ""
    start, end = aware_or_none(call, body.start_date), aware_or_none(call, body.end_date)
    if body.only_failed and body.only_running:
        problem = "`only_failed` and `only_running` exclude each other"
    elif start and end and start > end:
        problem = "`end_date` lies before `start_date`"
    elif (start or end) and body.dag_run_id:
        problem = "runs are named by `dag_run_id` or by dates, not by both"
    elif body.task_ids is not None and not body.task_ids:
        problem = "`task_ids` names no task; leave it out to mean all"
    if problem:
        raise InvalidRequest.of(("body",), kind="value_error", message=problem)


def _selection(body: ClearTaskInstancesBody) -> Selection:
    names, instances = None, list[tuple[str, int]]()
    if body.task_ids is not None:
        names = tuple(one for one in body.task_ids if isinstance(one, str))
        instances = [one for one in body.task_ids if not isinstance(one, str)]
    return Selection(
        task_ids=names,
        instances=tuple(instances),
        upstream=body.include_upstream,
        downstream=body.include_downstream,
        states=_states(body),
    )


def _states(body: ClearTaskInstancesBody) -> frozenset[TaskState] | None:
    if body.only_failed:
        return FAILURES
    return frozenset({TaskState.RUNNING}) if body.only_running else None


def _runs(call: Call[Any, ClearTaskInstancesBody], dag_id: str) -> list[RunRecord]:
    """Return the runs that are meant: the named one with those before or after it, or those between two dates."""
    body, desk = call.body, call.services.desk
    if body.dag_run_id is None:
        start, end = aware_or_none(call, body.start_date), aware_or_none(call, body.end_date)
        return _between(
            call, dag_id, None if body.include_past else start, None if body.include_future else end
        )
    run = desk.store.runs.find_run(dag_id, run_id=body.dag_run_id)
    if run is None:
        raise NotFoundError(f"Dag Run id {body.dag_run_id} not found in dag {dag_id}")
    if not (body.include_past or body.include_future):
        return [run]
    if run.logical_date is None:
        raise UserError(
            f"run `{run.run_id}` has no logical date, so no run is before or after it",
            hint="Leave `include_past` and `include_future` out, or name runs by dates.",
        )
    date = run.logical_date
    return _between(call, dag_id, None if body.include_past else date, None if body.include_future else date)


def _between(call: Call[Any, ClearTaskInstancesBody], dag_id: str, start: Any, end: Any) -> list[RunRecord]:
    """Return the runs of these logical dates that have an instance in a state that is meant."""
    states = _states(call.body)
    which = InstanceFilter(
        reach=call.reach,
        dag_ids=(dag_id,),
        logical_date=Between(gte=start, lte=end),
        states=tuple(states) if states is not None else (),
    )
    found = call.services.listings.instances.runs_with(which)
    if len(found) > RUNS_MAX:
        raise UserError(
            f"{len(found)} runs are meant; one request clears {RUNS_MAX} at most",
            hint="Give a `start_date` and an `end_date` that lie nearer to each other.",
        )
    return call.services.store.runs.load_runs(found)


def _shown(call: Call[Any, Any], keys: list[TaskKey]) -> TaskInstanceCollectionResponse:
    rows = call.services.listings.instances.by_keys(keys)
    return TaskInstanceCollectionResponse(
        task_instances=instance_responses(call, rows), total_entries=len(rows)
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "POST",
        "/api/v2/dags/{dag_id}/clearTaskInstances",
        name="post_clear_task_instances",
        tag=TAG,
        summary="Run task instances again; say only which these are, unless `dry_run` is false.",
        access=EDIT,
        body=ClearTaskInstancesBody,
        reply=TaskInstanceCollectionResponse,
        handler=post_clear_task_instances,
        errors=[400, 404, 409],
    ),
)
