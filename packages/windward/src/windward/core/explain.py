"""Why a task instance is in its state: one sentence, and a small tree of what is behind it.

What lives here: reasons of task instances, told by the same functions that decide (the trigger rule, the past, the
limits), so that the reason shown is the reason that decided. What may not: reasons of runs and DAGs
(`explain_runs`), reading from a store, output.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from datetime import datetime, timedelta

import msgspec

from windward.core.admission import Limits, Usage, scopes
from windward.core.advance import is_in_window, verdict_of, verdict_of_sources
from windward.core.past import ask_past
from windward.core.trigger_rules import Verdict
from windward.core.view import UNSTARTED, RunView
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import FAILURES, FINISHED, IN_FLIGHT, RUN_FINISHED, RunState, TaskState
from windward.timetable.zones import zone_named

DEPTH_MAX = 6
"""Tasks in a row that a tree follows towards the cause."""
BREADTH_MAX = 5
"""Tasks side by side that a tree shows; the others are counted."""


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One sentence, and what is behind it."""

    sentence: str
    parts: tuple[Reason, ...] = ()


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What decides about a task beside its own run."""

    is_paused: bool = False
    """Whether its DAG is."""
    has_scheduler: bool = True
    """Whether a scheduler gave a sign of life lately."""
    capacity: int | None = None
    """Attempts that the worker hosts can take in all; None when nobody knows."""
    usage: Usage = msgspec.field(default_factory=Usage)
    limits: Limits = msgspec.field(default_factory=lambda: Limits(parallelism=32, pools={}))
    previous: RunRecord | None = None
    """The DAG's run before, which tasks with a past wait for."""


def explain_task(view: RunView, record: TaskRecord, around: Surroundings, *, now: datetime) -> Reason:
    """Return why an instance is in its state, and what it waits for if it waits."""
    if view.number(record.key) is None:
        return Reason(
            f"{_name(record)} is {record.state}: the run's version of the DAG does not have the task"
        )
    if record.state in UNSTARTED:
        return _unstarted(view, record, around)
    if record.state in FINISHED:
        return _finished(view, record, 0)
    return _underway(view, record, around, now=now)


def _name(record: TaskRecord) -> str:
    """Return how people call an instance."""
    return f"`{record.task_id}`" if record.map_index < 0 else f"`{record.task_id}[{record.map_index}]`"


# -- what has begun ----------------------------------------------------------------------


def _underway(view: RunView, record: TaskRecord, around: Surroundings, *, now: datetime) -> Reason:
    name = _name(record)
    tries = f"try {record.try_number} of {record.max_tries + 1}"
    behind = (Reason(record.reason),) if record.reason else ()
    match record.state:
        case TaskState.RUNNING:
            host = f" on host `{record.owner}`" if record.owner else ""
            return Reason(f"{name} runs{_since(record.start_date, now)}{host}, {tries}")
        case TaskState.RESTARTING:
            return Reason(f"{name} was cleared while it ran: it waits until its old attempt has ended")
        case TaskState.QUEUED:
            said = f"{name} has its slot{_since(record.queued_at, now)}, and waits for a worker to start it"
            return Reason(said, _about_workers(around))
        case TaskState.UP_FOR_RETRY:
            return _waiting(view, record, f"{name} tries again{_ahead(view, record.due_at, now)}, after {tries}",
                            behind, around, now=now)  # fmt: skip
        case TaskState.UP_FOR_RESCHEDULE:
            return _waiting(view, record, f"{name} is a sensor that looks again{_ahead(view, record.due_at, now)}",
                            behind, around, now=now)  # fmt: skip
        case TaskState.DEFERRED:
            trigger = f" `{record.trigger_class.rpartition('.')[2]}`" if record.trigger_class else ""
            until = f", at most until {_moment(view, record.due_at)}" if record.due_at is not None else ""
            return Reason(
                f"{name} is deferred: it holds no slot and waits for its trigger{trigger}{until}", behind
            )
        case TaskState.AWAITING_INPUT:
            until = f", at most until {_moment(view, record.due_at)}" if record.due_at is not None else ""
            return Reason(f"{name} waits for the answer of a person{until}", behind)
        case _:
            return Reason(f"{name} is {record.state}", behind)


def _waiting(
    view: RunView,
    record: TaskRecord,
    sentence: str,
    behind: tuple[Reason, ...],
    around: Surroundings,
    *,
    now: datetime,
) -> Reason:
    """Return the reason of an instance that becomes ready by itself; once it is, only a slot is missing."""
    if record.due_at is not None and record.due_at > now:
        return Reason(sentence, behind)
    return _without_slot(view, record, around)


