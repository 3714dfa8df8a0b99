"""Why: the reasons that the deciding functions give, as a sentence and a small tree."""

from __future__ import annotations

from typing import Any

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.core.explain import Reason, explain_task
from windward.core.explain_runs import explain_dag, explain_run
from windward.core.upcoming import next_run
from windward.core.view import RunView
from windward.engine.explaining import Gatherer
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.model.records import RunRecord

TAG = "Explain"
_DAG = "/api/windward/v1/dags/{dag_id}"
_RUN = _DAG + "/dagRuns/{dag_run_id}"


class ReasonResponse(msgspec.Struct, kw_only=True):
    """A reason, and the reasons behind it."""

    reason: str
    because: list[ReasonResponse]


def get_dag_explanation(call: Call[Nothing, Nothing]) -> ReasonResponse:
    """Say when a DAG runs next, and why."""
    services, now = call.services, call.services.now()
    details = services.desk.dag(call.text("dag_id"))
    following = None
    if details.record.is_active:
        windows = services.store.catalog.load_windows([details.record.dag_id]).get(details.record.dag_id)
        following = next_run(details.document, details.record, now=now, windows=windows)
    around = _gatherer(call).around_dag(details, next_run=following)
    if not call.may(Verb.READ, Resource.RUN, dag_id=details.record.dag_id):
        around = msgspec.structs.replace(around, latest=None, running=0, queued=0)
    return _response(explain_dag(details.document, around, now=now))


def get_run_explanation(call: Call[Nothing, Nothing]) -> ReasonResponse:
    """Say why a run exists, and why it is in its state."""
    desk, gatherer = call.services.desk, _gatherer(call)
    # It says of tasks what they wait for, and why they failed.
    call.demand(Verb.READ, Resource.TASK_INSTANCE, dag_id=call.text("dag_id"))
    run = desk.run(call.text("dag_id"), call.text("dag_run_id"))
    around = gatherer.around_run(run, desk.dag(run.dag_id))
    parent = around.parent
    if parent is not None and not call.may(Verb.READ, Resource.RUN, dag_id=parent.dag_id):
        around = msgspec.structs.replace(around, parent=None)
    return _response(explain_run(_view(gatherer, run), around, now=call.services.now()))


def get_task_explanation(call: Call[Nothing, Nothing]) -> ReasonResponse:
    """Say why a task instance is in its state, and what it waits for."""
    desk, gatherer = call.services.desk, _gatherer(call)
    run = desk.run(call.text("dag_id"), call.text("dag_run_id"))
    view = _view(gatherer, run)
    record = view.find(call.text("task_id"), call.number("map_index"))
    if record is None:
        raise NotFoundError(
            f"run `{run.run_id}` has no instance {call.number('map_index')} of task `{call.text('task_id')}`"
        )
    return _response(explain_task(view, record, gatherer.around_tasks(run), now=call.services.now()))


def _gatherer(call: Call[Any, Any]) -> Gatherer:
    services = call.services
    return Gatherer(services.store, services.settings, now=services.now())


def _view(gatherer: Gatherer, run: RunRecord) -> RunView:
    view = gatherer.view(run)
    if view is None:
        raise NotFoundError(f"the version of DAG `{run.dag_id}` that run `{run.run_id}` began with is gone")
    return view


def _response(reason: Reason) -> ReasonResponse:
    return ReasonResponse(reason=reason.sentence, because=[_response(part) for part in reason.parts])


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        _DAG + "/explain",
        name="get_dag_explanation",
        tag=TAG,
        summary="Say when a DAG runs next, and why.",
        access=Needs(verb=Verb.READ, resource=Resource.DAG, scope=Scope.PATH),
        reply=ReasonResponse,
        handler=get_dag_explanation,
    ),
    operation(
        "GET",
        _RUN + "/explain",
        name="get_run_explanation",
        tag=TAG,
        summary="Say why a run exists, and why it is in its state.",
        access=Needs(verb=Verb.READ, resource=Resource.RUN, scope=Scope.PATH),
        reply=ReasonResponse,
        handler=get_run_explanation,
    ),
    operation(
        "GET",
        _RUN + "/taskInstances/{task_id}/{map_index}/explain",
        name="get_task_explanation",
        tag=TAG,
        summary="Say why a task instance is in its state, and what it waits for.",
        access=Needs(verb=Verb.READ, resource=Resource.TASK_INSTANCE, scope=Scope.PATH),
        reply=ReasonResponse,
        handler=get_task_explanation,
    ),
)
