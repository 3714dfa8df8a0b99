"""Triggerers: which deferred instance waits in which of them, what they say, and what their silence means.

A triggerer is a host of another kind: it holds triggers instead of attempts. Which one holds what is remembered
here only and not written: each says with its hello what it still has, and a trigger that nobody has is given to
somebody. So a trigger may run twice at a time; its word counts once, by its fence.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta

import msgspec

from windward.core.assets import reported_event
from windward.core.deferral import decide_fired, resumed_of
from windward.core.paths import log_path
from windward.core.watchers import WATCHERS_PK, extra_of
from windward.engine.cache import Cache
from windward.engine.contexts import key_of, ref_of, run_context
from windward.engine.deciding import Decider
from windward.engine.timers import Timer
from windward.engine.work import Pass
from windward.model.ids import TaskKey
from windward.model.records import HostRecord, TriggerRecord
from windward.model.states import TaskState
from windward.ports.clock import Ids
from windward.ports.executor import Envelope, HostGone
from windward.ports.store import Store
from windward.protocol.fired import Event, Resumption
from windward.protocol.messages import Beat, ChildCall, Goodbye, Heartbeat, Hello, ToHost, Unknown, Welcome
from windward.protocol.triggers import FiredAccepted, TriggerFired, TriggerWork, Unwatch, Watch
from windward.protocol.work import AttemptRef
from windward.settings import SchedulerSettings

TRIGGERER = "triggerer"
WATCH_MAX = 500
"""Triggers in one message."""
WATCH_AGAIN_AFTER = timedelta(seconds=10)
"""How long a watcher that failed is left alone."""
ASKED_FOR_EVERY = timedelta(seconds=10)
"""How often it is said that triggers wait and nobody runs them."""

Send = Callable[[str, ToHost], None]

log = logging.getLogger("windward.scheduler")


class Triggerers:
    """The triggerers that this scheduler knows, and where each trigger runs."""

    def __init__(
        self,
        cache: Cache,
        decider: Decider,
        store: Store,
        *,
        settings: SchedulerSettings,
        ids: Ids,
        ask_for_one: Callable[[], None],
        has_reports: Callable[[], None],
    ) -> None:
        """`has_reports` is called when watchers have made asset events."""
        self._cache = cache
        self._decider = decider
        self._store = store
        self._settings = settings
        self._ids = ids
        self._ask_for_one = ask_for_one
        self._has_reports = has_reports
        self._numbers: dict[tuple[str, AttemptRef], int] = {}
        """The last event of each watcher that was taken in, by triggerer: one that is sent again is known."""
        self._hosts: dict[str, HostRecord] = {}
        self._connected: dict[str, dict[TaskKey, AttemptRef]] = {}
        """What each connected triggerer runs."""
        self._gone: dict[str, dict[TaskKey, AttemptRef]] = {}
        """What those have that lost their connection: they may come back with it until their lease ends."""
        self._expected: set[str] = set()
        """Triggerers of an earlier leader that have not been heard of yet: they may have what nobody seems to have."""
        self._at: dict[TaskKey, str] = {}
        self._waiting: dict[TaskKey, AttemptRef] = {}
        self._beats_due: dict[str, datetime] = {}
        self._asked_at: datetime | None = None

    def load(self, work: Pass) -> None:
        """Learn of those that an earlier leader knew, and ask them to say hello."""
        for host in self._store.hosts.load_hosts():
            if host.kind == TRIGGERER:
                self._hosts[host.host_id] = host
                self._expected.add(host.host_id)
                due = max(host.lease_until, work.now + self._lease / 2)
                self._cache.timers.set(due, Timer.TRIGGERER_LATE, host.host_id)
                work.replies.append((None, host.host_id, Unknown()))

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self._settings.host_lease_s)

    # -- messages ------------------------------------------------------------------------

    def is_theirs(self, item: Envelope | HostGone) -> bool:
        """Whether a triggerer said this, or is gone."""
        if isinstance(item, Envelope):
            match item.message:
                case Hello(kind=kind):
                    return kind == TRIGGERER
                case TriggerFired():
                    return True
                case _:
                    pass
        return item.host_id in self._hosts

    def take(self, work: Pass, envelope: Envelope) -> None:
        """Judge one message of a triggerer."""
        host_id = envelope.host_id
        match envelope.message:
            case Hello() as hello:
                self._hello(work, hello)
            case Heartbeat(running=running):
                self._beat(work, host_id, running)
            case TriggerFired() as fired:
                self._fired(work, envelope, fired)
            case ChildCall() as call:
                work.calls.append((host_id, call))
            case Goodbye():
                self._settle(host_id)
            case _:
                pass

    def _hello(self, work: Pass, hello: Hello) -> None:
        host_id = hello.host_id
        host = HostRecord(
            host_id=host_id,
            hostname=hello.hostname,
            pid=hello.pid,
            queues=hello.queues,
            capacity=hello.capacity,
            lease_until=work.now + self._lease,
            kind=TRIGGERER,
        )
        if host_id not in self._hosts:
            self._cache.timers.set(host.lease_until, Timer.TRIGGERER_LATE, host_id)
        self._hosts[host_id] = host
        self._write_beat(host, work.now)
        self._expected.discard(host_id)
        had = {**self._gone.pop(host_id, {}), **self._connected.pop(host_id, {})}
        holds: dict[TaskKey, AttemptRef] = {}
        stale = []
        for ref in hello.running:
            key = key_of(ref)
            if self.is_current(ref) and self._at.get(key, host_id) == host_id:
                holds[key] = ref
                self._at[key] = host_id
                self._waiting.pop(key, None)
            else:
                stale.append(ref)
        self._connected[host_id] = holds
        self._put_back(key for key in had if key not in holds)
        lease_s = self._settings.host_lease_s
        work.replies.append((None, host_id, Welcome(lease_s=lease_s, stale=tuple(stale))))

    def _beat(self, work: Pass, host_id: str, running: Iterable[AttemptRef]) -> None:
        host = self._hosts.get(host_id)
        if host is None or host_id not in self._connected:
            work.replies.append((None, host_id, Unknown()))
            return
        host = self._hosts[host_id] = msgspec.structs.replace(host, lease_until=work.now + self._lease)
        if work.now >= self._beats_due.get(host_id, work.now):
            self._write_beat(host, work.now)
        stale = tuple(ref for ref in running if not self.is_current(ref))
        work.replies.append((None, host_id, Beat(stale=stale)))

    def _write_beat(self, host: HostRecord, now: datetime) -> None:
        """Write the lease, and the sign of life for people: a triggerer does not see the database."""
        hosts = self._store.hosts
        hosts.beat_host(host)
        hosts.beat_component(TRIGGERER, host.host_id, hostname=host.hostname, pid=host.pid, now=now)
        self._beats_due[host.host_id] = now + self._lease / 3

    def _fired(self, work: Pass, envelope: Envelope, said: TriggerFired) -> None:
        ref = said.ref
        key = key_of(ref)
        if key.run_pk == WATCHERS_PK:
            self._reported(work, envelope, said)
            return
        found = self._cache.find(key)
        if found is not None:
            action = decide_fired(found[0], found[1], said.fired, fence=ref.fence, at=said.at, now=work.now)
            if action is not None:
                self._forget(key)
                self._decider.act(work, ref.run_pk, action)
        # Stale, unless what this pass did to the run before is refused: then it is judged again.
        work.inputs_of[ref.run_pk].append(envelope)
        work.replies.append((ref.run_pk, envelope.host_id, FiredAccepted(ref=ref, number=said.number)))

    def _reported(self, work: Pass, envelope: Envelope, said: TriggerFired) -> None:
        """A watcher said something: an event of each of its assets, or that it has to be started again."""
        place = (envelope.host_id, said.ref)
        key = key_of(said.ref)
        group = ("watcher", *place, said.number)
        if said.number > self._numbers.get(place, -1):
            self._numbers[place] = said.number
            if isinstance(said.fired, Event):
                extra = extra_of(said.fired)
                for watched in self._cache.watchers.watched(key):
                    event = reported_event(
                        event_pk=self._ids.next_pk(),
                        name=watched.name,
                        uri=watched.uri,
                        extra=extra,
                        now=work.now,
                        by=f"watcher {watched.watcher}",
                    )
                    self._decider.act(work, str(group), event)
                self._has_reports()
            else:
                log.warning("watcher ended", extra={"trigger": key.task_id, "said": str(said.fired)})
                self._forget(key)
                self._cache.timers.set(work.now + WATCH_AGAIN_AFTER, Timer.WATCH_DUE, key)
        work.inputs_of[str(group)].append(envelope)
        work.replies.append((str(group), envelope.host_id, FiredAccepted(ref=said.ref, number=said.number)))

    # -- silence -------------------------------------------------------------------------

    def gone(self, gone: HostGone) -> None:
        """A connection ended: its triggers go to others when the process is dead, else when its lease ends."""
        if gone.is_dead:
            self._settle(gone.host_id)
            return
        had = self._connected.pop(gone.host_id, None)
        if had:
            self._gone[gone.host_id] = had

    def late(self, work: Pass, host_id: str) -> None:
        """A lease has ended, unless it was renewed meanwhile."""
        host = self._hosts.get(host_id)
        if host is None:
            return
        if host.lease_until > work.now and host_id not in self._expected:
            self._cache.timers.set(host.lease_until, Timer.TRIGGERER_LATE, host_id)
            return
        log.warning("triggerer was silent", extra={"triggerer": host_id, "hostname": host.hostname})
        self._settle(host_id)

    def _settle(self, host_id: str) -> None:
        """Nothing that this triggerer has will be heard of again: others get it."""
        if self._hosts.pop(host_id, None) is not None:
            self._store.hosts.delete_host(host_id)
        self._expected.discard(host_id)
        for place in [place for place in self._numbers if place[0] == host_id]:
            del self._numbers[place]
        had = {**self._gone.pop(host_id, {}), **self._connected.pop(host_id, {})}
        self._put_back(had)

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
                self._forget(key)
                stopped.setdefault((host_id or "", self._is_killed(key)), []).append(held)
            if current is None:
                self._waiting.pop(key, None)
            elif held != current:
                self._waiting[key] = current
        for (host_id, kills), refs in stopped.items():
            send(host_id, Unwatch(refs=tuple(refs), kills=kills))
        if self._waiting and not self._expected:
            self._hand_out(now, send, loading=loading)

    def _hand_out(self, now: datetime, send: Send, *, loading: Collection[int]) -> None:
        if not self._connected:
            if self._asked_at is None or now - self._asked_at >= ASKED_FOR_EVERY:
                log.info("triggers wait for a triggerer", extra={"triggers": len(self._waiting)})
                self._asked_at = now
                self._ask_for_one()
            return
        free = {
            host_id: self._hosts[host_id].capacity - len(held) for host_id, held in self._connected.items()
        }
        chosen: dict[str, dict[TaskKey, AttemptRef]] = {}
        for key, ref in self._waiting.items():
            if key.run_pk in loading:
                continue
            host_id = max(free, key=lambda name: (free[name], name))
            if free[host_id] <= 0:
                self._say_full(now)
                break
            free[host_id] -= 1
            chosen.setdefault(host_id, {})[key] = ref
        for host_id, refs in chosen.items():
            keys = list(refs)
            for start in range(0, len(keys), WATCH_MAX):
                self._send_watch(host_id, {key: refs[key] for key in keys[start : start + WATCH_MAX]}, send)

    def _say_full(self, now: datetime) -> None:
        if self._asked_at is None or now - self._asked_at >= ASKED_FOR_EVERY:
            self._asked_at = now
            log.warning("all triggerers are full", extra={"triggers": len(self._waiting)})

    def _send_watch(self, host_id: str, refs: dict[TaskKey, AttemptRef], send: Send) -> None:
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

    def _forget(self, key: TaskKey) -> None:
        host_id = self._at.pop(key, None)
        for held in (self._connected, self._gone):
            if host_id is not None and host_id in held:
                held[host_id].pop(key, None)

    def resumptions(self, keys: Collection[TaskKey]) -> dict[TaskKey, Resumption]:
        """Return where those of these instances go on that were resumed."""
        resumed = [
            key for key in keys if (found := self._cache.find(key)) and found[1].trigger_class is not None
        ]
        if not resumed:
            return {}
        return {
            key: Resumption(
                next_method=deferral.next_method,
                next_kwargs=deferral.next_kwargs,
                resumed=resumed_of(deferral.resumed),
            )
            for key, deferral in self._store.deferrals.load_deferrals(resumed).items()
            if deferral.resumed is not None
        }
