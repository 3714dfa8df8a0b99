"""One trigger, from its arguments to its word: made, run, cleaned up. Whatever its code does becomes a value."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from windward.protocol.fired import Broken, EndTask, Event, Fired
from windward.protocol.outcomes import XComPut
from windward.protocol.triggers import Template, TriggerWork
from windward.sdk import serde, xcom_backend
from windward.sdk.bridge import LargeValues
from windward.sdk.templating import render_template
from windward.sdk.triggers.base import (
    SECRET_PREFIX,
    BaseEventTrigger,
    BaseTaskEndEvent,
    BaseTrigger,
    TriggerEvent,
)
from windward.sdk.xcom_backend import Place
from windward.triggerer.code import TriggerCode
from windward.triggerer.logs import TriggerLog
from windward.triggerer.streams import Streams

log = logging.getLogger("windward.triggerer")
_LINE_CHARACTERS_MAX = 500
_TRACEBACK_LINES_MAX = 100


@dataclass(frozen=True)
class TriggeringInstance:
    """The task instance that waits, as its trigger sees it (`self.task_instance`)."""

    dag_id: str
    task_id: str
    run_id: str
    map_index: int
    try_number: int
    start_date: datetime | None
    logical_date: datetime | None
    data_interval_start: datetime | None
    data_interval_end: datetime | None

    @property
    def execution_date(self) -> datetime | None:
        """Airflow 2's name of the logical date."""
        return self.logical_date


async def make_trigger(work: TriggerWork, code: TriggerCode, large: LargeValues | None) -> Any:
    """Return the trigger; raises whatever its module or its constructor raises."""
    cls = await asyncio.to_thread(code.load, work.class_path)
    arguments = serde.unpack(work.kwargs, large=large)
    trigger = cls(**{name.removeprefix(SECRET_PREFIX): value for name, value in arguments.items()})
    if not isinstance(trigger, BaseTrigger):
        raise TypeError(f"`{work.class_path}` is no trigger: it does not inherit from `BaseTrigger`")
    ref = work.ref
    trigger.trigger_id = f"{ref.run_pk}/{ref.task_id}/{ref.map_index}/{ref.fence}"
    if work.run is not None:
        trigger.task_instance = TriggeringInstance(
            dag_id=work.dag_id,
            task_id=ref.task_id,
            run_id=work.run.run_id,
            map_index=ref.map_index,
            try_number=work.try_number,
            start_date=work.start_date,
            logical_date=work.run.logical_date,
            data_interval_start=work.run.data_interval_start,
            data_interval_end=work.run.data_interval_end,
        )
    if work.template is not None:
        # In a thread, for a template may ask for variables and connections.
        await asyncio.to_thread(render, trigger, work.template)
    return trigger


def render(trigger: Any, template: Template) -> None:
    """Render the trigger's templates. The DAG's own macros and filters are not here: such a task begins on a worker."""
    from windward.sdk.context import build_context  # few triggers have templates
    from windward.sdk.dag import DAG
    from windward.sdk.operator import BaseOperator

    work = template.context
    dag = DAG(work.dag_id, schedule=None, render_template_as_native_obj=template.is_native)
    task = BaseOperator(task_id="task", owner=work.owner or "airflow", dag=dag)
    task.task_id = work.task_id
    context = build_context(task, work, dag, more={"params": template.params})
    for name in template.names:
        if hasattr(trigger, name):
            setattr(trigger, name, render_template(task, getattr(trigger, name), context))


async def hear(
    trigger: Any,
    work: TriggerWork,
    say: Callable[[Fired], int],
    *,
    large: LargeValues | None,
    streams: Streams,
) -> None:
    """Run a trigger and pass on what it says: its first event, or all of one that goes on.

    `say` returns the number of what it was given. A trigger with a key hears a stream that others hear, too.
    """
    key = shared_key(trigger)
    if key is None:
        await _hear(trigger.run(), "run", work, say, large)
        return
    member = streams.join(work.ref, trigger, key)
    error: BaseException | None = None

    def say_of_event(fired: Fired) -> int:
        number = say(fired)
        member.said(number)
        return number

    try:
        await _hear(trigger.filter_shared_stream(member), "filter_shared_stream", work, say_of_event, large)
    except asyncio.CancelledError:
        raise
    except BaseException as raised:
        error = raised
        raise
    finally:
        member.leave(error)


async def _hear(
    events: Any, name: str, work: TriggerWork, say: Callable[[Fired], int], large: LargeValues | None
) -> None:
    if not hasattr(events, "__aiter__"):
        close = getattr(events, "close", lambda: None)
        close()
        raise TypeError(f"`{name}` of a trigger is an `async def` with a `yield`; this one yields nothing")
    try:
        async for event in events:
            say(word_of(event, work, large))
            if not work.goes_on:
                return
    finally:
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()
    say(Broken(error="it ended without an event"))


def shared_key(trigger: Any) -> Hashable | None:
    """Return the key of the stream that a trigger hears with others; None when it reads by itself.

    A key that cannot be had is told of, and the trigger reads by itself, as in Airflow.
    """
    if not isinstance(trigger, BaseEventTrigger):
        return None
    try:
        key = trigger.shared_stream_key()
        hash(key)
    except Exception:
        log.exception("`shared_stream_key` of `%s` failed: it reads by itself", type(trigger).__name__)
        return None
    return key


def word_of(event: Any, work: TriggerWork, large: LargeValues | None) -> Fired:
    """Return an event as it is sent. Raises when it is none, or holds what nothing can carry."""
    if not isinstance(event, TriggerEvent):
        raise TypeError(f"a trigger yields `TriggerEvent`s, not `{type(event).__name__}`")
    ref = work.ref
    place = Place(work.dag_id, work.run.run_id if work.run else "", ref.task_id, ref.map_index, ref.run_pk)
    if isinstance(event, BaseTaskEndEvent):
        puts = tuple(
            XComPut(key=key, value=xcom_backend.store(value, key=key, place=place, large=large))
            for key, value in (event.xcoms or {}).items()
        )
        return EndTask(state=event.task_instance_state, xcoms=puts)  # type: ignore[arg-type] # one of three classes
    return Event(
        payload=serde.encode(event.payload, name=f"{place.owner}/event", large=large, run_pk=place.run_pk)
    )


def broken(error: BaseException) -> Broken:
    """Return the word for a trigger that raised."""
    text = str(error).strip()
    line = f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__
    lines = "".join(traceback.format_exception(error)).splitlines()[-_TRACEBACK_LINES_MAX:]
    return Broken(
        error=line[:_LINE_CHARACTERS_MAX], traceback=tuple(line[:_LINE_CHARACTERS_MAX] for line in lines)
    )


async def clean_up(trigger: Any, target: TriggerLog, *, seconds: float) -> None:
    """Let a trigger release what it holds; what goes wrong is logged and changes nothing."""
    try:
        async with asyncio.timeout(seconds):
            await trigger.cleanup()
    except Exception as error:  # noqa: BLE001 - user code may raise anything; the trigger is over all the same
        target.failure("cleanup of the trigger failed", error)


async def kill(trigger: Any, target: TriggerLog, *, seconds: float) -> None:
    """Let a trigger stop what it watches."""
    try:
        async with asyncio.timeout(seconds):
            await trigger.on_kill()
    except Exception as error:  # noqa: BLE001 - user code may raise anything; the trigger is stopped all the same
        target.failure("on_kill of the trigger failed", error)
