"""The scheduler's mailbox on this machine: worker hosts on a stream socket, wake-ups on a datagram socket.

One selector, one thread. `wait` is the only place where the scheduler sleeps, and no host, however slow or frozen,
makes it wait for anything else.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

from windward.executors.doors import Doors
from windward.executors.known_hosts import KnownHosts
from windward.executors.peer import Peer, Ready, let_go_by, process_of
from windward.executors.remote import RemoteHosts, RemotePeer
from windward.ports.executor import Envelope, HostGone, Woken
from windward.protocol.messages import (
    PROTOCOL_VERSION,
    AttemptEnded,
    FromHost,
    Goodbye,
    Hello,
    ToHost,
)

log = logging.getLogger("windward.executors.hub")
ACCEPTED_MAX = 64
"""Connections that are taken in one turn."""
WAKES_MAX = 64
_WAKE = b"w"
_INTERRUPT = b"i"


class Hub:
    """Implements `windward.ports.executor.Mailbox` over a home's doors.

    `wait` belongs to one thread. `wake` and `interrupt` may be called from any thread and from signal handlers.
    """

    def __init__(self, doors: Doors, *, remote: RemoteHosts | None = None) -> None:
        """`remote` are the hosts of other machines, if there may be some."""
        self._doors = doors
        self._remote = remote
        self._selector = selectors.DefaultSelector()
        self._peers: set[Peer] = set()
        self._hosts: dict[str, Peer] = {}
        self._left: dict[str, int] = {}
        """Hosts whose connection ended while their process may live, by pid descriptor."""
        self._known = KnownHosts(doors.folder)
        self._events: list[Envelope | HostGone | Woken] = []
        self._is_woken = False
        self._unsent: set[Peer] = set()
        """Hosts to which something was said since the last `wait`."""
        self.on_change: Callable[[], None] = lambda: None
        """Called when a host came or went."""
        if remote is not None:
            # Looked up at each call: who hands out work puts its own in later.
            remote.on_change = lambda: self.on_change()  # noqa: PLW0108
        self._bell, self._ring = socket.socketpair()
        for end in (self._bell, self._ring):
            end.setblocking(False)
        self._register(doors.stream, self._accept)
        self._register(doors.wake, self._woken)
        self._register(self._bell, self._rung)
        self._inherit()

    # The mailbox.

    def wait(self, timeout_s: float) -> list[Envelope | HostGone | Woken]:
        """Send what is to be sent, then block until something arrived or the time is up.

        Return all that is there (bounded per host).
        """
        self.flush()
        self._select(0.0 if self._events else max(0.0, timeout_s))
        events, self._events, self._is_woken = self._events, [], False
        return events

    def send(self, host_id: str, message: ToHost) -> None:
        """Send to a host, at the next `wait`; dropped when it is not connected (it will say hello again)."""
        peer = self._hosts.get(host_id)
        if peer is None:
            if self._remote is not None:
                self._remote.send(host_id, message)
            return
        peer.held.difference_update(let_go_by(message))
        peer.send(message)
        self._unsent.add(peer)
        if not peer.is_open:
            self._lost(peer)

    def flush(self) -> None:
        """Send what is to be sent now: what `wait` and `close` do first."""
        if self._remote is not None:
            self._remote.flush()
        while self._unsent:  # who is lost leaves work to others
            peer = self._unsent.pop()
            peer.flush()
            if not peer.is_open:
                self._lost(peer)

    # What executors ask.

    def hosts(self) -> Iterator[Peer | RemotePeer]:
        """Yield the worker hosts that are connected and stay."""
        if self._remote is not None:
            yield from self._remote.hosts()
        yield from (
            peer
            for peer in self._hosts.values()
            if not peer.is_leaving and peer.hello is not None and peer.hello.kind == "worker"
        )

    def find(self, host_id: str) -> Peer | None:
        """Return a connected host."""
        return self._hosts.get(host_id)

    # From other threads and signal handlers.

    def wake(self) -> None:
        """Make `wait` return with `Woken`."""
        with contextlib.suppress(OSError):  # full: it is ringing already
            self._ring.send(_WAKE)

    def interrupt(self) -> None:
        """Make `wait` return, with nothing if nothing else is there."""
        with contextlib.suppress(OSError):
            self._ring.send(_INTERRUPT)

    def close(self) -> None:
        """End all connections. The doors belong to whoever opened them."""
        self.flush()
        for peer in list(self._peers):
            peer.close()
            peer.forget_process()
        for process in self._left.values():
            os.close(process)
        self._selector.close()
        self._bell.close()
        self._ring.close()

    # The loop.

    def _register(self, source: socket.socket | int, ready: Ready) -> None:
        self._selector.register(source, selectors.EVENT_READ, ready)

    def _select(self, timeout_s: float) -> None:
        for key, events in self._selector.select(timeout_s):
            cast("Ready", key.data)(events)

    def _accept(self, _events: int) -> None:
        for _ in range(ACCEPTED_MAX):
            try:
                connection, _ = self._doors.stream.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            peer = Peer(connection, self._selector, self._on_ready)
            if peer.uid not in {os.geteuid(), 0}:
                log.warning("connection of another user refused", extra={"uid": peer.uid, "pid": peer.pid})
                peer.close()
                peer.forget_process()
                continue
            self._peers.add(peer)

    def _woken(self, _events: int) -> None:
        for _ in range(WAKES_MAX):
            try:
                self._doors.wake.recv(16)
            except OSError:
                break
        self._note_wake()

    def _rung(self, _events: int) -> None:
        if _WAKE in self._bell.recv(4096):
            self._note_wake()

    def _note_wake(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            self._events.append(Woken())

    # Hosts.

    def _inherit(self) -> None:
        """Tell which hosts of the last scheduler have died, and watch the others until they come back."""
        alive, dead = self._known.load()
        self._events += [HostGone(host_id, is_dead=True) for host_id in dead]
        for host_id, pid in alive.items():
            self._watch(host_id, process_of(pid))

    def _on_ready(self, peer: Peer, events: int) -> None:
        if events & selectors.EVENT_WRITE and peer.is_open:
            peer.flush()
        if events & selectors.EVENT_READ:
            for message in peer.read():
                self._take(peer, message)
        if not peer.is_open:
            self._lost(peer)

    def _take(self, peer: Peer, message: FromHost) -> None:
        if not peer.is_open:
            return
        match message:
            case Hello():
                if not self._greet(peer, message):
                    return
            case AttemptEnded(ref=ref):
                peer.held.discard(ref)
            case Goodbye():
                peer.is_leaving = True
                self._known.drop(peer.host_id)
            case _:
                pass
        if peer.hello is None:
            log.warning("connection without a hello refused", extra={"pid": peer.pid})
            peer.close()
            return
        self._events.append(Envelope(peer.host_id, message))

    def _greet(self, peer: Peer, hello: Hello) -> bool:
        if hello.version != PROTOCOL_VERSION:
            log.error(
                "worker host of another version refused",
                extra={"host": hello.host_id, "version": hello.version, "own_version": PROTOCOL_VERSION},
            )
            peer.close()
            return False
        peer.hello = hello
        before = self._hosts.get(hello.host_id)
        if before is not None and before is not peer:
            before.close()
            before.forget_process()
            self._peers.discard(before)
        self._stop_watching(hello.host_id)
        self._known.add(hello.host_id, peer.pid)
        peer.held = set(hello.running)
        self._hosts[hello.host_id] = peer
        self.on_change()
        return True

    def _lost(self, peer: Peer) -> None:
        """Tell that a connection ended, and go on watching a process that has not."""
        if peer not in self._peers:
            return
        self._peers.discard(peer)
        if peer.hello is None or self._hosts.get(peer.host_id) is not peer:
            peer.forget_process()
            return
        del self._hosts[peer.host_id]
        self.on_change()
        is_dead = peer.is_dead()
        self._events.append(HostGone(peer.host_id, is_dead))
        if is_dead or peer.is_leaving:
            self._known.drop(peer.host_id)
            peer.forget_process()
        else:
            self._watch(peer.host_id, peer.process)

    def _watch(self, host_id: str, process: int) -> None:
        if process >= 0:
            self._left[host_id] = process
            self._register(process, partial(self._process_ended, host_id))

    def _process_ended(self, host_id: str, _events: int) -> None:
        if host_id in self._left:
            self._stop_watching(host_id)
            self._known.drop(host_id)
            self._events.append(HostGone(host_id, is_dead=True))

    def _stop_watching(self, host_id: str) -> None:
        process = self._left.pop(host_id, -1)
        if process >= 0:
            self._selector.unregister(process)
            os.close(process)
