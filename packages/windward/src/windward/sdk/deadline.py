"""Deadlines of a DAG's runs: by when a run ought to be over, and what is called when it is not."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, ClassVar

from windward.document import DeadlineDocument
from windward.errors import UserError
from windward.sdk.times import to_utc
from windward.sdk.variable import Variable


class Callback:
    """What is called when a deadline is missed, in a process of its own on a worker, with `context` and `kwargs`."""

    def __init__(
        self, callback_callable: Callable[..., Any] | str, kwargs: dict[str, Any] | None = None
    ) -> None:
        if not callable(callback_callable) and "." not in str(callback_callable):
            raise ImportError(f"`{callback_callable}` is not the dotted import path of a callable")
        if kwargs and "context" in kwargs:
            raise ValueError("`context` is given to the callback anyway, and cannot be one of its `kwargs`")
        self.target = callback_callable
        self.kwargs = dict(kwargs or {})

    @property
    def path(self) -> str:
        """Dotted path of the callable."""
        if isinstance(self.target, str):
            return self.target.strip()
        return f"{self.target.__module__}.{self.target.__qualname__}"

    def resolve(self) -> Callable[..., Any]:
        """Return the callable; raise `ImportError` or `AttributeError` when its path leads nowhere."""
        if not isinstance(self.target, str):
            return self.target
        module, _, name = self.path.rpartition(".")
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
        return found

    def serialize(self) -> dict[str, Any]:
        """Return the callback as plain data."""
        return {"path": self.path, "kwargs": self.kwargs}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.serialize() == getattr(other, "serialize", dict)()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.path))


class AsyncCallback(Callback):
    """A coroutine function, or a notifier class. It is awaited in a worker's process, no triggerer is needed."""

    def __init__(
        self, callback_callable: Callable[..., Any] | str, kwargs: dict[str, Any] | None = None
    ) -> None:
        super().__init__(callback_callable, kwargs)
        target = callback_callable
        if callable(target) and not (inspect.iscoroutinefunction(target) or _is_notifier(target)):
            raise AttributeError(
                f"`{self.path}` of an AsyncCallback is no coroutine function; use SyncCallback for a plain one"
            )


class SyncCallback(Callback):
    """A plain function, or a notifier class."""

    def __init__(
        self,
        callback_callable: Callable[..., Any] | str,
        kwargs: dict[str, Any] | None = None,
        executor: str | None = None,
    ) -> None:
        super().__init__(callback_callable, kwargs)
        self.executor = executor


class BaseDeadlineReference:
    """What a deadline counts from.

    Subclasses of one's own write `_evaluate_with`. It is asked in a process of its own on a worker, once for each run.
    """

    required_kwargs: ClassVar[AbstractSet[str]] = frozenset()
    """What `_evaluate_with` is given by name: any of `dag_id`, `run_id`, and the keys of a callback's context."""

    @property
    def reference_name(self) -> str:
        """The class's name."""
        return type(self).__name__

    def serialize_reference(self) -> dict[str, Any]:
        """Return the reference as plain data."""
        return {"reference_type": self.reference_name}

    @classmethod
    def deserialize_reference(cls, reference_data: dict[str, Any]) -> BaseDeadlineReference:
        """Return the reference that `serialize_reference` described."""
        del reference_data
        return cls()

    def _evaluate_with(self, *, session: Any, **kwargs: Any) -> datetime | None:
        """Return what the deadline of a run counts from; None when the run has no deadline."""
        raise NotImplementedError(f"{self.reference_name} has no `_evaluate_with`")

    def document(self) -> dict[str, Any]:
        """Return the fields of `DeadlineDocument` that say it."""
        if type(self)._evaluate_with is BaseDeadlineReference._evaluate_with:  # noqa: SLF001 - Airflow's name
            raise UserError(
                f"the deadline reference `{self.reference_name}` has no `_evaluate_with`",
                hint="Write `def _evaluate_with(self, *, session, **kwargs)`, which returns a datetime.",
            )
        is_queued = type(self) in DeadlineReference.TYPES.DAGRUN_QUEUED
        return {"reference": "custom", "custom_name": self.reference_name, "is_asked_when_queued": is_queued}


class DagRunLogicalDateDeadline(BaseDeadlineReference):
    """The run's logical date."""

    def document(self) -> dict[str, Any]:
        """Return the reference's fields."""
        return {"reference": "logical_date"}


