"""Asset events in the scheduler: what waits for which DAG, remembered, and folded as it is decided.

A cache like the rest: a refused group makes its DAGs stale, and what waits for them is read again. Whom an event
waits for and when enough have come is decided in `core.assets`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from windward.core.actions import Action, AddAssetEvent, CreateRun, ForgetAssetEvents, RouteAssetEvent
from windward.core.assets import Consumers, decide_asset_event, decide_asset_run, decide_forgotten
from windward.core.view import RunView
from windward.document import DagDocument
from windward.model.ids import TaskKey
from windward.model.records import AssetEventRecord, DagRecord
from windward.model.states import Semantics
from windward.ports.assets import AssetStore
from windward.ports.clock import Ids
from windward.protocol.outcomes import AssetWrite
from windward.timetable import condition_of

UNROUTED_MAX = 1000
"""Events that others reported are taken in so many at a time."""
SAME_DATE_MAX = 100
"""Other runs that may have taken the dates that a new one would have."""


class Assets:
    """What waits for each DAG, and which DAGs name which assets."""

    def __init__(self, store: AssetStore, ids: Ids) -> None:
        self._store = store
        self._ids = ids
        self._consumers = Consumers()
        self._waiting: dict[str, dict[int, AssetEventRecord]] = {}
        self._unrouted: dict[int, AssetEventRecord] = {}
        self.has_reports = True
        """Whether somebody has reported events since they were last read."""
        self.has_unwritten_links = False
        """Whether this pass took something as written through an alias for the first time: until that is stored, no
        run may be made because of it."""

    # -- reading -------------------------------------------------------------------------

    def load(self) -> None:
        """Read everything: what a new leader does."""
        self._load_links()
        self.has_unwritten_links = False
        self._waiting = {
            dag_id: {event.event_pk: event for event in events}
            for dag_id, events in self._store.load_waiting().items()
        }

    def _load_links(self) -> None:
        self._consumers.unlink_all()
        for alias, key in self._store.load_members():
            self._consumers.link(alias, key)

    def settle_links(self, refused: Iterable[Action]) -> None:
        """Take what this pass linked as stored, unless a group that was refused had linked it."""
        if self.has_unwritten_links:
            self.has_unwritten_links = False
            if any(isinstance(action, AddAssetEvent) and action.event.aliases for action in refused):
                self._load_links()

    def put_dag(self, dag_id: str, document: DagDocument | None) -> None:
        """Note which assets a DAG names now."""
        if document is None:
            self._consumers.put(dag_id, None)
            return
        is_airflow2 = document.semantics is Semantics.AIRFLOW2
        self._consumers.put(dag_id, condition_of(document.schedule), follows_aliases=is_airflow2)

    def reload(self, documents: dict[str, DagDocument]) -> None:
        """Read again what waits for DAGs that are out of date."""
        asked = [
            dag_id
            for dag_id, document in documents.items()
            if condition_of(document.schedule) is not None or self._waiting.get(dag_id)
        ]
        found = self._store.load_waiting(asked) if asked else {}
        for dag_id in asked:
            self._waiting[dag_id] = {event.event_pk: event for event in found.get(dag_id, ())}

    def load_reports(self) -> bool:
        """Read events that others reported; return whether there may be more."""
        if not self.has_reports:
            return False
        events = self._store.load_unrouted(limit=UNROUTED_MAX)
        self._unrouted = {event.event_pk: event for event in events}
        self.has_reports = len(events) == UNROUTED_MAX
        return self.has_reports

    # -- deciding ------------------------------------------------------------------------

    def route_reports(self) -> list[tuple[str, RouteAssetEvent]]:
        """Decide whom reported events wait for; return each as (group, action), folded."""
        decided = []
        for event in self._unrouted.values():
            action = RouteAssetEvent(event_pk=event.event_pk, dag_ids=self._consumers.of(event))
            self._wait(event, action.dag_ids)
            decided.append((f"asset event {event.event_pk}", action))
        self._unrouted = {}
        return decided

    def written(
        self, view: RunView, key: TaskKey, writes: Iterable[AssetWrite], *, now: datetime
    ) -> list[AddAssetEvent]:
        """Return the events of what a task has written, folded."""
        actions = []
        for write in writes:
            event = decide_asset_event(
                write,
                event_pk=self._ids.next_pk(),
                now=now,
                run=view.run,
                task_id=key.task_id,
                map_index=key.map_index,
            )
            for alias in event.aliases:
                self.has_unwritten_links |= self._consumers.link(alias, event.asset_key)
            action = AddAssetEvent(event=event, dag_ids=self._consumers.of(event))
            self._wait(event, action.dag_ids or ())
            actions.append(action)
        return actions

    def has_waiting(self, dag_id: str) -> bool:
        """Whether any event waits for a DAG."""
        return bool(self._waiting.get(dag_id))

    def forget(self, document: DagDocument) -> ForgetAssetEvents | None:
        """Let go what the DAG's schedule names no longer; return the action, folded."""
        waiting = self._waiting.get(document.dag_id, {})
        action = decide_forgotten(document, waiting.values(), self._consumers.members)
        for event_pk in action.event_pks if action is not None else ():
            del waiting[event_pk]
        return action

    def next_run(
        self,
        document: DagDocument,
        dag: DagRecord,
        *,
        now: datetime,
        has_run: Callable[[str, datetime], bool] | None,
    ) -> CreateRun | None:
        """Return the run that the waiting events make, folded; `has_run` is asked when dates may be taken."""
        waiting = self._waiting.get(document.dag_id)
        if not waiting:
            return None
        run_pk = self._ids.next_pk()
        taken: frozenset[datetime] = frozenset()
        action = None
        for _ in range(SAME_DATE_MAX):
            action = decide_asset_run(
                document,
                dag,
                list(waiting.values()),
                members=self._consumers.members,
                now=now,
                run_pk=run_pk,
                not_at=taken,
            )
            date = action.run.logical_date if action is not None else None
            if action is None or date is None or has_run is None or not has_run(document.dag_id, date):
                break
            taken |= {date}
        for event_pk in action.consumes if action is not None else ():
            del waiting[event_pk]
        return action

    def _wait(self, event: AssetEventRecord, dag_ids: Iterable[str]) -> None:
        for dag_id in dag_ids:
            self._waiting.setdefault(dag_id, {})[event.event_pk] = event


def dags_of(action: Action) -> tuple[str, ...]:
    """Return the DAGs that an action lets events wait for."""
    return action.dag_ids or () if isinstance(action, AddAssetEvent | RouteAssetEvent) else ()
