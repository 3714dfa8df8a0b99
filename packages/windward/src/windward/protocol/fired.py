"""What a trigger said, and what a resumed attempt is told of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from windward.protocol.outcomes import XComPut, XComValue


class _Fired(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class Event(_Fired, tag="event", frozen=True):
    """It yielded an event: the task's method is called with its payload."""

    payload: XComValue


class EndTask(_Fired, tag="end_task", frozen=True):
    """It yielded an event that ends the task without a worker."""

    state: Literal["success", "failed", "skipped"]
    xcoms: tuple[XComPut, ...] = ()


class Broken(_Fired, tag="broken", frozen=True):
    """It raised, could not be imported, or ended without an event. `error` is one line."""

    error: str
    traceback: tuple[str, ...] = ()


class Overdue(_Fired, tag="overdue", frozen=True):
    """It said nothing within the deferral's timeout."""


Fired = Event | EndTask | Broken
"""What a trigger can say."""

Resumed = Event | Broken | Overdue
"""What a resumed attempt can be told."""


class Resumption(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a resumed attempt goes on: the method that the deferral named, its arguments, and what happened.

    `next_kwargs` is a packed value, see `windward.sdk.serde.pack`.
    """

    next_method: str
    next_kwargs: bytes
    resumed: Resumed
