"""The dates of a backfill: what became of each, and how its run stands."""

from __future__ import annotations

from datetime import datetime

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.public.backfills import found_backfill
from windward.model.access import Resource, Verb
from windward.model.states import RunState, SlotState

DATES_MAX = 1000


class BackfillDateResponse(msgspec.Struct, kw_only=True):
    """A date. `state` says what the backfill did with it, `run_state` how the run of it stands now."""

    logical_date: datetime
    state: SlotState
    reason: str
    dag_run_id: str | None
    run_state: RunState | None


class BackfillDateCollectionResponse(msgspec.Struct, kw_only=True):
    """The dates of a backfill in the order of their turns. `is_whole` tells whether all are here."""

    dag_id: str
    dates: list[BackfillDateResponse]
    total_entries: int
    is_whole: bool


def get_backfill_dates(call: Call[Nothing, Nothing]) -> BackfillDateCollectionResponse:
    """List the dates of a backfill."""
    store, backfill = call.services.store, found_backfill(call).backfill
    slots = store.backfills.list_slots(backfill.backfill_pk, limit=DATES_MAX)
    total = sum(store.backfills.count_slots(backfill.backfill_pk).values())
    runs = {
        run.run_pk: run
        for run in store.runs.load_runs([slot.run_pk for slot in slots if slot.run_pk is not None])
    }
    dates = []
    for slot in slots:
        run = runs.get(slot.run_pk) if slot.run_pk is not None else None
        dates.append(
            BackfillDateResponse(
                logical_date=slot.logical_date,
                state=slot.state,
                reason=slot.reason,
                dag_run_id=None if run is None else run.run_id,
                run_state=None if run is None else run.state,
            )
        )
    return BackfillDateCollectionResponse(
        dag_id=backfill.dag_id, dates=dates, total_entries=total, is_whole=total == len(dates)
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/windward/v1/backfills/{backfill_id}/dates",
        name="get_backfill_dates",
        tag="Backfill",
        summary="List the dates of a backfill: what became of each, and how its run stands.",
        access=Needs(verb=Verb.READ, resource=Resource.BACKFILL, scope=Scope.LISTED),
        reply=BackfillDateCollectionResponse,
        handler=get_backfill_dates,
    ),
)