class DagRunQueuedAtDeadline(BaseDeadlineReference):
    """The time at which the run was queued."""

    def document(self) -> dict[str, Any]:
        """Return the reference's fields."""
        return {"reference": "queued_at"}


@dataclass(frozen=True)
class FixedDatetimeDeadline(BaseDeadlineReference):
    """A time that is the same for all runs."""

    moment: datetime

    def document(self) -> dict[str, Any]:
        """Return the reference's fields; a time without a zone is UTC."""
        moment = self.moment if self.moment.tzinfo is not None else self.moment.replace(tzinfo=UTC)
        return {"reference": "fixed", "at": moment.astimezone(UTC)}


@dataclass(frozen=True)
class AverageRuntimeDeadline(BaseDeadlineReference):
    """What the last runs took on average, counted from the time at which the run was queued."""

    DEFAULT_LIMIT: ClassVar[int] = 10
    max_runs: int
    min_runs: int | None = None

    def __post_init__(self) -> None:
        if self.max_runs < 1 or (self.min_runs is not None and self.min_runs < 1):
            raise ValueError("`max_runs` and `min_runs` of an average are at least 1")

    def document(self) -> dict[str, Any]:
        """Return the reference's fields."""
        least = self.max_runs if self.min_runs is None else self.min_runs
        return {"reference": "average_runtime", "runs_max": self.max_runs, "runs_min": least}


class _Types:
    """When references are asked: when a run is made, or each time that it is queued."""

    DAGRUN_CREATED: tuple[type[BaseDeadlineReference], ...] = (
        DagRunLogicalDateDeadline,
        FixedDatetimeDeadline,
        AverageRuntimeDeadline,
    )
    DAGRUN_QUEUED: tuple[type[BaseDeadlineReference], ...] = (DagRunQueuedAtDeadline,)
    DAGRUN: tuple[type[BaseDeadlineReference], ...] = (*DAGRUN_CREATED, *DAGRUN_QUEUED)


class DeadlineReference:
    """All references by name; those of one's own stand here once they are registered."""

    TYPES = _Types

    DAGRUN_LOGICAL_DATE: ClassVar[BaseDeadlineReference] = DagRunLogicalDateDeadline()
    DAGRUN_QUEUED_AT: ClassVar[BaseDeadlineReference] = DagRunQueuedAtDeadline()

    @classmethod
    def AVERAGE_RUNTIME(cls, max_runs: int = 0, min_runs: int | None = None) -> BaseDeadlineReference:  # noqa: N802 - Airflow's name
        """Count from the average of the last `max_runs` runs; no deadline before there are `min_runs` of them."""
        return AverageRuntimeDeadline(max_runs or AverageRuntimeDeadline.DEFAULT_LIMIT, min_runs)

    @classmethod
    def FIXED_DATETIME(cls, dt: datetime) -> BaseDeadlineReference:  # noqa: N802 - Airflow's name
        """Count from a fixed time."""
        return FixedDatetimeDeadline(dt)

    @classmethod
    def register_custom_reference(cls, reference_class: Any, deadline_reference_type: Any = None) -> Any:
        """Let a class of one's own be called `DeadlineReference.<its name>`; say when it is asked by one of `TYPES`."""
        name = getattr(reference_class, "__name__", str(reference_class))
        if not (isinstance(reference_class, type) and issubclass(reference_class, BaseDeadlineReference)):
            raise ValueError(f"{name} must inherit from BaseDeadlineReference")  # noqa: TRY004 - Airflow's
        when = _Types.DAGRUN_CREATED if deadline_reference_type is None else deadline_reference_type
        if when not in (_Types.DAGRUN_CREATED, _Types.DAGRUN_QUEUED):
            raise ValueError(
                f"Invalid deadline reference type {when}; must be a valid DeadlineReference.TYPES option."
            )
        try:
            made = reference_class()
        except TypeError as error:
            raise TypeError(
                f"{name} must be constructible with no arguments: give each field a default ({error})"
            ) from error
        setattr(cls, name, made)
        if when == _Types.DAGRUN_QUEUED:
            _Types.DAGRUN_QUEUED = (*_Types.DAGRUN_QUEUED, reference_class)
        else:
            _Types.DAGRUN_CREATED = (*_Types.DAGRUN_CREATED, reference_class)
        _Types.DAGRUN = (*_Types.DAGRUN_CREATED, *_Types.DAGRUN_QUEUED)
        return reference_class


