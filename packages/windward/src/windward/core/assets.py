"""Assets: who waits for an event, when enough have come for a run, and what that run is.

What lives here: which events a DAG's condition names, when the condition holds, and the run that takes them. What
may not: where events are kept.

Each event waits for each DAG that names its asset, once. A run takes everything that waits when its condition holds,
in the transaction that makes it, so that no event is taken twice and none is lost; what comes later waits for the
next run. A paused DAG goes on collecting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from windward.core.actions import AddAssetEvent, CreateRun, ForgetAssetEvents
from windward.core.runs import new_tasks
from windward.document import DagDocument
from windward.model.records import AssetEventRecord, DagRecord, RunRecord
from windward.model.states import RunState, RunType, Semantics, TriggeredBy
from windward.protocol.outcomes import AssetWrite
from windward.timetable import (
    AliasLeaf,
    AssetLeaf,
    Condition,
    DataInterval,
    Leaf,
    asset_key,
    condition_of,
    holds,
    leaves,
    missing,
    run_id_of,
)

EVENTS_PER_RUN_MAX = 10_000
"""A run takes no more events than that; the rest waits for the next one."""
_AIRFLOW2_PREFIX = "dataset_triggered"
_REASON_NAMES_MAX = 5

Members = Mapping[str, frozenset[str]]
"""Alias to the keys of the assets that were ever written through it."""


def is_named(leaf: Leaf, event: AssetEventRecord, members: Members) -> bool:
    """Whether an event is of the asset, or of one of the alias's, that a leaf names."""
    match leaf:
        case AliasLeaf(name=name):
            return name in event.aliases or event.asset_key in members.get(name, ())
        case AssetLeaf(name=name, uri=uri):
            return bool(name or uri) and name in {"", event.name} and uri in {"", event.uri}


class Consumers:
    """Which DAGs name which assets: an index of the schedules that are known."""

    def __init__(self) -> None:
        self._conditions: dict[str, Condition] = {}
        self._by_leaf: defaultdict[Leaf, set[str]] = defaultdict(set)
        self._followers: set[str] = set()
        self._members: dict[str, frozenset[str]] = {}
        self._aliases_of: defaultdict[str, set[str]] = defaultdict(set)

    @property
    def members(self) -> Members:
        """What was written through aliases."""
        return self._members

    def put(self, dag_id: str, condition: Condition | None, *, follows_aliases: bool = False) -> None:
        """Note what a DAG names now; None: nothing, or the DAG is gone.

        `follows_aliases`: what was once written through an alias that the DAG names concerns it from then on, also
        when it is written otherwise.
        """
        before = self._conditions.pop(dag_id, None)
        self._followers.discard(dag_id)
        for leaf in leaves(before) if before is not None else ():
            self._by_leaf[leaf].discard(dag_id)
        if condition is not None:
            self._conditions[dag_id] = condition
            if follows_aliases:
                self._followers.add(dag_id)
            for leaf in leaves(condition):
                self._by_leaf[leaf].add(dag_id)

    def link(self, alias: str, key: str) -> bool:
        """Note that an asset was written through an alias; return whether that is new."""
        known = self._members.get(alias, frozenset())
        self._members[alias] = known | {key}
        self._aliases_of[key].add(alias)
        return key not in known

    def unlink_all(self) -> None:
        """Forget what was written through aliases."""
        self._members.clear()
        self._aliases_of.clear()

    def of(self, event: AssetEventRecord) -> tuple[str, ...]:
        """Return the DAGs that an event waits for, sorted."""
        named: list[Leaf] = [
            AssetLeaf(event.name, event.uri),
            AssetLeaf(name=event.name),
            AssetLeaf(uri=event.uri),
            *(AliasLeaf(name) for name in event.aliases),
        ]
        found = {dag_id for leaf in named for dag_id in self._by_leaf.get(leaf, ())}
        for alias in self._aliases_of.get(event.asset_key, ()):
            found |= self._by_leaf.get(AliasLeaf(alias), set()) & self._followers
        return tuple(sorted(found))


def decide_asset_event(
    write: AssetWrite, *, event_pk: int, now: datetime, run: RunRecord, task_id: str, map_index: int
) -> AssetEventRecord:
    """Return the event of an asset that a task of a run has written."""
    return AssetEventRecord(
        event_pk=event_pk,
        asset_key=asset_key(write.name, write.uri),
        name=write.name,
        uri=write.uri,
        at=now,
        extra=write.extra,
        aliases=write.aliases,
        source_dag_id=run.dag_id,
        source_run_id=run.run_id,
        source_task_id=task_id,
        source_map_index=map_index,
        source_interval_start=run.data_interval_start,
        source_interval_end=run.data_interval_end,
    )


