"""What a trigger is, and what it may say (`airflow.triggers.base`).

A trigger waits in the triggerer's event loop, without a process of its own. It is made again from what
`serialize` returns, wherever and as often as needed, so it keeps nothing between two lives. What may not live
here: running triggers, and any one trigger.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Hashable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from windward.sdk.logging_mixin import LoggingMixin
from windward.sdk.triggers.shared_stream import SharedStreamProducer

SECRET_PREFIX = "encrypted__"
"""An argument of a serialized trigger with this prefix is given without it, as in Airflow; all are encrypted."""


class TriggerEvent:
    """What a trigger saw; the deferred task's method gets `payload` as its `event`."""

    def __init__(self, payload: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.payload = payload

    def __repr__(self) -> str:
        return f"TriggerEvent<{self.payload!r}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TriggerEvent) and other.payload == self.payload

    def __hash__(self) -> int:
        return hash(repr(self))


class BaseTaskEndEvent(TriggerEvent):
    """An event that ends the task without a worker; `xcoms` are pushed for it, by key.

    The task's callbacks need a worker and are not called; a task that has some gives its event to a method.
    """

    task_instance_state: ClassVar[str]

    def __init__(self, *, xcoms: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("payload", self.task_instance_state)
        super().__init__(**kwargs)
        self.xcoms: dict[str, Any] | None = dict(xcoms) if xcoms is not None else None


class TaskSuccessEvent(BaseTaskEndEvent):
    """The task succeeded."""

    task_instance_state = "success"


class TaskFailedEvent(BaseTaskEndEvent):
    """The task failed, for good: there is no retry, as in Airflow."""

    task_instance_state = "failed"


class TaskSkippedEvent(BaseTaskEndEvent):
    """The task is skipped."""

    task_instance_state = "skipped"


class BaseTrigger(LoggingMixin, ABC):
    """A wait that costs no process: made again from `serialize()`, it yields its event from `run()`.

    All triggers of a triggerer share one event loop, so `run` must not block it: `await` every wait, and hand
    blocking calls to a thread. It may run twice at once when a triggerer is given up for dead and is not;
    only one event counts.
    """

    template_fields: tuple[str, ...] = ()
    template_ext: tuple[str, ...] = ()
    trigger_id: Any = None
    """What the triggerer calls this trigger; set before `run`."""
    task_instance: Any = None
    """The deferred task's instance, set before `run`: ids, try number, and the run's dates."""

    def __init__(self, **_arguments: Any) -> None:
        super().__init__()

    @abstractmethod
    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path of the class and the arguments that make this trigger again."""

    @abstractmethod
    def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and yield the event. Of a task's trigger only the first event counts."""

    async def cleanup(self) -> None:
        """Release what `run` holds; called once it ended, however it did, also when the triggerer stops."""

    async def on_kill(self) -> None:
        """Stop what the trigger watches; called when the task was cleared or marked while it was deferred.

        Not called when the triggerer stops, for then the trigger goes on elsewhere.
        """

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.serialize() == self.serialize()

    def __hash__(self) -> int:
        return hash(self.digest(*self.serialize()))

    @staticmethod
    def digest(class_path: str, arguments: Mapping[str, Any]) -> str:
        """Return a text that is the same for triggers that wait for the same."""
        return f"{class_path} {json.dumps(arguments, sort_keys=True, default=repr)}"

    @staticmethod
    def repr(classpath: str, kwargs: Mapping[str, Any]) -> str:
        """Return how people see a trigger of this class with these arguments; secret ones are hidden."""
        named = ", ".join(
            f"{name}={'***' if name.startswith(SECRET_PREFIX) else value}" for name, value in kwargs.items()
        )
        return f"<{classpath} {named}>"

    def __repr__(self) -> str:
        return self.repr(*self.serialize())


class BaseEventTrigger(BaseTrigger):
    """A trigger that waits for something outside of any DAG, and yields an event each time: for asset watchers."""

    @staticmethod
    def hash(classpath: str, kwargs: Mapping[str, Any]) -> int:
        """Return a number that is the same for triggers that wait for the same."""
        return hash(BaseTrigger.digest(classpath, kwargs))

    def shared_stream_key(self) -> Hashable | None:
        """Return what triggers that read the same source have in common; None: this one reads by `run`, alone.

        Asked once, after templates are rendered. Triggers of one class whose keys are equal are served by one
        reader, each by its `filter_shared_stream`.
        """
        return None

    @classmethod
    def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[Any]:
        """Yield what the source has, for ever, or raise; called once for all triggers that share it.

        `kwargs` are the arguments of any one of them: rely on those only that the key is made of.
        """
        raise NotImplementedError(f"`{cls.__name__}` has a `shared_stream_key` and no `open_shared_stream`")

    @classmethod
    def create_shared_stream_producer(cls, kwargs: dict[str, Any]) -> SharedStreamProducer:
        """Return the reader of a source that is told when an event is done with; goes before `open_shared_stream`."""
        raise NotImplementedError(f"`{cls.__name__}` has no `create_shared_stream_producer`")

    def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """Yield this trigger's events from what the source has: those of one before the next is asked for."""
        raise NotImplementedError(
            f"`{type(self).__name__}` has a `shared_stream_key` and no `filter_shared_stream`"
        )


@dataclass
class StartTriggerArgs:
    """The trigger with which a task begins, without a process of its own before it fires."""

    trigger_cls: str
    next_method: str
    trigger_kwargs: dict[str, Any] | None = None
    next_kwargs: dict[str, Any] | None = None
    timeout: timedelta | None = None
