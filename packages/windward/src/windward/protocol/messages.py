"""Messages between a worker host and the execution service, and between a child and its host."""

from __future__ import annotations

from typing import Literal

import msgspec

from windward.model.numbers import Small
from windward.protocol.calls import Answer, Call
from windward.protocol.outcomes import Ending
from windward.protocol.triggers import FiredAccepted, GiveBack, GivenBack, TriggerFired, Unwatch, Watch
from windward.protocol.work import AttemptRef, CallbackContext, Submission, TaskContext

PROTOCOL_VERSION = 1
FRAME_BYTES_MAX = 16 * 1024 * 1024
BEATS_PER_LEASE_MIN = 3
"""Largest message; larger values belong into the object store."""


class _Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


# From a host.


class Hello(_Message, tag="hello", frozen=True):
    """First message of a host on each connection; `running` are all attempts it still has, begun or not.

    A host that stops says it again, with no queues and no capacity: it takes nothing new, and forgets what is on its way to it.
    """

    host_id: str
    hostname: str
    pid: Small
    capacity: Small
    queues: tuple[str, ...] = ("default",)
    version: Small = PROTOCOL_VERSION
    running: tuple[AttemptRef, ...] = ()
    kind: Literal["worker", "triggerer"] = "worker"
    """A triggerer takes triggers and no attempts; then `capacity` and `running` are about those."""


class Heartbeat(_Message, tag="heartbeat", frozen=True):
    """One sign of life for the host and all of its attempts; user code has no part in it."""

    host_id: str
    running: tuple[AttemptRef, ...] = ()
    blocked: int = 0
    """How often a trigger kept the event loop of a triggerer for too long since its last heartbeat."""


class StartRequest(_Message, tag="start", frozen=True):
    """The host has a process ready for each attempt and asks for the grant."""

    refs: tuple[AttemptRef, ...]


class AttemptEnded(_Message, tag="ended", frozen=True):
    """An attempt ended. Sent again after a reconnect until it is acknowledged by `Accepted`."""

    ref: AttemptRef
    ending: Ending


class ChildCall(_Message, tag="call", frozen=True):
    """A request of user code, passed on by the host with the attempt's identity."""

    ref: AttemptRef
    call_id: int
    call: Call


class Goodbye(_Message, tag="goodbye", frozen=True):
    """The host stops in an orderly way and has nothing left."""

    host_id: str


FromHost = Hello | Heartbeat | StartRequest | AttemptEnded | ChildCall | Goodbye | TriggerFired | GivenBack


# To a host.


class Welcome(_Message, tag="welcome", frozen=True):
    """`lease_s`: without a heartbeat accepted within this time the host must start nothing more."""

    lease_s: float
    stale: tuple[AttemptRef, ...] = ()
    """Attempts of `Hello.running` that are not the current ones: kill them."""

    def beat_s(self, wanted_s: float) -> float:
        """Return the seconds between two heartbeats: as the host wants them, and a few within a lease."""
        return min(wanted_s, self.lease_s / BEATS_PER_LEASE_MIN)


class Submit(_Message, tag="submit", frozen=True):
    """Prepare these attempts."""

    work: tuple[Submission, ...]


class StartGranted(_Message, tag="granted", frozen=True):
    """User code may run, exactly once, under this reference."""

    ref: AttemptRef
    context: TaskContext | CallbackContext


class StartRefused(_Message, tag="start_refused", frozen=True):
    """The attempt is not the current one, or was started already: drop it."""

    ref: AttemptRef
    reason: str


class Accepted(_Message, tag="accepted", frozen=True):
    """An ending was recorded, or refused for good as stale: the host may forget it."""

    ref: AttemptRef
    is_stale: bool = False


class CallAnswer(_Message, tag="answer", frozen=True):
    """The answer to a `ChildCall`."""

    ref: AttemptRef
    call_id: int
    answer: Answer


class Cancel(_Message, tag="cancel", frozen=True):
    """Stop these attempts: SIGTERM (runs `on_kill`), then SIGKILL after the grace time."""

    refs: tuple[AttemptRef, ...]
    reason: str


class Beat(_Message, tag="beat", frozen=True):
    """The heartbeat was recorded: the lease runs anew from the time the heartbeat was sent."""

    stale: tuple[AttemptRef, ...] = ()


class Unknown(_Message, frozen=True, tag="unknown"):
    """This scheduler does not know the host (any more): say hello again on this connection."""


class Shutdown(_Message, tag="shutdown", frozen=True):
    """Start nothing more; stop what runs (SIGTERM and time), report it, say goodbye."""


ToHost = (
    Welcome
    | Submit
    | StartGranted
    | StartRefused
    | Accepted
    | CallAnswer
    | Cancel
    | Beat
    | Unknown
    | Shutdown
    | Watch
    | Unwatch
    | GiveBack
    | FiredAccepted
)
