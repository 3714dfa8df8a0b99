"""Which triggerer has which trigger: given out, taken back, moved when another triggerer has come.

Nothing of this is read from the store. A trigger that is moved is stopped where it runs before it is given to another: until
its triggerer has said so, or is given up, it counts as held there. What may not live here: what triggers say.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from itertools import islice

from windward.core.paths import log_path
from windward.core.sharing import ANY, Place, decide_handovers, decide_place, is_served
from windward.core.watchers import WATCHERS_PK
from windward.engine.cache import Cache
from windward.engine.contexts import key_of, ref_of, run_context, template_of
from windward.model.ids import TaskKey
from windward.model.records import HostRecord, TriggerRecord
from windward.model.states import TaskState
from windward.ports.store import Store
from windward.protocol.messages import ToHost
from windward.protocol.triggers import GiveBack, TriggerWork, Unwatch, Watch
from windward.protocol.work import AttemptRef

WATCH_MAX = 500
"""Triggers in one message."""
ASKED_FOR_EVERY = timedelta(seconds=10)
"""How often it is said that triggers wait and nobody runs them."""

Send = Callable[[str, ToHost], None]
Refs = dict[TaskKey, AttemptRef]

log = logging.getLogger("windward.scheduler")


class Holdings:
    """The triggerers that are there, what each has, and what nobody has."""

    def __init__(
        self, cache: Cache, store: Store, *, has_queues: bool, ask_for_one: Callable[[], None]
    ) -> None:
        """`has_queues`: a trigger goes to the queue of its task. `ask_for_one` may start a triggerer."""
        self._cache = cache
        self._store = store
        self._has_queues = has_queues
        self._ask_for_one = ask_for_one
        self.hosts: dict[str, HostRecord] = {}
        """All that are known, connected or not."""
        self.expected: set[str] = set()
        """Triggerers of an earlier leader that have not been heard of yet: they may have what nobody seems to have."""
        self._connected: dict[str, Refs] = {}
        """What each connected triggerer runs."""
        self._gone: dict[str, Refs] = {}
        """What those have that lost their connection: they may come back with it until their lease ends."""
        self._leaving: dict[str, set[TaskKey]] = {}
        """What each was asked to give back, on its present connection."""
        self._at: dict[TaskKey, str] = {}
        self._waiting: Refs = {}
        self._asked_at: datetime | None = None
        self._is_uneven = False
        """Whether somebody came who may have less than a fair share."""

    # -- coming and going ----------------------------------------------------------------

    def is_connected(self, host_id: str) -> bool:
        """Whether the triggerer has said hello on the connection that it has."""
        return host_id in self._connected

    def connect(self, host: HostRecord, running: Iterable[AttemptRef]) -> tuple[AttemptRef, ...]:
        """Take a hello; return what the triggerer is to stop."""
        host_id = host.host_id
        self.hosts[host_id] = host
        self.expected.discard(host_id)
        had = self._drop(host_id)
        holds: Refs = {}
        stale = []
        for ref in running:
            key = key_of(ref)
            if self.is_current(ref) and self._at.get(key, host_id) == host_id:
                holds[key] = ref
                self._at[key] = host_id
                self._waiting.pop(key, None)
            else:
                stale.append(ref)
        self._connected[host_id] = holds
        self._is_uneven = True
        self._put_back(key for key in had if key not in holds)
        return tuple(stale)

    def disconnect(self, host_id: str) -> None:
        """Its connection ended; it may come back with what it has."""
        had = self._connected.pop(host_id, None)
        self._leaving.pop(host_id, None)
        if had:
            self._gone[host_id] = had

    def settle(self, host_id: str) -> bool:
        """Nothing that this triggerer has will be heard of again: others get it. Return whether it had something."""
        self.hosts.pop(host_id, None)
        self.expected.discard(host_id)
        had = self._drop(host_id)
        self._put_back(had)
        return bool(had)

    def given_back(self, host_id: str, ref: AttemptRef) -> None:
        """The triggerer has stopped a trigger that it was asked for: another gets it."""
        key = key_of(ref)
        if self._held(host_id, key) == ref:
            self.forget(key)
            self._put_back([key])

    def forget(self, key: TaskKey) -> None:
        """Nobody runs this trigger any more."""
        host_id = self._at.pop(key, None)
        for held in (self._connected, self._gone, self._leaving):
            if host_id is not None and host_id in held:
                refs = held[host_id]
                refs.pop(key, None) if isinstance(refs, dict) else refs.discard(key)

    def _drop(self, host_id: str) -> Refs:
        self._leaving.pop(host_id, None)
        return {**self._gone.pop(host_id, {}), **self._connected.pop(host_id, {})}

    def _put_back(self, keys: Iterable[TaskKey]) -> None:
        for key in keys:
            self._at.pop(key, None)
            self._cache.waits.add(key)

    # -- who runs what -------------------------------------------------------------------

    def deliver(self, now: datetime, *, loading: Collection[int], send: Send) -> None:
        """Give triggers that nobody has to somebody, and stop those that are not waited for any more.

        `loading` are runs that are to be loaded again: nothing is known of them until then.
        """
        stopped: dict[tuple[str, bool], list[AttemptRef]] = {}
        waits, self._cache.waits = self._cache.waits, set()
        for key in sorted(waits):
            if key.run_pk in loading:
                self._cache.waits.add(key)
                continue
            current = self._wanted(key)
            host_id = self._at.get(key)
            held = self._held(host_id, key)
            if held is not None and held != current:
                self.forget(key)
                stopped.setdefault((host_id or "", self._is_killed(key)), []).append(held)
            if current is None:
                self._waiting.pop(key, None)
            elif held != current:
                self._waiting[key] = current
        for (host_id, kills), refs in stopped.items():
            send(host_id, Unwatch(refs=tuple(refs), kills=kills))
        if self._waiting and not self.expected:
            self._hand_out(now, send, loading=loading)
        if self._is_uneven and not self.expected:
            self._share(send)

    def _hand_out(self, now: datetime, send: Send, *, loading: Collection[int]) -> None:
        places = {place.host_id: place for place in self.places()}
        chosen: dict[str, Refs] = {}
        left: dict[str, int] = {}
        for key, ref in self._waiting.items():
            if key.run_pk in loading:
                continue
            queue = self._queue(key)
            host_id = decide_place(places.values(), queue) if queue not in left else None
            if host_id is None:
                left[queue] = left.get(queue, 0) + 1
                continue
            place = places[host_id]
            places[host_id] = place._replace(held=place.held + 1)
            chosen.setdefault(host_id, {})[key] = ref
        for host_id, refs in chosen.items():
            keys = list(refs)
            for start in range(0, len(keys), WATCH_MAX):
                self._send_watch(host_id, {key: refs[key] for key in keys[start : start + WATCH_MAX]}, send)
        if left:
            self._say_waiting(now, left)

    def _say_waiting(self, now: datetime, left: dict[str, int]) -> None:
        if self._asked_at is not None and now - self._asked_at < ASKED_FOR_EVERY:
            return
        self._asked_at = now
        places = self.places()
        for queue, count in sorted(left.items()):
            fields = {"triggers": count, "queue": queue}
            if is_served(places, queue):
                log.warning("all triggerers are full", extra=fields)
            elif queue == ANY:
                log.info("triggers wait for a triggerer", extra=fields)
                self._ask_for_one()
            else:
                log.warning("no triggerer serves the queue", extra=fields)

    def _share(self, send: Send) -> None:
        """Ask for triggers that one who came is to have: the newest, which have waited least.

        Only who comes is a reason: a trigger that were moved whenever others have fired might never come to its end.
        Watchers stay, to miss nothing.
        """
        self._is_uneven = any(self._leaving.values())
        for host_id, count in decide_handovers(self.places()).items():
            leaving = self._leaving.setdefault(host_id, set())
            newest = (
                (key, ref)
                for key, ref in reversed(self._connected[host_id].items())
                if key not in leaving and key.run_pk != WATCHERS_PK
            )
            moved = dict(islice(newest, count))
            leaving.update(moved)
            if moved:
                self._is_uneven = True
                log.info("triggers move", extra={"triggers": len(moved), "triggerer": host_id})
                send(host_id, GiveBack(refs=tuple(moved.values())))

    def places(self) -> list[Place]:
        """Return the connected triggerers, with what each has and could have."""
        return [
            Place(
                host_id=host_id,
                held=len(held),
                capacity=self.hosts[host_id].capacity,
                queues=self.hosts[host_id].queues,
                leaving=len(self._leaving.get(host_id, ())),
            )
            for host_id, held in self._connected.items()
        ]

    def by_hostname(self) -> tuple[Counter[str], Counter[str]]:
        """Return how many triggers run on each machine with a connected triggerer, and how many more could."""
        held, left = Counter[str](), Counter[str]()
        for place in self.places():
            hostname = self.hosts[place.host_id].hostname
            held[hostname] += place.held
            left[hostname] += max(0, place.capacity - place.held)
        return held, left

    def is_one_missed(self) -> bool:
        """Whether triggers wait and no triggerer is there."""
        return not self._connected and bool(self._waiting or self._cache.waits)

    def held_by(self, host_id: str) -> tuple[TaskKey, ...]:
        """Return the instances whose triggers a connected triggerer has, sorted."""
        return tuple(sorted(key for key in self._connected[host_id] if key.run_pk != WATCHERS_PK))

    def _queue(self, key: TaskKey) -> str:
        found = self._cache.find(key) if self._has_queues and key.run_pk != WATCHERS_PK else None
        if found is None:
            return ANY
        view, record = found
        return view.plan.tasks[view.plan.number_of[key.task_id]].queue_of(record.try_number)

    def _send_watch(self, host_id: str, refs: Refs, send: Send) -> None:
        stored = self._store.deferrals.load_deferrals([key for key in refs if key.run_pk != WATCHERS_PK])
        work = []
        for key, ref in refs.items():
            del self._waiting[key]
            watcher, deferral = self._cache.watchers.find(key), stored.get(key)
            if watcher is not None:
                class_path, kwargs = watcher
                work.append(TriggerWork(ref=ref, class_path=class_path, kwargs=kwargs, goes_on=True))
            elif deferral is None or deferral.fence != ref.fence:
                continue  # Somebody cleared it since; its run is about to be loaded again.
            else:
                work.append(self._work(ref, deferral))
            self._at[key] = host_id
            self._connected[host_id][key] = ref
        if work:
            send(host_id, Watch(work=tuple(work)))

    def _work(self, ref: AttemptRef, deferral: TriggerRecord) -> TriggerWork:
        found = self._cache.find(key_of(ref))
        assert found is not None, "a trigger is handed out for an instance that is known"
        view, record = found
        run = view.run
        return TriggerWork(
            ref=ref,
            class_path=deferral.class_path,
            kwargs=deferral.kwargs,
            dag_id=run.dag_id,
            try_number=record.try_number,
            start_date=record.start_date,
            log_path=log_path(run.dag_id, run.run_id, record.task_id, record.map_index, record.try_number),
            run=run_context(run),
            template=template_of(view, record, deferral),
        )

    # -- questions -----------------------------------------------------------------------

    def is_current(self, ref: AttemptRef) -> bool:
        """Whether this trigger is waited for."""
        return self._wanted(key_of(ref)) == ref

    def _wanted(self, key: TaskKey) -> AttemptRef | None:
        if key.run_pk == WATCHERS_PK:
            is_wanted = self._cache.watchers.find(key) is not None
            return AttemptRef(key.run_pk, key.task_id, key.map_index, fence=1) if is_wanted else None
        found = self._cache.find(key)
        return ref_of(found[1]) if found is not None and found[1].state is TaskState.DEFERRED else None

    def _held(self, host_id: str | None, key: TaskKey) -> AttemptRef | None:
        if host_id is None:
            return None
        return self._connected.get(host_id, self._gone.get(host_id, {})).get(key)

    def _is_killed(self, key: TaskKey) -> bool:
        """Whether a person (or the end of the run) took the instance from its trigger, and not the time."""
        found = self._cache.find(key)
        return key.run_pk != WATCHERS_PK and (found is None or found[1].trigger_class is None)
