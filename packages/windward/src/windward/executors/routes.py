"""Which host gets which attempt: by queue, then by free capacity. Attempts for queues that nobody serves yet wait.

What waits here is only remembered: a new leader passes every queued attempt on again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from windward.executors.hub import Hub
from windward.executors.peer import Peer
from windward.executors.remote import RemotePeer
from windward.protocol.messages import Cancel, Submit
from windward.protocol.work import AttemptRef, Submission


class Routes:
    """Passes attempts to the hosts of a hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._waiting: dict[AttemptRef, Submission] = {}
        self._placed: list[tuple[AttemptRef, str]] = []
        """Attempts that had waited, and their hosts, until the scheduler has heard of it."""
        self._avoided: frozenset[str] = frozenset()
        """Hosts that are given nothing new."""
        hub.on_change = self._look_again

    @property
    def waiting(self) -> int:
        """How many attempts wait for a host that serves their queue."""
        return len(self._waiting)

    def capacity(self) -> int:
        """Return the capacity of all connected hosts that take something new."""
        return sum(peer.capacity for peer in self._hub.hosts() if peer.host_id not in self._avoided)

    def avoid(self, host_ids: Collection[str]) -> None:
        """Hand nothing new to these hosts; what waited goes to those that are avoided no more."""
        before, self._avoided = self._avoided, frozenset(host_ids)
        if before - self._avoided:
            self._look_again()

    def submit(self, work: Sequence[Submission]) -> list[str]:
        """Send each attempt to the host of its queue that has most room; "" for those that wait."""
        return self._send(work)

    def placed(self) -> list[tuple[AttemptRef, str]]:
        """Return what no longer waits since the last call, and the host that each went to."""
        placed, self._placed = self._placed, []
        return placed

    def cancel(self, refs: Sequence[AttemptRef], *, reason: str) -> None:
        """Tell the hosts that have these attempts, and all hosts of those that no host is known to have."""
        unknown = []
        by_host: dict[str, list[AttemptRef]] = {}
        for ref in refs:
            if self._waiting.pop(ref, None) is not None:
                continue
            host = next((peer for peer in self._hub.hosts() if ref in peer.held), None)
            if host is None:
                unknown.append(ref)
            else:
                by_host.setdefault(host.host_id, []).append(ref)
        if unknown:
            for peer in list(self._hub.hosts()):
                by_host.setdefault(peer.host_id, []).extend(unknown)
        for host_id, some in by_host.items():
            self._hub.send(host_id, Cancel(refs=tuple(some), reason=reason))

    def _look_again(self) -> None:
        """Hand out what waited for a host that came."""
        waiting, self._waiting = self._waiting, {}
        hosts = self._send([*waiting.values()])
        self._placed += [(ref, host_id) for ref, host_id in zip(waiting, hosts, strict=True) if host_id]

    def _send(self, work: Sequence[Submission]) -> list[str]:
        hosts = list(self._hub.hosts())
        batches: dict[str, list[Submission]] = {}
        placed: list[str] = []
        for submission in work:
            peer = _roomiest(hosts, submission, self._avoided)
            if peer is None:
                self._waiting[submission.ref] = submission
                placed.append("")
                continue
            peer.held.add(submission.ref)
            batches.setdefault(peer.host_id, []).append(submission)
            placed.append(peer.host_id)
        for host_id, batch in batches.items():
            self._hub.send(host_id, Submit(work=tuple(batch)))
        return placed


def _roomiest(
    hosts: list[Peer | RemotePeer], submission: Submission, avoided: Collection[str]
) -> Peer | RemotePeer | None:
    """Return the host of the queue with most free capacity; one that has the attempt already is the one."""
    serving = [peer for peer in hosts if peer.hello is not None and submission.queue in peer.hello.queues]
    for peer in serving:
        if submission.ref in peer.held:
            return peer
    serving = [peer for peer in serving if peer.host_id not in avoided]
    return max(serving, key=lambda peer: peer.capacity - len(peer.held), default=None)
