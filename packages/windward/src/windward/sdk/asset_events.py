"""Events of assets as tasks see and make them: `outlet_events`, `inlet_events`, `triggering_asset_events`, `Metadata`.

Events that exist are fetched from the execution service when they are first looked at; those that a task makes are
notes, which become events when the task has succeeded.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, overload

import msgspec

from windward.model.records import AssetEventRecord
from windward.protocol.calls import (
    AssetAnswer,
    AssetEventsAnswer,
    GetAsset,
    GetAssetEvents,
    GetConsumedEvents,
)
from windward.protocol.outcomes import AssetWrite
from windward.sdk import bridge
from windward.sdk.assets import Asset, AssetAlias, AssetRef, BaseAsset
from windward.sdk.exceptions import AirflowException
from windward.sdk.times import at_users_edge, parse_date

log = logging.getLogger("airflow.task")

PAGE = 1000
EVENTS_MAX = 10_000
"""Most events of one asset that a task is given."""


class Metadata:
    """What a task that yields it says of an asset it writes: `yield Metadata(asset, {"rows": 3})`."""

    def __init__(
        self,
        asset: Asset | AssetRef,
        extra: dict[str, Any] | None = None,
        alias: AssetAlias | str | None = None,
    ) -> None:
        self.asset = asset
        self.extra = dict(extra or {})
        self.alias = AssetAlias(alias) if isinstance(alias, str) else alias

    def __repr__(self) -> str:
        return f"Metadata({self.asset!r}, {self.extra!r})"


class AssetEvent:
    """Something that was written, and when."""

    def __init__(self, record: AssetEventRecord) -> None:
        self._record = record
        self.id = record.event_pk
        self.asset = Asset(record.name, record.uri)
        self.dataset = self.asset
        self.name = record.name
        self.uri = record.uri
        self.extra: dict[str, Any] = dict(record.extra)
        self.timestamp = at_users_edge(record.at)
        self.source_dag_id = record.source_dag_id
        self.source_run_id = record.source_run_id
        self.source_task_id = record.source_task_id
        self.source_map_index = record.source_map_index
        self.source_aliases = [AssetAlias(name) for name in record.aliases]

    @property
    def source_dag_run(self) -> Any:
        """The run that wrote it, None when no task did; fetched when it is asked for."""
        from windward.protocol.calls import GetRun, RunAnswer
        from windward.sdk.dag_run import DagRunView

        if self.source_dag_id is None:
            return None
        answer = bridge.current_bridge(purpose="`event.source_dag_run`").call(
            GetRun(dag_id=self.source_dag_id, run_id=self.source_run_id)
        )
        run = answer.run if isinstance(answer, RunAnswer) else None
        return DagRunView(run) if run is not None else None

    def __repr__(self) -> str:
        return f"<AssetEvent {self.name} at {self._record.at.isoformat()}>"


def _ask(call: GetAssetEvents | GetConsumedEvents) -> list[AssetEvent]:
    answer = bridge.current_bridge(purpose="asset events").call(call)
    if not isinstance(answer, AssetEventsAnswer):
        raise AirflowException(f"asset events cannot be had: {answer}")
    return [AssetEvent(record) for record in answer.events]


def _key(asset: Any) -> dict[str, Any]:
    match asset:
        case AssetAlias():
            return {"alias": asset.name}
        case Asset() | AssetRef():
            return {"name": asset.name, "uri": asset.uri}
        case str():
            return {"uri": asset}
    raise TypeError(f"`{asset!r}` is not an asset")


def events_of(asset: Any, **bounds: Any) -> EventsAccessor:
    """Return the events of an asset (or alias) as a sequence, which is fetched when it is looked at."""
    return EventsAccessor(_key(asset), bounds)


class EventsAccessor(Sequence[AssetEvent]):
    """The events of an asset, oldest first: `[-1]` is the newest one."""

    def __init__(self, key: dict[str, Any], bounds: dict[str, Any]) -> None:
        self._key = key
        self._bounds = bounds
        self._events: list[AssetEvent] | None = None

    def after(self, at: datetime | str) -> EventsAccessor:
        """Return the events since a time."""
        return EventsAccessor(self._key, {**self._bounds, "after": parse_date(at, what="`after`")})

    def before(self, at: datetime | str) -> EventsAccessor:
        """Return the events up to a time."""
        return EventsAccessor(self._key, {**self._bounds, "before": parse_date(at, what="`before`")})

    def ascending(self, ascending: bool = True) -> EventsAccessor:  # noqa: FBT001, FBT002 - Airflow's form
        """Return the events oldest first, or newest first."""
        return EventsAccessor(self._key, {**self._bounds, "newest_first": not ascending})

    def limit(self, limit: int) -> EventsAccessor:
        """Return at most so many events."""
        return EventsAccessor(self._key, {**self._bounds, "limit": limit})

    def _all(self) -> list[AssetEvent]:
        if self._events is None:
            wanted = int(self._bounds.get("limit", EVENTS_MAX))
            found: list[AssetEvent] = []
            while len(found) < wanted:
                size = min(PAGE, wanted - len(found))
                bounds = {**self._bounds, "limit": size, "offset": len(found)}
                page = _ask(GetAssetEvents(**self._key, **bounds))
                found += page
                if len(page) < size:
                    break
            self._events = found
        return self._events

    @overload
    def __getitem__(self, index: int) -> AssetEvent: ...
    @overload
    def __getitem__(self, index: slice) -> list[AssetEvent]: ...
    def __getitem__(self, index: int | slice) -> AssetEvent | list[AssetEvent]:
        if isinstance(index, int) and index < 0 and self._events is None and not self._bounds:
            newest = _ask(GetAssetEvents(**self._key, newest_first=True, limit=-index))
            if len(newest) < -index:
                raise IndexError("there are fewer events")
            return newest[-index - 1]
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return f"<events of {next(filter(None, self._key.values()))}>"


class InletEvents(Mapping[Any, EventsAccessor]):
    """`inlet_events[asset]`, or by the place in the task's inlets."""

    def __init__(self, inlets: Sequence[Any]) -> None:
        self._inlets = [inlet for inlet in inlets if isinstance(inlet, BaseAsset)]

    def __getitem__(self, key: Any) -> EventsAccessor:
        return events_of(self._inlets[key] if isinstance(key, int) else key)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._inlets)

    def __len__(self) -> int:
        return len(self._inlets)

    def for_asset(self, *, name: str | None = None, uri: str | None = None) -> EventsAccessor:
        """Return the events of an asset by its name, its URI or both."""
        return EventsAccessor({"name": name or "", "uri": uri or ""}, {})

    def for_asset_alias(self, alias_name: str) -> EventsAccessor:
        """Return the events of what was written through an alias."""
        return EventsAccessor({"alias": alias_name}, {})


