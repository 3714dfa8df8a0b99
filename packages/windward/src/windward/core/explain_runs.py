"""Why a run exists and is in its state, and when a DAG runs next: one sentence, and a small tree behind it.

What lives here: reasons of runs and DAGs. What may not: reasons of task instances (`explain`), reading, output.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import msgspec

from windward.core.explain import BREADTH_MAX, Reason, Surroundings, explain_task, in_words, in_zones
from windward.core.recovery import RecoveryRules, refusal
from windward.core.view import RunView
from windward.document import DagDocument
from windward.model.records import BackfillRecord, DagRecord, RunParent, RunRecord
from windward.model.states import (
    FAILURES,
    FINISHED,
    BackfillState,
    RunState,
    RunType,
    TaskState,
    TriggeredBy,
)
from windward.timetable import can_be_scheduled, describe_schedule

_WAYS: dict[str, str] = {
    TriggeredBy.CLI: "the command line",
    TriggeredBy.UI: "the web interface",
    TriggeredBy.REST_API: "the API",
    TriggeredBy.TEST: "a test",
    TriggeredBy.TIMETABLE: "its timetable",
    TriggeredBy.ASSET: "an asset",
    TriggeredBy.BACKFILL: "a backfill",
    TriggeredBy.OPERATOR: "an operator",
}


class RunSurroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What decides about a run beside its own tasks."""

    dag: DagRecord
    newest: DagDocument
    """The DAG as it is now: its limits count."""
    running: int = 0
    """Running runs of the DAG (of the backfill, when the run belongs to one)."""
    backfill: BackfillRecord | None = None
    parent: RunParent | None = None
    """The task instance that triggered the run."""
    assets: tuple[str, ...] = ()
    """Assets whose events the run was made for."""
    recovery: RecoveryRules = msgspec.field(default_factory=RecoveryRules)
    tasks: Surroundings = msgspec.field(default_factory=Surroundings)


def explain_run(view: RunView, around: RunSurroundings, *, now: datetime) -> Reason:
    """Return why a run exists, and why it is in its state."""
    run = view.run
    return Reason(
        f"run `{run.run_id}` of DAG `{run.dag_id}` is {run.state}",
        (_origin(run, view.plan.document, around), *_state(view, around, now=now)),
    )


def _origin(run: RunRecord, document: DagDocument, around: RunSurroundings) -> Reason:
    """Return why a run exists."""
    zone = document.timezone
    parts = []
    if run.data_interval_start is not None and run.data_interval_end is not None:
        if run.data_interval_start == run.data_interval_end:
            parts.append(Reason(f"it stands for the moment {in_zones(run.data_interval_start, zone)}"))
        else:
            start, end = in_zones(run.data_interval_start, zone), in_zones(run.data_interval_end, zone)
            parts.append(Reason(f"its data interval is from {start} to {end}"))
    match run.run_type:
        case RunType.SCHEDULED:
            why = f"the schedule made it: {describe_schedule(document.schedule)}"
            parts.append(Reason(f"it was due at {in_zones(run.run_after, zone)}"))
        case RunType.ASSET_TRIGGERED:
            why = "assets that the DAG waits for were written"
            parts.extend(Reason(f"`{name}` was written") for name in around.assets[:BREADTH_MAX])
        case RunType.BACKFILL:
            number = f" {run.backfill_pk}" if run.backfill_pk is not None else ""
            why = f"backfill{number} made it"
        case _ if around.parent is not None:
            parent = around.parent
            index = f"[{parent.map_index}]" if parent.map_index >= 0 else ""
            why = f"task `{parent.task_id}{index}` of DAG `{parent.dag_id}` triggered it"
            parts.append(Reason(f"that was in its run `{parent.run_id}`"))
        case _:
            way = _WAYS.get(str(run.triggered_by), run.triggered_by)
            why = f"somebody triggered it by {way}"
            if run.triggering_user:
                why = f"`{run.triggering_user}` triggered it by {way}"
    if run.clear_number:
        times = "once" if run.clear_number == 1 else f"{run.clear_number} times"
        parts.append(Reason(f"tasks of it were cleared {times}"))
    if run.note:
        parts.append(Reason(f"somebody noted: {run.note}"))
    if run.recoveries:
        times = "once" if run.recoveries == 1 else f"{run.recoveries} times"
        parts.append(Reason(f"it was run again on its own {times}, because it had failed"))
    if run.is_idle_class:
        parts.append(Reason("it is of the idle class: it takes only what scheduled and manual work leaves"))
    return Reason(f"it exists because {why}", tuple(parts))


