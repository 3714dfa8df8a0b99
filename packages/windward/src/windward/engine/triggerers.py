"""Triggerers: what they say, and what their silence means.

A triggerer is a host of another kind: it holds triggers instead of attempts. Which one holds what is written for
people only: each says with its hello what it still has, and a trigger that nobody has is given to somebody
(`holdings`). So a trigger may run twice at a time when its triggerer is given up and lives; its word counts once, by
its fence.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import msgspec

from windward.core.assets import reported_event
from windward.core.deferral import decide_fired, resumed_of
from windward.core.watchers import WATCHERS_PK, extra_of
from windward.engine.cache import Cache
from windward.engine.contexts import key_of
from windward.engine.deciding import Decider
from windward.engine.holdings import Holdings
from windward.engine.timers import Timer
from windward.engine.work import Pass
from windward.model.ids import TaskKey
from windward.model.records import HostRecord
from windward.ports.clock import Ids
from windward.ports.executor import Envelope, HostGone
from windward.ports.store import Store
from windward.protocol.fired import Broken, Event, Resumption
from windward.protocol.messages import Beat, ChildCall, Goodbye, Heartbeat, Hello, Unknown, Welcome
from windward.protocol.triggers import FiredAccepted, GivenBack, TriggerFired
from windward.protocol.work import AttemptRef
from windward.settings import Settings

TRIGGERER = "triggerer"
WATCH_AGAIN_AFTER = timedelta(seconds=10)
"""How long a watcher that failed is left alone."""
MISSED_FOR = timedelta(minutes=5)
"""How long a triggerer that left triggers behind is told of as one that ought to be there."""

log = logging.getLogger("windward.scheduler")


class Triggerers:
    """What the triggerers of this scheduler say."""

    def __init__(
        self,
        cache: Cache,
        decider: Decider,
        store: Store,
        *,
        settings: Settings,
        ids: Ids,
        ask_for_one: Callable[[], None],
        has_reports: Callable[[], None],
    ) -> None:
        """`has_reports` is called when watchers have made asset events."""
        self._cache = cache
        self._decider = decider
        self._store = store
        self._settings = settings.scheduler
        self._holdings = Holdings(
            cache, store, has_queues=settings.triggerer.queues_enabled, ask_for_one=ask_for_one
        )
        self._ids = ids
        self._has_reports = has_reports
        self._numbers: dict[tuple[str, AttemptRef], int] = {}
        """The last event of each watcher that was taken in, by triggerer: one that is sent again is known."""
        self._beats_due: dict[str, datetime] = {}
        self._told: dict[str, tuple[TaskKey, ...]] = {}
        """What was written of the triggers that each has."""

    @property
    def holdings(self) -> Holdings:
        """Which triggerer has which trigger."""
        return self._holdings

    def load(self, work: Pass) -> None:
        """Learn of those that an earlier leader knew, and ask them to say hello."""
        for host in self._store.hosts.load_hosts():
            if host.kind == TRIGGERER:
                self._holdings.hosts[host.host_id] = host
                self._holdings.expected.add(host.host_id)
                due = max(host.lease_until, work.now + self._lease / 2)
                self._cache.timers.set(due, Timer.TRIGGERER_LATE, host.host_id)
                work.replies.append((None, host.host_id, Unknown()))
        for part in self._store.hosts.load_components():
            if part["kind"] == TRIGGERER and part["name"] not in self._holdings.hosts:
                due = max(part["last_beat_at"] + MISSED_FOR, work.now + self._lease)
                self._cache.timers.set(due, Timer.TRIGGERER_MISSED, part["name"])

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
                case TriggerFired() | GivenBack():
                    return True
                case _:
                    pass
        return item.host_id in self._holdings.hosts

    def take(self, work: Pass, envelope: Envelope) -> None:
        """Judge one message of a triggerer."""
        host_id = envelope.host_id
        match envelope.message:
            case Hello() as hello:
                self._hello(work, hello)
            case Heartbeat() as beat:
                self._beat(work, host_id, beat)
            case TriggerFired() as fired:
                self._fired(work, envelope, fired)
            case GivenBack(ref=ref):
                self._holdings.given_back(host_id, ref)
            case ChildCall() as call:
                work.calls.append((host_id, call))
            case Goodbye():
                self._settle(work, host_id)
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
        if host_id not in self._holdings.hosts:
            self._cache.timers.set(host.lease_until, Timer.TRIGGERER_LATE, host_id)
        self._write_beat(host, work.now)
        stale = self._holdings.connect(host, hello.running)
        work.replies.append((None, host_id, Welcome(lease_s=self._settings.host_lease_s, stale=stale)))

    def _beat(self, work: Pass, host_id: str, said: Heartbeat) -> None:
        host = self._holdings.hosts.get(host_id)
        if host is None or not self._holdings.is_connected(host_id):
            work.replies.append((None, host_id, Unknown()))
            return
        work.triggerer_beats.append(said.blocked)
        host = self._holdings.hosts[host_id] = msgspec.structs.replace(
            host, lease_until=work.now + self._lease
        )
        if work.now >= self._beats_due.get(host_id, work.now):
            self._write_beat(host, work.now)
        self._write_held(host_id)
        stale = tuple(ref for ref in said.running if not self._holdings.is_current(ref))
        work.replies.append((None, host_id, Beat(stale=stale)))

    def _write_beat(self, host: HostRecord, now: datetime) -> None:
        """Write the lease, and the sign of life for people: a triggerer does not see the database."""
        hosts = self._store.hosts
        hosts.beat_host(host)
        hosts.beat_component(TRIGGERER, host.host_id, hostname=host.hostname, pid=host.pid, now=now)
        self._beats_due[host.host_id] = now + self._lease / 3

    def _write_held(self, host_id: str) -> None:
        """Write what a triggerer has, for people: once a beat, however much has come and gone since the last."""
        keys = self._holdings.held_by(host_id)
        if keys != self._told.get(host_id, ()):
            self._store.hosts.put_held(host_id, keys)
            self._told[host_id] = keys

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
                self._holdings.forget(key)
                self._decider.act(work, ref.run_pk, action)
                work.fired.append((ref.run_pk, not isinstance(said.fired, Broken)))
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
                work.fired.append((str(group), False))
                self._holdings.forget(key)
                self._cache.timers.set(work.now + WATCH_AGAIN_AFTER, Timer.WATCH_DUE, key)
        work.inputs_of[str(group)].append(envelope)
        work.replies.append((str(group), envelope.host_id, FiredAccepted(ref=said.ref, number=said.number)))

    # -- silence -------------------------------------------------------------------------

    def gone(self, work: Pass, gone: HostGone) -> None:
        """A connection ended: its triggers go to others when the process is dead, else when its lease ends."""
        if gone.is_dead:
            self._settle(work, gone.host_id)
            return
        self._holdings.disconnect(gone.host_id)

    def due(self, work: Pass, timer: Timer, host_id: str) -> None:
        """Look at one that is silent: its lease has ended, or it is gone for a while."""
        if timer is Timer.TRIGGERER_LATE:
            self._late(work, host_id)
        else:
            self._missed(work, host_id)

    def _late(self, work: Pass, host_id: str) -> None:
        """A lease has ended, unless it was renewed meanwhile."""
        host = self._holdings.hosts.get(host_id)
        if host is None:
            return
        if host.lease_until > work.now and host_id not in self._holdings.expected:
            self._cache.timers.set(host.lease_until, Timer.TRIGGERER_LATE, host_id)
            return
        log.warning("triggerer was silent", extra={"triggerer": host_id, "hostname": host.hostname})
        self._settle(work, host_id)

    def _missed(self, work: Pass, host_id: str) -> None:
        """Forget one that is gone for good when another is there, or nothing waits for one: names never come again."""
        if host_id in self._holdings.hosts:
            return
        if self._holdings.is_one_missed():
            self._cache.timers.set(work.now + self._lease, Timer.TRIGGERER_MISSED, host_id)
            return
        self._store.hosts.forget_component(TRIGGERER, host_id)

    def _settle(self, work: Pass, host_id: str) -> None:
        """Nothing that this triggerer has will be heard of again: others get it."""
        if host_id in self._holdings.hosts:
            self._store.hosts.delete_host(host_id)
        self._told.pop(host_id, None)
        for place in [place for place in self._numbers if place[0] == host_id]:
            del self._numbers[place]
        if self._holdings.settle(host_id):
            self._cache.timers.set(work.now + MISSED_FOR, Timer.TRIGGERER_MISSED, host_id)
        else:
            # It is not missed: one is started when there is something to wait for.
            self._store.hosts.forget_component(TRIGGERER, host_id)

    # -- questions -----------------------------------------------------------------------

    def is_current(self, ref: AttemptRef) -> bool:
        """Whether this trigger is waited for."""
        return self._holdings.is_current(ref)

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
