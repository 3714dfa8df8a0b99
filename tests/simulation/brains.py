"""Simulated scheduler processes: the real scheduler, stepped phase by phase, over the world's wires."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from tests.simulation.hosts import SimulatedHost
from tests.simulation.triggerers import SimulatedTriggerer
from windward.engine.contexts import key_of
from windward.engine.scheduler import Scheduler
from windward.engine.work import Pass
from windward.errors import UnavailableError
from windward.model.states import IN_FLIGHT
from windward.ports.executor import Envelope, HostGone, Woken
from windward.protocol.calls import Refused
from windward.protocol.messages import CallAnswer, Cancel, Hello, Submit, ToHost
from windward.protocol.work import AttemptRef, Submission

if TYPE_CHECKING:
    from tests.simulation.world import World

WAITS_EVERY = 4
"""Of so many attempts one waits for a host at first."""


class Brain:
    """A scheduler process: its mailbox, its executor, and where it is within a pass."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.inbox: deque[Envelope | HostGone | Woken] = deque([Woken()])
        self.hosts: dict[str, SimulatedHost] = {}
        self.triggerers: dict[str, SimulatedTriggerer] = {}
        self.work: Pass | None = None
        self.is_decided = False
        self.frozen_for = 0
        self.waiting: list[Submission] = []
        self.scheduler = Scheduler(
            store=world.store,  # type: ignore[arg-type]
            mailbox=self,
            executor=self,
            clock=world.clock,
            ids=world.ids,
            settings=world.settings,
            name=name,
        )

    def step(self) -> None:
        """Do the next phase of a pass; between phases anybody else may act."""
        try:
            if self.work is None:
                inputs = list(self.inbox)
                self.inbox.clear()
                self.kept = inputs
                self.work = self.scheduler.load(inputs, self.world.clock.now())
                self.is_decided = False
            elif not self.is_decided:
                self.scheduler.decide(self.work)
                self.is_decided = True
            else:
                decided, self.work = self.work, None
                self.scheduler.deliver(decided, self.scheduler.apply(decided))
        except UnavailableError:
            interrupted, self.work = self.work, None
            self.scheduler.unavailable(self.kept if interrupted is None else interrupted.inputs)

    # -- Mailbox and Executor ------------------------------------------------------------

    def wait(self, timeout_s: float) -> list[Envelope | HostGone | Woken]:
        """Never called: the world steps the phases itself."""
        raise AssertionError(timeout_s)

    def send(self, host_id: str, message: ToHost) -> None:
        """Put a message on its way to a host; the scheduler guards itself against bugs in answers, and nobody else may."""
        if isinstance(message, CallAnswer) and isinstance(message.answer, Refused):
            self._check(message.ref, message.answer)
        if self._speaks_into_the_void(host_id):
            return
        host = self.hosts.get(host_id)
        if host is not None:
            self.world.deliver(host, message)
        elif host_id in self.triggerers:
            self.triggerers[host_id].inbox.append(message)

    def _check(self, ref: AttemptRef, refused: Refused) -> None:
        if refused.code == "broken":
            raise self.world.store.problem or AssertionError(f"a call of {ref} has no answer: {refused}")
        records = self.world.store.inner.runs.find_tasks([key_of(ref)])
        if refused.code == "stale" and any(
            record.fence == ref.fence and record.state in IN_FLIGHT for record in records
        ):
            raise AssertionError(f"a call of the current attempt is refused as stale: {ref}")

    def capacity(self) -> int:
        """Return the slots of the connected hosts."""
        return sum(host.capacity for host in self.hosts.values())

    def submit(self, work: Sequence[Submission]) -> list[str]:
        """Send each to some host; some wait for one, as if none served their queue yet."""
        waits = [(one.ref.run_pk + one.ref.fence) % WAITS_EVERY == 0 for one in work]
        self.waiting += [one for one, must_wait in zip(work, waits, strict=True) if must_wait]
        return ["" if must_wait else self._place(one) for one, must_wait in zip(work, waits, strict=True)]

    def placed(self) -> list[tuple[AttemptRef, str]]:
        """Send what waited to some host, when there is one."""
        waiting, self.waiting = (self.waiting, []) if self.hosts else ([], self.waiting)
        return [(submission.ref, self._place(submission)) for submission in waiting]

    def avoid(self, host_ids: Collection[str]) -> None:
        """Avoid nobody: that no host is drained is a rule of these worlds."""
        assert not host_ids

    def _place(self, submission: Submission) -> str:
        host_id = self.world.dice.choice(sorted(self.hosts))
        if not self._speaks_into_the_void(host_id):
            self.world.deliver(self.hosts[host_id], Submit(work=(submission,)))
        return host_id

    def _speaks_into_the_void(self, host_id: str) -> bool:
        """Whether a host has begun a new connection that this scheduler has not heard of: the old one leads nowhere."""
        return any(
            isinstance(item, Envelope) and item.host_id == host_id and isinstance(item.message, Hello)
            for item in self.inbox
        )

    def cancel(self, refs: Sequence[AttemptRef], *, reason: str) -> None:
        """Tell all hosts."""
        for host in self.hosts.values():
            self.world.deliver(host, Cancel(refs=tuple(refs), reason=reason))
