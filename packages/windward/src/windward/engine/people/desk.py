"""The desk that takes wishes: a store, a clock, ids, and the way to wake the scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from windward.core.actions import Action, ExpectRun, MoveTask, dropping_states
from windward.core.plan import DagPlan, compile_plan
from windward.core.view import RunView
from windward.document import DagDocument
from windward.errors import ConflictError, NotFoundError
from windward.model.records import RunRecord, TaskRecord
from windward.ports.clock import Clock
from windward.ports.reads import DagDetails
from windward.ports.store import Note, Store
from windward.ports.wakeup import Wakeup

TRIES_MAX = 5
"""A run that the scheduler changes at the same moment is decided again so many times."""
PART_TASKS_MAX = 5000
"""Tasks of the runs that are changed in one transaction, if these are several: the scheduler waits for it."""

Decide = Callable[[RunView, datetime], list[Action]]
Part = list[tuple[RunRecord, DagPlan]]


class RestlessError(ConflictError):
    """Runs that the scheduler changed each time they were decided: nothing of what was wished for them was written."""

    def __init__(self, runs: Sequence[RunRecord]) -> None:
        super().__init__(f"run `{runs[0].run_id}` changes too quickly")
        self.runs = tuple(runs)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Carries out wishes."""

    store: Store
    clock: Clock
    wakeup: Wakeup
    next_pk: Callable[[], int]
    drops_states: bool = False
    """Whether an instance that is marked as successful forgets the small values that it keeps."""

    def dag(self, dag_id: str) -> DagDetails:
        """Return a DAG with its newest document.

        Raises:
            NotFoundError: when there is none.
        """
        details = self.store.reads.dag_details(dag_id)
        if details is None:
            raise NotFoundError(f"there is no DAG `{dag_id}`")
        return details

    def run(self, dag_id: str, run_id: str) -> RunRecord:
        """Return a run by its id.

        Raises:
            NotFoundError: when there is none.
        """
        run = self.store.runs.find_run(dag_id, run_id=run_id)
        if run is None:
            raise NotFoundError(f"DAG `{dag_id}` has no run `{run_id}`")
        return run

    def document(self, run: RunRecord) -> DagDocument:
        """Return the document that a run is pinned to.

        Raises:
            NotFoundError: when it was deleted.
        """
        document = self.store.catalog.load_documents([run.document_hash]).get(run.document_hash)
        if document is None:
            raise NotFoundError(
                f"the version of DAG `{run.dag_id}` that run `{run.run_id}` began with is gone"
            )
        return document

    def instance(self, run: RunRecord, task_id: str, map_index: int) -> TaskRecord:
        """Return a task instance of a run.

        Raises:
            NotFoundError: when there is none.
        """
        for record in self.store.runs.load_tasks([run.run_pk]):
            if record.task_id == task_id and record.map_index == map_index:
                return record
        raise NotFoundError(
            f"The Task Instance with dag_id: `{run.dag_id}`, run_id: `{run.run_id}`, "
            f"task_id: `{task_id}` and map_index: `{map_index}` was not found"
        )

    def view(self, run: RunRecord) -> RunView:
        """Return a run with all of its task instances."""
        (view,) = self.views([run])
        return view

    def views(self, runs: Iterable[RunRecord]) -> Iterator[RunView]:
        """Return runs with all of their task instances, in their order; many are loaded at once.

        Raises:
            NotFoundError: when the document of one was deleted.
        """
        for part in self._parts(runs):
            yield from self._views(part)

    def change(self, run: RunRecord, decide: Decide) -> list[Action]:
        """Apply a decision to one run in one transaction, as `change_each` does; return the actions that were written.

        None when the run is gone or nothing was decided. The scheduler is not woken.

        Raises:
            RestlessError: when the run does not hold still.
        """
        written: list[Action] = []
        self.change_each([run], decide, lambda _, actions: written.extend(actions))
        return written

    def change_each(
        self,
        runs: Iterable[RunRecord],
        decide: Decide,
        told: Callable[[RunRecord, list[Action]], None],
    ) -> None:
        """Apply a decision to each of some runs: many in one transaction, each whole or not at all.

        A run that the scheduler changed at the same moment is decided again. `told` is called for each that was
        changed. The scheduler is not woken.

        Raises:
            RestlessError: when runs do not hold still; the others were changed.
        """
        left = [run.run_pk for run in runs]
        refused: list[RunRecord] = []
        for _ in range(TRIES_MAX):
            # The runs are loaded before their tasks: whoever changes them in between raises their revisions.
            current = {run.run_pk: run for run in self.store.runs.load_runs(left)}
            refused = []
            for part in self._parts([current[run_pk] for run_pk in left if run_pk in current]):
                refused += self._change_part(part, decide, told)
            if not refused:
                return
            left = [run.run_pk for run in refused]
        raise RestlessError(refused)

    def _change_part(
        self,
        part: Part,
        decide: Decide,
        told: Callable[[RunRecord, list[Action]], None],
    ) -> list[RunRecord]:
        """Decide and write at once; return the runs that were refused."""
        decided: list[tuple[RunRecord, list[Action]]] = []
        for view in self._views(part):
            actions = decide(view, self.clock.now())
            if self.drops_states:
                actions = [dropping_states(one) if isinstance(one, MoveTask) else one for one in actions]
            if actions:
                decided.append((view.run, actions))
        if not decided:
            return []
        applied = self.store.runs.apply(
            [[ExpectRun(run_pk=run.run_pk, revision=run.revision), *actions] for run, actions in decided],
            notes=[Note(kind="run", subject=str(run.run_pk)) for run, _ in decided],
        )
        refused = []
        for (run, actions), is_written in zip(decided, applied.results, strict=True):
            if is_written:
                told(run, actions)
            else:
                refused.append(run)
        return refused

    def _parts(self, runs: Iterable[RunRecord]) -> Iterator[Part]:
        """Return runs with their plans, as many at a time as have some thousands of tasks together."""
        plans: dict[str, DagPlan] = {}
        part: Part = []
        count = 0
        for run in runs:
            if run.document_hash not in plans:
                plans[run.document_hash] = compile_plan(self.document(run), run.document_hash)
            plan = plans[run.document_hash]
            if part and count + len(plan.tasks) > PART_TASKS_MAX:
                yield part
                part, count = [], 0
            part.append((run, plan))
            count += len(plan.tasks)
        if part:
            yield part

    def _views(self, part: Part) -> list[RunView]:
        tasks: dict[int, list[TaskRecord]] = {run.run_pk: [] for run, _ in part}
        for record in self.store.runs.load_tasks(list(tasks)):
            tasks[record.run_pk].append(record)
        return [RunView(run, plan, tasks[run.run_pk]) for run, plan in part]
