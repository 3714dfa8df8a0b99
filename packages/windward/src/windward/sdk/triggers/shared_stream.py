"""What triggers that read one source together are written with (`airflow.triggers.shared_stream`).

Sibling triggers with equal `shared_stream_key`s are served by one reader in the triggerer. Where the source keeps
an event until it is told to go on (a queue, a topic), the reader is a `SharedStreamProducer`: it is told so when
every trigger that was given the event has moved past it, and all that they made of it is in the database.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

log = logging.getLogger("windward.triggers")


class AckTimeout(Exception):
    """A trigger was not done with an event of its shared stream in `[triggerer] shared_stream_ack_timeout` seconds."""


@dataclass(frozen=True)
class AdvanceOutcome:
    """How the triggers that were given an event resolved it: how many took it, failed at it, and rejected it."""

    acked: int
    failed: int
    rejected: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether somebody took the event, and nobody failed at it or rejected it."""
        return self.acked > 0 and self.failed == 0 and self.rejected == 0


class AdvanceItem(NamedTuple):
    """An event that all have resolved: what its producer yielded beside it, and how it went."""

    broker_payload: Any
    outcome: AdvanceOutcome


class SharedStreamProducer(ABC):
    """Reads a source for all triggers of a stream, and lets the source go on when they are done with an event.

    After a restart the source gives again what it was not told to pass: triggers see an event once or more.
    """

    @abstractmethod
    def open_stream(self) -> AsyncIterator[tuple[Any, Any]]:
        """Connect, and yield `(event, broker_payload)` for ever, or raise. Only the event reaches the triggers."""

    @abstractmethod
    async def advance(self, batch: Sequence[AdvanceItem]) -> None:
        """Let the source pass these events, consecutive ones of one lane in the order in which they were yielded.

        One call at a time. One that raises ends the stream for all its triggers, which begin anew.
        """

    def get_advance_lane(self, broker_payload: Any) -> Hashable:  # noqa: ARG002 - for subclasses
        """Return what events have in common that must advance in order; asked once per event, must not block."""
        return None

    async def aclose(self) -> None:  # noqa: B027 - nothing is right for many
        """Release what `open_stream` holds; called once, and an error of it is logged only."""


REJECT: ContextVar[Callable[[], None] | None] = ContextVar("windward_reject", default=None)
"""Rejects the event that the running filter has before it; None when there is none to reject."""


def reject_shared_stream_event() -> None:
    """Refuse, for good, the event that the calling `filter_shared_stream` was given last.

    Only where a producer is told of it; anywhere else a warning says that nothing was rejected.
    """
    reject = REJECT.get()
    if reject is None:
        log.warning("reject_shared_stream_event: there is no event of a producer to reject here")
    else:
        reject()