def reported_event(
    *, event_pk: int, name: str, uri: str, extra: dict[str, object], now: datetime, by: str
) -> AddAssetEvent:
    """Return the event that somebody outside of any task reports; the scheduler decides whom it waits for."""
    return AddAssetEvent(
        event=AssetEventRecord(
            event_pk=event_pk,
            asset_key=asset_key(name, uri),
            name=name,
            uri=uri,
            at=now,
            extra=dict(extra),
            reported_by=by,
        )
    )


def waits_for(
    condition: Condition, waiting: Iterable[AssetEventRecord], members: Members
) -> tuple[Leaf, ...]:
    """Return what a condition still waits for, given the events that have come: nothing when it holds."""
    events = list(waiting)
    return missing(condition, lambda leaf: any(is_named(leaf, event, members) for event in events))


def decide_asset_run(
    document: DagDocument,
    dag: DagRecord,
    waiting: Sequence[AssetEventRecord],
    *,
    members: Members,
    now: datetime,
    run_pk: int,
    not_at: frozenset[datetime] = frozenset(),
) -> CreateRun | None:
    """Make the run that takes all events that wait, when the condition of the DAG's schedule holds; else None.

    With `airflow2` the run has the logical date of its latest event, and as data interval the span of the runs that
    wrote its events; `not_at` are logical dates that are taken. With `airflow3` it has neither.
    """
    condition = condition_of(document.schedule)
    if condition is None or not waiting:
        return None
    events = _taken(condition, sorted(waiting, key=lambda event: event.event_pk), members)
    if not holds(condition, lambda leaf: any(is_named(leaf, event, members) for event in events)):
        return None
    latest = max(event.at for event in events)
    logical_date, interval = None, None
    prefix: str = RunType.ASSET_TRIGGERED
    if document.semantics is Semantics.AIRFLOW2:
        logical_date, interval, prefix = latest, span_of(events), _AIRFLOW2_PREFIX
        while logical_date in not_at:
            logical_date += timedelta(microseconds=1)
    run = RunRecord(
        run_pk=run_pk,
        dag_id=document.dag_id,
        run_id=run_id_of(
            prefix,
            semantics=document.semantics,
            run_after=latest,
            logical_date=logical_date,
            suffix=f"{run_pk:x}",
        ),
        run_type=RunType.ASSET_TRIGGERED,
        state=RunState.QUEUED,
        document_hash=dag.document_hash,
        run_after=latest,
        logical_date=logical_date,
        data_interval_start=interval.start if interval is not None else None,
        data_interval_end=interval.end if interval is not None else None,
        queued_at=now,
        triggered_by=TriggeredBy.ASSET,
        reason=_reason(events),
    )
    return CreateRun(
        run=run,
        tasks=new_tasks(document, run_pk=run_pk),
        at=now,
        consumes=tuple(event.event_pk for event in events),
    )


def decide_forgotten(
    document: DagDocument, waiting: Iterable[AssetEventRecord], members: Members
) -> ForgetAssetEvents | None:
    """Let go events of assets that the schedule named once and names no longer."""
    condition = condition_of(document.schedule)
    named = tuple(leaves(condition)) if condition is not None else ()
    gone = sorted(
        event.event_pk for event in waiting if not any(is_named(leaf, event, members) for leaf in named)
    )
    return ForgetAssetEvents(dag_id=document.dag_id, event_pks=tuple(gone)) if gone else None


def span_of(events: Iterable[AssetEventRecord]) -> DataInterval:
    """Return the time from the first to the last of what the writing runs worked on; an event without run is a moment."""
    starts = []
    ends = []
    for event in events:
        starts.append(event.source_interval_start or event.at)
        ends.append(event.source_interval_end or event.at)
    return DataInterval(min(starts), max(ends))


def _taken(condition: Condition, waiting: list[AssetEventRecord], members: Members) -> list[AssetEventRecord]:
    """Return the events that a run takes: all, or of too many the first of each leaf and then the oldest."""
    if len(waiting) <= EVENTS_PER_RUN_MAX:
        return waiting
    first = {
        event.event_pk: event
        for leaf in leaves(condition)
        if (event := next((one for one in waiting if is_named(leaf, one, members)), None)) is not None
    }
    rest = [event for event in waiting if event.event_pk not in first]
    return sorted([*first.values(), *rest[: EVENTS_PER_RUN_MAX - len(first)]], key=lambda one: one.event_pk)


def _reason(events: Sequence[AssetEventRecord]) -> str:
    names = list(dict.fromkeys(event.name or event.uri for event in events))
    shown = ", ".join(f"`{name}`" for name in names[:_REASON_NAMES_MAX])
    more = f" and {len(names) - _REASON_NAMES_MAX} more" if len(names) > _REASON_NAMES_MAX else ""
    count = f" ({len(events)} events)" if len(events) > len(names) else ""
    return f"written: {shown}{more}{count}"
