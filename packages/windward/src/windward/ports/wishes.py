"""What people wish that is no decision about runs: marks on DAGs, files to be read again, runs to be forgotten."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from windward.model.ids import TaskKey
from windward.model.states import RunState, TaskState
from windward.ports.windows import WindowStore


class WishStore(WindowStore, Protocol):
    """Writes for people. What they wish to know of it is in the listings."""

    def delete_run(self, run_pk: int, *, states: Collection[RunState]) -> bool:
        """Delete a run with all that belongs to it, if it is in one of these states; whether it was deleted.

        A `run` note is written. Locations of large XComs go to the list of dead objects.
        """

    def delete_task(
        self, key: TaskKey, *, states: Collection[RunState], except_in: Collection[TaskState]
    ) -> bool:
        """Delete a task instance with its tries and what it stored; whether it was deleted.

        Only if its run is in one of `states`, and it is in none of `except_in`. The run's revision is raised
        above the instance's fence, so that what was decided with the instance is refused, and what its attempts
        still say of one that is added in its place. A `run` note is written. Locations of large XComs go to
        the list of dead objects.
        """

    def add_favorite(self, user_id: str, dag_id: str, *, now: datetime) -> None:
        """Mark a DAG for a user; nothing changes when it is marked."""

    def remove_favorite(self, user_id: str, dag_id: str) -> bool:
        """Take a user's mark away; whether there was one."""

    def ask_parse(self, fileloc: str, *, now: datetime) -> None:
        """Ask that a file is read again although it did not change."""

    def take_parse_requests(self) -> list[str]:
        """Return the files that somebody wants to be read again, and forget that they do."""
