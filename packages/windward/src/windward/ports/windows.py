"""What is kept of timetables of authors' own: the runs that they want, worked out ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from windward.timetable import Windows


class WindowStore(Protocol):
    """Windows, by DAG."""

    def put_windows(self, windows: Mapping[str, Windows]) -> None:
        """Replace what the timetables of DAGs (by id) want, with a `dag` note for each."""

    def load_windows(self, dag_ids: Sequence[str] | None = None) -> dict[str, Windows]:
        """Return what the timetables of these DAGs want, by DAG id (None: of all); those without are left out."""
