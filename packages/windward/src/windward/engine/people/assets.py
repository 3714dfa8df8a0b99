"""Assets, as people use them: report an event, run the DAG that writes one, let go what waits for a DAG."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from windward.core.actions import ForgetAssetEvents
from windward.core.assets import reported_event
from windward.engine.people.changes import note_change
from windward.engine.people.desk import TRIES_MAX, Desk
from windward.errors import ConflictError, NotFoundError
from windward.model.records import AssetEventRecord
from windward.ports.store import Note


def report_event(desk: Desk, *, name: str, uri: str, extra: Mapping[str, Any], by: str) -> AssetEventRecord:
    """Say that an asset was written; the scheduler lets the event wait for whom it concerns.

    Raises:
        ConflictError: when the event was refused.
    """
    action = reported_event(
        event_pk=desk.next_pk(), name=name, uri=uri, extra=dict(extra), now=desk.clock.now(), by=by
    )
    event = action.event
    if not desk.store.runs.apply([[action]], notes=[Note(kind="asset", subject=str(event.event_pk))]).all:
        raise ConflictError(f"the event of asset `{name}` was refused")
    note_change("asset_event", name, after={"uri": uri, "extra": dict(extra)})
    desk.wakeup.wake()
    return event


def the_writer(name: str, writers: Collection[str]) -> str:
    """Return the DAG that writes an asset, of those that do.

    Raises:
        NotFoundError: when none does.
        ConflictError: when it is not clear which.
    """
    found = set(writers)
    if not found:
        raise NotFoundError(f"no DAG writes asset `{name}`")
    if len(found) > 1:
        raise ConflictError(f"more than one DAG writes asset `{name}`")
    return found.pop()


def forget_waiting(desk: Desk, waiting: Sequence[tuple[str, str]], *, before: datetime | None) -> int:
    """Let go the events that wait, by (DAG, asset key); return how many there were.

    Raises:
        ConflictError: when runs are made of them at the same moment, again and again.
    """
    dag_ids = sorted({dag_id for dag_id, _ in waiting})
    wanted = set(waiting)
    for _ in range(TRIES_MAX):
        actions = [
            ForgetAssetEvents(dag_id=dag_id, event_pks=event_pks)
            for dag_id, events in sorted(desk.store.assets.load_waiting(dag_ids).items())
            if (event_pks := _chosen(dag_id, events, wanted, before))
        ]
        notes = [Note(kind="dag", subject=action.dag_id) for action in actions]
        if not actions:
            return 0
        if desk.store.runs.apply([actions], notes=notes).all:
            for action in actions:
                note_change(
                    "queued_asset_events", action.dag_id, before=len(action.event_pks), dag_id=action.dag_id
                )
            desk.wakeup.wake()
            return sum(len(action.event_pks) for action in actions)
    raise ConflictError(
        f"runs are just being made of what waits for {', '.join(f'`{one}`' for one in dag_ids)}"
    )


def _chosen(
    dag_id: str, events: Sequence[AssetEventRecord], wanted: set[tuple[str, str]], before: datetime | None
) -> tuple[int, ...]:
    return tuple(
        event.event_pk
        for event in events
        if (dag_id, event.asset_key) in wanted and (before is None or event.at < before)
    )
