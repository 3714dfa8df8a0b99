"""What the host holds: attempts that it was given, and the child processes that run them. Data, no decisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

from windward.logs.raw import RawLines
from windward.protocol.child import FromChild, ImportProblem
from windward.protocol.messages import StartGranted
from windward.protocol.work import AttemptRef, Submission
from windward.runner.channel import Channel
from windward.runner.pool import Template
from windward.runner.timers import Timer
from windward.sdk.masking import SecretsMasker

PREPARATIONS_MAX = 3
"""How often a process is made for one attempt before it is given up."""


class Step(StrEnum):
    """Where an attempt is on this host."""

    WAITING = "waiting"
    """No process yet: the host is full, or its template imports the file."""
    READY = "ready"
    """A process waits for the grant."""
    RUNNING = "running"
    """User code was let go."""


@dataclass(slots=True, eq=False)
class Held:
    """An attempt on this host, from `Submit` until its ending is known."""

    work: Submission
    step: Step = Step.WAITING
    child: Child | None = None
    granted: StartGranted | None = None
    """The grant, when it came before a process was ready."""
    pid: int = 0
    """Its process, as soon as that took the start; one that dies before has run no user code."""
    doom: ImportProblem | None = None
    """Why user code cannot run at all; reported when the start is granted."""
    doom_kind: Literal["import_error", "exception", "never_started"] = "import_error"
    preparations: int = 0
    cancel_reason: str | None = None
    is_shut_down: bool = False
    is_overdue: bool = False
    """The host killed it because it outlived its own time limit."""
    is_killed: bool = False
    """The host sent SIGKILL."""
    log_file: str = ""
    oom_kills_before: int = 0
    timer: Timer | None = None

    @property
    def ref(self) -> AttemptRef:
        """Which attempt this is."""
        return self.work.ref


@dataclass(slots=True, eq=False)
class Child:
    """A child process; `held` is the attempt that it runs or will run."""

    ticket: int
    template: Template
    channel: Channel[FromChild]
    output: int
    """Descriptor of the pipe of raw output, -1 when it is closed."""
    masker: SecretsMasker
    is_warm: bool = False
    held: Held | None = None
    log_file: str = ""
    """Where raw output goes; empty before the start."""
    lines: RawLines = field(default_factory=RawLines)
    runs: int = 0
    is_worn: bool = False
    """A warm child that was asked to stop: what its attempt left behind is not known, so it runs no other."""
    reported_at: float = 0.0
    """Boot clock of the last ending, 0 while an attempt runs."""
    overtime_s: float = 0.0
    """How long it may live on after that ending, for callbacks."""
    lost_fact: str | None = None
    """How its template died; the child is dying too."""
    is_gone: bool = False


class Closing(NamedTuple):
    """An attempt that is over, but for the callbacks that its process runs."""

    ref: AttemptRef
    log_file: str
