"""Simulated triggerers: they speak the real messages, fire when the dice say so, die, freeze, and say things twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.simulation.dice import FakeClock
from windward.ports.executor import Envelope
from windward.protocol.fired import Broken, EndTask, Event, Fired
from windward.protocol.messages import Beat, FromHost, Heartbeat, Hello, ToHost, Unknown, Welcome
from windward.protocol.outcomes import XComValue
from windward.protocol.triggers import FiredAccepted, TriggerFired, Unwatch, Watch
from windward.protocol.work import AttemptRef

EVENT = Event(payload=XComValue(encoding="json", data=b"null"))


@dataclass
class SimulatedTriggerer:
    """One triggerer. `inbox` is what was sent to it and has not arrived yet."""

    host_id: str
    dice: Random
    clock: FakeClock
    fired: Callable[[AttemptRef], None]
    """Who is told when a trigger fires."""
    capacity: int = 4
    hearing: float = 0.9
    link: deque[Envelope] | None = None
    inbox: deque[ToHost] = field(default_factory=deque)
    running: dict[AttemptRef, float] = field(default_factory=dict)
    """Triggers and when they fire."""
    said: dict[AttemptRef, TriggerFired] = field(default_factory=dict)
    """What was not acknowledged."""
    beat_sent_at: float = 0.0
    is_frozen: bool = False
    is_welcome: bool = False

    def connect(self, link: deque[Envelope]) -> None:
        """Say hello on a new connection; what was under way on the old one is lost."""
        self.link = link
        self.inbox.clear()
        self.is_welcome = True
        self._send(
            Hello(
                host_id=self.host_id,
                hostname=self.host_id,
                pid=1,
                capacity=self.capacity,
                running=(*self.running, *self.said),
                kind="triggerer",
            )
        )
        self.is_welcome = False
        self.beat_sent_at = self.clock.monotonic()

    def step(self) -> None:
        """Do one thing: read a message, let a trigger fire, beat."""
        if self.link is None or self.is_frozen:
            return
        if self.inbox and self.dice.random() < 0.8:
            self._take(self.inbox.popleft())
            return
        now = self.clock.monotonic()
        for ref, due in list(self.running.items()):
            if due <= now:
                del self.running[ref]
                self.fired(ref)
                self.said[ref] = TriggerFired(ref=ref, fired=self._word(), at=self.clock.now())
                self._say(ref)
                return
        if self.is_welcome and now - self.beat_sent_at >= 5:
            self.beat_sent_at = now
            self._send(Heartbeat(host_id=self.host_id, running=(*self.running, *self.said)))

    def die(self) -> None:
        """Everything in this process is gone."""
        self.running.clear()
        self.said.clear()
        self.inbox.clear()
        self.link = None

    def _word(self) -> Fired:
        words: list[Fired] = [EVENT, EVENT, EVENT, Broken(error="dice"), EndTask(state="success")]
        return self.dice.choice(words)

    def _say(self, ref: AttemptRef) -> None:
        for _ in range(self.dice.choice([1, 1, 1, 2])):
            self._send(self.said[ref])

    def _send(self, message: FromHost) -> None:
        if self.link is not None and self.is_welcome:
            self.link.append(Envelope(self.host_id, message))

    def _take(self, message: ToHost) -> None:
        match message:
            case Welcome(stale=stale):
                self.is_welcome = True
                self._drop(stale)
                for ref in self.said:
                    self._say(ref)
            case Beat(stale=stale):
                self._drop(stale)
            case Unwatch(refs=refs):
                # One that fires at this very moment may still be heard of.
                self._drop(tuple(ref for ref in refs if self.dice.random() < 0.8))
            case Watch(work=work):
                for one in work:
                    due = self.clock.monotonic() + self.dice.choice([0, 0, 3, 20, 200])
                    self.running.setdefault(one.ref, due)
            case FiredAccepted(ref=ref):
                if self.dice.random() < self.hearing:
                    self.said.pop(ref, None)
            case Unknown():
                if self.link is not None:
                    self.connect(self.link)
            case _:
                pass

    def _drop(self, stale: tuple[AttemptRef, ...]) -> None:
        for ref in stale:
            self.running.pop(ref, None)
            self.said.pop(ref, None)
