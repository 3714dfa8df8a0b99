"""Simulated worker hosts: they speak the real messages, run pretended user code, die, freeze and thaw."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Protocol

from tests.simulation.assets import random_writes
from tests.simulation.dice import FakeClock
from windward.model.records import DEADLINE_REFERENCE_KIND
from windward.model.waits import InputRequest
from windward.ports.executor import Envelope
from windward.protocol.calls import GetVariable, TriggerRun
from windward.protocol.messages import (
    Accepted,
    AttemptEnded,
    Beat,
    Cancel,
    ChildCall,
    FromHost,
    Heartbeat,
    Hello,
    StartGranted,
    StartRefused,
    StartRequest,
    Submit,
    ToHost,
    Unknown,
    Welcome,
)
from windward.protocol.outcomes import (
    AwaitsInput,
    Deferred,
    Ending,
    ExitFact,
    Failed,
    Outcome,
    Rescheduled,
    Skipped,
    Succeeded,
)
from windward.protocol.work import AttemptRef, CallbackContext, TaskContext

BEATS_CALL = 1_000_000
"""The number of a call that user code makes now and then."""


class Witness(Protocol):
    """Who is told when user code begins and ends."""

    def code_began(self, host_id: str, ref: AttemptRef, context: TaskContext) -> None:
        """User code of an attempt runs from now on."""

    def code_ended(self, host_id: str, ref: AttemptRef) -> None:
        """It runs no more."""

    def assets_written(self, ref: AttemptRef, count: int) -> None:
        """An attempt says that it has written so many assets."""

    def wishes(self, context: TaskContext) -> list[TriggerRun]:
        """The runs that an attempt asks for."""

    def downstream_of(self, dag_id: str, task_id: str) -> tuple[str, ...]:
        """What a branch could skip."""


@dataclass
class Running:
    """An attempt whose user code runs until `until`."""

    until: float
    context: TaskContext | None
    says: datetime | None = None
    """What a deadline counts from, when that is asked."""


@dataclass
class SimulatedHost:
    """One worker host. `inbox` is what was sent to it and has not arrived yet."""

    host_id: str
    dice: Random
    clock: FakeClock
    witness: Witness
    capacity: int = 4
    trouble: float = 0.3
    hearing: float = 0.9
    """Share of the acknowledgements that arrive; an ending without one is sent again on the next connection."""
    link: deque[Envelope] | None = None
    """Where its messages go: the mailbox of the scheduler it is connected to."""
    inbox: deque[ToHost] = field(default_factory=deque)
    waiting: dict[AttemptRef, bool] = field(default_factory=dict)
    """Prepared attempts; whether the start was asked for."""
    running: dict[AttemptRef, Running] = field(default_factory=dict)
    endings: dict[AttemptRef, Ending] = field(default_factory=dict)
    lease_s: float = 30.0
    beat_sent_at: float = 0.0
    lease_from: float = -1e9
    is_frozen: bool = False
    writes_assets: bool = True
    is_welcome: bool = False
    """Before the scheduler said welcome nothing but a hello is sent; after it, what the last connection may have lost."""

    def connect(self, link: deque[Envelope]) -> None:
        """Say hello on a new connection; what was under way on the old one is lost."""
        self.link = link
        self.inbox.clear()
        self.is_welcome = True
        known = (*self.running, *self.endings, *self.waiting)
        self._send(
            Hello(
                host_id=self.host_id,
                hostname=self.host_id,
                pid=1,
                capacity=self.capacity,
                running=tuple(dict.fromkeys(known)),
            )
        )
        self.is_welcome = False
        self.beat_sent_at = self.clock.monotonic()

    def step(self) -> None:
        """Do one thing: read a message, end an attempt, ask, beat."""
        if self.link is None or self.is_frozen:
            return
        if self.inbox and self.dice.random() < 0.8:
            self._take(self.inbox.popleft())
            return
        now = self.clock.monotonic()
        for ref, running in list(self.running.items()):
            if running.until <= now:
                self._end(ref, running)
                return
        asked = [ref for ref, is_asked in self.waiting.items() if not is_asked]
        if asked and self.is_welcome and now - self.lease_from < self.lease_s:
            for ref in asked:
                self.waiting[ref] = True
            self._send(StartRequest(refs=tuple(asked)))
            return
        if self.is_welcome and now - self.beat_sent_at >= 5:
            self.beat_sent_at = now
            self._send(Heartbeat(host_id=self.host_id, running=tuple(self.running)))
            for ref in self.running:
                if ref.callback_pk is None:
                    self._send(ChildCall(ref=ref, call_id=BEATS_CALL, call=GetVariable(key="v")))

    def die(self) -> None:
        """Everything in this process is gone."""
        for ref in list(self.running):
            self.witness.code_ended(self.host_id, ref)
        self.running.clear()
        self.endings.clear()
        self.waiting.clear()
        self.inbox.clear()
        self.link = None

    def _send(self, message: FromHost) -> None:
        if self.link is not None and self.is_welcome:
            self.link.append(Envelope(self.host_id, message))

    def _take(self, message: ToHost) -> None:
        now = self.clock.monotonic()
        match message:
            case Welcome(lease_s=lease_s, stale=stale):
                self.lease_s = lease_s
                self.lease_from = self.beat_sent_at
                self.is_welcome = True
                self._drop(stale)
                for ref in self.waiting:
                    self.waiting[ref] = False
                for ref, ending in self.endings.items():
                    self._send(AttemptEnded(ref=ref, ending=ending))
            case Beat(stale=stale):
                self.lease_from = self.beat_sent_at
                self._drop(stale)
            case Submit(work=work):
                for submission in work:
                    ref = submission.ref
                    if ref not in self.running and ref not in self.endings and ref not in self.waiting:
                        self.waiting[ref] = False
            case StartGranted(ref=ref, context=context):
                if self.waiting.pop(ref, None) is None:
                    return
                if now - self.lease_from >= self.lease_s:
                    self.witness.code_ended(self.host_id, ref)
                    self._report(ref, Failed(is_infrastructure=True), ExitFact(kind="never_started"))
                    return
                until = now + self.dice.choice([0, 0, 1, 5, 20, 90])
                self.running[ref] = Running(until, context if isinstance(context, TaskContext) else None)
                if isinstance(context, CallbackContext) and context.kind == DEADLINE_REFERENCE_KIND:
                    self.running[ref].says = context.run.queued_at or context.run.run_after
                if isinstance(context, TaskContext):
                    self.witness.code_began(self.host_id, ref, context)
                    for number, wish in enumerate(self.witness.wishes(context)):
                        self._send(ChildCall(ref=ref, call_id=number, call=wish))
            case Unknown():
                if self.link is not None:
                    self.connect(self.link)
            case StartRefused(ref=ref):
                self.waiting.pop(ref, None)
            case Accepted(ref=ref):
                if self.dice.random() < self.hearing:
                    self.endings.pop(ref, None)
            case Cancel(refs=refs):
                for ref in refs:
                    if ref in self.running:
                        self._finish(ref, Failed(may_retry=False), ExitFact(kind="cancelled"))
                    elif self.waiting.pop(ref, None) is not None:
                        self._report(ref, Failed(is_infrastructure=True), ExitFact(kind="never_started"))
            case _:
                pass

    def _drop(self, stale: tuple[AttemptRef, ...]) -> None:
        for ref in stale:
            if self.running.pop(ref, None) is not None:
                self.witness.code_ended(self.host_id, ref)
            self.waiting.pop(ref, None)
            self.endings.pop(ref, None)

    def _end(self, ref: AttemptRef, running: Running) -> None:
        if running.context is None or self.dice.random() > self.trouble:
            skip: tuple[str, ...] = ()
            if running.context is not None and self.dice.random() < 0.1:
                skip = self.witness.downstream_of(running.context.dag_id, running.context.task_id)
            length = self.dice.choice([0, 1, 3, None])
            writes = random_writes(self.dice) if self.writes_assets else ()
            self.witness.assets_written(ref, len(writes))
            outcome = Succeeded(return_length=length, skip=skip, assets=writes, deadline_from=running.says)
            self._finish(ref, outcome, ExitFact(kind="ok"))
            return
        match self.dice.randint(0, 6):
            case 6:
                asks = AwaitsInput(
                    request=InputRequest(
                        subject="dice", options=("a", "b"), defaults=self.dice.choice([None, ("a",)])
                    ),
                    next_method="go_on",
                    next_kwargs=b"",
                    timeout_s=self.dice.choice([None, 10.0, 100.0]),
                )
                self._finish(ref, asks, ExitFact(kind="ok"))
            case 4 | 5:
                deferred = Deferred(
                    trigger_class="dice.Trigger",
                    trigger_kwargs=b"",
                    next_method="go_on",
                    next_kwargs=b"",
                    timeout_s=self.dice.choice([None, 0.0, 10.0, 100.0]),
                )
                self._finish(ref, deferred, ExitFact(kind="ok"))
            case 0:
                self._finish(ref, Skipped(message="dice"), ExitFact(kind="ok"))
            case 1:
                at = self.clock.now()
                self._finish(ref, Rescheduled(at=at), ExitFact(kind="ok"))
            case 2:
                self._finish(ref, Failed(may_retry=False), ExitFact(kind="exception", error_type="Dice"))
            case _:
                self._finish(ref, Failed(), ExitFact(kind="signal", signal=9))

    def _finish(self, ref: AttemptRef, outcome: Outcome, fact: ExitFact) -> None:
        del self.running[ref]
        self.witness.code_ended(self.host_id, ref)
        self._report(ref, outcome, fact)

    def _report(self, ref: AttemptRef, outcome: Outcome, fact: ExitFact) -> None:
        owes = fact.kind in {"signal", "never_started"}
        ending = Ending(outcome=outcome, exit=fact, at=self.clock.now(), owes_callbacks=owes)
        self.endings[ref] = ending
        self._send(AttemptEnded(ref=ref, ending=ending))
