"""Worker hosts of other machines, as the scheduler sees them: what they said is read from the store, as is their mail.

They speak to an API server, which posts their letters and fetches their mail. What an API server can answer by itself
is not mailed: a welcome, a heartbeat, the acceptance of an ending.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

from windward.errors import UnavailableError
from windward.executors.peer import let_go_by
from windward.ports.executor import Envelope, HostGone, Woken
from windward.ports.remote import Letter, RemoteStore
from windward.protocol.messages import (
    AttemptEnded,
    Beat,
    Cancel,
    Goodbye,
    Heartbeat,
    Hello,
    Shutdown,
    StartGranted,
    StartRefused,
    Submit,
    ToHost,
    Unknown,
    Welcome,
)
from windward.protocol.work import AttemptRef

log = logging.getLogger("windward.executors.remote")
OUTGOING_MAX = 10_000
"""Messages that are kept while the database does not answer."""


class RemotePeer:
    """One host of another machine; the same face as a connection's."""

    def __init__(self, hello: Hello, *, heard_s: float) -> None:
        self.hello = hello
        self.held: set[AttemptRef] = set(hello.running)
        self.heard_s = heard_s
        """Monotonic time of its last word."""
        self.is_leaving = False

    @property
    def host_id(self) -> str:
        """The host's id."""
        return self.hello.host_id

    @property
    def capacity(self) -> int:
        """How many attempts the host takes at all."""
        return 0 if self.is_leaving else self.hello.capacity


class RemoteHosts:
    """All of them. Implements `windward.ports.remote.Inbox`; belongs to the scheduler's thread."""

    def __init__(self, store: RemoteStore, *, lease_s: float, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._lease_s = lease_s
        self._monotonic = monotonic
        self._peers: dict[str, RemotePeer] = {}
        self._outgoing: list[tuple[str, ToHost]] = []
        self._unsettled: dict[int, Envelope] = {}
        """Letters that were read, and whose consequences may not be written."""
        self.on_change: Callable[[], None] = lambda: None
        """Called when a host came or went."""

    # The inbox.

    def read(self) -> list[Envelope]:
        """Return what has come since the last time, in order."""
        new = [letter for letter in self._store.load_letters() if letter.letter_pk not in self._unsettled]
        for letter in new:
            self._unsettled[letter.letter_pk] = Envelope(letter.host_id, letter.message)
            self._hear(letter)
        return [self._unsettled[letter.letter_pk] for letter in new]

    def settle(self, pending: Sequence[Envelope | HostGone | Woken]) -> None:
        """Forget what was read, but for what is `pending`."""
        waiting = {id(item) for item in pending}
        done = [pk for pk, envelope in self._unsettled.items() if id(envelope) not in waiting]
        if done:
            self._store.delete_letters(done)
            for pk in done:
                del self._unsettled[pk]

    def forget(self) -> None:
        """Begin anew: all that was not settled will be read again."""
        self._unsettled.clear()

    # The hosts.

    def hosts(self) -> Iterator[RemotePeer]:
        """Yield those that take attempts: they were heard of within their lease, and stay."""
        now = self._monotonic()
        for peer in list(self._peers.values()):
            if now - peer.heard_s > self._lease_s:
                del self._peers[peer.host_id]
                log.warning("worker host of another machine is silent", extra={"host": peer.host_id})
            elif not peer.is_leaving:
                yield peer

    def send(self, host_id: str, message: ToHost) -> None:
        """Keep a message until `flush`; what the host's API server says by itself is dropped."""
        peer = self._peers.get(host_id)
        if peer is not None:
            peer.held.difference_update(let_go_by(message))
        match message:
            case Submit() | Cancel() | Shutdown() | StartGranted() | StartRefused():
                self._outgoing.append((host_id, message))
            case Welcome(stale=stale) | Beat(stale=stale) if stale:
                self._outgoing.append((host_id, Beat(stale=stale)))
            case Unknown():
                self._outgoing.append((host_id, message))
            case _:
                pass

    def flush(self) -> None:
        """Write what is kept into the hosts' mail."""
        if not self._outgoing:
            return
        try:
            self._store.put_mail(self._outgoing)
        except UnavailableError as error:
            # Kept for the next time. When it grows too long: queued attempts are handed out again in time.
            log.warning("mail of worker hosts not written", extra={"error": str(error)})
            del self._outgoing[:-OUTGOING_MAX]
        else:
            self._outgoing = []

    def _hear(self, letter: Letter) -> None:
        peer = self._peers.get(letter.host_id)
        if peer is not None:
            peer.heard_s = self._monotonic()
        match letter.message:
            case Hello() as hello:
                self._peers[letter.host_id] = RemotePeer(hello, heard_s=self._monotonic())
                self.on_change()
            case Heartbeat() if peer is None:
                # It said hello to an earlier scheduler: this one does not know what it can take.
                self.send(letter.host_id, Unknown())
            case AttemptEnded(ref=ref) if peer is not None:
                peer.held.discard(ref)
            case Goodbye() if peer is not None:
                del self._peers[letter.host_id]
                self.on_change()
            case _:
                pass