class TriggeringEvents(Mapping[Any, list[AssetEvent]]):
    """The events that the run was made of, by asset (with Airflow 2: by URI)."""

    def __init__(self, dag_id: str, run_id: str, *, by_uri: bool) -> None:
        self._call = GetConsumedEvents(dag_id=dag_id, run_id=run_id)
        self._by_uri = by_uri
        self._found: dict[Any, list[AssetEvent]] | None = None

    def _all(self) -> dict[Any, list[AssetEvent]]:
        if self._found is None:
            self._found = {}
            for event in _ask(self._call):
                self._found.setdefault(event.uri if self._by_uri else event.asset, []).append(event)
        return self._found

    def __getitem__(self, key: Any) -> list[AssetEvent]:
        found = self._all()
        if isinstance(key, AssetAlias):
            return [event for events in found.values() for event in events if key in event.source_aliases]
        if isinstance(key, AssetRef):
            return [
                event
                for events in found.values()
                for event in events
                if key.name in {"", event.name} and key.uri in {"", event.uri}
            ]
        if isinstance(key, Asset) and self._by_uri:
            return found[key.uri]
        if isinstance(key, str) and not self._by_uri:
            return found[Asset(uri=key)]
        return found[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


def consumed_events(dag_id: str, run_id: str) -> list[AssetEvent]:
    """Return the events that a run was made of, oldest first."""
    return _ask(GetConsumedEvents(dag_id=dag_id, run_id=run_id))


class OutletEvent:
    """What a task notes about one asset that it writes, or about the assets that it writes through one alias."""

    def __init__(self, key: Any) -> None:
        self.key = key
        self.extra: dict[str, Any] = {}
        self.asset_alias_events: list[tuple[Any, dict[str, Any]]] = []

    def add(self, asset: Any, extra: dict[str, Any] | None = None) -> None:
        """Note that an asset was written through this alias."""
        if not isinstance(self.key, AssetAlias):
            return
        if isinstance(asset, str):
            asset = Asset(uri=asset)
        note = (asset, dict(extra or {}))
        if note not in self.asset_alias_events:
            self.asset_alias_events.append(note)


class OutletEvents(Mapping[Any, OutletEvent]):
    """`outlet_events[asset]`: notes by asset, made when asked for."""

    def __init__(self) -> None:
        self._notes: dict[Any, OutletEvent] = {}

    def __getitem__(self, key: Any) -> OutletEvent:
        if isinstance(key, str):
            key = Asset(uri=key)
        if not isinstance(key, Asset | AssetRef | AssetAlias):
            raise TypeError(f"`{key!r}` is neither an asset nor an alias")
        if key not in self._notes:
            self._notes[key] = OutletEvent(key)
        return self._notes[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._notes)

    def __len__(self) -> int:
        return len(self._notes)

    def for_asset(self, *, name: str | None = None, uri: str | None = None) -> OutletEvent:
        """Return the notes about an asset by its name, its URI or both."""
        return self[Asset(name, uri) if name and uri else Asset.ref(name=name or "", uri=uri or "")]

    def for_asset_alias(self, *, name: str) -> OutletEvent:
        """Return the notes about what is written through an alias."""
        return self[AssetAlias(name)]


def take_metadata(found: Any, events: OutletEvents) -> bool:
    """Take what a task has yielded as a note; return whether it was one."""
    if not isinstance(found, Metadata):
        return False
    if found.alias is not None:
        events[found.alias].add(found.asset, extra=found.extra)
    else:
        events[found.asset].extra.update(found.extra)
    return True


def writes_of(outlets: Sequence[Any], events: OutletEvents) -> tuple[AssetWrite, ...]:
    """Return what a task that has succeeded has written: each of its outlets, and what came through its aliases."""
    writes: list[AssetWrite] = []
    through: dict[str, tuple[Asset, dict[str, Any], list[str]]] = {}
    for outlet in dict.fromkeys(one for one in outlets if isinstance(one, Asset | AssetRef | AssetAlias)):
        if not isinstance(outlet, AssetAlias):
            asset = resolved(outlet)
            extra = _extra_of(outlet, asset, events)
            writes.append(AssetWrite(name=asset.name, uri=asset.uri, extra=extra))
            continue
        for written, extra in events[outlet].asset_alias_events:
            asset = resolved(written)
            place = f"{asset.name}\0{asset.uri}\0{sorted(extra.items())!r}"
            through.setdefault(place, (asset, extra, []))[2].append(outlet.name)
    writes += [
        AssetWrite(name=asset.name, uri=asset.uri, extra=extra, aliases=tuple(dict.fromkeys(names)))
        for asset, extra, names in through.values()
    ]
    for write in writes:
        _check_extra(write)
    return tuple(writes)


def _check_extra(write: AssetWrite) -> None:
    try:
        msgspec.json.encode(write.extra)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"`extra` of asset `{write.name}` must be plain data, as JSON has it: {error}"
        ) from error


def _extra_of(outlet: Asset | AssetRef, asset: Asset, events: OutletEvents) -> dict[str, Any]:
    """Return what was noted of an asset, under whichever of its names."""
    extra: dict[str, Any] = {}
    names = (asset, outlet, AssetRef(name=asset.name), AssetRef(uri=asset.uri))
    for name in dict.fromkeys(names):
        if name in list(events):
            extra.update(events[name].extra)
    return extra


def resolved(asset: Any) -> Asset:
    """Return the asset that a reference means; asks the execution service for one that is only named."""
    if isinstance(asset, Asset):
        return asset
    answer = bridge.current_bridge(purpose=f"`{asset!r}`").call(GetAsset(name=asset.name, uri=asset.uri))
    if not isinstance(answer, AssetAnswer):
        # `dags test` knows one DAG only, and the file that declares it may come later.
        log.warning("no DAG declares the asset `%s`; its name is taken for its URI", asset.name or asset.uri)
        return Asset(asset.name or None, asset.uri or None)
    return Asset(answer.name, answer.uri, group=answer.group, extra=answer.extra)
