"""Simulated triggerers: they speak the real messages, fire when the dice say so, die, freeze, and say things twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

import msgspec

from tests.simulation.dice import FakeClock
from windward.document import DagDocument, StartTrigger
from windward.ports.executor import Envelope
from windward.protocol.fired import Broken, EndTask, Event, Fired
from windward.protocol.messages import Beat, FromHost, Heartbeat, Hello, ToHost, Unknown, Welcome
from windward.protocol.outcomes import XComValue
from windward.protocol.triggers import FiredAccepted, GiveBack, GivenBack, TriggerFired, Unwatch, Watch
from windward.protocol.work import AttemptRef

EVENT = Event(payload=XComValue(encoding="json", data=b"null"))
SHORT_WAITS_S = (0, 0, 3, 20, 200)
LONG_WAITS_S = (20, 60, 200, 400)
_START = StartTrigger(
    class_path="dice.Start", next_method="go_on", kwargs=b"", next_kwargs=b"", timeout_s=500.0
)


def with_waits(dice: Random, document: DagDocument) -> DagDocument:
    """Let about half of a DAG's tasks begin in a trigger, so that many wait at a time."""
    tasks = tuple(
        task
        if task.expansion is not None
        or task.mapped_group is not None
        or task.is_inline
        or dice.random() < 0.5
        else msgspec.structs.replace(task, start_trigger=_START, max_active_tis_per_dag=None)
        for task in document.tasks
    )
    return msgspec.structs.replace(document, tasks=tasks)


@dataclass
class SimulatedTriggerer:
    """One triggerer. `inbox` is what was sent to it and has not arrived yet."""

    host_id: str
    dice: Random
    clock: FakeClock
    fired: Callable[[AttemptRef], None]
    """Who is told when a trigger fires."""
    taken: Callable[[SimulatedTriggerer, AttemptRef], None]
    """Who is told when a trigger begins to run here, or may go on after a new hello."""
    capacity: int = 4
    waits_s: tuple[float, ...] = SHORT_WAITS_S
    hearing: float = 0.9
    link: deque[Envelope] | None = None
    inbox: deque[ToHost] = field(default_factory=deque)
    running: dict[AttemptRef, float] = field(default_factory=dict)
    """Triggers and when they fire."""
    said: dict[AttemptRef, TriggerFired] = field(default_factory=dict)
    """What was not acknowledged."""
    leaving: list[AttemptRef] = field(default_factory=list)
    """Triggers that are being stopped, to be given back."""
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
        if self.leaving and self.is_welcome and self.dice.random() < 0.3:
            self._give_back(self.leaving.pop())
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
        self.leaving.clear()
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
                for ref in self.running:
                    self.taken(self, ref)
                for ref in self.said:
                    self._say(ref)
            case Beat(stale=stale):
                self._drop(stale)
            case Unwatch(refs=refs):
                # One that fires at this very moment may still be heard of.
                self._drop(tuple(ref for ref in refs if self.dice.random() < 0.8))
            case Watch(work=work):
                for one in work:
                    due = self.clock.monotonic() + self.dice.choice(self.waits_s)
                    if one.ref not in self.running and one.ref not in self.said:
                        self.taken(self, one.ref)
                        self.running[one.ref] = due
            case GiveBack(refs=refs):
                self.leaving.extend(refs)
            case FiredAccepted(ref=ref):
                if self.dice.random() < self.hearing:
                    self.said.pop(ref, None)
            case Unknown():
                if self.link is not None:
                    self.connect(self.link)
            case _:
                pass

    def _give_back(self, ref: AttemptRef) -> None:
        """Stop a trigger and say so, unless it fired meanwhile."""
        self.running.pop(ref, None)
        if ref not in self.said:
            self._send(GivenBack(ref=ref))

    def is_told_to_drop(self, ref: AttemptRef) -> bool:
        """Whether a message is under way that takes the trigger from here."""
        return any(
            (isinstance(message, Welcome | Beat) and ref in message.stale)
            or (isinstance(message, Unwatch) and ref in message.refs)
            for message in self.inbox
        )

    def _drop(self, stale: tuple[AttemptRef, ...]) -> None:
        for ref in stale:
            self.running.pop(ref, None)
            self.said.pop(ref, None)


def check_taken(
    taker: SimulatedTriggerer,
    ref: AttemptRef,
    triggerers: Iterable[SimulatedTriggerer],
    leases: Mapping[str, datetime],
) -> None:
    """A trigger runs in a triggerer: in one at a time, of those that its scheduler counts on."""
    now = taker.clock.now()

    def is_counted_on(one: SimulatedTriggerer) -> bool:
        """Whether it speaks to the same scheduler, which has not given it up, and knows what runs there."""
        has_lease = one.host_id in leases and leases[one.host_id] > now
        is_known = not any(isinstance(message, Unknown) for message in one.inbox)
        return one.link is taker.link and one.is_welcome and has_lease and is_known

    if not is_counted_on(taker):
        return
    for other in triggerers:
        if other is not taker and ref in other.running and is_counted_on(other):
            assert other.is_told_to_drop(ref), f"{ref} runs in {other.host_id} and {taker.host_id}"
