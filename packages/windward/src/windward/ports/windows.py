"""What is kept of timetables of authors' own: the runs that they want, worked out ahead, and what they are asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from windward.timetable import Dates, Windows

ASKED_KEPT = timedelta(hours=1)
"""Questions are forgotten after that, answered or not."""


class DatesAsked(NamedTuple):
    """A question to the timetable of a DAG: its runs whose logical date is in the range, both ends inclusive."""

    dag_id: str
    start: datetime
    end: datetime


class WindowStore(Protocol):
    """Windows by DAG, and questions with their answers."""

    def put_windows(self, windows: Mapping[str, Windows]) -> None:
        """Replace what the timetables of DAGs (by id) want, with a `dag` note for each."""

    def load_windows(self, dag_ids: Sequence[str] | None = None) -> dict[str, Windows]:
        """Return what the timetables of these DAGs want, by DAG id (None: of all); those without are left out."""

    def ask_dates(self, asked: DatesAsked, *, now: datetime) -> None:
        """Ask, or ask again; an earlier answer to the same question is forgotten, and so is what is `ASKED_KEPT` old."""

    def load_asked_dates(self) -> list[DatesAsked]:
        """Return the questions that nobody has answered, sorted."""

    def answer_dates(self, answers: Iterable[tuple[DatesAsked, Dates]]) -> None:
        """Answer questions; those that are not asked any more are left out."""

    def load_dates(self, asked: DatesAsked) -> Dates | None:
        """Return the answer to a question, None when there is none yet."""
