"""Runs that tasks trigger, and SLAs: what hosts ask for, and a book of what may come of it.

Safety: a wish for a run, asked by any number of attempts, is granted once; a link names a run that is there. A miss
of an SLA is written once, not before its time, and only for runs that have one.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

import msgspec

from windward.core.actions import Action, CreateRun, LinkRun
from windward.core.slas import MissSla
from windward.document import DagDocument
from windward.model.ids import TaskKey
from windward.model.states import RunType, Semantics, TriggeredBy
from windward.protocol.calls import TriggerRun
from windward.protocol.work import TaskContext

RUNS_MAX = 12
"""Most runs that the tasks of one world trigger: each may have tasks that trigger more."""


class CrossBook:
    """Dice of its own, so that worlds without these features stay as they were."""

    def __init__(self, seed: int) -> None:
        self._dice = Random(f"cross {seed}")
        self._wishes: dict[tuple[str, TaskKey, object, int], int] = {}
        self._missed: set[tuple[int, str]] = set()
        self.asked = 0

    def with_slas(self, document: DagDocument) -> DagDocument:
        """Give tasks of a DAG of Airflow 2 little time, and sometimes somebody who wants to hear of it."""
        if document.semantics is not Semantics.AIRFLOW2 or self._dice.random() < 0.5:
            return document
        tasks = tuple(
            msgspec.structs.replace(task, sla_s=self._dice.choice([None, 1.0, 60.0, 900.0]))
            for task in document.tasks
        )
        told = ("sla_miss",) if self._dice.random() < 0.7 else ()
        return msgspec.structs.replace(document, tasks=tasks, callbacks=(*document.callbacks, *told))

    def wishes(self, context: TaskContext, dag_ids: Iterable[str]) -> list[TriggerRun]:
        """Return what an attempt that begins asks for: the same for every attempt of its instance."""
        own = Random(f"{context.run.run_pk} {context.task_id} {context.map_index}")
        if own.random() > 0.05 or len(self._wishes) >= RUNS_MAX:
            return []
        count = own.choice([1, 1, 2])
        names = sorted(dag_ids)
        self.asked += count
        since = context.first_start_date or context.start_date
        return [
            TriggerRun(dag_id=own.choice(names), since=since, place=place, reset=own.random() < 0.3)
            for place in range(count)
        ]

    def written(self, actions: list[Action], *, store: Any) -> None:
        """Check what the applied actions did."""
        made = {action.run.run_pk: action.run for action in actions if isinstance(action, CreateRun)}
        for action in actions:
            match action:
                case LinkRun(run_pk=run_pk, parent=parent):
                    _demand(run_pk in store.tables.runs, f"run {run_pk} is linked and does not exist")
                    run = made.get(run_pk)
                    if run is None:
                        continue
                    _demand(run.triggered_by is TriggeredBy.OPERATOR, f"run {run_pk} has a parent")
                    key = TaskKey(parent.run_pk, parent.task_id, parent.map_index)
                    wish = (run.dag_id, key, parent.since, parent.place)
                    _demand(wish not in self._wishes, f"{wish} made {self._wishes.get(wish)} and {run_pk}")
                    self._wishes[wish] = run_pk
                case MissSla():
                    self._missed_sla(action, store)
                case _:
                    pass

    def _missed_sla(self, action: MissSla, store: Any) -> None:
        run = store.tables.runs[action.run_pk]
        _demand(run.run_type is RunType.SCHEDULED, f"a run of type {run.run_type} missed an SLA")
        for miss in action.misses:
            name = (miss.run_pk, miss.task_id)
            _demand(name not in self._missed, f"{name} missed its SLA twice")
            _demand(miss.due_at <= miss.missed_at, f"{name} is late before its time")
            self._missed.add(name)


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        from tests.simulation.checker import Violation  # it keeps this book

        raise Violation(otherwise)
