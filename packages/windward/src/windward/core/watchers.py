"""Asset watchers: triggers that belong to no task, and which assets an event of each is about.

Watchers that wait for the same thing are one trigger, however many assets and DAGs name it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from windward.document import DagDocument
from windward.model.ids import TaskKey
from windward.protocol.fired import Event
from windward.protocol.outcomes import XComValue

WATCHERS_PK = 0
"""Stands for the run of a trigger that belongs to none."""
_DIGEST_CHARACTERS = 32


class Watched(NamedTuple):
    """An asset, and what its DAG calls the watcher."""

    name: str
    uri: str
    watcher: str


class WatcherTrigger(NamedTuple):
    """The trigger of a watcher; `kwargs` is a packed value."""

    class_path: str
    kwargs: bytes


class WatcherIndex:
    """The watchers of all active DAGs, by key."""

    def __init__(self) -> None:
        self._of: dict[str, dict[TaskKey, tuple[WatcherTrigger, list[Watched]]]] = {}

    def put(self, dag_id: str, document: DagDocument | None) -> set[TaskKey]:
        """Note a DAG's watchers; return the keys of those that it had or has, if they are not the same."""
        found: dict[TaskKey, tuple[WatcherTrigger, list[Watched]]] = {}
        for asset in document.assets if document is not None else ():
            for watcher in asset.watchers:
                packed = msgspec.json.encode(
                    XComValue(encoding="json", data=(watcher.trigger_kwargs or "{}").encode())
                )
                trigger = WatcherTrigger(watcher.trigger_class, packed)
                entry = found.setdefault(_key(trigger), (trigger, []))
                entry[1].append(Watched(asset.name, asset.uri, watcher.name))
        before = self._of.pop(dag_id, {})
        if found:
            self._of[dag_id] = found
        return set() if before.keys() == found.keys() else {*before, *found}

    def find(self, key: TaskKey) -> WatcherTrigger | None:
        """Return the trigger of a key, if any DAG wants it."""
        return next((entries[key][0] for entries in self._of.values() if key in entries), None)

    def watched(self, key: TaskKey) -> list[Watched]:
        """Return the assets that an event of this trigger is about, each once."""
        return list(self._all(key))

    def _all(self, key: TaskKey) -> Iterator[Watched]:
        seen: set[tuple[str, str]] = set()
        for dag_id in sorted(self._of):
            for watched in self._of[dag_id].get(key, (None, []))[1]:
                if (watched.name, watched.uri) not in seen:
                    seen.add((watched.name, watched.uri))
                    yield watched


def extra_of(event: Event) -> dict[str, object]:
    """Return what an asset event says of the trigger's event: plain values as they are, others as people see them."""
    payload = event.payload
    if payload.encoding == "json" and payload.data is not None:
        return {"from_trigger": True, "payload": msgspec.json.decode(payload.data)}
    return {"from_trigger": True, "payload": payload.preview}


def _key(trigger: WatcherTrigger) -> TaskKey:
    digest = hashlib.sha256(trigger.class_path.encode() + b"\0" + trigger.kwargs).hexdigest()
    return TaskKey(WATCHERS_PK, digest[:_DIGEST_CHARACTERS], -1)
