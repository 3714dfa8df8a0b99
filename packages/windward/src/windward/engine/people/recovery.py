"""Recovery of failed runs, as people steer it."""

from __future__ import annotations

from windward.core.recovery import RecoveryRules, RecoveryScope, decide_recovery_start, decide_recovery_stop
from windward.document import DagDocument
from windward.engine.people.desk import Desk
from windward.model.records import RunRecord
from windward.ports.store import Note
from windward.settings import SchedulerSettings


def rules_of(settings: SchedulerSettings) -> RecoveryRules:
    """Return the rules that the settings say."""
    return RecoveryRules(
        scope=RecoveryScope(settings.recover_failed_runs),
        recoveries_max=settings.recoveries_max,
        delay_s=settings.recovery_delay_s,
    )


def stop_recovery(desk: Desk, run: RunRecord) -> bool:
    """Leave a failed run as it is; whether that is new. The scheduler is not woken."""
    action = decide_recovery_stop(run)
    if action is None:
        return False
    return desk.store.runs.apply([[action]], notes=[Note(kind="run", subject=str(run.run_pk))]).all


def start_recovery(desk: Desk, run: RunRecord, newest: DagDocument, rules: RecoveryRules) -> str:
    """Let a failed run run again on its own, counted anew; return why not, or an empty text.

    The scheduler is not woken.
    """
    decided = decide_recovery_start(run, newest, rules, now=desk.clock.now())
    if isinstance(decided, str):
        return decided
    told = [Note(kind="run", subject=str(run.run_pk))]
    if not desk.store.runs.apply([[decided]], notes=told).all:
        return "somebody changed the run just now"
    return ""
