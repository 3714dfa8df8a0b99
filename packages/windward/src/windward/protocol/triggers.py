"""Messages between a triggerer and the scheduler, beside those that it shares with worker hosts.

A triggerer is a kind of host: it says hello, beats, and answers for what it holds. What it holds are triggers,
each named by the attempt that was deferred; a trigger that was superseded is refused by its fence.
"""

from __future__ import annotations

from typing import Any

import msgspec

from windward.model.instants import Instant
from windward.protocol.fired import Fired
from windward.protocol.work import AttemptRef, RunContext, TaskContext


class Template(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a trigger is rendered with, whose task no worker has had: the names of its attributes, and their context."""

    names: tuple[str, ...]
    context: TaskContext
    params: dict[str, Any] = {}
    is_native: bool = False


class TriggerWork(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A trigger to run: its class, its arguments, and whose it is.

    `kwargs` is a packed value, see `windward.sdk.serde.pack`.
    """

    ref: AttemptRef
    class_path: str
    kwargs: bytes
    dag_id: str = ""
    try_number: int = 0
    start_date: Instant | None = None
    log_path: str = ""
    """Relative path of the attempt's log below the log folder; empty: the triggerer's own log."""
    run: RunContext | None = None
    """The task's run; None when the trigger belongs to no task."""
    template: Template | None = None
    goes_on: bool = False
    """Whether it fires again and again, and is not done with its first event."""


class Watch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="watch"):
    """Run these triggers, at least once each."""

    work: tuple[TriggerWork, ...]


class Unwatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="unwatch"):
    """Stop these triggers. `kills`: what they watch is to be stopped too, for a person cleared or marked the task."""

    refs: tuple[AttemptRef, ...]
    kills: bool = False


class GiveBack(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="give_back"):
    """Stop these triggers, for another is to run them, and say `GivenBack` when each has stopped.

    One that has fired meanwhile is not given back: what it said counts.
    """

    refs: tuple[AttemptRef, ...]


class GivenBack(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="given_back"):
    """The trigger does not run here (any more). Said once: a hello after it does not name the trigger either."""

    ref: AttemptRef


class TriggerFired(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="fired"):
    """What a trigger said. Sent again after a reconnect until it is acknowledged by `FiredAccepted`.

    `number` counts the events of one that goes on; it is 0 for a task's.
    """

    ref: AttemptRef
    fired: Fired
    at: Instant
    number: int = 0


class FiredAccepted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="fired_accepted"):
    """What a trigger said was recorded, or refused for good as stale: the triggerer may forget it."""

    ref: AttemptRef
    number: int = 0
