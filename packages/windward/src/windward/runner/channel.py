"""Connections of the host: framed messages over a socket that never blocks it."""

from __future__ import annotations

import socket
from typing import Generic, TypeVar

from windward.protocol.framing import FrameReader, frame
from windward.runner.poller import READ, WRITE, Poller, Ready

_READ_BYTES = 64 * 1024
OUTGOING_BYTES_MAX = 64 * 1024 * 1024
"""More than this waiting for one peer means that it does not read any more."""

Incoming = TypeVar("Incoming")


class Channel(Generic[Incoming]):
    """One connection: `read` gives messages, `send` never blocks, `is_open` turns False at the end of it."""

    def __init__(self, connection: socket.socket, incoming: object, poller: Poller, ready: Ready) -> None:
        connection.setblocking(False)
        self.is_open = True
        self._socket = connection
        self._descriptor = connection.fileno()
        self._poller = poller
        self._frames: FrameReader[Incoming] = FrameReader(incoming)
        self._outgoing = bytearray()
        poller.register(self._descriptor, ready)

    def send(self, message: object) -> None:
        """Send, or keep what the peer does not take yet; dropped when the connection has ended."""
        if self.is_open:
            self.send_bytes(frame(message))

    def send_bytes(self, data: bytes) -> None:
        """Send bytes of whole frames."""
        if not self.is_open:
            return
        if self._outgoing:
            self._outgoing += data
            if len(self._outgoing) > OUTGOING_BYTES_MAX:
                self.close()
            return
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.close()
            return
        if sent < len(data):
            self._outgoing += data[sent:]
            self._poller.modify(self._descriptor, READ | WRITE)

    def flush(self) -> None:
        """Send what was kept, as far as the peer takes it."""
        if not self._outgoing:
            return
        try:
            sent = self._socket.send(self._outgoing)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.close()
            return
        del self._outgoing[:sent]
        if not self._outgoing:
            self._poller.modify(self._descriptor, READ)

    def read(self) -> list[Incoming]:
        """Return the messages that have arrived; closes itself at the end of the stream. Raises `FrameError`."""
        if not self.is_open:
            return []
        try:
            data = self._socket.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            data = b""
        if not data:
            self.close()
            return []
        return self._frames.feed(data)

    def drain(self) -> list[Incoming]:
        """Return all that can be read of a peer that is gone, and close. Raises `FrameError`."""
        messages: list[Incoming] = []
        while self.is_open:
            before = len(messages)
            try:
                data = self._socket.recv(_READ_BYTES)
            except OSError:
                data = b""
            if not data:
                self.close()
                break
            messages += self._frames.feed(data)
            assert len(messages) >= before
        return messages

    def close(self) -> None:
        """Close the connection; what was not sent is dropped."""
        if self.is_open:
            self.is_open = False
            self._poller.unregister(self._descriptor)
            self._socket.close()
            self._outgoing.clear()
