"""Recovery: failed runs that are run again on their own, while there is nothing better to do.

A DAG that asks for catchup asks to be whole. A run inside its window that failed is planned anew when it
ends (`plan_recovery`), at a distance that grows each time; when its time has come and no scheduled or
manual task waits for a slot, its failed tasks and what follows them are cleared (`decide_recovery`) and
run in the idle class. Whoever marks the run, or a task of it, failed has said that it stays so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from windward.core.actions import Action, MoveRun, PlanRecovery
from windward.core.people import decide_rerun
from windward.core.plan import DagPlan
from windward.core.selection import Selection, select
from windward.core.transitions import RunEvent
from windward.core.view import RunView
from windward.document import DagDocument
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import RunState, RunType, TaskState

GROWTH = 4
"""Each distance is so many times the one before."""
DELAY_MAX = timedelta(days=1)
WINDOW_TYPES = frozenset({RunType.SCHEDULED, RunType.BACKFILL})
"""Runs that fill a schedule's window; what somebody triggered by hand is theirs."""


class RecoveryScope(StrEnum):
    """Which DAGs' failed runs are run again."""

    EXPLICIT_CATCHUP = "explicit_catchup"
    """Those that say `catchup=True` themselves."""
    ALWAYS = "always"
    NEVER = "never"


class RecoveryRules(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The settings of recovery."""

    scope: RecoveryScope = RecoveryScope.EXPLICIT_CATCHUP
    recoveries_max: int = 5
    """How often one run is run again."""
    delay_s: float = 300.0
    """Seconds from the first failure to the first recovery."""


def refusal(run: RunRecord, document: DagDocument, rules: RecoveryRules) -> str:
    """Return why a run is not run again on its own, in one sentence; an empty text when nothing forbids it."""
    match rules.scope:
        case RecoveryScope.NEVER:
            return "recovery is off: `[scheduler] recover_failed_runs = never`"
        case RecoveryScope.EXPLICIT_CATCHUP if not (document.catchup and document.is_catchup_explicit):
            return "the DAG does not say `catchup=True`"
        case _:
            pass
    if run.run_type not in WINDOW_TYPES or run.logical_date is None:
        return f"a run of type `{run.run_type}` is not part of the schedule"
    if document.start_date is not None and run.logical_date < document.start_date:
        return "its date lies before the DAG's start date"
    if document.end_date is not None and run.logical_date > document.end_date:
        return "its date lies after the DAG's end date"
    if run.is_recovery_stopped:
        return "a person said that it is failed"
    if run.recoveries >= rules.recoveries_max:
        return f"it was run again {run.recoveries} times already"
    return ""


def standing(run: RunRecord, document: DagDocument | None, rules: RecoveryRules) -> str:
    """Return how a failed run stands, in one sentence: which time it runs again, or why it does not."""
    why_not = refusal(run, document, rules) if document is not None else "its DAG is gone"
    if why_not:
        return why_not
    if run.recover_at is not None:
        return f"number {run.recoveries + 1} of {rules.recoveries_max}, when nothing else waits"
    return "it failed before it could be planned: `windward recovery start` plans it"


def plan_recovery(
    run: RunRecord, document: DagDocument, rules: RecoveryRules, *, now: datetime
) -> datetime | None:
    """Return when a run that fails now may run again on its own, or None when it will not."""
    if refusal(run, document, rules):
        return None
    delay_s = rules.delay_s * GROWTH ** min(run.recoveries, 20)
    return now + min(timedelta(seconds=min(delay_s, DELAY_MAX.total_seconds())), DELAY_MAX)


def with_recovery(end: MoveRun, view: RunView, rules: RecoveryRules, *, now: datetime) -> MoveRun:
    """Return the end of a run with the plan to run it again, if it failed and may be."""
    if end.event is not RunEvent.FAIL:
        return end
    due = plan_recovery(view.run, view.plan.document, rules, now=now)
    return end if due is None else msgspec.structs.replace(end, recover_at=due)


def decide_recovery(
    view: RunView,
    newest: DagPlan,
    rules: RecoveryRules,
    *,
    now: datetime,
    records: Sequence[TaskRecord] | None = None,
) -> list[Action]:
    """Run the failed tasks of a run again, with what follows them, as the DAG is now; empty when it may not be.

    A plan that does not hold any more is taken back, so that nobody looks at the run again.
    """
    run = view.run
    if run.state is not RunState.FAILED or run.recover_at is None or run.recover_at > now:
        return []
    why = refusal(run, newest.document, rules)
    keys = (
        [] if why else [record.key for record in select(view, Selection(only_failed=True, downstream=True))]
    )
    if not keys:
        return [
            PlanRecovery(
                run_pk=run.run_pk,
                expect_state=run.state,
                recoveries=run.recoveries,
                recover_at=None,
                is_recovery_stopped=run.is_recovery_stopped,
            )
        ]
    number = run.recoveries + 1
    failed = [record.task_id for record in view.all_instances() if record.state is TaskState.FAILED]
    cause = f"task `{failed[0]}` had failed" if failed else run.reason
    return decide_rerun(
        view,
        keys,
        reason=f"recovery {number} of {rules.recoveries_max}, while nothing else waits: {cause}",
        now=now,
        newest=newest if newest.document_hash != view.plan.document_hash else None,
        records=records,
        is_idle_class=True,
        backfill_pk=None,
        recoveries=number,
    )


def decide_recovery_stop(run: RunRecord) -> PlanRecovery | None:
    """Leave a run as it is; None when nothing was planned."""
    if run.is_recovery_stopped:
        return None
    return PlanRecovery(
        run_pk=run.run_pk,
        expect_state=run.state,
        recoveries=run.recoveries,
        recover_at=None,
        is_recovery_stopped=True,
    )


def decide_recovery_start(
    run: RunRecord, document: DagDocument, rules: RecoveryRules, *, now: datetime
) -> PlanRecovery | str:
    """Plan a failed run anew, from the first recovery on; the reason when that cannot be."""
    fresh = msgspec.structs.replace(run, recoveries=0, is_recovery_stopped=False)
    if why := refusal(fresh, document, rules):
        return why
    if run.state is not RunState.FAILED:
        return f"it is {run.state}"
    return PlanRecovery(
        run_pk=run.run_pk, expect_state=run.state, recoveries=0, recover_at=now, is_recovery_stopped=False
    )
