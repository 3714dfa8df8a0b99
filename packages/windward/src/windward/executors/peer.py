"""One worker host's connection as the scheduler holds it: frames in, frames out, and whose process it is.

Nothing here blocks: what the host does not take is kept, and a host that takes nothing for long loses its connection.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
import struct
from collections.abc import Callable

from windward.protocol.framing import FrameError, FrameReader, frame
from windward.protocol.messages import (
    Accepted,
    Beat,
    FromHost,
    Hello,
    StartRefused,
    ToHost,
    Welcome,
)
from windward.protocol.work import AttemptRef

log = logging.getLogger("windward.executors.hub")
READ_BYTES = 256 * 1024
"""What is read of one host before the others have their turn."""
OUTGOING_BYTES_MAX = 64 * 1024 * 1024
"""More than this waiting for one host means that it does not read any more."""
_CREDENTIALS = struct.Struct("3i")

Ready = Callable[[int], None]


class Peer:
    """A connection. `hello` is None until the host said who it is; `held` are the attempts that it has."""

    def __init__(
        self, connection: socket.socket, selector: selectors.BaseSelector, ready: Callable[[Peer, int], None]
    ) -> None:
        connection.setblocking(False)
        self.hello: Hello | None = None
        self.held: set[AttemptRef] = set()
        self.is_leaving = False
        self.is_open = True
        self.pid, self.uid = _credentials(connection)
        self.process = process_of(self.pid)
        """A pid descriptor, which stays with this process when its number is used again; -1: there is none."""
        self._socket = connection
        self._selector = selector
        self._ready: Ready = lambda events: ready(self, events)
        self._frames: FrameReader[FromHost] = FrameReader(FromHost)
        self._outgoing = bytearray()
        self._waits_for_room = False
        selector.register(connection, selectors.EVENT_READ, self._ready)

    @property
    def host_id(self) -> str:
        """The host's id; empty until its hello."""
        return self.hello.host_id if self.hello is not None else ""

    @property
    def capacity(self) -> int:
        """How many attempts the host takes at all."""
        return self.hello.capacity if self.hello is not None and not self.is_leaving else 0

    def send(self, message: ToHost) -> None:
        """Keep a message until `flush`: all that one pass has to say leaves in one piece, and wakes the host once."""
        if not self.is_open:
            return
        self._outgoing += frame(message)
        if len(self._outgoing) > OUTGOING_BYTES_MAX:
            self.flush()
        if len(self._outgoing) > OUTGOING_BYTES_MAX:
            log.warning(
                "worker host does not read", extra={"host": self.host_id, "bytes": len(self._outgoing)}
            )
            self.close()

    def flush(self) -> None:
        """Send what was kept, as far as the host takes it; the rest when it takes more."""
        if not (self.is_open and self._outgoing):
            return
        try:
            sent = self._socket.send(self._outgoing)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.close()
            return
        del self._outgoing[:sent]
        waits = bool(self._outgoing)
        if waits != self._waits_for_room:
            self._waits_for_room = waits
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if waits else 0)
            self._selector.modify(self._socket, events, self._ready)

    def read(self) -> list[FromHost]:
        """Return the messages that have arrived; closes itself at the end of the stream and on nonsense."""
        if not self.is_open:
            return []
        try:
            data = self._socket.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            data = b""
        if not data:
            self.close()
            return []
        try:
            return self._frames.feed(data)
        except FrameError as error:
            log.warning(
                "worker host sent what cannot be read", extra={"host": self.host_id, "error": str(error)}
            )
            self.close()
            return []

    def close(self) -> None:
        """End the connection; what was not sent is dropped. The pid descriptor stays open."""
        if self.is_open:
            self.is_open = False
            self._selector.unregister(self._socket)
            self._socket.close()
            self._outgoing.clear()

    def is_dead(self) -> bool:
        """Whether the host's process is known to be gone."""
        if self.process >= 0:
            with selectors.PollSelector() as waiting:
                waiting.register(self.process, selectors.EVENT_READ)
                return bool(waiting.select(0))
        if self.pid <= 0:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False

    def forget_process(self) -> None:
        """Give the pid descriptor back."""
        if self.process >= 0:
            os.close(self.process)
            self.process = -1


def _credentials(connection: socket.socket) -> tuple[int, int]:
    """Return pid and user id of the other side, as the kernel knows them; (0, own user) where it does not say."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return 0, os.geteuid()
    pid, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size))
    return int(pid), int(uid)


def process_of(pid: int) -> int:
    """Return a descriptor of a process; -1 when there is no such process, or no such thing here."""
    if pid <= 0 or not hasattr(os, "pidfd_open"):
        return -1
    try:
        return os.pidfd_open(pid)
    except OSError:
        return -1


def let_go_by(message: ToHost) -> tuple[AttemptRef, ...]:
    """Return the attempts that a host has no more once it reads this."""
    match message:
        case StartRefused(ref=ref) | Accepted(ref=ref):
            return (ref,)
        case Welcome(stale=stale) | Beat(stale=stale):
            return stale
        case _:
            return ()
