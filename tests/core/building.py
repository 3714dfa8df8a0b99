"""Builders for the tests of decisions: tasks, plans and views of which only what matters is said."""

import gc
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

from hypothesis import strategies as st

from windward.core.actions import Action, AddTasks, CreateRun, MoveRun, MoveTask
from windward.core.advance import advance
from windward.core.plan import DagPlan, compile_plan
from windward.core.view import RunView
from windward.document import DagDocument, TaskDocument
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import FINISHED, RunState, RunType, TaskState

T0 = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
MAP_LENGTH_MAX = 100
ROUNDS_MAX = 20
FINISHED_STATES = sorted(FINISHED)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def task(task_id: str, *upstream: str, **fields: Any) -> TaskDocument:
    return TaskDocument(task_id=task_id, operator="Operator", upstream=tuple(sorted(upstream)), **fields)


def plan_of(*tasks: TaskDocument, **fields: Any) -> DagPlan:
    document = DagDocument(dag_id=fields.pop("dag_id", "sales"), fileloc="sales.py", tasks=tasks, **fields)
    return compile_plan(document, "0" * 32)


def run_of(run_pk: int = 1, **fields: Any) -> RunRecord:
    values: dict[str, Any] = {
        "dag_id": "sales",
        "run_id": f"manual__{run_pk}",
        "run_type": RunType.MANUAL,
        "state": RunState.RUNNING,
        "document_hash": "0" * 32,
        "run_after": T0,
        "logical_date": T0,
        "start_date": T0,
    }
    return RunRecord(run_pk=run_pk, **{**values, **fields})


def view_of(
    plan: DagPlan,
    states: Mapping[str, TaskState] | None = None,
    *,
    run: RunRecord | None = None,
    records: Iterable[TaskRecord] = (),
) -> RunView:
    """Return a view; tasks that neither `states` nor `records` name are `none`."""
    run = run or run_of()
    given = list(records)
    named = {record.task_id for record in given}
    states = states or {}
    given.extend(
        TaskRecord(
            run_pk=run.run_pk,
            task_id=item.task_id,
            state=states.get(item.task_id, TaskState.NONE),
            max_tries=item.retries,
        )
        for item in plan.tasks
        if item.task_id not in named
    )
    return RunView(run, plan, given)


def record_of(task_id: str, state: TaskState = TaskState.NONE, **fields: Any) -> TaskRecord:
    return TaskRecord(**{"run_pk": 1, "task_id": task_id, "state": state, **fields})


def fold(view: RunView, actions: Iterable[Action]) -> None:
    """Take actions in as the store would have applied them."""
    for action in actions:
        match action:
            case MoveTask():
                before = view.find(action.key.task_id, action.key.map_index)
                assert before is not None
                assert (before.state, before.fence) == (action.expect_state, action.expect_fence)
                view.fold(action)
            case AddTasks():
                assert not [record for record in action.tasks if view.find(record.task_id, record.map_index)]
                if action.replaces is not None:
                    replaced = view.find(action.replaces.task_id, action.replaces.map_index)
                    assert replaced is not None
                    assert (replaced.state, replaced.fence) == (action.replaces_state, action.replaces_fence)
                view.fold_added(action)
            case MoveRun():
                view.fold_run(action)
            case _:
                raise AssertionError(action)


def advance_once(view: RunView, **limits: int) -> tuple[dict[str, TaskState], set[str]]:
    """Decide until nothing is dirty, folding in what was decided; return what ended, by name, and what is ready."""
    ended: dict[str, TaskState] = {}
    ready: set[str] = set()
    for _ in range(ROUNDS_MAX):
        decided = advance(view, now=T0, map_length_max=limits.get("map_length_max", MAP_LENGTH_MAX))
        view.clean()
        moves = [action for action in decided.actions if isinstance(action, MoveTask)]
        ended |= {name_of(action.key): action.state for action in moves if action.state in FINISHED}
        ready |= {name_of(key) for key in decided.ready}
        fold(view, decided.actions)
        if not view.is_dirty:
            return ended, ready
    raise AssertionError("advance does not come to an end")


def name_of(key: Any) -> str:
    return key.task_id if key.map_index < 0 else f"{key.task_id}[{key.map_index}]"


def state_of(view: RunView, task_id: str, map_index: int = -1) -> TaskState:
    record = view.find(task_id, map_index)
    assert record is not None
    return record.state


def created(action: CreateRun) -> RunRecord:
    return action.run


def calls_of(work: Callable[[], object]) -> int:
    """Count the function calls that some work takes: its cost, without a clock."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    gc.collect()
    gc.disable()  # whoever is told of collections would count, too
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count


@st.composite
def graphs(
    draw: st.DrawFn, make: Callable[..., TaskDocument] | None = None, *, most: int = 8
) -> tuple[TaskDocument, ...]:
    """Draw an acyclic graph of tasks, in topological order; `make` draws the rest of each task."""
    count = draw(st.integers(1, most))
    tasks = []
    for number in range(count):
        above = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        names = [f"t{number}", *(f"t{up}" for up in above)]
        tasks.append(task(*names) if make is None else make(draw, *names))
    return tuple(tasks)
