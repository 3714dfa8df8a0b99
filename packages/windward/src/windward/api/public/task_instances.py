"""Task instances: reading them, their tries, and what they wait for."""

from __future__ import annotations

from typing import Any

from windward.api.contract.operation import (
    ANY_DAG,
    Call,
    Needs,
    Nothing,
    Operation,
    Reply,
    Scope,
    operation,
)
from windward.api.contract.paging import LIMIT_MAX, page_of
from windward.api.contract.problem import InvalidRequest
from windward.api.public.dag_versions import known_dag
from windward.api.public.task_instance_bodies import (
    InstancesQuery,
    MapIndexQuery,
    MappedQuery,
    TaskInstancesBatchBody,
    filter_of_body,
    filter_of_query,
)
from windward.api.public.task_instance_shapes import (
    TaskDependencyCollectionResponse,
    TaskDependencyResponse,
    TaskInstanceCollectionResponse,
    TaskInstanceHistoryCollectionResponse,
    TaskInstanceHistoryResponse,
    TaskInstanceResponse,
    current_try,
    instances_response,
    past_try,
)
from windward.api.public.triggerer_jobs import instance_responses, triggerer_jobs
from windward.core.blockers import blockers
from windward.core.explain import Blocker
from windward.core.external import tasks_in_group
from windward.document import DagDocument
from windward.engine.explaining import Gatherer
from windward.errors import NotFoundError, UserError
from windward.model.access import Resource, Verb
from windward.model.states import TaskState
from windward.ports.listings.instances import InstanceFilter, InstanceRow
from windward.ports.listings.page import PageRequest

TAG = "Task Instance"
NOT_MAPPED = -1


def get_task_instance(call: Call[Nothing, Nothing]) -> TaskInstanceResponse:
    """Show the instance of a task that is not mapped."""
    row = instance_or_none(call, NOT_MAPPED)
    if row is None:
        place = call.text("dag_id"), call.text("dag_run_id"), call.text("task_id")
        if call.services.listings.instances.of_task(*place):
            raise NotFoundError("Task instance is mapped, add the map_index value to the URL")
        raise NotFoundError(
            f"The Task Instance with dag_id: `{place[0]}`, run_id: `{place[1]}` and task_id: `{place[2]}` was not found"
        )
    return instance_responses(call, [row])[0]


def get_mapped_task_instance(call: Call[Nothing, Nothing]) -> TaskInstanceResponse:
    """Show an instance of a mapped task."""
    return instance_responses(call, [found_instance(call, call.number("map_index"))])[0]


def instance_or_none(call: Call[Any, Any], map_index: int) -> InstanceRow | None:
    """Return the instance that the path names, or None."""
    return call.services.listings.instances.one(
        call.text("dag_id"), call.text("dag_run_id"), call.text("task_id"), map_index
    )


def found_instance(call: Call[Any, Any], map_index: int) -> InstanceRow:
    """Return the instance that the path names.

    Raises:
        NotFoundError: when there is none.
    """
    row = instance_or_none(call, map_index)
    if row is None:
        raise NotFoundError(
            f"The Task Instance with dag_id: `{call.text('dag_id')}`, run_id: `{call.text('dag_run_id')}`, "
            f"task_id: `{call.text('task_id')}` and map_index: `{map_index}` was not found"
        )
    return row


def get_task_instances(call: Call[InstancesQuery, Nothing]) -> Reply:
    """List instances."""
    query, request = call.query, page_of(call.query)
    dag_id, run_id = call.dag_id, call.text("dag_run_id")
    document = None
    if run_id != ANY_DAG:
        if dag_id is None:
            raise UserError(
                "dag_id is required when dag_run_id is specified",
                hint="Name the DAG of the run in the path, in the place of `~`.",
            )
        document = _document_of_run(call, dag_id, run_id)
    elif dag_id is not None:
        known_dag(call, dag_id)
        newest = call.services.listings.dags.one(dag_id)
        document = newest.document if newest is not None else None
    group = query.task_group_id
    if group and document is not None and tasks_in_group(document, group) is None:
        raise NotFoundError(f"Task group {group} not found")
    which = filter_of_query(
        call,
        query,
        dag_ids=None if dag_id is None else (dag_id,),
        run_ids=None if run_id == ANY_DAG else (run_id,),
    )
    return _listed(call, request, which)


def _listed(call: Call[Any, Any], request: PageRequest, which: InstanceFilter) -> Reply:
    page = call.services.listings.instances.list(request, which)
    return instances_response(page, request, which=which, jobs=triggerer_jobs(call, page.rows))