def _state(view: RunView, around: RunSurroundings, *, now: datetime) -> tuple[Reason, ...]:
    run = view.run
    match run.state:
        case RunState.QUEUED:
            return (Reason("it waits to start", _why_queued(run, around, now=now)),)
        case RunState.RUNNING:
            return (_progress(view, around.tasks, now=now),)
        case RunState.FAILED:
            failed = [record for record in view.all_instances() if record.state in FAILURES]
            failed.sort(
                key=lambda record: (record.state is not TaskState.FAILED, record.task_id, record.map_index)
            )
            causes = tuple(
                explain_task(view, record, around.tasks, now=now) for record in failed[:BREADTH_MAX]
            )
            more = (Reason(f"… and {len(failed) - BREADTH_MAX} more"),) if len(failed) > BREADTH_MAX else ()
            return (Reason(_said("it failed", run.reason), (*causes, *more)), _recovery(run, around, now=now))
        case RunState.SUCCESS:
            return (Reason(_said("it succeeded", run.reason)),)


def _said(what: str, reason: str) -> str:
    return f"{what}: {reason}" if reason else what


def _why_queued(run: RunRecord, around: RunSurroundings, *, now: datetime) -> tuple[Reason, ...]:
    found = []
    if not around.tasks.has_scheduler:
        found.append("no scheduler has given a sign of life lately")
    if around.dag.is_paused:
        found.append(f"DAG `{run.dag_id}` is paused: `windward dags unpause {run.dag_id}` lets it start")
    if run.run_after > now:
        zone = around.newest.timezone
        found.append(
            f"it starts in {in_words(run.run_after - now)} at the earliest: {in_zones(run.run_after, zone)}"
        )
    backfill = around.backfill
    if backfill is not None and backfill.state is BackfillState.PAUSED:
        found.append(f"backfill {backfill.backfill_pk} is paused")
    limit = around.newest.max_active_runs if backfill is None else backfill.max_active_runs
    if around.running >= limit:
        whose = "the DAG" if backfill is None else f"backfill {backfill.backfill_pk}"
        found.append(f"`max_active_runs` of {whose}: {around.running} of {limit} runs are running")
    return tuple(map(Reason, found or ["nothing is in its way: the scheduler's next pass starts it"]))


def _progress(view: RunView, around: Surroundings, *, now: datetime) -> Reason:
    """Return how far a running run is, and what its first unfinished instances do or wait for."""
    states = Counter(str(record.state) for record in view.all_instances())
    counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    since = f" for {in_words(now - view.run.start_date)}" if view.run.start_date is not None else ""
    waiting = [record for record in view.all_instances() if record.state not in FINISHED]
    # Those that wait for nothing but themselves come first: whatever waits for them follows from them.
    waiting.sort(key=lambda record: (record.state is TaskState.NONE, view.plan.number_of[record.task_id]))
    parts = tuple(explain_task(view, record, around, now=now) for record in waiting[:BREADTH_MAX])
    return Reason(f"it has been running{since}: {counts}", parts)


def _recovery(run: RunRecord, around: RunSurroundings, *, now: datetime) -> Reason:
    if run.recover_at is not None:
        when = (
            f"in {in_words(run.recover_at - now)}"
            if run.recover_at > now
            else "as soon as nothing else waits"
        )
        return Reason(f"its failed tasks run again on their own {when}")
    why = refusal(run, around.newest, around.recovery)
    return Reason(f"it is not run again on its own: {why or 'nothing was planned when it failed'}")


class DagSurroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a DAG's next run depends on beside its document."""

    dag: DagRecord
    next_run: datetime | None = None
    """When its schedule's next run is due, or None when it wants none."""
    paused_reason: str | None = None
    running: int = 0
    queued: int = 0
    missing_assets: tuple[str, ...] = ()
    """Assets of its schedule that were not written since its last run."""
    latest: RunRecord | None = None
    has_import_errors: bool = False
    has_scheduler: bool = True


def explain_dag(document: DagDocument, around: DagSurroundings, *, now: datetime) -> Reason:
    """Return when a DAG runs next and why, what is in its way, and which meaning it has."""
    parts = [
        Reason(f"its schedule: {describe_schedule(document.schedule)}", _schedule_notes(document)),
        *_obstacles(document, around),
        Reason(
            f"it has the meaning of `{document.semantics}`",
            (Reason(document.semantics_reason),) if document.semantics_reason else (),
        ),
    ]
    if around.latest is not None:
        run = around.latest
        parts.append(
            Reason(
                f"its latest run `{run.run_id}` is {run.state}", (Reason(run.reason),) if run.reason else ()
            )
        )
    return Reason(_next_sentence(document, around, now=now), tuple(parts))


def _next_sentence(document: DagDocument, around: DagSurroundings, *, now: datetime) -> str:
    name = f"DAG `{document.dag_id}`"
    if not around.dag.is_active:
        return f"{name} runs no more: its file does not hold it any more"
    if around.next_run is None and around.missing_assets:
        if around.dag.is_paused:
            return f"{name} is paused; it would run when the assets that it waits for were written"
        return f"{name} runs when the assets that it waits for were written"
    if around.next_run is None:
        if document.end_date is not None and document.end_date < now:
            return f"{name} has no next run: its end date {in_zones(document.end_date, document.timezone)} is over"
        return f"{name} runs only when somebody triggers it"
    when = in_zones(around.next_run, document.timezone)
    if around.dag.is_paused:
        return f"{name} is paused; it would run next at {when}"
    if around.next_run <= now:
        return f"{name} is due to run now: its time was {when}"
    ahead = in_words(around.next_run - now)
    if around.missing_assets:
        return f"{name} runs next in {ahead}, at {when}, or when the assets that it waits for were written"
    return f"{name} runs next in {ahead}, at {when}"


def _schedule_notes(document: DagDocument) -> tuple[Reason, ...]:
    notes = []
    if document.start_date is not None:
        notes.append(f"it begins at {in_zones(document.start_date, document.timezone)}")
    if document.end_date is not None:
        notes.append(f"it ends at {in_zones(document.end_date, document.timezone)}")
    if not can_be_scheduled(document.schedule):
        return tuple(map(Reason, notes))
    made = "is made, oldest first" if document.catchup else "is left out, but for the latest"
    notes.append(f"with `catchup={document.catchup}` each missed interval {made}")
    return tuple(map(Reason, notes))


def _obstacles(document: DagDocument, around: DagSurroundings) -> list[Reason]:
    found = []
    if not around.has_scheduler:
        found.append(Reason("no scheduler has given a sign of life lately: nothing starts"))
    if around.dag.is_paused:
        why = (Reason(around.paused_reason),) if around.paused_reason else ()
        found.append(Reason(f"it is paused: `windward dags unpause {document.dag_id}` lets it run", why))
    if around.has_import_errors:
        found.append(Reason("its file could not be read lately: what is shown is the version before"))
    if around.running >= document.max_active_runs:
        limit = document.max_active_runs
        found.append(
            Reason(f"{around.running} of `max_active_runs` {limit} are running: new runs wait in line")
        )
    if around.queued:
        waiting = "1 run of it waits" if around.queued == 1 else f"{around.queued} runs of it wait"
        found.append(Reason(f"{waiting} to start"))
    found.extend(Reason(f"`{name}` was not written since its last run") for name in around.missing_assets)
    return found