def _about_workers(around: Surroundings) -> tuple[Reason, ...]:
    if not around.has_scheduler:
        return (Reason("no scheduler has given a sign of life lately: nothing is handed to workers"),)
    if around.capacity == 0:
        return (Reason("no worker host is connected: start one, or `windward standalone`"),)
    return ()


# -- what has not begun ------------------------------------------------------------------


def _unstarted(view: RunView, record: TaskRecord, around: Surroundings) -> Reason:
    name = _name(record)
    if view.run.state is RunState.QUEUED:
        return Reason(
            f"{name} waits for its run to start", (Reason(f"the run is queued: {view.run.reason}"),)
        )
    if view.run.state is not RunState.RUNNING:
        return Reason(f"{name} never began: the run is {view.run.state}", (Reason(view.run.reason),))
    if not around.has_scheduler:
        return Reason(f"{name} waits for a scheduler: none has given a sign of life lately")
    number = view.plan.number_of[record.task_id]
    if not is_in_window(view.plan.tasks[number], view.run):
        return Reason(f"{name} is left out: its own start_date and end_date leave this date out")
    verdict, why = verdict_of(view, number, record.map_index)
    if verdict is Verdict.WAIT:
        return Reason(f"{name} waits for tasks before it, by its rule {why}", _unfinished(view, record, 0))
    past = ask_past(view, number, [record])
    if past.waits and verdict is Verdict.RUN:
        return Reason(f"{name} waits for the previous run: {past.reason}", _previous_run(view, around))
    if verdict is not Verdict.RUN:
        return Reason(f"{name} is about to be {verdict}, by its rule {why}", _guilty(view, record, 0))
    if view.plan.expansions[number] is not None and record.map_index < 0:
        over, why = verdict_of_sources(view, number)
        if over is Verdict.WAIT:
            return Reason(f"{name} waits to be expanded: {why}")
    return _without_slot(view, record, around)


def _previous_run(view: RunView, around: Surroundings) -> tuple[Reason, ...]:
    """Return which run the one before is, and whether waiting for it may help by itself."""
    run = around.previous
    if run is None:
        return ()
    behind = []
    if run.recover_at is not None:
        behind.append(f"its failed tasks run again on their own, not before {_moment(view, run.recover_at)}")
    elif run.state in RUN_FINISHED:
        behind.append(
            f"it has ended: `windward tasks clear {run.dag_id} --run-id {run.run_id} --only-failed --downstream`"
            " runs what failed again"
        )
    return (Reason(f"that is run `{run.run_id}`, which is {run.state}", tuple(map(Reason, behind))),)


def _without_slot(view: RunView, record: TaskRecord, around: Surroundings) -> Reason:
    name = _name(record)
    missing = missing_slots(view, record, around)
    if missing:
        others = tuple(Reason(blocker.reason) for blocker in missing[1:])
        return Reason(f"{name} is ready, and waits for {missing[0].reason}", others)
    if view.run.is_idle_class:
        return Reason(
            f"{name} is ready, and waits until no scheduled or manual task waits for a slot",
            (Reason("its run is a backfill or a recovery, which takes only what is left over"),),
        )
    return Reason(f"{name} is ready: it gets its slot in the scheduler's next pass")


class Blocker(msgspec.Struct, frozen=True, gc=False):
    """One thing that keeps an instance from its slot: its name in Airflow where it has one there, and a reason."""

    name: str
    reason: str


def missing_slots(view: RunView, record: TaskRecord, around: Surroundings) -> tuple[Blocker, ...]:
    """Return each limit that leaves no room for an instance that is ready, the plainest first."""
    plan = view.plan
    number = plan.number_of[record.task_id]
    task = plan.tasks[number]
    usage, limits = around.usage, around.limits
    found = []
    if around.is_paused:
        found.append(Blocker("Dag Not Paused", f"DAG `{view.run.dag_id}` to be unpaused"))
    size = limits.pools.get(task.pool)
    used = usage.pools.get(task.pool, 0)
    lack = ""
    if size is None:
        lack = f"pool `{task.pool}`, which does not exist: make it by `windward pools set`"
    elif size >= 0 and task.pool_slots > size:
        lack = f"{task.pool_slots} slots of pool `{task.pool}`, which has only {size} in all"
    elif size >= 0 and used + task.pool_slots > size:
        lack = f"a slot in pool `{task.pool}`: {used} of {size} are taken"
    if lack:
        found.append(Blocker("Pool Slots Available", lack))
    for scope, scope_size in scopes(plan, view.run.run_pk, number):
        taken = usage.scopes.get(scope, 0)
        if taken >= scope_size:
            reason = f"{_limit_name(scope)}: {taken} of {scope_size} are in flight"
            found.append(Blocker("Task Concurrency", reason))
    if usage.total >= limits.parallelism:
        reason = f"`parallelism`: {usage.total} of {limits.parallelism} are in flight"
        found.append(Blocker("Parallelism", reason))
    elif around.capacity is not None and usage.total >= around.capacity:
        reason = f"a worker host with room: {usage.total} attempts for {around.capacity} places"
        if around.capacity == 0:
            reason = "a worker host: none is connected that takes anything new"
        found.append(Blocker("Worker Hosts", reason))
    return tuple(found)


