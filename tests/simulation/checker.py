"""What must always be so: safety, checked after every write and every start of user code.

Longer than 400 lines because each kind of write has its laws, and they share what was seen before.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from tests.simulation.assets import AssetBook
from tests.simulation.cross import CrossBook
from tests.simulation.dags import POOLS
from tests.simulation.dice import START
from tests.simulation.faults import FaultyStore
from tests.simulation.rules import may_start
from tests.simulation.windows import WindowBook
from windward.core.actions import Action, CreateRun, MoveBackfill, MoveCallback, MoveRun, MoveSlot, MoveTask
from windward.core.plan import DagPlan, compile_plan
from windward.core.transitions import RunEvent, TaskEvent, is_legal
from windward.core.waits import AnswerInput, AskDeadlines, MissDeadline, SetDeadlines
from windward.document import TaskDocument
from windward.model.ids import TaskKey
from windward.model.records import DEADLINE_KIND, DEADLINE_REFERENCE_KIND, RunRecord, TaskRecord
from windward.model.states import (
    FINISHED,
    IN_FLIGHT,
    RUN_FINISHED,
    BackfillState,
    RunState,
    Semantics,
    SlotState,
    TaskState,
)
from windward.protocol.work import AttemptRef, TaskContext

PARALLELISM = 6
RECOVERIES_MAX = 2
GOOD = frozenset({TaskState.SUCCESS, TaskState.SKIPPED})


_OUTCOMES = frozenset({TaskEvent.SUCCEED, TaskEvent.RETRY, TaskEvent.RESCHEDULE, TaskEvent.DEFER})
_WORDS = frozenset({TaskEvent.RESUME, TaskEvent.SUCCEED})
_BEGINNINGS = frozenset({TaskEvent.QUEUE, TaskEvent.DEFER_AT_START})
_REVOKED = frozenset(
    {
        TaskEvent.LOSE,
        TaskEvent.REQUEUE,
        TaskEvent.CLEAR,
        TaskEvent.MARK_SUCCESS,
        TaskEvent.MARK_FAILED,
        TaskEvent.MARK_SKIPPED,
    }
)


class Violation(AssertionError):
    """The world did something that must never happen."""


class Checker:
    """Keeps its own account of the world and compares."""

    def __init__(self, seed: int = 0) -> None:
        self.store: FaultyStore | None = None
        self._plans: dict[str, DagPlan] = {}
        self._fences: dict[TaskKey, int] = {}
        self._grants: set[tuple[TaskKey, int]] = set()
        self._tries: set[tuple[TaskKey, int, int]] = set()
        """User code that began: instance, try, and how often a sensor had been rescheduled within it."""
        self._alive: defaultdict[TaskKey, set[int]] = defaultdict(set)
        """Fences of the attempts of an instance whose user code runs at this moment."""
        self._over: set[tuple[TaskKey, int]] = set()
        """Attempts whose user code has ended."""
        self._given_up: set[tuple[TaskKey, int]] = set()
        """Attempts that were declared lost, or were revoked by a person: they may still run for a while."""
        self._goes_on: dict[TaskKey, bool] = {}
        """Whether the last attempt of an instance was made because its trigger fired."""
        self._fired: set[tuple[TaskKey, int]] = set()
        """Deferrals whose trigger has fired."""
        self._slots: set[tuple[str, object]] = set()
        self._dates: set[tuple[int, int]] = set()
        """Dates of backfills that were dealt with."""
        self.assets = AssetBook()
        self.cross = CrossBook(seed)
        self.windows = WindowBook(seed)
        self.starts = 0
        self.writes = 0
        self._answers: set[tuple[TaskKey, int, int]] = set()
        self._missed: set[tuple[int, int, datetime]] = set()
        self._told: dict[tuple[int, int | None], int] = {}
        """The newest clear of a run for which a reference has answered, by run and number of the deadline."""

    # -- user code ----------------------------------------------------------------------

    def began(self, ref: AttemptRef, context: TaskContext) -> None:
        """User code of an attempt begins: at most once, and never beside a restart."""
        key = TaskKey(ref.run_pk, ref.task_id, ref.map_index)
        self.starts += 1
        name = (key, context.try_number, ref.fence)
        _demand(
            (key, ref.fence) in self._grants, f"user code of {name} began, but that fence was never granted"
        )
        _demand(name not in self._tries, f"user code of {name} began twice")
        goes_on = context.resumption is not None
        _demand(goes_on == self._goes_on[key], f"{name} goes on after a trigger: {goes_on}")
        self._tries.add(name)
        beside = {fence for fence in self._alive[key] if (key, fence) not in self._given_up}
        _demand(not beside, f"{name} began beside the attempts {beside} of the same instance")
        self._alive[key].add(ref.fence)

    def ended(self, ref: AttemptRef) -> None:
        """User code of an attempt is over."""
        key = TaskKey(ref.run_pk, ref.task_id, ref.map_index)
        self._alive[key].discard(ref.fence)
        self._over.add((key, ref.fence))

    def fired(self, ref: AttemptRef) -> None:
        """Some copy of a trigger has fired."""
        self._fired.add((TaskKey(ref.run_pk, ref.task_id, ref.map_index), ref.fence))

    # -- writes -------------------------------------------------------------------------

    def written(self, actions: list[Action]) -> None:
        """Check what the applied actions did."""
        self.writes += 1
        self.cross.written(actions, store=self._store())
        self.windows.written(actions, lambda name: self._plan(name).document)
        self.assets.written(actions, store=self._store(), document_of=lambda name: self._plan(name).document)
        for action in actions:
            match action:
                case MoveTask():
                    self._moved(action)
                case CreateRun(run=run):
                    if run.logical_date is not None:
                        slot = (run.dag_id, run.logical_date)
                        _demand(slot not in self._slots, f"slot {slot} has two runs")
                        self._slots.add(slot)
                case MoveRun():
                    self._run_moved(action)
                    self._recovery_is_allowed(action)
                case MoveSlot():
                    self._slot_moved(action)
                case MoveBackfill():
                    self._backfill_moved(action)
                case AnswerInput(key=key, try_number=number):
                    place = (key, number, self._fences.get(key, 0))
                    _demand(place not in self._answers, f"{place} was answered twice")
                    self._answers.add(place)
                case MissDeadline():
                    self._deadline_missed(action)
                case AskDeadlines():
                    self._deadlines_asked(action)
                case MoveCallback(state="done"):
                    self._deadline_told(action, actions)
                case _:
                    pass
        queued = [
            action for action in actions if isinstance(action, MoveTask) and action.state is TaskState.QUEUED
        ]
        if queued:
            self._limits()

    def _deadlines_asked(self, action: AskDeadlines) -> None:
        open_ones = Counter(
            (callback.deadline_number, callback.try_number)
            for callback in self._store().tables.callbacks.values()
            if callback.run_pk == action.run_pk
            and callback.kind == DEADLINE_REFERENCE_KIND
            and callback.state != "failed"
        )
        _demand(max(open_ones.values(), default=0) <= 1, f"a reference of run {action.run_pk} is asked twice")

    def _deadline_told(self, action: MoveCallback, beside: list[Action]) -> None:
        tables = self._store().tables
        callback = tables.callbacks[action.callback_pk]
        if callback.kind != DEADLINE_REFERENCE_KIND:
            return
        place, asked_round = (callback.run_pk, callback.deadline_number), callback.try_number
        newest = self._told.get(place, 0)
        if asked_round < newest and not self._is_answered_beside(place, action, beside):
            taken = [one for other in beside if isinstance(other, SetDeadlines) for one in other.deadlines]
            is_taken = any((one.run_pk, one.number) == place for one in taken)
            _demand(not is_taken, f"an old answer about deadline {place} was taken")
        self._told[place] = max(newest, asked_round)
        run = tables.runs[callback.run_pk]
        if run.state not in RUN_FINISHED and self._still_counts(run, callback.deadline_number, asked_round):
            _demand(place in tables.deadlines, f"what was said of deadline {place} was forgotten")

    def _is_answered_beside(
        self, place: tuple[int, int | None], action: MoveCallback, beside: list[Action]
    ) -> bool:
        """Whether another answer about the deadline is written at the same time."""
        callbacks = self._store().tables.callbacks
        others = [
            callbacks[other.callback_pk]
            for other in beside
            if isinstance(other, MoveCallback) and other.callback_pk != action.callback_pk
        ]
        return any((other.run_pk, other.deadline_number) == place for other in others)

    def _still_counts(self, run: RunRecord, number: int | None, asked_round: int) -> bool:
        """Whether the run's document, which may be a newer one by now, wants what was asked for in that round."""
        deadlines = self._plan(run.document_hash).document.deadlines
        if number is None or number >= len(deadlines):
            return False
        is_asked_again = deadlines[number].is_asked_when_queued or deadlines[number].reference == "queued_at"
        return asked_round == run.clear_number or not is_asked_again

    def _deadline_missed(self, action: MissDeadline) -> None:
        place = (action.run_pk, action.number, action.due_at)
        _demand(place not in self._missed, f"deadline {place} was missed twice")
        self._missed.add(place)
        _demand(action.at >= action.due_at, f"deadline {place} was missed before it was due")
        calls = [
            callback
            for callback in self._store().tables.callbacks.values()
            if (callback.run_pk, callback.deadline_number, callback.kind) == (*place[:2], DEADLINE_KIND)
        ]
        _demand(bool(calls), f"nobody is told of deadline {place}")

    def _moved(self, action: MoveTask) -> None:
        key = action.key
        _demand(is_legal(action.event, action.expect_state), f"{action.event} from {action.expect_state}")
        record = self._record(key)
        before = self._fences.get(key, 0)
        _demand(record.fence >= before, f"the fence of {key} fell from {before} to {record.fence}")
        self._fences[key] = record.fence
        if action.event is TaskEvent.START:
            grant = (key, action.expect_fence)
            _demand(grant not in self._grants, f"the start of {grant} was granted twice")
            self._grants.add(grant)
        if action.event in _BEGINNINGS and action.expect_state is TaskState.NONE:
            self._rule_holds(key)
        if action.event is TaskEvent.QUEUE:
            self._goes_on[key] = action.expect_state is TaskState.SCHEDULED
        attempt = (key, action.expect_fence)
        if action.event in _WORDS and action.expect_state is TaskState.DEFERRED:
            is_late = "in time" in action.reason
            _demand(is_late or attempt in self._fired, f"{attempt} goes on by a trigger that has not fired")
        is_lost = isinstance(action.exit_fact, str) and '"kind":"lost"' in action.exit_fact
        if action.event in _OUTCOMES and action.expect_state is TaskState.RUNNING and not is_lost:
            _demand(
                attempt in self._over, f"{key} is {action.state} by an attempt that has not ended: {attempt}"
            )
        is_restarted = action.event is TaskEvent.RESTARTED and "worker" in action.reason
        if is_lost or is_restarted or action.event in _REVOKED:
            self._given_up.add(attempt)

    def _rule_holds(self, key: TaskKey) -> None:
        store = self._store()
        run = store.tables.runs[key.run_pk]
        plan = self._plan(run.document_hash)
        number = plan.number_of[key.task_id]
        records = self._by_task(key.run_pk)
        group = plan.tasks[number].mapped_group

        def states_of(up: TaskDocument) -> list[TaskState]:
            """The instances of an upstream that count: within a mapped group those of the same map index."""
            found = records.get(up.task_id, ())
            if group is not None and up.mapped_group == group:
                found = [record for record in found if record.map_index in (-1, key.map_index)]
            return [record.state for record in found]

        ups = [plan.tasks[up] for up in plan.upstream[number]]
        states = [state for up in ups for state in states_of(up)]
        setups = [state for up in ups if up.is_setup for state in states_of(up)]
        rule = plan.tasks[number].trigger_rule
        _demand(not states or may_start(rule, states, setups), f"{key} was queued against {rule}: {states}")
        _demand(run.state is RunState.RUNNING, f"{key} was queued in a run that is {run.state}")
        self._past_holds(key, plan, number)

    def _past_holds(self, key: TaskKey, plan: DagPlan, number: int) -> None:
        task = plan.tasks[number]
        run = self._store().tables.runs[key.run_pk]
        if not task.depends_on_past or run.logical_date is None:
            return
        earlier = [
            other
            for other in self._store().tables.runs.values()
            if other.dag_id == run.dag_id
            and other.logical_date is not None
            and other.logical_date < run.logical_date
        ]
        # Runs in between that were made later may or may not be seen: the answer is right as it was after any of them.
        made = sorted(other.run_pk for other in earlier)
        cuts = {run.run_pk, *(pk for pk in made if pk > run.run_pk)}
        verdicts = [
            self._past_is_good(key, task, [other for other in earlier if other.run_pk <= cut]) for cut in cuts
        ]
        _demand(any(verdicts), f"{key} was queued although its past is not good")

    def _past_is_good(self, key: TaskKey, task: TaskDocument, earlier: list[RunRecord]) -> bool:
        if not earlier:
            return True
        previous = max(earlier, key=lambda other: other.logical_date or START)
        tasks = self._store().tables.tasks[previous.run_pk]
        before = tasks.get((key.task_id, key.map_index), tasks.get((key.task_id, -1)))
        is_known = key.task_id in self._plan(previous.document_hash).number_of
        if before is None or not is_known:  # what a newer version has removed counts as never there
            return task.ignore_first_depends_on_past
        return before.state in GOOD

    def _runs_are_limited(self, dag_id: str) -> None:
        """No more runs than `max_active_runs` are running, apart from those of backfills, which have a limit of their own."""
        tables = self._store().tables
        runs = [run for run in tables.runs.values() if run.dag_id == dag_id and run.backfill_pk is None]
        running = sum(run.state is RunState.RUNNING for run in runs)
        # A version that was just replaced may still be what the scheduler knows.
        names = [name for name, one in tables.documents.items() if one.dag_id == dag_id]
        limit = max(self._plan(name).document.max_active_runs for name in names)
        _demand(running <= limit, f"{running} runs of {dag_id} are running, allowed are {limit}")

    def _run_moved(self, action: MoveRun) -> None:
        if action.state is RunState.RUNNING:
            self._runs_are_limited(action.dag_id)
        if action.state not in (RunState.SUCCESS, RunState.FAILED):
            return
        for record in self._store().tables.tasks[action.run_pk].values():
            _demand(
                record.state in FINISHED, f"run {action.run_pk} ended while {record.key} is {record.state}"
            )

    def _recovery_is_allowed(self, action: MoveRun) -> None:
        """A run is run again on its own a bounded number of times, and never against a person's word."""
        if action.event is not RunEvent.CLEAR or not isinstance(action.recoveries, int):
            return
        run = self._store().tables.runs[action.run_pk]
        _demand(action.recoveries <= RECOVERIES_MAX, f"run {run.run_pk} is recovered once too often")
        _demand(
            not action.recoveries or not run.is_recovery_stopped,
            f"run {run.run_pk} is recovered although a person said that it is failed",
        )

    def _slot_moved(self, action: MoveSlot) -> None:
        place = (action.backfill_pk, action.ordinal)
        _demand(place not in self._dates, f"date {place} of a backfill was dealt with twice")
        self._dates.add(place)
        tables = self._store().tables
        backfill = tables.backfills[action.backfill_pk]
        if action.state is SlotState.SKIPPED:
            return
        open_runs = [
            run
            for run in tables.runs.values()
            if run.backfill_pk == action.backfill_pk and run.state not in (RunState.SUCCESS, RunState.FAILED)
        ]
        _demand(
            len(open_runs) <= backfill.max_active_runs,
            f"{len(open_runs)} runs of backfill {action.backfill_pk}, allowed are {backfill.max_active_runs}",
        )

    def _backfill_moved(self, action: MoveBackfill) -> None:
        if action.state is not BackfillState.COMPLETED:
            return
        tables = self._store().tables
        waiting = [
            slot for slot in tables.slots[action.backfill_pk].values() if slot.state is SlotState.WAITING
        ]
        _demand(not waiting, f"backfill {action.backfill_pk} was completed with {len(waiting)} dates left")
        for slot in tables.slots[action.backfill_pk].values():
            if slot.run_pk is not None and slot.state is not SlotState.SKIPPED:
                run = tables.runs[slot.run_pk]
                _demand(
                    run.backfill_pk != action.backfill_pk or run.state in (RunState.SUCCESS, RunState.FAILED),
                    f"backfill {action.backfill_pk} was completed while its run {run.run_pk} is {run.state}",
                )

    def _limits(self) -> None:
        store = self._store()
        live = [
            (store.tables.runs[run_pk], record)
            for run_pk, records in store.tables.tasks.items()
            for record in records.values()
            if record.state in IN_FLIGHT
        ]
        _demand(len(live) <= PARALLELISM, f"{len(live)} in flight, parallelism is {PARALLELISM}")
        pools: defaultdict[str, int] = defaultdict(int)
        scopes: defaultdict[object, int] = defaultdict(int)
        sizes: dict[object, int] = {}
        for run, record in live:
            plan = self._plan(run.document_hash)
            number = plan.number_of.get(record.task_id)
            if number is None:
                continue
            task = plan.tasks[number]
            pools[task.pool] += task.pool_slots
            per_dag = plan.document.semantics is Semantics.AIRFLOW2
            scope = ("dag", run.dag_id) if per_dag else ("run", run.run_pk)
            counted: tuple[tuple[object, int | None], ...] = (
                (scope, plan.document.max_active_tasks),
                (("task", run.dag_id, task.task_id), task.max_active_tis_per_dag),
                (("task-in-run", run.run_pk, task.task_id), task.max_active_tis_per_dagrun),
            )
            for name, size in counted:
                if size is not None:
                    scopes[name] += 1
                    sizes[name] = max(size, sizes.get(name, 0))
        for pool, used in pools.items():
            _demand(used <= POOLS[pool], f"pool {pool} holds {used} of {POOLS[pool]}")
        for name, used in scopes.items():
            _demand(used <= sizes[name], f"{name} has {used} in flight, allowed are {sizes[name]}")

    # -- at the end ---------------------------------------------------------------------

    def history_folds_to_state(self) -> None:
        """The state of every instance is the fold of its trail."""
        from windward.store.history import fold

        store = self._store()
        for key, trail in store.tables.trails.items():
            record = store.tables.tasks.get(key.run_pk, {}).get((key.task_id, key.map_index))
            if record is not None and trail:
                _demand(fold(trail) == record.state, f"{key} is {record.state}, its trail says {fold(trail)}")

    def deferrals_are_of_tries(self) -> None:
        """A deferral is stored for the instances that have one, and for no others."""
        store = self._store()
        having = {
            record.key
            for records in store.tables.tasks.values()
            for record in records.values()
            if record.trigger_class is not None
        }
        _demand(having == set(store.tables.deferrals), f"{having} against {set(store.tables.deferrals)}")

    def _store(self) -> FaultyStore:
        assert self.store is not None, "the world gives its store"
        return self.store

    def _record(self, key: TaskKey) -> TaskRecord:
        return self._store().tables.tasks[key.run_pk][key.task_id, key.map_index]

    def _by_task(self, run_pk: int) -> dict[str, list[TaskRecord]]:
        found: dict[str, list[TaskRecord]] = {}
        for record in self._store().tables.tasks[run_pk].values():
            found.setdefault(record.task_id, []).append(record)
        return found

    def _plan(self, document_hash: str) -> DagPlan:
        plan = self._plans.get(document_hash)
        if plan is None:
            documents = self._store().catalog.load_documents([document_hash])
            plan = self._plans[document_hash] = compile_plan(documents[document_hash], document_hash)
        return plan


def _demand(claim: bool, message: str) -> None:
    if not claim:
        raise Violation(message)


def open_states(records: Iterable[TaskRecord]) -> list[str]:
    """Return what is unfinished, for messages."""
    return [f"{record.task_id}[{record.map_index}]={record.state}" for record in records]
