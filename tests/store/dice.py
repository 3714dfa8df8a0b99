"""Random operations on stores, the same for the same seed, and a snapshot of everything that a store holds.

Operations are made from the state of the reference store, so that most of them apply; some are stale on
purpose. No operation looks at the store that it is applied to.
Longer than 400 lines because every kind of operation stands beside the others that it meets.
"""

import random
from collections.abc import Callable
from typing import Any

import msgspec

from tests.store.building import T0, at, document_of, put, run_of, xcom
from windward.core.actions import (
    Action,
    AddTasks,
    CreateBackfill,
    CreateRun,
    ExpectRun,
    LinkRun,
    MoveCallback,
    MoveSlot,
    MoveTask,
    PauseDag,
    PlanRecovery,
    SkipSlot,
    TouchRun,
    WriteNote,
    move,
    move_backfill,
    move_run,
)
from windward.core.transitions import BACKFILL_TRANSITIONS, RUN_TRANSITIONS, TASK_TRANSITIONS, TaskEvent
from windward.errors import WindwardError
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.records import BackfillRecord, BackfillSlot, HostRecord, PoolRecord, RunParent, TaskRecord
from windward.model.states import RunState, SlotState
from windward.ports.store import Guard, Note, ParsedFile, Store

DAGS = ("sales", "costs")
TASKS = ("load", "each", "sum")
KEYS = ("return_value", "k")
FILES = ("a.py", "b.py")
USUAL = frozenset({TaskEvent.QUEUE, TaskEvent.START, TaskEvent.RETRY, TaskEvent.SUCCEED, TaskEvent.CLEAR})
RUNS_MAX = 6

Operation = Callable[[Store], Any]


