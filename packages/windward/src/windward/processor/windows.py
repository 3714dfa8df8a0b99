"""Windows of timetables of authors' own: asked for in the child that parsed the file, kept ahead by the processor."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from windward.document import DagDocument
from windward.model.files import FileRecord
from windward.ports.store import CatalogStore
from windward.ports.windows import DatesAsked
from windward.processor.messages import DagParsed
from windward.protocol.calls import GetSchedulePlace, PlaceAnswer
from windward.timetable import DataInterval, Dates, Windows, renew_at

ASKED_AGAIN = timedelta(seconds=4)
"""A timetable that does not give what is needed is not asked more often than that."""
FAILED_AGAIN = timedelta(seconds=60)


def ask_windows(
    dag: Any, document: DagDocument
) -> tuple[Windows, tuple[tuple[datetime, datetime, Dates], ...]]:
    """Ask the timetable of a DAG for the runs to come, and for the ranges that somebody wants to know.

    Runs the author's code: in a child only.
    """
    from windward.sdk.bridge import current_bridge
    from windward.sdk.timetable_windows import dates_of, windows_of

    place = current_bridge(purpose="a timetable").call(GetSchedulePlace(dag_id=document.dag_id))
    last = None
    if isinstance(place, PlaceAnswer) and place.interval_start is not None and place.interval_end is not None:
        last = DataInterval(place.interval_start, place.interval_end)
    timetable = getattr(dag.schedule, "timetable", dag.schedule)
    windows = windows_of(
        timetable,
        earliest=document.start_date,
        latest=document.end_date,
        catchup=document.catchup,
        last=last,
        now=datetime.now(UTC),
    )
    asked = place.asked if isinstance(place, PlaceAnswer) else ()
    return windows, tuple((start, end, dates_of(timetable, start=start, end=end)) for start, end in asked)


class WindowKeeper:
    """Knows what was published, and when which file has to be parsed again for more."""

    def __init__(self, catalog: CatalogStore) -> None:
        self._catalog = catalog
        self._windows: dict[str, Windows] = {}
        self._fileloc: dict[str, str] = {}
        self._broken: set[str] = set()
        """Files that have an error: their DAGs stay, and can say no more."""
        self._asked: dict[str, datetime] = {}
        self._questions: dict[DatesAsked, datetime] = {}
        """Questions of people that are under way, and when their files were last handed out."""

    def load(self, files: Collection[FileRecord]) -> None:
        """Read what is published."""
        self._windows = self._catalog.load_windows()
        self._broken = {file.fileloc for file in files if file.error}
        self._fileloc = {dag_id: file.fileloc for file in files for dag_id in file.dag_ids}

    def forget(self, fileloc: str) -> None:
        """Ask for no more of a file that is gone."""
        self._broken.discard(fileloc)
        for dag_id in [dag_id for dag_id, other in self._fileloc.items() if other == fileloc]:
            self._windows.pop(dag_id, None)
            del self._fileloc[dag_id]

    def changed(self, file: FileRecord, dags: Iterable[DagParsed]) -> dict[str, Windows]:
        """Take in what a file's timetables said; return what is new of it, by DAG."""
        found: dict[str, Windows] = {}
        self._broken.discard(file.fileloc)
        if file.error:
            self._broken.add(file.fileloc)
        said = {dag.dag_id: dag.windows for dag in dags if dag.dag_id in file.dag_ids and not dag.error}
        for dag_id, windows in said.items():
            if windows is None:
                self._windows.pop(dag_id, None)
                continue
            self._fileloc[dag_id] = file.fileloc
            if self._windows.get(dag_id) != windows:
                found[dag_id] = self._windows[dag_id] = windows
        return found

    def answers(self, fileloc: str, dags: Iterable[DagParsed], error: str) -> list[tuple[DatesAsked, Dates]]:
        """Return what a file that was parsed says to people's questions; a DAG that it has no more says that."""
        given = {DatesAsked(dag.dag_id, start, end): dates for dag in dags for start, end, dates in dag.dates}
        failed = {dag.dag_id: dag.error for dag in dags if dag.error}
        for asked in self._questions:
            why = failed.get(asked.dag_id) or error
            if self._fileloc.get(asked.dag_id) == fileloc and why:
                given.setdefault(asked, Dates(error=why.splitlines()[-1]))
        for asked in given:
            self._questions.pop(asked, None)
        return list(given.items())

    def due(self, now: datetime) -> set[str]:
        """Return the files whose timetables have to be asked: by people, or for more runs."""
        files = self._files_of_questions(now)
        for dag_id, windows in self._windows.items():
            if dag_id not in self._fileloc or windows.is_complete:
                continue
            is_failed = windows.error or self._fileloc[dag_id] in self._broken
            pause = FAILED_AGAIN if is_failed else ASKED_AGAIN
            if now < self._asked.get(dag_id, now - pause) + pause:
                continue
            dag = self._catalog.load_dag(dag_id)
            if dag is None or not dag.is_active:
                continue
            at = renew_at(windows, last_run_after=dag.last_run_after, now=now)
            if at is not None and at <= now:
                self._asked[dag_id] = now
                files.add(self._fileloc[dag_id])
        return files

    def _files_of_questions(self, now: datetime) -> set[str]:
        if not self._windows:
            return set()  # nobody asks a timetable that nobody has
        asked = self._catalog.load_asked_dates()
        self._questions = {one: self._questions.get(one, now - ASKED_AGAIN) for one in asked}
        files = set()
        for one, at in self._questions.items():
            if one.dag_id in self._fileloc and now >= at + ASKED_AGAIN:
                self._questions[one] = now
                files.add(self._fileloc[one.dag_id])
        return files
