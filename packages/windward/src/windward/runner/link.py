"""The host's connection to the scheduler: connect, say hello, beat, keep the lease, deliver endings.

An ending is kept and sent again on each connection until it is accepted. The lease is counted from the time
a heartbeat was *sent*, by a clock that goes on while the process is stopped, so that a host that was frozen
knows that it was given up.
"""

from __future__ import annotations

import logging
import os
import socket
from collections import deque
from collections.abc import Callable

from windward.protocol.calls import Answer, Refused, TriggerRun
from windward.protocol.framing import FrameError
from windward.protocol.messages import (
    Accepted,
    AttemptEnded,
    Beat,
    CallAnswer,
    ChildCall,
    FromHost,
    Goodbye,
    Heartbeat,
    Hello,
    ToHost,
    Unknown,
    Welcome,
)
from windward.protocol.outcomes import Ending
from windward.protocol.work import AttemptRef
from windward.runner.channel import Channel
from windward.runner.linux import boot_clock
from windward.runner.options import HostOptions
from windward.runner.poller import READ, WRITE, Poller
from windward.runner.timers import Timer, Timers

log = logging.getLogger("windward.runner.link")
RECONNECT_FIRST_S = 0.02
RECONNECT_MAX_S = 2.0
BEATS_MAX = 1000

_CallKey = tuple[AttemptRef, int]