def _document_of_run(call: Call[Any, Any], dag_id: str, run_id: str) -> DagDocument | None:
    run = call.services.store.runs.find_run(dag_id, run_id=run_id)
    if run is None:
        raise NotFoundError(f"DagRun with dag_id: `{dag_id}` and run_id: `{run_id}` was not found")
    return call.services.listings.documents.plain([run.document_hash]).get(run.document_hash)


def get_task_instances_batch(call: Call[Nothing, TaskInstancesBatchBody]) -> Reply:
    """List instances of all DAGs."""
    body = call.body
    for name in ("dag_id", "dag_run_id"):
        if call.text(name) != ANY_DAG:
            raise InvalidRequest.of(
                ("path", name), kind="literal_error", message=f"must be `{ANY_DAG}`", given=call.text(name)
            )
    request = PageRequest(
        limit=min(body.page_limit, LIMIT_MAX),
        offset=body.page_offset,
        order_by=(body.order_by,) if body.order_by else (),
    )
    which = filter_of_body(call, body)
    return _listed(call, request, which)


def get_mapped_task_instances(call: Call[MappedQuery, Nothing]) -> Reply:
    """List the instances of a mapped task."""
    place = call.text("dag_id"), call.text("dag_run_id"), call.text("task_id")
    dag_id, run_id, task_id = place
    if not any(index >= 0 for index in call.services.listings.instances.of_task(*place)):
        _check_mapped(_document_of_run(call, dag_id, run_id), task_id)
    request = page_of(call.query)
    which = filter_of_query(
        call, call.query, dag_ids=(dag_id,), run_ids=(run_id,), task_ids=(task_id,), is_mapped=True
    )
    return _listed(call, request, which)


def _check_mapped(document: DagDocument | None, task_id: str) -> None:
    """Refuse a task that never has instances by index; one that was expanded over nothing is no error."""
    tasks = {task.task_id: task for task in document.tasks} if document is not None else {}
    task = tasks.get(task_id)
    if task is None:
        raise NotFoundError(f"Task id {task_id} not found")
    if task.expansion is None and task.mapped_group is None:
        raise NotFoundError(f"Task id {task_id} is not mapped")


def get_task_instance_tries(call: Call[MapIndexQuery, Nothing]) -> TaskInstanceHistoryCollectionResponse:
    """List the tries of an instance."""
    return _tries(call, call.query.map_index)


def get_mapped_task_instance_tries(call: Call[Nothing, Nothing]) -> TaskInstanceHistoryCollectionResponse:
    """List the tries of an instance of a mapped task."""
    return _tries(call, call.number("map_index"))


def _tries(call: Call[Any, Any], map_index: int) -> TaskInstanceHistoryCollectionResponse:
    row = found_instance(call, map_index)
    tries = [past_try(row, attempt) for attempt in call.services.store.reads.attempts(row.record.key)]
    # The last try of one that waits for the next has ended, and is among the earlier ones.
    if row.record.state is not TaskState.UP_FOR_RETRY:
        tries.append(current_try(row))
    return TaskInstanceHistoryCollectionResponse(task_instances=tries, total_entries=len(tries))


def get_task_instance_try_details(call: Call[MapIndexQuery, Nothing]) -> TaskInstanceHistoryResponse:
    """Show a try of an instance."""
    return _try(call, call.query.map_index)


def get_mapped_task_instance_try_details(call: Call[Nothing, Nothing]) -> TaskInstanceHistoryResponse:
    """Show a try of an instance of a mapped task."""
    return _try(call, call.number("map_index"))


def _try(call: Call[Any, Any], map_index: int) -> TaskInstanceHistoryResponse:
    number = call.number("task_try_number")
    row = instance_or_none(call, map_index)
    if row is not None:
        if row.record.try_number == number:
            return current_try(row)
        for attempt in call.services.store.reads.attempts(row.record.key):
            if attempt.try_number == number:
                return past_try(row, attempt)
    raise NotFoundError(
        f"The Task Instance with dag_id: `{call.text('dag_id')}`, run_id: `{call.text('dag_run_id')}`, "
        f"task_id: `{call.text('task_id')}`, try_number: `{number}` and map_index: `{map_index}` was not found"
    )


def get_task_instance_dependencies(call: Call[MapIndexQuery, Nothing]) -> TaskDependencyCollectionResponse:
    """Say what an instance waits for."""
    return _dependencies(call, call.query.map_index)


def get_task_instance_dependencies_by_map_index(
    call: Call[Nothing, Nothing],
) -> TaskDependencyCollectionResponse:
    """Say what an instance of a mapped task waits for."""
    return _dependencies(call, call.number("map_index"))


