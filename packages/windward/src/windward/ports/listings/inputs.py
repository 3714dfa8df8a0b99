"""Read models of questions to people: those of the current tries of task instances."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from windward.model.access import DagReach
from windward.model.states import TaskState
from windward.model.waits import InputRecord
from windward.ports.listings.page import Between, Page, PageRequest, Pattern


class InputFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which questions. What is left out (None, or nothing in it) puts no condition on them."""

    reach: DagReach
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    dags: Pattern = Pattern()
    tasks: Pattern = Pattern()
    states: tuple[TaskState, ...] = ()
    """Of the instance that asks."""
    is_answered: bool | None = None
    answered_by_ids: tuple[str, ...] = ()
    answered_by_names: tuple[str, ...] = ()
    subject: Pattern = Pattern()
    text: Pattern = Pattern()
    asked_at: Between[datetime] = Between()


class InputListings(Protocol):
    """What the API shows of questions."""

    def list(self, page: PageRequest, which: InputFilter) -> Page[InputRecord]:
        """Return questions, by the instances that ask unless `page` says otherwise."""
