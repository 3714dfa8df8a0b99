"""From trigger code to the execution service, and which trigger is running here.

A trigger's code may call from the event loop, from a task of its own or from a thread that it hands work to: the
context variable goes with all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from windward.errors import UnavailableError
from windward.protocol.calls import Answer, Call
from windward.protocol.work import AttemptRef
from windward.sdk.bridge import LargeValues
from windward.triggerer.logs import TriggerLog


@dataclass
class Current:
    """A trigger whose code runs: what people call it, and its log.

    The reader of a shared stream runs in the name of one member after the other.
    """

    ref: AttemptRef
    name: str
    log: TriggerLog


CURRENT: ContextVar[Current | None] = ContextVar("windward_trigger", default=None)
"""The trigger whose code runs in this context."""


class TriggerBridge:
    """Implements `windward.sdk.bridge.TaskBridge` for all triggers of this process."""

    def __init__(self, ask: Callable[[AttemptRef, Call], Answer], large_values: LargeValues | None) -> None:
        self._ask = ask
        self.large_values = large_values

    def call(self, call: Call) -> Answer:
        """Send a request and wait for the answer; raise `UnavailableError` when nobody answers."""
        current = CURRENT.get()
        if current is None:
            raise UnavailableError("no trigger runs here: Windward answers to the code of a trigger only")
        return self._ask(current.ref, call)

    def mask(self, values: Sequence[str]) -> None:
        """Do nothing more: everything that is logged here goes through this process's masker."""