def _limit_name(scope: Hashable) -> str:
    match scope:
        case ("dag", _):
            return "`max_active_tasks` of the DAG"
        case ("run", _):
            return "`max_active_tasks` of the run"
        case ("task", *_):
            return "`max_active_tis_per_dag`"
        case _:
            return "`max_active_tis_per_dagrun`"


# -- the way to the cause ----------------------------------------------------------------


def _finished(view: RunView, record: TaskRecord, depth: int) -> Reason:
    """Return why an instance ended as it did; a skip or failure that it inherited is followed to its cause."""
    name = _name(record)
    said = f": {record.reason}" if record.reason else ""
    at = f" at {_moment(view, record.end_date)}" if record.end_date is not None else ""
    if record.state in {TaskState.UPSTREAM_FAILED, TaskState.SKIPPED}:
        by = f" by branch `{record.skip_by}`" if record.skip_by else ""
        return Reason(f"{name} is {record.state}{by}{said}", () if by else _guilty(view, record, depth))
    tries = f" after {record.try_number} tries" if record.try_number > 1 else ""
    return Reason(f"{name} is {record.state}{at}{tries}{said}")


def _guilty(view: RunView, record: TaskRecord, depth: int) -> tuple[Reason, ...]:
    """Return the upstream instances whose end decided an instance's."""
    wanted = FAILURES if record.state is TaskState.UPSTREAM_FAILED else {TaskState.SKIPPED, *FAILURES}
    return _among(view, record, wanted, depth)


def _unfinished(view: RunView, record: TaskRecord, depth: int) -> tuple[Reason, ...]:
    """Return the upstream instances that an instance waits for."""
    return _among(view, record, frozenset(TaskState) - FINISHED, depth)


def _among(
    view: RunView, record: TaskRecord, wanted: Collection[TaskState], depth: int
) -> tuple[Reason, ...]:
    if depth >= DEPTH_MAX:
        return (Reason("… and so on, further up"),)
    plan = view.plan
    number = plan.number_of[record.task_id]
    inner = set(plan.inner_upstream[number])
    found = []
    for upstream in dict.fromkeys(
        (*plan.upstream[number], *plan.far_setups[number], *plan.lengths_from[number])
    ):
        for other in view.instances(upstream):
            is_other_index = upstream in inner and other.map_index not in {record.map_index, -1}
            if other.state in wanted and not is_other_index:
                found.append(other)
    found.sort(key=lambda other: (other.state not in IN_FLIGHT, other.task_id, other.map_index))
    parts = [_part(view, other, depth + 1) for other in found[:BREADTH_MAX]]
    if len(found) > BREADTH_MAX:
        parts.append(Reason(f"… and {len(found) - BREADTH_MAX} more"))
    return tuple(parts)


def _part(view: RunView, record: TaskRecord, depth: int) -> Reason:
    if record.state in FINISHED:
        return _finished(view, record, depth)
    if record.state in UNSTARTED:
        return Reason(f"{_name(record)} has not begun", _unfinished(view, record, depth))
    due = f", due {_moment(view, record.due_at)}" if record.due_at is not None else ""
    reason = f": {record.reason}" if record.reason else ""
    return Reason(f"{_name(record)} is {record.state}{due}{reason}")


# -- words -------------------------------------------------------------------------------


def in_words(span: timedelta) -> str:
    """Return a span of time as people say it: two units at most."""
    seconds = max(0, round(span.total_seconds()))
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def in_zones(moment: datetime, zone: str) -> str:
    """Return a time in UTC and, where that differs, in the DAG's zone too; each with its zone."""
    text = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    local = moment.astimezone(zone_named(zone))
    if zone.upper() == "UTC" or not local.utcoffset():
        return text
    return f"{text} ({local:%Y-%m-%d %H:%M:%S} {zone})"


def _moment(view: RunView, moment: datetime | None) -> str:
    return "?" if moment is None else in_zones(moment, view.plan.document.timezone)


def _since(moment: datetime | None, now: datetime) -> str:
    return "" if moment is None else f" for {in_words(now - moment)}"


def _ahead(view: RunView, moment: datetime | None, now: datetime) -> str:
    return "" if moment is None else f" in {in_words(moment - now)}, at {_moment(view, moment)}"
