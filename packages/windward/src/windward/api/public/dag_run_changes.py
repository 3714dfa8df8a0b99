"""Runs: making, changing, repeating and deleting them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from windward.api.contract.masks import MaskQuery, masked
from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.problem import InvalidRequest
from windward.api.contract.ranges import aware, aware_or_none
from windward.api.public.dag_run_shapes import (
    BulkDAGRunClearBody,
    ClearPartitionsBody,
    ClearPartitionsResponse,
    DAGRunClearBody,
    DAGRunCollectionResponse,
    DagRunMutableStates,
    DAGRunPatchBody,
    DAGRunResponse,
    TriggerDAGRunPostBody,
    run_response,
)
from windward.api.public.dag_runs import TAG, found_run, place_of
from windward.api.public.task_instance_shapes import (
    ClearTaskInstanceCollectionResponse,
    NewTaskCollectionResponse,
    NewTaskResponse,
    TaskInstanceResponse,
)
from windward.api.public.triggerer_jobs import instance_responses
from windward.core.selection import Selection
from windward.engine.people import runs
from windward.errors import NotFoundError, UserError
from windward.model.access import Resource, Verb
from windward.model.records import RunRecord
from windward.model.states import RunState, RunType, TriggeredBy
from windward.ports.listings.runs import RunRow
from windward.timetable import DataInterval

Foreseen = ClearTaskInstanceCollectionResponse | NewTaskCollectionResponse
NO_PARTITIONS = (
    "runs have no partitions here: what a run is about is its data interval, its conf, or its params"
)


def trigger_dag_run(call: Call[Nothing, TriggerDAGRunPostBody]) -> DAGRunResponse:
    """Make a run."""
    return make_run(call, call.text("dag_id"), call.body, run_type=RunType.MANUAL)


def make_run(
    call: Call[Any, Any], dag_id: str, body: TriggerDAGRunPostBody, *, run_type: RunType
) -> DAGRunResponse:
    """Make a run as `body` says.

    Raises:
        InvalidRequest: when the body contradicts itself.
        NotFoundError: when there is no such DAG.
        UserError: when the run cannot be.
        ConflictError: when there is such a run, or the DAG changed at the same moment.
    """
    desk = call.services.desk
    shown = call.services.listings.dags.one(dag_id)
    if shown is None or not shown.record.is_active:
        raise NotFoundError(f"Dag with dag_id: '{dag_id}' not found")
    if shown.has_import_errors:
        raise UserError(
            f"the file of DAG `{dag_id}` has import errors, and cannot be triggered",
            hint=f"Correct `{shown.record.fileloc}` first; `GET /api/v2/importErrors` says what is wrong.",
        )
    if body.partition_key is not None:
        raise UserError(f"DAG `{dag_id}` is not partitioned", hint="Leave `partition_key` out.")
    is_ui = bool(call.headers.get("referer"))
    asked = runs.RunRequest(
        run_id=body.dag_run_id or None,
        logical_date=aware_or_none(call, body.logical_date),
        has_no_date=body.logical_date is None,
        interval=_interval(call, body),
        run_after=aware_or_none(call, body.run_after),
        conf=body.conf or {},
        note=body.note or None,
        run_type=run_type,
        triggered_by=TriggeredBy.UI if is_ui else TriggeredBy.REST_API,
    )
    run = runs.trigger_run(desk, desk.dag(dag_id), asked, by=call.principal.name)
    return run_response(RunRow(run=run, display_name=shown.version.display_name, version=shown.version))


def _interval(call: Call[Any, Any], body: TriggerDAGRunPostBody) -> DataInterval | None:
    start, end = body.data_interval_start, body.data_interval_end
    if (start is None) is not (end is None):
        raise InvalidRequest.of(
            ("body",),
            kind="value_error",
            message="`data_interval_start` and `data_interval_end` go together: give both or none",
        )
    if start is None or end is None or body.logical_date is None:
        return None
    interval = DataInterval(aware(call, start), aware(call, end))
    if interval.start > interval.end:
        raise InvalidRequest.of(
            ("body", "data_interval_end"), kind="value_error", message="lies before `data_interval_start`"
        )
    return interval


def patch_dag_run(call: Call[MaskQuery, DAGRunPatchBody]) -> DAGRunResponse:
    """Change a run."""
    run = found_run(call).run
    given = masked(call.body, call.query.update_mask)
    change = wanted_of(given.get("state"), given.get("note", UNSET))
    runs.change_run(call.services.desk, run, change, by=call.principal.name)
    return run_response(found_run(call))


def wanted_of(state: DagRunMutableStates | None, note: str | UnsetType | None) -> runs.RunChange:
    """Return what a body asks for."""
    return runs.RunChange(state=RunState(state) if state is not None else None, note=note)


def delete_dag_run(call: Call[Nothing, Nothing]) -> None:
    """Delete a run."""
    runs.delete_run(call.services.desk, found_run(call).run)


def clear_dag_run(call: Call[Nothing, DAGRunClearBody]) -> Foreseen | DAGRunResponse:
    """Run a run again, or say what would be."""
    row = found_run(call)
    _check_clear(call.body)
    if call.body.dry_run:
        return _foreseen(call, [row.run], call.body)
    _clear(call, [row.run], call.body)
    return run_response(found_run(call))


def clear_dag_runs(call: Call[Nothing, BulkDAGRunClearBody]) -> Foreseen | DAGRunCollectionResponse:
    """Run several runs again, or say what would be."""
    body, listings = call.body, call.services.listings
    _check_clear(body)
    if not body.dag_runs:
        raise UserError(
            "no run is named, and there are no partitions to choose runs by",
            hint="Name runs in `dag_runs`.",
        )
    places = dict.fromkeys(place_of(call, one.dag_id, one.dag_run_id) for one in body.dag_runs)
    for dag_id in {dag_id for dag_id, _ in places}:
        call.demand(Verb.EDIT, Resource.RUN, dag_id=dag_id)
    named = runs.find_runs(call.services.desk, places)
    if body.dry_run:
        return _foreseen(call, named, body)
    _clear(call, named, body)
    after = listings.runs.by_pks([run.run_pk for run in named])
    cleared = [run_response(after[run.run_pk]) for run in named if run.run_pk in after]
    return DAGRunCollectionResponse(dag_runs=cleared, total_entries=len(cleared))


def _check_clear(body: DAGRunClearBody) -> None:
    if body.only_new and body.only_failed:
        raise InvalidRequest.of(
            ("body",), kind="value_error", message="`only_new` and `only_failed` exclude each other"
        )


def _selection(body: DAGRunClearBody) -> Selection:
    return Selection(task_ids=() if body.only_new else None, only_failed=body.only_failed)


def _clear(call: Call[Any, Any], named: Sequence[RunRecord], body: DAGRunClearBody) -> None:
    desk, newest = call.services.desk, None
    if body.only_new or body.run_on_latest_version:
        newest = {dag_id: runs.newest_plan(desk, dag_id) for dag_id in {run.dag_id for run in named}}
    note = body.note if body.note is not None else UNSET
    runs.clear_runs(desk, named, _selection(body), newest=newest, note=note, by=call.principal.name)


def _foreseen(call: Call[Any, Any], named: Sequence[RunRecord], body: DAGRunClearBody) -> Foreseen:
    """Return what clearing would change of runs."""
    if body.only_new:
        added = [task for run in named for task in _added(call, run)]
        return NewTaskCollectionResponse(task_instances=added, total_entries=len(added))
    affected = _selected(call, named, body)
    return ClearTaskInstanceCollectionResponse(task_instances=affected, total_entries=len(affected))


def _added(call: Call[Any, Any], run: RunRecord) -> list[NewTaskResponse]:
    desk = call.services.desk
    held = {record.task_id for record in desk.store.runs.load_tasks([run.run_pk])}
    return [
        NewTaskResponse(task_id=task.task_id, task_display_name=task.display_name or task.task_id)
        for task in runs.newest_plan(desk, run.dag_id).tasks
        if task.task_id not in held
    ]


def _selected(
    call: Call[Any, Any], named: Sequence[RunRecord], body: DAGRunClearBody
) -> list[TaskInstanceResponse]:
    listings = call.services.listings.instances
    found = [
        row
        for records in runs.selected(call.services.desk, named, _selection(body))
        for row in listings.by_keys([record.key for record in records])
    ]
    return instance_responses(call, found)


_EDIT = Needs(verb=Verb.EDIT, resource=Resource.RUN, scope=Scope.PATH)
_RUN = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}"
OPERATIONS: tuple[Operation, ...] = (
    operation(
        "POST",
        "/api/v2/dags/{dag_id}/dagRuns",
        name="trigger_dag_run",
        tag=TAG,
        summary="Make a run; the scheduler hears of it at once.",
        access=Needs(verb=Verb.CREATE, resource=Resource.RUN, scope=Scope.PATH),
        body=TriggerDAGRunPostBody,
        reply=DAGRunResponse,
        handler=trigger_dag_run,
        errors=[400, 404, 409],
    ),
    operation(
        "PATCH",
        _RUN,
        name="patch_dag_run",
        tag=TAG,
        summary="End a run, queue it again, or write a note on it.",
        access=_EDIT,
        query=MaskQuery,
        body=DAGRunPatchBody,
        reply=DAGRunResponse,
        handler=patch_dag_run,
        errors=[400, 404, 409],
    ),
    operation(
        "DELETE",
        _RUN,
        name="delete_dag_run",
        tag=TAG,
        summary="Delete a run that is not running, with all that belongs to it.",
        access=Needs(verb=Verb.DELETE, resource=Resource.RUN, scope=Scope.PATH),
        status=204,
        handler=delete_dag_run,
        errors=[404, 409],
    ),
    operation(
        "POST",
        f"{_RUN}/clear",
        name="clear_dag_run",
        tag=TAG,
        summary="Run the tasks of a run again; say only which these are, unless `dry_run` is false.",
        access=_EDIT,
        body=DAGRunClearBody,
        reply=(ClearTaskInstanceCollectionResponse, NewTaskCollectionResponse, DAGRunResponse),
        handler=clear_dag_run,
        errors=[400, 404, 409],
    ),
    operation(
        "POST",
        "/api/v2/dags/{dag_id}/clearDagRuns",
        name="clear_dag_runs",
        tag=TAG,
        summary="Run the tasks of several runs again, of one DAG or (`~`) of any.",
        access=_EDIT,
        body=BulkDAGRunClearBody,
        reply=(ClearTaskInstanceCollectionResponse, NewTaskCollectionResponse, DAGRunCollectionResponse),
        handler=clear_dag_runs,
        errors=[400, 404, 409],
    ),
    operation(
        "POST",
        "/api/v2/dags/{dag_id}/clearPartitions",
        name="clear_dag_run_partitions",
        tag=TAG,
        summary="Take the partitions from runs.",
        access=_EDIT,
        body=ClearPartitionsBody,
        reply=ClearPartitionsResponse,
        not_offered=NO_PARTITIONS,
    ),
)
