"""People (and the CLI): they trigger, clear, mark and pause at any moment, through the same store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from windward.core.actions import Action, PauseDag
from windward.core.people import decide_clear, decide_mark
from windward.core.plan import compile_plan
from windward.core.runs import decide_manual_run
from windward.core.view import RunView
from windward.errors import UnavailableError
from windward.model.states import TaskState
from windward.ports.store import Note
from windward.timetable import NullSchedule

if TYPE_CHECKING:
    from tests.simulation.world import World


class People:
    """Everyone who is not the scheduler."""

    def __init__(self, world: World) -> None:
        self._world = world

    def act(self) -> None:
        """Do something."""
        match self._world.dice.randint(0, 6):
            case 0 | 1 | 2:
                self._trigger()
            case 3:
                self._clear()
            case 4:
                self._mark()
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
        if not runs:
            return None
        run = world.dice.choice(runs)
        documents = world.store.catalog.load_documents([run.document_hash])
        if run.document_hash not in documents:
            return None
        plan = compile_plan(documents[run.document_hash], run.document_hash)
        return RunView(run, plan, world.store.runs.load_tasks([run.run_pk]))

    def _clear(self) -> None:
        view = self._some_view()
        if view is None:
            return
        keys = [record.key for record in view.all_instances() if self._world.dice.random() < 0.5]
        actions = decide_clear(view, keys, by="dice", now=self._world.clock.now())
        if actions:
            self._world.note(f"clear {keys}")
            self._apply(actions, Note(kind="run", subject=str(view.run.run_pk)))

    def _mark(self) -> None:
        view = self._some_view()
        if view is None:
            return
        records = list(view.all_instances())
        if not records or view.run.state != "running":
            return
        record = self._world.dice.choice(records)
        state = self._world.dice.choice([TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED])
        actions = decide_mark(view, [record.key], state, by="dice", now=self._world.clock.now())
        if actions:
            self._world.note(f"mark {record.key} {state}")
            self._apply(actions, Note(kind="run", subject=str(view.run.run_pk)))

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

    def stop_schedules(self) -> None:
        """Make no new runs, so that the world can come to rest."""
        for document in list(self._world.documents.values()):
            self._world.put_dag(msgspec.structs.replace(document, schedule=NullSchedule()))
        self._world.wake_all()
