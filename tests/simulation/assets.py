"""Assets in a world: random conditions, random writes, and a book of who waits for what, kept apart from the store's.

Safety: what a task reported becomes events once, with its success; each event is taken at most once for each DAG
that it waits for, and none is lost. Liveness: nobody waits whose condition holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from windward.core.actions import (
    Action,
    AddAssetEvent,
    CreateRun,
    ForgetAssetEvents,
    MoveTask,
    RouteAssetEvent,
)
from windward.core.transitions import TaskEvent
from windward.document import DagDocument
from windward.model.ids import TaskKey
from windward.model.records import AssetEventRecord
from windward.model.states import RunType
from windward.protocol.outcomes import AssetWrite
from windward.timetable import (
    AliasLeaf,
    AllOf,
    AnyOf,
    AssetLeaf,
    AssetOrTimeSchedule,
    AssetSchedule,
    Condition,
    NullSchedule,
    Schedule,
    by_time,
    condition_of,
)

NAMES = ("a0", "a1", "a2")
ALIAS = "x"


def with_assets(dice: Random, schedule: Schedule) -> Schedule:
    """Let some DAGs wait for assets, instead of or besides the time."""
    if dice.random() > 0.6:
        return schedule
    condition = _condition(dice, depth=2)
    if isinstance(schedule, NullSchedule) or dice.random() < 0.5:
        return AssetSchedule(condition)
    return AssetOrTimeSchedule(schedule=by_time(schedule), condition=condition)


def _condition(dice: Random, *, depth: int) -> Condition:
    kind = dice.randint(0, 4 if depth else 2)
    if kind == 0:
        return AliasLeaf(ALIAS)
    if kind <= 2:
        name = dice.choice(NAMES)
        return AssetLeaf(name, name) if dice.random() < 0.8 else AssetLeaf(name=name)
    parts = tuple(_condition(dice, depth=depth - 1) for _ in range(dice.randint(1, 3)))
    return AllOf(parts) if kind == 3 else AnyOf(parts)


def random_writes(dice: Random) -> tuple[AssetWrite, ...]:
    """Return what a task says that it has written."""
    if dice.random() > 0.5:
        return ()
    names = dice.sample(NAMES, dice.randint(1, 2))
    return tuple(
        AssetWrite(name=name, uri=name, aliases=(ALIAS,) if dice.random() < 0.2 else ()) for name in names
    )


def without_time(schedule: Schedule) -> Schedule:
    """Return what is left of a schedule when time makes no more runs."""
    condition = condition_of(schedule)
    return AssetSchedule(condition) if condition is not None else NullSchedule()


class AssetBook:
    """Who waits for which event, by an account of its own."""

    def __init__(self) -> None:
        self.reported: dict[tuple[TaskKey, int], int] = {}
        """How many assets each attempt said that it has written."""
        self._waiting: dict[tuple[str, int], AssetEventRecord] = {}
        self._unrouted: dict[int, AssetEventRecord] = {}
        self._through: set[str] = set()
        """Keys of assets that were written through the alias."""
        self._ever: set[tuple[str, int]] = set()

    def written(
        self, actions: Iterable[Action], *, store: Any, document_of: Callable[[str], DagDocument]
    ) -> None:
        """Take in what was applied at once. Raises `AssertionError`."""
        actions = list(actions)
        self._as_reported(actions, store)
        for action in actions:
            match action:
                case AddAssetEvent(event=event, dag_ids=dag_ids):
                    if event.aliases:
                        self._through.add(event.asset_key)
                    if dag_ids is None:
                        self._unrouted[event.event_pk] = event
                    self._wait(event, dag_ids or ())
                case RouteAssetEvent(event_pk=event_pk, dag_ids=dag_ids):
                    assert event_pk in self._unrouted, f"event {event_pk} was routed twice"
                    self._wait(self._unrouted.pop(event_pk), dag_ids)
                case ForgetAssetEvents(dag_id=dag_id, event_pks=event_pks):
                    for event_pk in event_pks:
                        self._take(dag_id, event_pk, "forgotten")
                case CreateRun() if action.consumes or action.run.run_type is RunType.ASSET_TRIGGERED:
                    taken = [self._take(action.run.dag_id, pk, "taken") for pk in action.consumes]
                    condition = condition_of(document_of(action.run.document_hash).schedule)
                    assert condition is not None, "a run of assets without a condition"
                    assert self._holds(condition, taken), f"{condition} does not hold by {taken}"
                case _:
                    pass

    def unsettled(self, store: Any, documents: Iterable[DagDocument]) -> list[str]:
        """Return what ought to have led to something, once everything has come to rest."""
        kept = {use for use, taker in store.tables.asset_uses.items() if taker is None}
        assert kept == set(self._waiting), f"the store waits for {kept}, the book for {set(self._waiting)}"
        found = [f"event {pk} waits to be routed" for pk in self._unrouted]
        for document in documents:
            waiting = [event for (dag_id, _), event in self._waiting.items() if dag_id == document.dag_id]
            condition = condition_of(document.schedule)
            if waiting and (condition is None or self._holds(condition, waiting)):
                found.append(f"{len(waiting)} events wait for {document.dag_id} in vain")
        return found

    def _as_reported(self, actions: list[Action], store: Any) -> None:
        events: Counter[tuple[str | None, str | None, int]] = Counter()
        expected: Counter[tuple[str | None, str | None, int]] = Counter()
        for action in actions:
            if isinstance(action, AddAssetEvent) and action.event.source_task_id is not None:
                event = action.event
                events[event.source_run_id, event.source_task_id, event.source_map_index] += 1
            if isinstance(action, MoveTask) and action.event is TaskEvent.SUCCEED:
                run_pk, task_id, map_index = action.key
                count = self.reported.get((action.key, action.expect_fence), 0)
                expected[store.tables.runs[run_pk].run_id, task_id, map_index] += count
        assert events == +expected, f"tasks reported {+expected}, events were made of {events}"

    def _wait(self, event: AssetEventRecord, dag_ids: Iterable[str]) -> None:
        for dag_id in dag_ids:
            use = (dag_id, event.event_pk)
            assert use not in self._ever, f"event {event.event_pk} waits for {dag_id} twice"
            self._ever.add(use)
            self._waiting[use] = event

    def _take(self, dag_id: str, event_pk: int, how: str) -> AssetEventRecord:
        event = self._waiting.pop((dag_id, event_pk), None)
        assert event is not None, f"event {event_pk} was {how} by {dag_id}, which it does not wait for"
        return event

    def _holds(self, condition: Condition, events: list[AssetEventRecord]) -> bool:
        match condition:
            case AllOf(parts=parts):
                return bool(parts) and all(self._holds(part, events) for part in parts)
            case AnyOf(parts=parts):
                return any(self._holds(part, events) for part in parts)
            case AliasLeaf():
                return any(event.aliases or event.asset_key in self._through for event in events)
            case AssetLeaf(name=name):
                return any(event.name == name for event in events)
