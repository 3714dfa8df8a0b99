"""Triggers as authors and providers write them: what a deferred task waits for (`airflow.triggers.base`).

What may not live here: running them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from windward.sdk.logging_mixin import LoggingMixin


class TriggerEvent:
    """What a trigger saw; the deferred task's method gets `payload` as its `event`."""

    def __init__(self, payload: Any) -> None:
        self.payload = payload

    def __repr__(self) -> str:
        return f"TriggerEvent<{self.payload!r}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TriggerEvent) and other.payload == self.payload

    def __hash__(self) -> int:
        return hash(repr(self))


class BaseTrigger(LoggingMixin, ABC):
    """A wait that costs no process: made again from `serialize()`, it yields an event from `run()`."""

    def __init__(self, **_arguments: Any) -> None:
        super().__init__()

    @abstractmethod
    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path of the class and the arguments that make this trigger again."""

    @abstractmethod
    def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and yield the event."""

    async def cleanup(self) -> None:
        """Release what `run` holds; called once it ended, however it did."""

    def __repr__(self) -> str:
        path, arguments = self.serialize()
        named = ", ".join(f"{name}={value}" for name, value in arguments.items())
        return f"<{path} {named}>"


class BaseEventTrigger(BaseTrigger):
    """A trigger that waits for something outside of any DAG."""


@dataclass
class StartTriggerArgs:
    """The trigger with which a task begins, without a process of its own before it fires."""

    trigger_cls: str
    next_method: str
    trigger_kwargs: dict[str, Any] | None = None
    next_kwargs: dict[str, Any] | None = None
    timeout: timedelta | None = None