class Link:
    """One host's way to whichever scheduler leads."""

    def __init__(
        self,
        options: HostOptions,
        poller: Poller,
        timers: Timers,
        *,
        running: Callable[[], list[AttemptRef]],
        receive: Callable[[ToHost], None],
    ) -> None:
        self._options = options
        self._takes_work = True
        self._poller = poller
        self._timers = timers
        self._running = running
        self._receive = receive
        self._channel: Channel[ToHost] | None = None
        self._is_welcome = False
        self._back_off_s = RECONNECT_FIRST_S
        self._beats: deque[float] = deque(maxlen=BEATS_MAX)
        self._beat_s = options.heartbeat_s
        self._next_beat: Timer | None = None
        self._lease_s = 0.0
        self._lease_until = 0.0
        self._endings: dict[AttemptRef, AttemptEnded] = {}
        self._calls: dict[_CallKey, ChildCall] = {}
        self.answer_call: Callable[[AttemptRef, int, Answer], None] = lambda _ref, _call_id, _answer: None

    @property
    def lease_until(self) -> float:
        """Boot-clock time until which starts are allowed."""
        return self._lease_until

    @property
    def has_lease(self) -> bool:
        """Whether user code may be started now."""
        return boot_clock() < self._lease_until

    @property
    def unaccepted(self) -> list[AttemptRef]:
        """Attempts whose ending was not acknowledged yet."""
        return list(self._endings)

    def holds_ending(self, ref: AttemptRef) -> bool:
        """Whether the attempt ended here and the scheduler has not said that it knows."""
        return ref in self._endings

    def connect(self) -> None:
        """Connect and say hello, or try again later."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(os.fspath(self._options.socket_path))
        except OSError:
            connection.close()
            self._timers.after(self._back_off_s, self.connect)
            self._back_off_s = min(self._back_off_s * 2, RECONNECT_MAX_S)
            return
        self._channel = Channel(connection, ToHost, self._poller, self._on_ready)
        self._is_welcome = False
        self._beats.clear()
        self._hello(self._channel)

    def take_no_more(self) -> None:
        """Say that this host serves no queue any more: what is on its way to it goes to others."""
        self._takes_work = False
        if self._channel is not None:
            self._hello(self._channel)
            self._notice_end()

    def _hello(self, channel: Channel[ToHost]) -> None:
        options = self._options
        self._beats.append(boot_clock())
        channel.send(
            Hello(
                host_id=options.host_id,
                hostname=options.hostname,
                pid=os.getpid(),
                capacity=options.capacity if self._takes_work else 0,
                queues=options.queues if self._takes_work else (),
                running=self._known(),
            )
        )

    def send(self, message: FromHost) -> None:
        """Send if the scheduler said welcome; what must not be lost goes by `report` and `call`."""
        if self._channel is not None and self._is_welcome:
            self._channel.send(message)
            self._notice_end()

    def report(self, ref: AttemptRef, ending: Ending) -> None:
        """Tell how an attempt ended, now and on each new connection until it is accepted."""
        message = AttemptEnded(ref=ref, ending=ending)
        self._endings[ref] = message
        self.send(message)

    def call(self, call: ChildCall) -> None:
        """Pass a call of user code on; it is sent again when the connection ends before the answer."""
        self._calls[call.ref, call.call_id] = call
        self.send(call)

    def forget_calls(self, ref: AttemptRef) -> None:
        """Drop calls of an attempt that is gone."""
        for key in [key for key in self._calls if key[0] == ref]:
            del self._calls[key]

    def _beat(self) -> None:
        """Send a heartbeat, and again later; `report`s until it is answered do not renew the lease."""
        self._next_beat = self._timers.after(self._beat_s, self._beat)
        if self._channel is not None and self._is_welcome:
            self._beats.append(boot_clock())
            self.send(Heartbeat(host_id=self._options.host_id, running=self._known()))

    def close(self) -> None:
        """Say goodbye and end the connection."""
        self.send(Goodbye(host_id=self._options.host_id))
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _known(self) -> tuple[AttemptRef, ...]:
        return (*self._running(), *self._endings)

    def _on_ready(self, events: int) -> None:
        channel = self._channel
        if channel is None:
            return
        if events & WRITE:
            channel.flush()
        if events & READ:
            try:
                for message in channel.read():
                    self._take(message)
            except FrameError:
                log.exception("the scheduler sent what cannot be read")
                channel.close()
        self._notice_end()

    def _take(self, message: ToHost) -> None:
        match message:
            case Welcome(lease_s=lease_s):
                self._lease_s = lease_s
                self._beat_s = message.beat_s(self._options.heartbeat_s)
                if self._next_beat is not None:
                    self._next_beat.cancel()
                self._next_beat = self._timers.after(self._beat_s, self._beat)
                self._renew()
                was_welcome, self._is_welcome = self._is_welcome, True
                self._back_off_s = RECONNECT_FIRST_S
                self._receive(message)
                if (
                    not was_welcome
                ):  # Else nothing is lost, and a call that is sent again is carried out twice.
                    self._catch_up()
            case Beat():
                self._renew()
                self._receive(message)
            case Unknown():
                if self._channel is not None:  # A new scheduler, or one that gave this host up: begin anew.
                    self._channel.close()
            case Accepted(ref=ref):
                self._endings.pop(ref, None)
            case CallAnswer(ref=ref, call_id=call_id, answer=answer):
                if self._calls.pop((ref, call_id), None) is not None:
                    self.answer_call(ref, call_id, answer)
            case _:
                self._receive(message)

    def _renew(self) -> None:
        if self._beats:
            self._lease_until = max(self._lease_until, self._beats.popleft() + self._lease_s)

    def _catch_up(self) -> None:
        """Send again what the last connection may have lost."""
        for ending in list(self._endings.values()):
            self.send(ending)
        for call in list(self._calls.values()):
            self.send(call)

    def _notice_end(self) -> None:
        channel = self._channel
        if channel is None or channel.is_open:
            return
        self._channel = None
        was_welcome, self._is_welcome = self._is_welcome, False
        if was_welcome:
            log.warning("connection to the scheduler ended", extra={"socket": str(self._options.socket_path)})
        self._refuse_ambiguous_calls()
        self._timers.after(self._back_off_s, self.connect)
        self._back_off_s = min(self._back_off_s * 2, RECONNECT_MAX_S)

    def _refuse_ambiguous_calls(self) -> None:
        """A call that must not be carried out twice is not sent twice: its author hears that it is unknown."""
        for key, call in list(self._calls.items()):
            if isinstance(call.call, TriggerRun) and call.call.run_id is None:
                del self._calls[key]
                message = "the connection to the scheduler ended: it is not known whether the run was created"
                self.answer_call(*key, Refused(code="unavailable", message=message))
