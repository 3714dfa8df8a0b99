"""What waits outside of tasks: questions to people with their answers, and deadlines of runs. Records only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from windward.model.ids import TaskKey


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may answer, or did."""

    id: str
    name: str


class InputRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a task asks people."""

    subject: str
    options: tuple[str, ...]
    body: str | None = None
    defaults: tuple[str, ...] | None = None
    """Chosen when nobody answers in time; None: the task fails then."""
    multiple: bool = False
    """Whether more than one option may be chosen."""
    params: dict[str, dict[str, Any]] = {}
    """Fields of the form by name, each with `value`, `description` and `schema` (JSON schema)."""
    assigned_users: tuple[Person, ...] = ()
    """Who may answer; empty: everybody who may see the DAG."""


class InputRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A question of one try of a task instance, with the answer once there is one."""

    run_pk: int
    task_id: str
    map_index: int
    try_number: int
    request: InputRequest
    asked_at: datetime
    due_at: datetime | None = None
    """When nobody is waited for any more."""
    answered_at: datetime | None = None
    answered_by: Person | None = None
    """None for an answer that the time gave."""
    chosen: tuple[str, ...] | None = None
    """None: nobody answered in time, and there are no defaults."""
    params_input: dict[str, Any] = {}
    is_timeout: bool = False

    @property
    def key(self) -> TaskKey:
        """The task instance that asks."""
        return TaskKey(self.run_pk, self.task_id, self.map_index)


class DeadlineRecord(msgspec.Struct, frozen=True, kw_only=True):
    """When a run ought to be over, by one of its DAG's alerts."""

    run_pk: int
    number: int
    """Place of the alert in the DAG's list, from 0."""
    name: str | None
    due_at: datetime
    missed_at: datetime | None = None
    """When the run was found unfinished after `due_at`; its callback was put into the outbox then."""
