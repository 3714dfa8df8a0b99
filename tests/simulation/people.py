"""People (and the CLI): they trigger, clear, mark and pause at any moment, through the same store."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import msgspec

from tests.simulation.assets import NAMES, without_time
from tests.simulation.windows import is_own, own_slots
from windward.core.actions import Action, MoveRun, PauseDag
from windward.core.assets import reported_event
from windward.core.backfill import BackfillRequest, decide_backfill, decide_backfill_change
from windward.core.human_input import decide_answer
from windward.core.people import decide_clear, decide_mark, decide_mark_run
from windward.core.plan import compile_plan
from windward.core.runs import decide_manual_run
from windward.core.selection import failed_below
from windward.core.transitions import BackfillEvent
from windward.core.view import RunView
from windward.engine.work import Pass
from windward.errors import ConflictError, UnavailableError, UserError
from windward.model.records import BackfillRecord, RunRecord
from windward.model.states import BACKFILL_OPEN, IN_FLIGHT, RUN_FINISHED, Reprocess, RunState, TaskState
from windward.model.waits import Person
from windward.ports.store import Note

if TYPE_CHECKING:
    from tests.simulation.world import World

BACKFILL_DATES_MAX = 12
"""Worlds are small."""
MEDDLING = 0.5
"""How often somebody is first when a run is about to end, in worlds where this happens."""


class People:
    """Everyone who is not the scheduler."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._meddling = Random(f"meddling {world.seed}")

    def act(self) -> None:
        """Do something."""
        match self._world.dice.randint(0, 14):
            case 0 | 1 | 2:
                self._trigger()
            case 3:
                self._clear()
            case 4:
                self._mark()
            case 5:
                self._mark_run()
            case 6 | 7 | 8:
                self._backfill()
            case 9:
                self._change_backfill()
            case 10:
                self._report_event()
            case 11 | 12:
                self.answer()
            case _:
                self._pause()

    def _apply(self, actions: list[Action], note: Note) -> None:
        try:
            self._world.store.runs.apply([actions], notes=[note])
        except UnavailableError:
            return
        self._world.wake_all()

    def _trigger(self) -> None:
        world = self._world
        dag = world.dice.choice(world.store.catalog.load_dags())
        document = world.store.catalog.load_documents([dag.document_hash])[dag.document_hash]
        action = decide_manual_run(
            document, document_hash=dag.document_hash, run_pk=world.ids.next_pk(), now=world.clock.now()
        )
        self._apply([action], Note(kind="run", subject=str(action.run.run_pk)))

    def _some_view(self) -> RunView | None:
        world = self._world
        runs = [world.store.tables.runs[pk] for pk in sorted(world.store.tables.runs)]
        return self._view(world.dice.choice(runs)) if runs else None

    def _view(self, run: RunRecord) -> RunView | None:
        world = self._world
        documents = world.store.catalog.load_documents([run.document_hash])
        if run.document_hash not in documents:
            return None
        plan = compile_plan(documents[run.document_hash], run.document_hash)
        return RunView(run, plan, world.store.runs.load_tasks([run.run_pk]))

    def _report_event(self) -> None:
        name = self._world.dice.choice(NAMES)
        action = reported_event(
            event_pk=self._world.ids.next_pk(),
            name=name,
            uri=name,
            extra={},
            now=self._world.clock.now(),
            by="dice",
        )
        self._world.note(f"report {name}")
        self._apply([action], Note(kind="asset", subject=str(action.event.event_pk)))

    def answer(self) -> None:
        """Answer a question; of two who read it at once, the second is refused."""
        world = self._world
        asked = world.store.waits.list_inputs(open_only=True, limit=9)
        if not asked:
            return
        question = world.dice.choice(asked)
        key = question.key
        records = [task for task in world.store.runs.load_tasks([key.run_pk]) if task.key == key]
        for option in world.dice.choice([("a",), ("b",), ("a", "b")]):
            try:
                actions = decide_answer(
                    records[0],
                    question,
                    chosen=[option],
                    params_input={},
                    by=Person(id="dice", name="dice"),
                    now=world.clock.now(),
                )
            except (ConflictError, IndexError):
                return
            world.note(f"answer {key} {option}")
            self._apply(actions, Note(kind="run", subject=str(key.run_pk)))

    def _clear(self) -> None:
        view = self._some_view()
        if view is not None:
            self._clear_some(self._without_one(view), self._world.dice)

    def meddle(self, work: Pass) -> None:
        """Be first: clear some of a run whose end was decided, and is not written yet."""
        ending = {
            action.run_pk
            for group in (*work.groups.values(), *work.after.values())
            for action in group
            if isinstance(action, MoveRun) and action.state in RUN_FINISHED
        }
        if ending and self._meddling.random() < MEDDLING:
            run = self._world.store.tables.runs.get(self._meddling.choice(sorted(ending)))
            view = self._view(run) if run is not None else None
            if view is not None:
                self._clear_some(view, self._meddling)

    def _clear_some(self, view: RunView, dice: Random) -> None:
        keys = [record.key for record in view.all_instances() if dice.random() < 0.5]
        actions = decide_clear(view, keys, by="dice", now=self._world.clock.now())
        if actions:
            self._world.note(f"clear {keys}")
            self._apply(actions, Note(kind="run", subject=str(view.run.run_pk)))

    def _without_one(self, view: RunView) -> RunView:
        """Return a run of which somebody deleted an instance, if it is one of those that this happens to."""
        record = next(view.all_instances(), None)
        if record is None or view.run.run_pk % 3 or view.run.state not in RUN_FINISHED:
            return view
        store = self._world.store
        if not store.catalog.delete_task(record.key, states=RUN_FINISHED, except_in=IN_FLIGHT):
            return view
        self._world.note(f"delete {record.key}")
        [run] = store.runs.load_runs([view.run.run_pk])
        return RunView(run, view.plan, store.runs.load_tasks([run.run_pk]))

    def _mark(self) -> None:
        view = self._some_view()
        if view is None:
            return
        records = list(view.all_instances())
        is_resumed = view.run.run_pk % 2 == 0  # what failed below the instance has another try
        if not records or (view.run.state != "running" and not is_resumed):
            return
        record = self._world.dice.choice(records)
        state = self._world.dice.choice([TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED])
        resumes = failed_below(view, [record.task_id]) if is_resumed else ()
        actions = decide_mark(
            view, [record.key], state, by="dice", now=self._world.clock.now(), resumes=resumes
        )
        if actions:
            self._world.note(f"mark {record.key} {state}")
            self._apply(actions, Note(kind="run", subject=str(view.run.run_pk)))

    def _mark_run(self) -> None:
        view = self._some_view()
        if view is None:
            return
        state = self._world.dice.choice([RunState.SUCCESS, RunState.FAILED])
        actions = decide_mark_run(view, state, by="dice", now=self._world.clock.now())
        if actions:
            self._world.note(f"mark run {view.run.run_pk} {state}")
            self._apply(actions, Note(kind="run", subject=str(view.run.run_pk)))

    def _backfill(self) -> None:
        """Ask for some past dates, with whatever they hold already."""
        world = self._world
        dice, now = world.dice, world.clock.now()
        dag = dice.choice(world.store.catalog.load_dags())
        document = world.store.catalog.load_documents([dag.document_hash])[dag.document_hash]
        pk = len(world.store.tables.backfills) + 1
        length = timedelta(minutes=dice.choice([20, 90, 300, 3000]))
        request = BackfillRequest(
            now - length - timedelta(minutes=dice.choice([0, 30])),
            now - timedelta(minutes=dice.choice([0, 10])),
            run_backwards=dice.random() < 0.3,
            max_active_runs=dice.choice([1, 2, 5]),
            reprocess=dice.choice(list(Reprocess)),
            is_latest_version=dice.random() < 0.5,
            is_idle_class=dice.random() < 0.8,
        )
        try:
            slots = own_slots(request.from_date, request.to_date)
            action = decide_backfill(
                document, request, backfill_pk=pk, now=now, by="dice",
                slots=(lambda: [slot for slot in slots if slot.run_after <= now]) if is_own(document) else None,
            )  # fmt: skip
        except UserError:
            return
        if len(action.slots) > BACKFILL_DATES_MAX:
            return
        world.note(f"backfill {pk} of {dag.dag_id}: {len(action.slots)} dates")
        self._apply([action], Note(kind="backfill", subject=str(pk)))

    def _change_backfill(self) -> None:
        world = self._world
        backfills = [
            one for _, one in sorted(world.store.tables.backfills.items()) if one.state in BACKFILL_OPEN
        ]
        if not backfills:
            return
        event = world.dice.choice([BackfillEvent.PAUSE, *[BackfillEvent.UNPAUSE] * 3, BackfillEvent.CANCEL])
        self._move_backfill(world.dice.choice(backfills), event)

    def _move_backfill(self, backfill: BackfillRecord, event: BackfillEvent) -> None:
        action = decide_backfill_change(backfill, event, by="dice", now=self._world.clock.now())
        if action is not None:
            self._world.note(f"{event} backfill {backfill.backfill_pk}")
            self._apply([action], Note(kind="backfill", subject=str(backfill.backfill_pk)))

    def _pause(self) -> None:
        world = self._world
        dag = world.dice.choice(world.store.catalog.load_dags())
        action = PauseDag(dag_id=dag.dag_id, is_paused=not dag.is_paused, at=world.clock.now())
        world.note(f"pause {dag.dag_id} {action.is_paused}")
        self._apply([action], Note(kind="dag", subject=dag.dag_id))

    def unpause_everything(self) -> None:
        """Let every DAG go on."""
        for dag in self._world.store.catalog.load_dags():
            if dag.is_paused:
                action = PauseDag(dag_id=dag.dag_id, is_paused=False, at=self._world.clock.now())
                self._apply([action], Note(kind="dag", subject=dag.dag_id))

        for backfill in list(self._world.store.tables.backfills.values()):
            if backfill.state in BACKFILL_OPEN:
                self._move_backfill(backfill, BackfillEvent.UNPAUSE)

    def stop_schedules(self) -> None:
        """Make no new runs, so that the world can come to rest."""
        for document in list(self._world.documents.values()):
            changed = msgspec.structs.replace(document, schedule=without_time(document.schedule))
            self._world.put_dag(changed)
        self._world.wake_all()
