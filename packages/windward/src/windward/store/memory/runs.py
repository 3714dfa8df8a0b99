"""Runs and task instances in memory: loads, the change feed, and `apply`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from windward.core.actions import Action
from windward.model.ids import TaskKey
from windward.model.records import CallbackRecord, RunParent, RunRecord, TaskRecord
from windward.model.states import RUN_FINISHED, RunState
from windward.ports.store import Applied, Guard, Note
from windward.store.columns import CALLBACKS_OPEN, assert_legal
from windward.store.history import Line
from windward.store.memory.apply import Group
from windward.store.memory.leases import check_guard
from windward.store.memory.tables import Tables


class MemoryRuns:
    """Loads for the scheduler, and the one way to write."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.counters = tables.counters

    def load_open_runs(self) -> list[RunRecord]:
        """Return all runs that are queued or running, by `run_pk`."""
        with self._tables.lock:
            self.counters.queries += 1
            runs = self._tables.runs
            return [runs[pk] for pk in sorted(runs) if runs[pk].state not in RUN_FINISHED]

    def load_runs(self, run_pks: Sequence[int]) -> list[RunRecord]:
        """Return these runs, by `run_pk`."""
        with self._tables.lock:
            self.counters.queries += 1
            return [self._tables.runs[pk] for pk in sorted(set(run_pks)) if pk in self._tables.runs]

    def load_tasks(self, run_pks: Sequence[int]) -> list[TaskRecord]:
        """Return all task instances of these runs, by key."""
        with self._tables.lock:
            self.counters.queries += 1
            found: list[TaskRecord] = []
            for pk in sorted(set(run_pks)):
                tasks = self._tables.tasks.get(pk, {})
                found.extend(tasks[place] for place in sorted(tasks))
            return found

    def load_previous_run(self, dag_id: str, before: datetime, *, exclude_pk: int) -> RunRecord | None:
        """Return the run of the DAG with the greatest logical date below `before`, or None."""
        with self._tables.lock:
            self.counters.queries += 1
            dated = [
                (run.logical_date, run)
                for run in self._tables.runs.values()
                if run.dag_id == dag_id and run.run_pk != exclude_pk and run.logical_date is not None
            ]
            earlier = [(date, run) for date, run in dated if date < before]
            return max(earlier, key=lambda item: item[0])[1] if earlier else None

    def find_run(
        self, dag_id: str, *, run_id: str | None = None, logical_date: datetime | None = None
    ) -> RunRecord | None:
        """Return a run by run id or logical date; with neither, the newest by `run_after`."""
        with self._tables.lock:
            self.counters.queries += 1
            found = [
                run
                for run in self._tables.runs.values()
                if run.dag_id == dag_id
                and run_id in {None, run.run_id}
                and (logical_date is None or run.logical_date == logical_date)
            ]
            return max(found, key=lambda run: (run.run_after, run.run_pk)) if found else None

    def apply(
        self,
        groups: Sequence[Sequence[Action]],
        *,
        after: Sequence[Sequence[Action]] = (),
        guard: Guard | None = None,
        notes: Sequence[Note] = (),
    ) -> Applied:
        """Apply groups of actions, each whole or not at all; `after` only if no group was refused."""
        for actions in (*groups, *after):
            for action in actions:
                assert_legal(action)
        with self._tables.lock:
            check_guard(self._tables, guard)
            rows = 0
            results = []
            for actions in groups:
                group = Group(self._tables)
                results.append(group.apply(actions))
                rows += group.rows
            may_follow = all(results)
            for actions in after:
                group = Group(self._tables)
                results.append(may_follow and group.apply(actions))
                rows += group.rows
            for note in notes:
                self._tables.add_note(note.kind, note.subject)
            self._tables.wrote(rows + len(notes))
            return Applied(results=tuple(results))

    def find_runs_at(self, dag_id: str, logical_dates: Sequence[datetime]) -> list[RunRecord]:
        """Return the runs of the DAG with these logical dates, by date."""
        with self._tables.lock:
            self.counters.queries += 1
            by_date = self._tables.run_by_date
            dates = [date for date in sorted(set(logical_dates)) if (dag_id, date) in by_date]
            return [self._tables.runs[by_date[dag_id, date]] for date in dates]

    def find_tasks(self, keys: Sequence[TaskKey]) -> list[TaskRecord]:
        """Return these task instances."""
        with self._tables.lock:
            found = (self._tables.tasks.get(key.run_pk, {}).get((key.task_id, key.map_index)) for key in keys)
            return [record for record in found if record is not None]

    def load_recoverable_runs(self, *, limit: int) -> list[RunRecord]:
        """Return failed runs that may be run again on their own, by `recover_at`."""
        with self._tables.lock:
            self.counters.queries += 1
            found = [
                (run.recover_at, run.run_pk, run)
                for run in self._tables.runs.values()
                if run.recover_at is not None and run.state is RunState.FAILED
            ]
            return [run for _, _, run in sorted(found, key=lambda item: item[:2])][:limit]

    def find_previous(self, dag_id: str, run_id: str, *, state: str | None = None) -> RunRecord | None:
        """Return the run before this one by logical date, the newest of a state when one is given."""
        with self._tables.lock:
            self.counters.queries += 1
            runs = [run for run in self._tables.runs.values() if run.dag_id == dag_id]
            own = next((run for run in runs if run.run_id == run_id), None)
            if own is None or own.logical_date is None:
                return None
            earlier = [
                (run.logical_date, run)
                for run in runs
                if run.logical_date is not None
                and run.logical_date < own.logical_date
                and state in {None, run.state}
            ]
            return max(earlier, key=lambda item: item[0])[1] if earlier else None

    def find_triggered(self, dag_id: str, parent: RunParent) -> RunRecord | None:
        """Return the newest run of a DAG that this wish of a task instance triggered, or None."""
        with self._tables.lock:
            self.counters.queries += 1
            wanted = _wish(parent)
            found = [
                run
                for run_pk, other in self._tables.links.items()
                if _wish(other) == wanted and (run := self._tables.runs[run_pk]).dag_id == dag_id
            ]
            return max(found, key=lambda run: run.run_pk) if found else None

    def count_runs(
        self,
        dag_id: str,
        *,
        logical_dates: Sequence[datetime] | None,
        run_ids: Sequence[str] | None,
        states: Sequence[str] | None,
    ) -> int:
        """Count runs; None does not restrict."""
        return len(self._matching(dag_id, logical_dates, run_ids, states))

    def find_task_states(
        self,
        dag_id: str,
        *,
        task_ids: Sequence[str] | None,
        run_ids: Sequence[str] | None,
        logical_dates: Sequence[datetime] | None,
        states: Sequence[str] | None,
    ) -> list[tuple[str, str, int, str]]:
        """Return (run_id, task_id, map_index, state) of matching instances, by run, task and map index."""
        found = []
        for run in self._matching(dag_id, logical_dates, run_ids, None):
            tasks = self._tables.tasks.get(run.run_pk, {})
            for place in sorted(tasks):
                task = tasks[place]
                is_asked = task_ids is None or task.task_id in task_ids
                if is_asked and (states is None or task.state in states):
                    found.append((run.run_id, task.task_id, task.map_index, str(task.state)))
        return found

    def tally_tasks(
        self,
        dag_id: str,
        *,
        task_ids: Sequence[str] | None,
        run_ids: Sequence[str] | None,
        logical_dates: Sequence[datetime] | None,
    ) -> list[tuple[str, datetime | None, str, str, int]]:
        """Return (run_id, logical_date, task_id, state, count) of matching instances, by run, task and state."""
        found: list[tuple[str, datetime | None, str, str, int]] = []
        for run in self._matching(dag_id, logical_dates, run_ids, None):
            counts = Counter(
                (task.task_id, str(task.state))
                for task in self._tables.tasks.get(run.run_pk, {}).values()
                if task_ids is None or task.task_id in task_ids
            )
            found += [
                (run.run_id, run.logical_date, task_id, state, counts[task_id, state])
                for task_id, state in sorted(counts)
            ]
        return found

    def find_runs(
        self,
        dag_ids: Sequence[str],
        *,
        run_ids: Sequence[str] | None,
        logical_dates: Sequence[datetime] | None,
        states: Sequence[str] | None,
        run_types: Sequence[str] | None,
        date_from: datetime | None,
        date_to: datetime | None,
        limit: int,
    ) -> list[RunRecord]:
        """Return runs by logical date, then by key, those without a date last; bounds are inclusive."""
        runs = [
            run
            for dag_id in set(dag_ids)
            for run in self._matching(dag_id, logical_dates, run_ids, states)
            if run_types is None or run.run_type in run_types
        ]
        dated = [(run.logical_date, run.run_pk, run) for run in runs if run.logical_date is not None]
        within = [
            item
            for item in dated
            if (date_from is None or date_from <= item[0]) and (date_to is None or item[0] <= date_to)
        ]
        is_bounded = date_from is not None or date_to is not None
        others = [] if is_bounded else [run for run in runs if run.logical_date is None]
        first = [run for _, _, run in sorted(within, key=lambda item: item[:2])]
        return [*first, *sorted(others, key=lambda run: run.run_pk)][:limit]

    def _matching(
        self,
        dag_id: str,
        logical_dates: Sequence[datetime] | None,
        run_ids: Sequence[str] | None,
        states: Sequence[str] | None,
    ) -> list[RunRecord]:
        with self._tables.lock:
            self.counters.queries += 1
            return [
                run
                for _, run in sorted(self._tables.runs.items())
                if run.dag_id == dag_id
                and (logical_dates is None or run.logical_date in logical_dates)
                and (run_ids is None or run.run_id in run_ids)
                and (states is None or run.state in states)
            ]

    def load_notes(self, *, after: int, limit: int) -> list[Note]:
        """Return lines of the change feed with a greater `note_pk`, in order."""
        with self._tables.lock:
            self.counters.queries += 1
            return [note for note in self._tables.notes if note.note_pk > after][:limit]

    def delete_notes(self, *, up_to: int) -> None:
        """Forget lines that the leader has taken in."""
        with self._tables.lock:
            kept = [note for note in self._tables.notes if note.note_pk > up_to]
            self._tables.wrote(len(self._tables.notes) - len(kept))
            self._tables.notes = kept

    def load_callbacks(self, *, limit: int) -> list[CallbackRecord]:
        """Return DAG-level callbacks that are queued, oldest first."""
        return self._callbacks(("queued",), limit=limit)

    def load_open_callbacks(self, *, limit: int) -> list[CallbackRecord]:
        """Return DAG-level callbacks that are not finished, oldest first."""
        return self._callbacks(CALLBACKS_OPEN, limit=limit)

    def _callbacks(self, states: Sequence[str], *, limit: int) -> list[CallbackRecord]:
        with self._tables.lock:
            self.counters.queries += 1
            callbacks = self._tables.callbacks
            return [callbacks[pk] for pk in sorted(callbacks) if callbacks[pk].state in states][:limit]

    def load_trail(self, key: TaskKey) -> list[Line]:
        """Return the instance's history, oldest first."""
        with self._tables.lock:
            self.counters.queries += 1
            return list(self._tables.trails.get(key, ()))


def _wish(parent: RunParent) -> tuple[int, str, int, datetime, int]:
    return (parent.run_pk, parent.task_id, parent.map_index, parent.since, parent.place)
