"""The triggerer's connection to the scheduler, in a thread of its own: it beats while a trigger blocks the loop.

What a trigger said is kept and sent again on each connection until it is accepted. The thread sleeps in one place
and wakes for a message, for something to send, or for the next beat.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError

from windward.errors import UnavailableError
from windward.protocol.calls import Answer, Call
from windward.protocol.framing import FrameError, FrameReader, frame
from windward.protocol.messages import (
    CallAnswer,
    ChildCall,
    Goodbye,
    Heartbeat,
    Hello,
    ToHost,
    Unknown,
    Welcome,
)
from windward.protocol.triggers import FiredAccepted, GivenBack, TriggerFired
from windward.protocol.work import AttemptRef
from windward.triggerer.options import TriggererOptions

log = logging.getLogger("windward.triggerer.link")
RECONNECT_FIRST_S = 0.02
RECONNECT_MAX_S = 2.0
CALL_S_MAX = 60.0
"""How long a call of a trigger's code waits for its answer."""
SEND_S_MAX = 10.0
FULL_BEAT_EVERY = 6
"""Each of so many heartbeats tells all that is held: thousands of names are not told every few seconds."""
_READ_BYTES = 256 * 1024


class Link(threading.Thread):
    """One triggerer's way to whichever scheduler leads. `receive` is called in this thread."""

    def __init__(self, options: TriggererOptions, receive: Callable[[ToHost], None]) -> None:
        super().__init__(name="windward-link", daemon=True)
        self._options = options
        self._receive = receive
        self._lock = threading.Lock()
        self._outgoing: deque[bytes] = deque()
        """Frames: what is too large for one is the error of who says it, not of the connection."""
        self._held: set[AttemptRef] = set()
        self._said: dict[tuple[AttemptRef, int], bytes] = {}
        self._calls: dict[tuple[AttemptRef, int], tuple[bytes, Future[Answer]]] = {}
        self._call_ids = itertools.count(1)
        self._bell, self._ring = socket.socketpair()
        self._bell.setblocking(False)
        self._ring.setblocking(False)
        self._is_stopping = False
        self._blocked = 0

    # -- from any thread -----------------------------------------------------------------

    def hold(self, ref: AttemptRef) -> None:
        """Tell from now on that this trigger is here."""
        with self._lock:
            self._held.add(ref)

    def drop(self, ref: AttemptRef) -> None:
        """Tell it no more."""
        with self._lock:
            self._held.discard(ref)

    def give_back(self, ref: AttemptRef) -> None:
        """Tell that this trigger has stopped here; nothing when it fired before it did.

        In one step with `drop`: a hello names the trigger, or `GivenBack` comes after a hello that did.
        """
        with self._lock:
            self._held.discard(ref)
            if not any(key[0] == ref for key in self._said):
                self._outgoing.append(frame(GivenBack(ref=ref)))
        self._wake()

    def say(self, said: TriggerFired) -> None:
        """Tell what a trigger said, now and on each new connection until it is accepted.

        Raises `FrameError` when it is too large to be told.
        """
        data = frame(said)
        with self._lock:
            self._said[said.ref, said.number] = data
            self._outgoing.append(data)
        self._wake()

    def holds_word_of(self, ref: AttemptRef) -> bool:
        """Whether the trigger said something that the scheduler has not accepted yet."""
        with self._lock:
            return any(key[0] == ref for key in self._said)

    def forget(self, ref: AttemptRef) -> None:
        """Drop what a trigger said: nobody wants to know."""
        with self._lock:
            for key in [key for key in self._said if key[0] == ref]:
                del self._said[key]

    def note_blocked(self) -> None:
        """Tell with the next heartbeat that a trigger kept the event loop."""
        with self._lock:
            self._blocked += 1

    def ask(self, ref: AttemptRef, call: Call) -> Answer:
        """Send a request of a trigger's code and wait for the answer. Raises `FrameError` when it is too large."""
        answer: Future[Answer] = Future()
        message = ChildCall(ref=ref, call_id=next(self._call_ids), call=call)
        data = frame(message)
        with self._lock:
            self._calls[ref, message.call_id] = (data, answer)
            self._outgoing.append(data)
        self._wake()
        try:
            return answer.result(CALL_S_MAX)
        except FutureTimeoutError as error:
            raise UnavailableError("the execution service does not answer") from error
        finally:
            with self._lock:
                self._calls.pop((ref, message.call_id), None)

    def stop(self) -> None:
        """Say goodbye and end."""
        self._is_stopping = True
        self._wake()
        if threading.current_thread() is not self:
            self.join(SEND_S_MAX)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # full: it is ringing already
            self._ring.send(b"w")

    # -- the thread ----------------------------------------------------------------------

    def run(self) -> None:
        """Connect, serve the connection, and connect again, until `stop`."""
        pause_s = RECONNECT_FIRST_S
        while not self._is_stopping:
            began = time.monotonic()
            connection = self._connect()
            if connection is not None:
                try:
                    self._serve(connection)
                except (OSError, FrameError) as error:
                    log.warning("connection to the scheduler ended", extra={"error": str(error)})
                finally:
                    connection.close()
            if time.monotonic() - began > RECONNECT_MAX_S:
                pause_s = RECONNECT_FIRST_S
            if not self._is_stopping:
                time.sleep(pause_s)
            pause_s = min(pause_s * 2, RECONNECT_MAX_S)
        self._bell.close()
        self._ring.close()

    def _connect(self) -> socket.socket | None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(os.fspath(self._options.socket_path))
        except OSError:
            connection.close()
            return None
        connection.settimeout(SEND_S_MAX)
        return connection

    def _serve(self, connection: socket.socket) -> None:
        options = self._options
        with self._lock:
            self._outgoing.clear()
            running = self._known()
        hello = Hello(
            host_id=options.host_id,
            hostname=options.hostname,
            pid=os.getpid(),
            capacity=options.capacity,
            queues=options.queues,
            running=running,
            kind="triggerer",
        )
        connection.sendall(frame(hello))
        frames: FrameReader[ToHost] = FrameReader(ToHost)
        is_welcome = False
        beats = itertools.count(1)
        beat_s = options.heartbeat_s
        next_beat = time.monotonic() + beat_s
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            selector.register(self._bell, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select(max(0.0, next_beat - time.monotonic())):
                    if key.fileobj is self._bell:
                        self._bell.recv(4096)
                        continue
                    data = connection.recv(_READ_BYTES)
                    if not data:
                        return
                    for message in frames.feed(data):
                        if isinstance(message, Unknown):
                            return
                        if isinstance(message, Welcome):
                            is_welcome = True
                            beat_s = message.beat_s(options.heartbeat_s)
                            next_beat = time.monotonic() + beat_s
                        self._take(message)
                if time.monotonic() >= next_beat:
                    next_beat = time.monotonic() + beat_s
                    if is_welcome:
                        connection.sendall(frame(self._beat(next(beats))))
                if is_welcome:
                    self._send_out(connection)
                    if self._is_stopping:
                        connection.sendall(frame(Goodbye(host_id=options.host_id)))
                        return
                elif self._is_stopping:
                    return

    def _send_out(self, connection: socket.socket) -> None:
        while True:
            with self._lock:
                if not self._outgoing:
                    return
                frames = list(self._outgoing)
                self._outgoing.clear()
            connection.sendall(b"".join(frames))

    def _beat(self, number: int) -> Heartbeat:
        with self._lock:
            running = self._known() if number % FULL_BEAT_EVERY == 0 else ()
            blocked, self._blocked = self._blocked, 0
        return Heartbeat(host_id=self._options.host_id, running=running, blocked=blocked)

    def _known(self) -> tuple[AttemptRef, ...]:
        return tuple(self._held | {ref for ref, _ in self._said})

    def _take(self, message: ToHost) -> None:
        match message:
            case Welcome():
                with self._lock:
                    # Again, for the last connection may have lost it.
                    self._outgoing.extend(self._said.values())
                    self._outgoing.extend(data for data, _ in self._calls.values())
                self._receive(message)
            case FiredAccepted(ref=ref, number=number):
                with self._lock:
                    self._said.pop((ref, number), None)
                self._receive(message)
            case CallAnswer(ref=ref, call_id=call_id, answer=answer):
                with self._lock:
                    waiting = self._calls.pop((ref, call_id), None)
                if waiting is not None:
                    waiting[1].set_result(answer)
            case _:
                self._receive(message)
