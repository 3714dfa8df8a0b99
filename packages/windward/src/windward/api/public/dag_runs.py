"""Runs: reading them, and waiting for one."""

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
from windward.api.contract.paging import LIMIT_MAX, page_of, pattern_of
from windward.api.contract.problem import InvalidRequest
from windward.api.contract.ranges import lengths, moments
from windward.api.public.dag_run_shapes import (
    DAGRunCollectionResponse,
    DAGRunResponse,
    DAGRunsBatchBody,
    RunsQuery,
    run_response,
    runs_response,
)
from windward.api.public.dag_versions import known_dag
from windward.errors import NotFoundError, UserError
from windward.model.access import Resource, Verb
from windward.ports.listings.page import Page, PageRequest
from windward.ports.listings.runs import RunFilter, RunRow

TAG = "DagRun"


def get_dag_run(call: Call[Nothing, Nothing]) -> DAGRunResponse:
    """Show a run."""
    return run_response(found_run(call))


def found_run(call: Call[Any, Any]) -> RunRow:
    """Return the run that the path names.

    Raises:
        NotFoundError: when there is none.
    """
    dag_id, run_id = call.text("dag_id"), call.text("dag_run_id")
    row = call.services.listings.runs.one(dag_id, run_id)
    if row is None:
        raise NotFoundError(f"The DagRun with dag_id: `{dag_id}` and run_id: `{run_id}` was not found")
    return row


def place_of(call: Call[Any, Any], named: str | None, run_id: str) -> tuple[str, str]:
    """Return the DAG and the run that an entry of a body means, beside the DAG in the path.

    Raises:
        UserError: when it names none, or another one.
    """
    if call.dag_id is None and (named is None or named == ANY_DAG):
        raise UserError(
            f"run `{run_id}` does not say of which DAG it is",
            hint="With `~` in the path, each entry is an object with a `dag_id`.",
        )
    if call.dag_id is not None and named not in (None, ANY_DAG, call.dag_id):
        raise UserError(
            f"run `{run_id}` is said to be of DAG `{named}`, and the path names DAG `{call.dag_id}`",
            hint="Use `~` in the path to name runs of several DAGs.",
        )
    return call.dag_id or named or "", run_id


def get_dag_runs(call: Call[RunsQuery, Nothing]) -> Reply:
    """List runs."""
    query, request = call.query, page_of(call.query)
    if call.dag_id is not None:
        known_dag(call, call.dag_id)
    if query.partition_date_gte is not None or query.partition_date_lte is not None:
        raise UserError(
            "runs have no partitions: `partition_date_gte` and `partition_date_lte` find none",
            hint="Leave them out, or ask for `run_after_gte` and `run_after_lte`.",
        )
    if query.bundle_version is not None or query.partition_key_pattern or query.partition_key_prefix_pattern:
        return runs_response(Page(rows=(), total=0), request, which=None)
    which = RunFilter(
        reach=call.reach,
        dag_ids=None if call.dag_id is None else (call.dag_id,),
        updated_at=moments(call, query, "updated_at"),
        run_types=query.run_type,
        states=query.state,
        version_numbers=query.dag_version,
        run_id=pattern_of(query.run_id_pattern, query.run_id_prefix_pattern),
        user=pattern_of(query.triggering_user_name_pattern, query.triggering_user_name_prefix_pattern),
        dag_id=pattern_of(query.dag_id_pattern, query.dag_id_prefix_pattern),
        consumes=query.consuming_asset_pattern or "",
        **_bounds(call, query),
    )
    return runs_response(call.services.listings.runs.list(request, which), request, which=which)


def get_list_dag_runs_batch(call: Call[Nothing, DAGRunsBatchBody]) -> Reply:
    """List runs of all DAGs."""
    body = call.body
    if call.dag_id is not None:
        raise InvalidRequest.of(
            ("path", "dag_id"), kind="literal_error", message=f"must be `{ANY_DAG}`", given=call.dag_id
        )
    request = PageRequest(
        limit=min(body.page_limit, LIMIT_MAX),
        offset=body.page_offset,
        order_by=(body.order_by,) if body.order_by else (),
    )
    which = RunFilter(
        reach=call.reach,
        dag_ids=tuple(body.dag_ids) if body.dag_ids else None,
        states=tuple(state for state in body.states or () if state is not None),
        **_bounds(call, body),
    )
    if body.states and not which.states:
        return runs_response(Page(rows=(), total=0), request, which=None)
    return runs_response(call.services.listings.runs.list(request, which), request, which=which)


def _bounds(call: Call[Any, Any], given: RunsQuery | DAGRunsBatchBody) -> dict[str, Any]:
    """Return the fields of a filter that a query and a body have alike."""
    return {
        "run_after": moments(call, given, "run_after"),
        "logical_date": moments(call, given, "logical_date"),
        "start_date": moments(call, given, "start_date"),
        "end_date": moments(call, given, "end_date"),
        "duration": lengths(given, "duration"),
        "conf_contains": given.conf_contains or "",
    }


_READ = Needs(verb=Verb.READ, resource=Resource.RUN, scope=Scope.PATH)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/dags/{dag_id}/dagRuns",
        name="get_dag_runs",
        tag=TAG,
        summary="List the runs of a DAG, or with `~` of all.",
        access=_READ,
        query=RunsQuery,
        reply=DAGRunCollectionResponse,
        handler=get_dag_runs,
        is_of_rows=True,
        errors=[400, 404],
    ),
    operation(
        "POST",
        "/api/v2/dags/{dag_id}/dagRuns/list",
        name="get_list_dag_runs_batch",
        tag=TAG,
        summary="List runs of all DAGs (`~`), by a body in place of a query.",
        access=_READ,
        body=DAGRunsBatchBody,
        reply=DAGRunCollectionResponse,
        handler=get_list_dag_runs_batch,
        errors=[400, 404],
    ),
    operation(
        "GET",
        "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}",
        name="get_dag_run",
        tag=TAG,
        summary="Show a run.",
        access=_READ,
        reply=DAGRunResponse,
        handler=get_dag_run,
        is_of_rows=True,
        errors=[404],
    ),
)
