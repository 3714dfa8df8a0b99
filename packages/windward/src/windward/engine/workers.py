"""Worker hosts: who is there, what they say, and what their silence means.

Turns messages into decisions of `core.attempts`. A host is trusted for the attempts that were granted to
it, and only under the fence it was granted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from windward.core.attempts import decide_end, decide_start
from windward.core.transitions import TaskEvent
from windward.core.view import RunView
from windward.engine.cache import Cache
from windward.engine.callbacks import Callbacks
from windward.engine.contexts import key_of, ref_of
from windward.engine.deciding import Decider
from windward.engine.timers import Timer
from windward.engine.work import Pass
from windward.model.records import HostRecord, TaskRecord
from windward.model.states import IN_FLIGHT, TaskState
from windward.ports.executor import Envelope, HostGone
from windward.ports.hosts import HostStore
from windward.protocol.messages import (
    Accepted,
    AttemptEnded,
    Beat,
    Cancel,
    ChildCall,
    Goodbye,
    Heartbeat,
    Hello,
    StartRefused,
    StartRequest,
    Unknown,
    Welcome,
)
from windward.protocol.outcomes import Succeeded
from windward.protocol.triggers import GivenBack, TriggerFired
from windward.protocol.work import AttemptRef
from windward.settings import SchedulerSettings


class Workers:
    """The hosts that this scheduler knows, and where it sent each attempt."""

    def __init__(
        self,
        cache: Cache,
        decider: Decider,
        callbacks: Callbacks,
        hosts: HostStore,
        *,
        settings: SchedulerSettings,
    ) -> None:
        self._cache = cache
        self._decider = decider
        self._callbacks = callbacks
        self._store = hosts
        self._settings = settings
        self._hosts: dict[str, HostRecord] = {}
        self._beats_due: dict[str, datetime] = {}
        self.sent: dict[AttemptRef, str] = {}
        """Queued attempts that were passed on, and the host they went to ("" when a queue decides)."""

    @property
    def lease(self) -> timedelta:
        """How long a host may be silent."""
        return timedelta(seconds=self._settings.host_lease_s)

    def load(self, now: datetime) -> None:
        """Learn of hosts that an earlier scheduler knew: those that do not come back in time are lost."""
        for host in self._store.load_hosts():
            if host.kind != "worker":
                continue
            self._hosts[host.host_id] = host
            due = max(host.lease_until, now + timedelta(seconds=self._settings.host_lease_s / 2))
            self._cache.timers.set(due, Timer.HOST_LATE, host.host_id)

    def draining(self) -> frozenset[str]:
        """Return the hosts that people want to be given nothing new."""
        return frozenset(host.host_id for host in self._store.load_hosts() if host.is_draining)

    # -- messages ------------------------------------------------------------------------

    def take(self, work: Pass, envelope: Envelope) -> None:
        """Judge one message of a host."""
        host_id = envelope.host_id
        match envelope.message:
            case Hello() as hello:
                self._hello(work, hello)
            case Heartbeat() as beat:
                self._beat(work, host_id, beat)
            case StartRequest(refs=refs):
                for ref in refs:
                    self._start(work, envelope, ref)
            case AttemptEnded(ref=ref) as ended if ref.callback_pk is not None:
                self._callbacks.ended(work, host_id, ended)
            case AttemptEnded() as ended:
                self._ended(work, envelope, ended)
            case ChildCall() as call:
                work.calls.append((host_id, call))
            case Goodbye():
                self._goodbye(work, host_id)
            case TriggerFired() | GivenBack():
                pass  # A triggerer's, see `triggerers`.

    def _hello(self, work: Pass, hello: Hello) -> None:
        host = HostRecord(
            host_id=hello.host_id,
            hostname=hello.hostname,
            pid=hello.pid,
            queues=hello.queues,
            capacity=hello.capacity,
            lease_until=work.now + self.lease,
        )
        if host.host_id not in self._hosts:
            self._cache.timers.set(host.lease_until, Timer.HOST_LATE, host.host_id)
        self._hosts[host.host_id] = host
        self._write_beat(host, work.now)
        running = set(hello.running)
        stale = tuple(ref for ref in hello.running if not self.is_current(ref))
        work.replies.append((None, host.host_id, Welcome(lease_s=self._settings.host_lease_s, stale=stale)))
        restarting = tuple(ref for ref in hello.running if self._state_of(ref) is TaskState.RESTARTING)
        if restarting:
            work.replies.append((None, host.host_id, Cancel(refs=restarting, reason="the task was cleared")))
        for view, record in self._owned_by(host.host_id):
            if ref_of(record) not in running:
                self._decider.lose(work, view, record, reason=f"worker `{host.hostname}` lost track of it")
        for ref in [ref for ref, sent_to in self.sent.items() if sent_to == host.host_id]:
            if ref not in running:
                del self.sent[ref]
                work.submissions.append(key_of(ref))
        self._callbacks.host_says(work, host.host_id, hello.running)

    def _beat(self, work: Pass, host_id: str, beat: Heartbeat) -> None:
        host = self._hosts.get(host_id)
        if host is None:
            # Forgotten while it was silent, or the scheduler is a new one.
            work.replies.append((None, host_id, Unknown()))
            return
        host = msgspec.structs.replace(host, lease_until=work.now + self.lease)
        self._hosts[host_id] = host
        if work.now >= self._beats_due.get(host_id, work.now):
            self._write_beat(host, work.now)
        stale = tuple(ref for ref in beat.running if not self.is_current(ref))
        work.replies.append((None, host_id, Beat(stale=stale)))

    def _write_beat(self, host: HostRecord, now: datetime) -> None:
        """Write the lease to the store: a third of it apart, so that beats cost little."""
        self._store.beat_host(host)
        self._beats_due[host.host_id] = now + self.lease / 3

    def _start(self, work: Pass, envelope: Envelope, ref: AttemptRef) -> None:
        key = key_of(ref)
        found = self._cache.find(key)
        if envelope.host_id not in self._hosts:
            work.replies.append((None, envelope.host_id, Unknown()))
            return
        if ref.callback_pk is not None:
            self._callbacks.start(work, ref, envelope.host_id)
            return
        decided = decide_start(
            found[1] if found else None, fence=ref.fence, host_id=envelope.host_id, now=work.now
        )
        if isinstance(decided, str):
            if found and found[1].state is TaskState.RESTARTING and found[1].owner == envelope.host_id:
                # The grant never arrived, and meanwhile the task was cleared: there is nothing to wait for.
                self._decider.lose(work, found[0], found[1], reason="cleared before it began")
            work.inputs_of[key.run_pk].append(Envelope(envelope.host_id, StartRequest(refs=(ref,))))
            work.replies.append((key.run_pk, envelope.host_id, StartRefused(ref=ref, reason=decided)))
            return
        if decided is not None:
            self._decider.act(work, key.run_pk, decided)
        work.inputs_of[key.run_pk].append(Envelope(envelope.host_id, StartRequest(refs=(ref,))))
        work.grants.append((key, envelope.host_id, ref))
        self.sent.pop(ref, None)

    def _ended(self, work: Pass, envelope: Envelope, ended: AttemptEnded) -> None:
        ref = ended.ref
        found = self._cache.find(key_of(ref))
        moves = None
        if found is not None:
            moves = decide_end(
                found[0],
                found[1],
                ended.ending,
                fence=ref.fence,
                now=work.now,
                lost_attempts_max=self._settings.lost_attempts_max,
            )
        self.sent.pop(ref, None)
        if moves is None:
            # Stale, unless what this pass did to the run before is refused: then it is judged again.
            work.inputs_of[ref.run_pk].append(envelope)
            work.replies.append((ref.run_pk, envelope.host_id, Accepted(ref=ref, is_stale=True)))
            return
        for action in moves:
            self._decider.act(work, ref.run_pk, action)
        outcome = ended.ending.outcome
        if found is not None and isinstance(outcome, Succeeded) and moves[0].event is TaskEvent.SUCCEED:
            self._decider.assets.written(work, found[0], moves[0].key, outcome.assets)
        work.inputs_of[ref.run_pk].append(envelope)
        work.replies.append((ref.run_pk, envelope.host_id, Accepted(ref=ref)))

    def placed(self, work: Pass, ref: AttemptRef, host_id: str) -> None:
        """An attempt that had waited went to a host: should that host be lost, the attempt is not."""
        if ref.callback_pk is not None:
            self._callbacks.placed(work, ref, host_id, is_known=host_id in self._hosts)
        elif self.sent.get(ref) == "":
            if host_id in self._hosts:
                self.sent[ref] = host_id
            else:
                del self.sent[ref]
                work.submissions.append(key_of(ref))

    # -- silence -------------------------------------------------------------------------

    def gone(self, work: Pass, gone: HostGone) -> None:
        """A connection ended: settle at once if the process is dead, else wait for the lease."""
        if gone.is_dead:
            self._settle(work, gone.host_id, reason="its worker process died")

    def late(self, work: Pass, host_id: str) -> None:
        """A lease has ended, unless it was renewed meanwhile."""
        host = self._hosts.get(host_id)
        if host is None:
            return
        if host.lease_until > work.now:
            self._cache.timers.set(host.lease_until, Timer.HOST_LATE, host_id)
            return
        silence_s = self._settings.host_lease_s
        self._settle(work, host_id, reason=f"worker `{host.hostname}` was silent for {silence_s:g} s")

    def _goodbye(self, work: Pass, host_id: str) -> None:
        self._settle(work, host_id, reason="its worker stopped")

    def _settle(self, work: Pass, host_id: str, *, reason: str) -> None:
        """Nothing that this host was given will be heard of again."""
        if self._hosts.pop(host_id, None) is not None:
            self._store.delete_host(host_id)
        self._callbacks.host_gone(work, host_id)
        for view, record in self._owned_by(host_id):
            self._decider.lose(work, view, record, reason=reason)
        for ref in [ref for ref, sent_to in self.sent.items() if sent_to == host_id]:
            del self.sent[ref]
            found = self._cache.find(key_of(ref))
            if found is not None and found[1].fence == ref.fence and found[1].state is TaskState.QUEUED:
                self._decider.lose(work, found[0], found[1], reason=reason)

    def _owned_by(self, host_id: str) -> list[tuple[RunView, TaskRecord]]:
        return [
            (view, record)
            for view, record in self._in_flight()
            if record.owner == host_id and record.state is not TaskState.QUEUED
        ]

    def unsent(self) -> list[TaskRecord]:
        """Return queued attempts that nobody was told of: what a new leader passes on again."""
        return [
            record
            for _, record in self._in_flight()
            if record.state is TaskState.QUEUED and ref_of(record) not in self.sent
        ]

    def orphans(self, work: Pass) -> None:
        """Settle running attempts and callbacks whose host is not known at all (its row is gone)."""
        self._callbacks.take_over(work, self._hosts)
        for view, record in list(self._in_flight()):
            if record.state is not TaskState.QUEUED and record.owner not in self._hosts:
                self._decider.lose(work, view, record, reason="its worker is not known")

    def _in_flight(self) -> Iterator[tuple[RunView, TaskRecord]]:
        for view in self._cache.views.values():
            if view.in_flight:
                for record in view.all_instances():
                    if record.state in IN_FLIGHT:
                        yield view, record

    def _state_of(self, ref: AttemptRef) -> TaskState | None:
        found = self._cache.find(key_of(ref))
        return found[1].state if found is not None and found[1].fence == ref.fence else None

    def may_call(self, ref: AttemptRef) -> bool:
        """Whether this attempt has not been superseded; its end may have come with its last call."""
        found = self._cache.find(key_of(ref))
        return self.is_current(ref) or (found is not None and found[1].fence == ref.fence)

    def is_current(self, ref: AttemptRef) -> bool:
        """Whether this is the current attempt of its instance, or callback, and still in flight."""
        if ref.callback_pk is not None:
            return self._callbacks.is_current(ref)
        return self._state_of(ref) in IN_FLIGHT
