"""What a wish changed, for the audit log: collected beside the work, so that nobody hands it through.

Whoever carries out a wish notes what was before and after, without looking for secrets: that is done where lines are
written. Outside of `collecting` nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec

NOTED_MAX = 100
"""Changes that one request keeps; the rest are counted."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was made (no `before`), changed, or deleted (no `after`). Both are structs or plain data."""

    kind: str
    name: str
    before: object = None
    after: object = None
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None


class Changes:
    """Changes of one request or command."""

    def __init__(self) -> None:
        self.noted: list[Change] = []
        self.more = 0


_CHANGES: ContextVar[Changes | None] = ContextVar("windward_changes", default=None)


@contextmanager
def collecting() -> Iterator[Changes]:
    """Keep what is noted inside, also in threads that are given this context."""
    changes = Changes()
    token = _CHANGES.set(changes)
    try:
        yield changes
    finally:
        _CHANGES.reset(token)


def changes_so_far() -> Changes:
    """Return what was noted in this request or command."""
    return _CHANGES.get() or Changes()


def note_change(
    kind: str,
    name: str,
    *,
    before: object = None,
    after: object = None,
    dag_id: str | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
) -> None:
    """Note a change for the audit log."""
    changes = _CHANGES.get()
    if changes is None:
        return
    if len(changes.noted) >= NOTED_MAX:
        changes.more += 1
        return
    changes.noted.append(
        Change(
            kind=kind, name=name, before=before, after=after, dag_id=dag_id, run_id=run_id, task_id=task_id
        )
    )
