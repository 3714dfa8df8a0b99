"""Recovery of failed runs: which will run again on their own, when, and who stops it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.paging import OffsetQuery, page_of
from windward.core.recovery import RecoveryRules, refusal, standing
from windward.document import DagDocument
from windward.engine.people.recovery import rules_of, start_recovery, stop_recovery
from windward.errors import ConflictError, NotFoundError
from windward.model.access import Resource, Verb
from windward.model.records import RunRecord
from windward.model.states import RunState
from windward.ports.listings.page import PageRequest
from windward.ports.listings.runs import RunFilter

TAG = "Recovery"
_ONE = "/api/windward/v1/dags/{dag_id}/dagRuns/{dag_run_id}/recovery"


class RecoveryResponse(msgspec.Struct, kw_only=True):
    """A failed run. `recover_at` is when it may run again, if there is nothing better to do; `why_not` why it will not.

    `reason` says how it stands, whichever it is.
    """

    dag_id: str
    dag_run_id: str
    logical_date: datetime | None
    recoveries: int
    recover_at: datetime | None
    is_stopped: bool
    why_not: str
    reason: str


class RecoveryCollectionResponse(msgspec.Struct, kw_only=True):
    """Failed runs, the newest first."""

    runs: list[RecoveryResponse]
    total_entries: int


class RecoveryQuery(OffsetQuery, kw_only=True):
    """Of which DAG; of all that may be seen, without one."""

    dag_id: str | None = None


class RecoveryBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`stop` leaves the run as it is; `start` lets it run again, counted anew."""

    action: Literal["start", "stop"]


def get_recoveries(call: Call[RecoveryQuery, Nothing]) -> RecoveryCollectionResponse:
    """List failed runs."""
    page = page_of(call.query)
    found = call.services.listings.runs.list(
        PageRequest(limit=page.limit, offset=page.offset, order_by=("-run_after",)),
        RunFilter(
            reach=call.reach,
            dag_ids=None if call.query.dag_id is None else (call.query.dag_id,),
            states=(RunState.FAILED,),
        ),
    )
    catalog = call.services.store.catalog
    hashes = {dag.dag_id: dag.document_hash for dag in catalog.load_dags()}
    wanted = {row.run.dag_id for row in found.rows}
    documents = catalog.load_documents({hashes[dag_id] for dag_id in wanted if dag_id in hashes})
    rules = rules_of(call.services.settings.scheduler)
    runs = []
    for row in found.rows:
        document = documents.get(hashes.get(row.run.dag_id, ""))
        runs.append(_response(row.run, document, rules))
    return RecoveryCollectionResponse(runs=runs, total_entries=found.total or 0)


def get_recovery(call: Call[Nothing, Nothing]) -> RecoveryResponse:
    """Show how one failed run stands."""
    desk = call.services.desk
    run = desk.run(call.text("dag_id"), call.text("dag_run_id"))
    if run.state is not RunState.FAILED:
        raise NotFoundError(f"run `{run.run_id}` has not failed")
    return _response(run, desk.dag(run.dag_id).document, rules_of(call.services.settings.scheduler))


def steer_recovery(call: Call[Nothing, RecoveryBody]) -> RecoveryResponse:
    """Stop or start the recovery of one run."""
    desk = call.services.desk
    run = desk.run(call.text("dag_id"), call.text("dag_run_id"))
    newest = desk.dag(run.dag_id).document
    rules = rules_of(call.services.settings.scheduler)
    if call.body.action == "stop":
        stop_recovery(desk, run)
    elif why_not := start_recovery(desk, run, newest, rules):
        raise ConflictError(f"run `{run.run_id}` stays as it is: {why_not}")
    desk.wakeup.wake()
    changed = desk.run(run.dag_id, run.run_id)
    return _response(changed, newest, rules)


def _response(run: RunRecord, document: DagDocument | None, rules: RecoveryRules) -> RecoveryResponse:
    why_not = "its DAG is gone" if document is None else refusal(run, document, rules)
    return RecoveryResponse(
        dag_id=run.dag_id,
        dag_run_id=run.run_id,
        logical_date=run.logical_date,
        recoveries=run.recoveries,
        recover_at=run.recover_at,
        is_stopped=run.is_recovery_stopped,
        why_not=why_not if run.recover_at is None else "",
        reason=standing(run, document, rules),
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/windward/v1/recovery",
        name="get_recoveries",
        tag=TAG,
        summary="List failed runs, whether they run again on their own, and why not.",
        access=Needs(verb=Verb.READ, resource=Resource.RUN, scope=Scope.LISTED),
        query=RecoveryQuery,
        reply=RecoveryCollectionResponse,
        handler=get_recoveries,
    ),
    operation(
        "GET",
        _ONE,
        name="get_recovery",
        tag=TAG,
        summary="Show whether a failed run runs again on its own, and why not.",
        access=Needs(verb=Verb.READ, resource=Resource.RUN, scope=Scope.PATH),
        reply=RecoveryResponse,
        handler=get_recovery,
    ),
    operation(
        "POST",
        _ONE,
        name="steer_recovery",
        tag=TAG,
        summary="Stop or start the recovery of a failed run.",
        access=Needs(verb=Verb.EDIT, resource=Resource.RUN, scope=Scope.PATH),
        body=RecoveryBody,
        reply=RecoveryResponse,
        handler=steer_recovery,
        errors=[409],
    ),
)