class Dice:
    """Makes operations from a seed and a reference store."""

    def __init__(self, seed: int, reference: Store) -> None:
        self.random = random.Random(seed)
        self.reference = reference
        self.clock = 0
        self.guard: Guard | None = None

    def operation(self) -> Operation:
        """Return the next operation."""
        self.clock += 1
        kinds = (
            [self._apply] * 12 + [self._catalog] * 3 + [self._secrets, self._xcoms, self._leases, self._signs]
        )
        return self.random.choice(kinds)()

    def _apply(self) -> Operation:
        groups, after = (
            [
                [self._action() for _ in range(self.random.choice((1, 1, 1, 2, 3)))]
                for _ in range(self.random.choice(counts))
            ]
            for counts in ((1, 1, 2, 5), (0, 0, 1, 2))
        )
        notes = [Note(kind="run", subject=str(self.clock))] if self.random.random() < 0.3 else []
        guard = self.guard if self.random.random() < 0.5 else None
        return lambda store: store.runs.apply(groups, after=after, guard=guard, notes=notes)

    def _action(self) -> Action:
        runs = self.reference.reads.list_runs(limit=99)
        kinds: list[Callable[[], Action]] = [self._create, self._pause, self._skip_slot, self._backfill]
        if runs:
            kinds += (
                [self._move_task] * 8
                + [self._move_run] * 3
                + [self._add_tasks, self._move_callback, self._revision, self._plan_recovery, self._note]
            )
        return self.random.choice(kinds)()

    def _create(self) -> CreateRun:
        pk = self.random.randint(1, RUNS_MAX)
        dag_id = self.random.choice(DAGS)
        dag = self.reference.catalog.load_dag(dag_id)
        expected = dag.last_run_after if dag and self.random.random() < 0.8 else at(3)
        dates = {"logical_date": at(self.random.randint(0, RUNS_MAX))} if self.random.random() < 0.6 else {}
        run = run_of(pk, dag_id=dag_id, run_after=at(self.clock), conf={"n": self.clock}, **dates)
        tasks = tuple(TaskRecord(run_pk=pk, task_id=task_id, max_tries=2) for task_id in TASKS)
        return CreateRun(
            run=run, tasks=tasks, at=at(self.clock),
            advance_schedule=self.random.random() < 0.5, expect_last_run_after=expected,
        )  # fmt: skip

    def _task(self) -> TaskRecord:
        run = self.random.choice(self.reference.reads.list_runs(limit=99))
        tasks = self.reference.runs.load_tasks([run.run_pk])
        return self.random.choice(tasks) if tasks else TaskRecord(run_pk=run.run_pk, task_id="gone")

    def _move_task(self) -> MoveTask:
        task = self._task()
        if self.random.random() < 0.15:
            task = msgspec.structs.replace(task, fence=task.fence + 1)
        legal = [event for event, (before, _) in TASK_TRANSITIONS.items() if task.state in before]
        usual = [event for event in legal if event in USUAL]
        event = self.random.choice(usual if usual and self.random.random() < 0.7 else legal)
        changes: dict[str, Any] = {}
        if event is TaskEvent.QUEUE:
            changes = {"try_number": task.try_number + 1, "queued_at": at(self.clock)}
        for name, value in (
            ("owner", "host-1"), ("end_date", at(self.clock)), ("end_date", None), ("exit_fact", '{"kind":"ok"}'),
            ("map_label", "Ä"), ("rendered", '{"sql":"1"}'), ("return_length", 3), ("due_at", at(99)),
            ("lost_count", 1), ("skip_by", "load"), ("start_date", at(self.clock)), ("max_tries", 4),
        ):  # fmt: skip
            if self.random.random() < 0.15:
                changes[name] = value
        if self.random.random() < 0.3:
            place = f"file:///o/{self.clock}/{self.random.random()}" if self.random.random() < 0.5 else None
            changes["xcoms"] = (put(self.random.choice(KEYS), str(self.clock), location=place),)
        return move(
            task, event, at=at(self.clock), reason=f"step {self.clock}", drop_xcoms=self.random.random() < 0.2,
            **changes,
        )  # fmt: skip

    def _move_run(self) -> Action:
        run = self.random.choice(self.reference.reads.list_runs(limit=99))
        event = self.random.choice(
            [event for event, (before, _) in RUN_TRANSITIONS.items() if run.state in before]
        )
        changes: dict[str, Any] = {"callback": "failure"} if self.random.random() < 0.3 else {}
        if self.random.random() < 0.5:
            changes["callback_task"] = TaskKey(run.run_pk, "load")
            changes["start_date"] = at(self.clock)
        return move_run(run, event, at=at(self.clock), reason="because", **changes)

    def _add_tasks(self) -> AddTasks:
        run = self.random.choice(self.reference.reads.list_runs(limit=99))
        indexes = range(self.random.randint(0, 1), self.random.randint(1, 3))
        tasks = tuple(TaskRecord(run_pk=run.run_pk, task_id="each", map_index=index) for index in indexes)
        key = TaskKey(run.run_pk, "each")
        found = [task for task in self.reference.runs.load_tasks([run.run_pk]) if task.key == key]
        if not found or self.random.random() < 0.2:
            return AddTasks(run_pk=run.run_pk, tasks=tasks, at=at(self.clock), reason="more")
        return AddTasks(
            run_pk=run.run_pk, tasks=tasks, at=at(self.clock), reason="expanded", replaces=key,
            replaces_state=found[0].state, replaces_fence=found[0].fence,
        )  # fmt: skip

    def _skip_slot(self) -> SkipSlot:
        dag_id = self.random.choice(DAGS)
        dag = self.reference.catalog.load_dag(dag_id)
        return SkipSlot(
            dag_id=dag_id, run_after=at(self.clock), interval_start=at(1), interval_end=at(2),
            expect_last_run_after=dag.last_run_after if dag else None,
        )  # fmt: skip

    def _backfill(self) -> Action:
        """Ask for one, move one, or deal with a date of one; some of it stale."""
        known = self.reference.backfills.list_backfills()
        chance = self.random.random()
        if not known or chance < 0.3:
            pk = len(known) + self.random.choice((0, 1, 1))
            slots = tuple(
                BackfillSlot(
                    backfill_pk=pk, ordinal=number, run_after=at(number), logical_date=at(number),
                    interval_start=at(number), interval_end=at(number),
                )
                for number in range(self.random.randint(1, 3))
            )  # fmt: skip
            record = BackfillRecord(
                backfill_pk=pk, dag_id=self.random.choice(DAGS), from_date=at(1), to_date=at(3),
                created_at=at(self.clock), conf={"n": self.clock}, created_by="ada",
            )  # fmt: skip
            return CreateBackfill(backfill=record, slots=slots)
        record = self.random.choice(known)
        legal = [event for event, (before, _) in BACKFILL_TRANSITIONS.items() if record.state in before]
        if legal and chance < 0.6:
            return move_backfill(record, self.random.choice(legal), at=at(self.clock), reason="because")
        state = self.random.choice((SlotState.MADE, SlotState.SKIPPED))
        return MoveSlot(
            backfill_pk=record.backfill_pk, ordinal=self.random.randint(0, 3), state=state, run_pk=self.clock,
            reason="x",
        )  # fmt: skip

    def _plan_recovery(self) -> PlanRecovery:
        run = self.random.choice(self.reference.reads.list_runs(limit=99))
        state = run.state if self.random.random() < 0.8 else RunState.QUEUED
        return PlanRecovery(
            run_pk=run.run_pk, expect_state=state, recoveries=self.clock,
            recover_at=self.random.choice((None, at(self.clock))), is_recovery_stopped=self.random.random() < 0.3,
        )  # fmt: skip

    def _note(self) -> WriteNote:
        task, text = self._task(), self.random.choice((None, f"note {self.clock}"))
        return WriteNote(run_pk=task.run_pk, key=task.key if self.random.random() < 0.7 else None, text=text)

    def _revision(self) -> ExpectRun | TouchRun | LinkRun:
        run = self.random.choice(self.reference.reads.list_runs(limit=99))
        if self.random.random() < 0.3:
            run_pk = self.random.randint(1, RUNS_MAX)
            parent = RunParent(
                run_pk=run.run_pk, dag_id=run.dag_id, run_id=run.run_id, task_id="load", map_index=-1,
                since=at(self.clock),
            )  # fmt: skip
            return LinkRun(run_pk=run_pk, parent=parent)
        if self.random.random() < 0.5:
            return TouchRun(run_pk=run.run_pk)
        return ExpectRun(run_pk=run.run_pk, revision=run.revision + (self.random.random() < 0.2))

    def _pause(self) -> PauseDag:
        is_paused = self.random.random() < 0.5
        return PauseDag(dag_id=self.random.choice(DAGS), is_paused=is_paused, at=at(self.clock), reason="ada")

    def _move_callback(self) -> MoveCallback:
        open_callbacks = self.reference.runs.load_open_callbacks(limit=99)
        if not open_callbacks:
            return MoveCallback(
                callback_pk=-1,
                expect_fence=0,
                expect_state="queued",
                fence=1,
                state="done",
                at=at(self.clock),
            )
        callback = self.random.choice(open_callbacks)
        return MoveCallback(
            callback_pk=callback.callback_pk, expect_fence=callback.fence, expect_state=callback.state,
            fence=callback.fence + 1, state=self.random.choice(("queued", "submitted", "started", "done")),
            at=at(self.clock), owner="host-1", tries=callback.tries + 1,
        )  # fmt: skip

    def _catalog(self) -> Operation:
        fileloc = self.random.choice(FILES)
        now = at(self.clock)
        chance = self.random.random()
        if chance < 0.1:
            return lambda store: store.catalog.delete_file(fileloc, now=now)
        if chance < 0.12:
            dag_id = self.random.choice(DAGS)
            return lambda store: store.catalog.delete_dag(dag_id)
        if chance < 0.5:
            files = [self._parsed(self.random.choice(FILES)) for _ in range(self.random.randint(0, 4))]
            return lambda store: store.catalog.put_files(files, paused_at_creation=True, now=now)
        parsed = self._parsed(fileloc)
        return lambda store: store.catalog.put_file(
            parsed.file, parsed.documents, paused_at_creation=True, now=now
        )

    def _parsed(self, fileloc: str) -> ParsedFile:
        ids = [dag_id for dag_id in DAGS if self.random.random() < 0.7]
        error = "SyntaxError" if self.random.random() < 0.2 else None
        tags = ("daily", f"v{self.random.randint(1, 3)}")
        documents = (
            [document_of(dag_id, fileloc=fileloc, tags=tags) for dag_id in ids] if error is None else []
        )
        file = FileRecord(
            fileloc=fileloc, content_hash=str(self.clock), dag_ids=tuple(ids), error=error, parsed_at=at(self.clock),
            imports=("lib.py",), warnings=("w",), duration_s=0.25,
        )  # fmt: skip
        return ParsedFile(file=file, documents=tuple(documents))

    def _secrets(self) -> Operation:
        name, text = self.random.choice(("a", "A", "b")), str(self.clock)
        return self.random.choice(
            [
                lambda store: store.secrets.set_variable(name, text, description=text),
                lambda store: store.secrets.delete_variable(name),
                lambda store: store.secrets.set_connection(name, {"host": text, "password": text, "port": 1}),
                lambda store: store.secrets.delete_connection(name),
                lambda store: store.secrets.set_pool(PoolRecord(name=name, slots=self.clock)),
                lambda store: store.secrets.delete_pool(name),
                lambda store: store.secrets.delete_pool("default_pool"),
            ]
        )

    def _xcoms(self) -> Operation:
        if not self.reference.reads.list_runs(limit=99):
            return lambda store: store.xcoms.delete_xcoms(TaskKey(1, "load"), None)
        task, name, text = self._task(), self.random.choice(KEYS), str(self.clock)
        fence, now = task.fence + (self.random.random() < 0.2), at(self.clock)
        dead = self.reference.xcoms.load_dead_objects(limit=1)
        kept = msgspec.structs.replace(xcom(text), backend="shelves.Shelf")
        return self.random.choice(
            [
                lambda store: store.xcoms.set_xcom(task.key, name, xcom(text), fence=fence, now=now),
                lambda store: store.xcoms.set_xcom(task.key, name, kept, fence=fence, now=now),
                lambda store: store.xcoms.delete_xcoms(task.key, None),
                lambda store: store.xcoms.delete_xcoms(task.key, name),
                lambda store: store.xcoms.forget_dead_objects(dead),
                lambda store: store.runs.delete_notes(up_to=self.clock // 2),
            ]
        )

    def _leases(self) -> Operation:
        holder, now, until = (
            self.random.choice("xy"),
            at(self.clock),
            at(self.clock + self.random.choice((1, 5))),
        )
        guard = self.guard

        def take(store: Store) -> Guard | None:
            taken = store.leases.take_lease("scheduler", holder, now=now, until=until)
            self.guard = taken or self.guard
            return taken

        if guard is not None and self.random.random() < 0.3:
            return lambda store: store.leases.release_lease(guard)
        return take

    def _signs(self) -> Operation:
        pid, now = self.random.randint(1, 2), at(self.clock)
        host = HostRecord(
            host_id=self.random.choice("hi"),
            hostname="h",
            pid=pid,
            queues=("default", "big"),
            capacity=4,
            lease_until=now,
        )
        return self.random.choice(
            [
                lambda store: store.hosts.beat_host(host),
                lambda store: store.hosts.delete_host("h"),
                lambda store: store.hosts.beat_component("scheduler", "s", hostname="h", pid=pid, now=now),
                lambda store: store.hosts.forget_component("scheduler", "s"),
                lambda store: store.hosts.put_metrics("scheduler", "s", bytes([pid]), now=now),
                lambda store: store.hosts.load_metrics(since=now),
            ]
        )


def answer(store: Store, operation: Operation) -> Any:
    """Return what an operation gives, or the error that it raises."""
    try:
        return operation(store)
    except WindwardError as error:
        return (type(error), str(error))


def snapshot(store: Store) -> dict[str, Any]:
    """Return everything that a store holds. Callbacks are numbered anew: their row ids may have gaps."""
    runs = store.reads.list_runs(limit=99)
    keys = [task.key for run in runs for task in store.reads.task_states(run.run_pk)]
    callbacks = store.runs.load_open_callbacks(limit=99)
    documents = {dag.document_hash for dag in store.catalog.load_dags(active_only=False)}
    documents |= {run.document_hash for run in runs}
    return {
        "runs": runs,
        "open": store.runs.load_open_runs(),
        "parents": [store.reads.run_parent(run.run_pk) for run in runs],
        "tasks": store.runs.load_tasks([run.run_pk for run in runs]),
        "trails": {key: store.runs.load_trail(key) for key in keys},
        "attempts": {key: store.reads.attempts(key) for key in keys},
        "rendered": {key: store.reads.rendered_fields(key) for key in keys},
        "run trails": {run.run_pk: store.reads.run_trail(run.run_pk) for run in runs},
        "xcoms": [_xcoms(store, run.dag_id, run.run_id) for run in runs],
        "dead": sorted(store.xcoms.load_dead_objects(limit=999)),
        "to purge": sorted(
            (dead.dag_id, dead.run_id, dead.task_id, dead.map_index, dead.key, dead.value.data or b"")
            for dead in store.xcoms.load_dead_xcoms(limit=999)
        ),
        "dead logs": sorted(store.xcoms.load_dead_objects(limit=999, of_logs=True)),
        "callbacks": [msgspec.structs.replace(callback, callback_pk=0) for callback in callbacks],
        "notes": store.runs.load_notes(after=0, limit=999),
        "dags": store.catalog.load_dags(active_only=False),
        "details": [store.reads.dag_details(dag_id) for dag_id in DAGS],
        "summaries": [store.reads.list_dags(active_only=active) for active in (True, False)],
        "tagged": store.reads.list_dags(tags=["v1", "v2"], limit=1),
        "documents": store.catalog.load_documents(documents),
        "files": [store.catalog.load_files(), store.reads.import_errors()],
        "hosts": store.hosts.load_hosts(),
        "components": store.hosts.load_components(),
        "variables": store.secrets.list_variables(),
        "connections": store.secrets.list_connections(),
        "pools": store.secrets.load_pools(),
        "backfills": [
            (one, store.backfills.list_slots(one.backfill_pk), store.backfills.count_slots(one.backfill_pk))
            for one in store.backfills.list_backfills()
        ],
        "open backfills": store.backfills.load_open_backfills(),
        "recoverable": store.runs.load_recoverable_runs(limit=99),
        "found": [store.runs.find_run(dag_id) for dag_id in DAGS],
        "previous": [store.runs.load_previous_run(dag_id, at(4), exclude_pk=2) for dag_id in DAGS],
        "since": store.reads.list_runs(
            dag_id="sales", run_after_from=T0, run_after_to=at(20), offset=1, limit=2
        ),
    }


def _xcoms(store: Store, dag_id: str, run_id: str) -> Any:
    page: dict[str, Any] = {"task_ids": TASKS, "offset": 0, "limit": 99}
    return [
        [
            store.xcoms.get_xcoms(dag_id, run_id, key, map_indexes=None, include_prior_dates=False, **page)
            for key in KEYS
        ],
        store.xcoms.get_xcoms(dag_id, run_id, "k", map_indexes=[-1, 1], include_prior_dates=True, **page),
        store.xcoms.get_xcom(dag_id, run_id, "k", task_id=None, map_index=None),
        store.xcoms.get_xcom(dag_id, run_id, "k", task_id=None, map_index=None, include_prior_dates=True),
        store.xcoms.get_xcom(dag_id, run_id, "k", task_id="each", map_index=None, include_prior_dates=True),
        store.xcoms.get_xcom(dag_id, run_id, "k", task_id="each", map_index=1),
    ]