def deadline_reference(deadline_reference_type: Any = None) -> Any:
    """Register a reference of one's own, as a decorator with or without brackets."""
    if isinstance(deadline_reference_type, type):
        return DeadlineReference.register_custom_reference(deadline_reference_type)
    return lambda one: DeadlineReference.register_custom_reference(one, deadline_reference_type)


class ReferenceModels:
    """The classes by the names that `airflow.models.deadline` has for them; files derive from the first."""

    BaseDeadlineReference = BaseDeadlineReference
    FixedDatetimeDeadline = FixedDatetimeDeadline
    DagRunLogicalDateDeadline = DagRunLogicalDateDeadline
    DagRunQueuedAtDeadline = DagRunQueuedAtDeadline
    AverageRuntimeDeadline = AverageRuntimeDeadline


@dataclass(frozen=True)
class VariableInterval:
    """An interval that a variable holds, in seconds; read on a worker when a run is made, wherever variables are kept."""

    key: str


class DeadlineAlert:
    """`callback` is called when a run is not over `interval` after `reference`."""

    def __init__(
        self,
        reference: BaseDeadlineReference,
        interval: timedelta | VariableInterval,
        callback: Callback,
        name: str | None = None,
    ) -> None:
        if not isinstance(callback, AsyncCallback | SyncCallback):
            raise TypeError(
                f"the callback of a deadline is an AsyncCallback or a SyncCallback, not `{type(callback).__name__}`"
            )
        self.reference = reference
        self.interval = interval
        self.callback = callback
        self.name = name

    def document(self) -> DeadlineDocument:
        """Return the alert as part of a document; what is called stays in the file."""
        interval: dict[str, Any] = (
            {"interval_variable": self.interval.key}
            if isinstance(self.interval, VariableInterval)
            else {"interval_s": self.interval.total_seconds()}
        )
        return DeadlineDocument(name=self.name, **interval, **self.reference.document())


def evaluate(reference: BaseDeadlineReference, context: Any) -> datetime | None:
    """Ask a reference of an author's about the run of a context; a time without a zone is UTC."""
    from windward.sdk.compat.database import UnreachableSession  # few references need one

    known = {"dag_id": context["dag_run"].dag_id, "run_id": context["dag_run"].run_id}
    wanted = {}
    for name in sorted(reference.required_kwargs):
        if name not in known and name not in context:
            raise ValueError(f"{reference.reference_name} is missing required parameters: {name}")
        wanted[name] = known[name] if name in known else context[name]
    said: Any = reference._evaluate_with(session=UnreachableSession(), **wanted)  # noqa: SLF001 - Airflow's name
    if said is None:
        return None
    if not isinstance(said, datetime):
        raise TypeError(f"{reference.reference_name} gave a {type(said).__name__}, not a datetime")
    return to_utc(said, UTC)


def is_own(reference: BaseDeadlineReference) -> bool:
    """Whether a reference is an author's own, whose code has to be asked."""
    return bool(reference.document()["reference"] == "custom")


def interval_s(interval: timedelta | VariableInterval) -> float | None:
    """Return the seconds that a variable holds, looked up as any variable of a task; None for an interval that is written.

    Raises:
        KeyError: when there is no such variable.
        ValueError: when it is not a number of seconds.
    """
    if not isinstance(interval, VariableInterval):
        return None
    text = Variable.get(interval.key)
    try:
        seconds = float(text)
    except (TypeError, ValueError) as error:
        raise ValueError(f"variable `{interval.key}` of a deadline holds no number of seconds") from error
    if not isfinite(seconds):
        raise ValueError(f"variable `{interval.key}` of a deadline holds `{text}`, not a number of seconds")
    return seconds


def call(callback: Callback, context: Any) -> None:
    """Call it with its `kwargs`, and the context when it takes one; what it raises goes on."""
    target = callback.resolve()
    if _is_notifier(target):
        notifier: Any = target(**callback.kwargs)
        is_async = isinstance(callback, AsyncCallback) and getattr(notifier, "has_async_notify", False)
        result = notifier.tell(context) if is_async else notifier(context)
    else:
        kwargs = {**callback.kwargs, "context": context} if _takes_context(target) else callback.kwargs
        result = target(**kwargs)
    if inspect.isawaitable(result):
        import asyncio  # few callbacks need a loop

        asyncio.run(_await(result))


async def _await(result: Any) -> Any:
    return await result


def _is_notifier(target: Any) -> bool:
    return isinstance(target, type) and hasattr(target, "notify")


def _takes_context(target: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(target).parameters
    except (TypeError, ValueError):
        return False
    return "context" in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())