def _dependencies(call: Call[Any, Any], map_index: int) -> TaskDependencyCollectionResponse:
    row, services = found_instance(call, map_index), call.services
    found: tuple[Blocker, ...] = ()
    if row.record.state in (TaskState.NONE, TaskState.SCHEDULED):  # what has begun waits for nothing of these
        gatherer = Gatherer(services.store, services.settings, now=services.now())
        view = gatherer.view(row.run.run)
        record = view.find(row.record.task_id, map_index) if view is not None else None
        if view is not None and record is not None:
            found = blockers(view, record, gatherer.around_tasks(row.run.run))
    return TaskDependencyCollectionResponse(
        dependencies=[TaskDependencyResponse(name=one.name, reason=one.reason) for one in found]
    )


READ = Needs(verb=Verb.READ, resource=Resource.TASK_INSTANCE, scope=Scope.PATH)
INSTANCES = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances"
TASK = INSTANCES + "/{task_id}"
INSTANCE = TASK + "/{map_index}"
OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        INSTANCES,
        name="get_task_instances",
        tag=TAG,
        summary="List the task instances of a run, or with `~` of all runs of a DAG, or of all DAGs.",
        access=READ,
        query=InstancesQuery,
        reply=TaskInstanceCollectionResponse,
        handler=get_task_instances,
        is_of_rows=True,
        errors=[400, 404],
    ),
    operation(
        "POST",
        f"{INSTANCES}/list",
        name="get_task_instances_batch",
        tag=TAG,
        summary="List task instances of all DAGs (`~`), by a body in place of a query.",
        access=READ,
        body=TaskInstancesBatchBody,
        reply=TaskInstanceCollectionResponse,
        handler=get_task_instances_batch,
        errors=[400, 404],
    ),
    operation(
        "GET",
        f"{TASK}/listMapped",
        name="get_mapped_task_instances",
        tag=TAG,
        summary="List the instances of a mapped task.",
        access=READ,
        query=MappedQuery,
        reply=TaskInstanceCollectionResponse,
        handler=get_mapped_task_instances,
        is_of_rows=True,
        errors=[400, 404],
    ),
    operation(
        "GET",
        f"{TASK}/dependencies",
        name="get_task_instance_dependencies",
        tag=TAG,
        summary="Say what a task instance that has not begun waits for.",
        access=READ,
        query=MapIndexQuery,
        reply=TaskDependencyCollectionResponse,
        handler=get_task_instance_dependencies,
        errors=[404],
    ),
    operation(
        "GET",
        f"{INSTANCE}/dependencies",
        name="get_task_instance_dependencies_by_map_index",
        tag=TAG,
        summary="Say what an instance of a mapped task that has not begun waits for.",
        access=READ,
        reply=TaskDependencyCollectionResponse,
        handler=get_task_instance_dependencies_by_map_index,
        errors=[404],
    ),
    operation(
        "GET",
        f"{TASK}/tries",
        name="get_task_instance_tries",
        tag=TAG,
        summary="List the tries of a task instance.",
        access=READ,
        query=MapIndexQuery,
        reply=TaskInstanceHistoryCollectionResponse,
        handler=get_task_instance_tries,
        errors=[404],
    ),
    operation(
        "GET",
        f"{INSTANCE}/tries",
        name="get_mapped_task_instance_tries",
        tag=TAG,
        summary="List the tries of an instance of a mapped task.",
        access=READ,
        reply=TaskInstanceHistoryCollectionResponse,
        handler=get_mapped_task_instance_tries,
        errors=[404],
    ),
    operation(
        "GET",
        f"{TASK}/tries/{{task_try_number}}",
        name="get_task_instance_try_details",
        tag=TAG,
        summary="Show a try of a task instance.",
        access=READ,
        query=MapIndexQuery,
        reply=TaskInstanceHistoryResponse,
        handler=get_task_instance_try_details,
        errors=[404],
    ),
    operation(
        "GET",
        f"{INSTANCE}/tries/{{task_try_number}}",
        name="get_mapped_task_instance_try_details",
        tag=TAG,
        summary="Show a try of an instance of a mapped task.",
        access=READ,
        reply=TaskInstanceHistoryResponse,
        handler=get_mapped_task_instance_try_details,
        errors=[404],
    ),
    operation(
        "GET",
        TASK,
        name="get_task_instance",
        tag=TAG,
        summary="Show the instance of a task that is not mapped.",
        access=READ,
        reply=TaskInstanceResponse,
        handler=get_task_instance,
        is_of_rows=True,
        errors=[404],
    ),
    operation(
        "GET",
        INSTANCE,
        name="get_mapped_task_instance",
        tag=TAG,
        summary="Show an instance of a mapped task.",
        access=READ,
        reply=TaskInstanceResponse,
        handler=get_mapped_task_instance,
        errors=[404],
    ),
)
