"""Clearing and marking: what people do to instances and runs."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import T0, at, graphs, name_of, plan_of, record_of, run_of, task, view_of
from windward.core.actions import AddTasks, MoveRun, MoveTask, PlanRecovery, TouchRun
from windward.core.people import decide_clear, decide_mark, decide_requeue, related
from windward.core.selection import failed_below
from windward.core.transitions import ARCHIVING, REVOKING, TaskEvent
from windward.core.view import RunView
from windward.document import TaskDocument
from windward.model.ids import TaskKey
from windward.model.records import TaskRecord
from windward.model.states import RunState, TaskState

KEY = TaskKey(1, "a")


def view_with(record: TaskRecord, *, run: RunState = RunState.RUNNING, retries: int = 0) -> RunView:
    return view_of(plan_of(task("a", retries=retries)), records=[record], run=run_of(state=run))


def used(state: TaskState, **fields: object) -> TaskRecord:
    values = {"fence": 3, "try_number": 2, "owner": "h", "start_date": T0, "end_date": at(1), "due_at": at(2)}
    return record_of("a", state, **{**values, **fields})


def moves(actions: Sequence[object]) -> list[MoveTask]:
    return [action for action in actions if isinstance(action, MoveTask)]


@pytest.mark.parametrize("state", sorted(TaskState))
def test_what_a_clear_does_to_each_state(state: TaskState) -> None:
    found = moves(decide_clear(view_with(used(state)), [KEY], by="ada", now=at(9)))
    untouched = {TaskState.NONE, TaskState.RESTARTING, TaskState.REMOVED}
    expected = (
        [] if state in untouched else [TaskEvent.RESTART if state is TaskState.RUNNING else TaskEvent.CLEAR]
    )
    assert [action.event for action in found] == expected


def test_a_cleared_instance_forgets_everything_but_its_number_of_tries() -> None:
    record = used(
        TaskState.FAILED, lost_count=2, return_length=4, skip_by="x", first_start_date=T0, exit_fact="{}"
    )
    (action,) = moves(decide_clear(view_with(record, retries=3), [KEY, TaskKey(1, "x")], by="ada", now=at(9)))
    assert (action.max_tries, action.lost_count, action.reason) == (2 + 3, 0, "cleared by ada")
    names = (
        "owner",
        "start_date",
        "end_date",
        "due_at",
        "first_start_date",
        "return_length",
        "skip_by",
        "exit_fact",
    )
    assert {getattr(action, name) for name in names} == {None}
    assert action.archives


def test_a_clear_revokes_what_was_queued_and_lets_what_runs_end_first() -> None:
    (queued,) = moves(decide_clear(view_with(used(TaskState.QUEUED)), [KEY], by="ada", now=T0))
    (running,) = moves(decide_clear(view_with(used(TaskState.RUNNING)), [KEY], by="ada", now=T0))
    assert (queued.fence, queued.state) == (4, TaskState.NONE)
    assert (running.state, running.event in REVOKING | ARCHIVING) == (TaskState.RESTARTING, False)


def test_what_a_branch_skipped_stays_skipped_unless_the_branch_is_cleared_too() -> None:
    record = record_of("b", TaskState.SKIPPED, skip_by="a")
    view = view_of(plan_of(task("a"), task("b", "a")), {"a": TaskState.SUCCESS}, records=[record])
    alone = decide_clear(view, [TaskKey(1, "b")], by="ada", now=T0)
    both = decide_clear(view, [KEY, TaskKey(1, "b")], by="ada", now=T0)
    assert alone == []
    assert [action.key.task_id for action in moves(both)] == ["a", "b"]


@pytest.mark.parametrize("state", sorted(RunState))
def test_a_finished_run_is_queued_again_by_a_clear_and_others_are_left(state: RunState) -> None:
    actions = decide_clear(view_with(used(TaskState.FAILED), run=state), [KEY], by="ada", now=at(9))
    runs = [action for action in actions if isinstance(action, MoveRun)]
    assert [action.state for action in runs] == ([RunState.QUEUED] if state in {"success", "failed"} else [])
    assert all((run.clear_number, run.start_date, run.queued_at) == (1, None, at(9)) for run in runs)


@pytest.mark.parametrize("target", [TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED])
@pytest.mark.parametrize("state", sorted(TaskState))
def test_a_mark_reaches_every_state_and_refuses_what_still_runs(state: TaskState, target: TaskState) -> None:
    actions = decide_mark(view_with(used(state)), [KEY], target, by="ada", now=at(9))
    found = moves(actions)
    if state is target:
        assert actions == []
    else:
        assert [(action.state, action.fence, action.due_at) for action in found] == [(target, 4, None)]
        assert found[0].end_date == at(1)


def test_whatever_people_do_raises_the_revision_of_the_run() -> None:
    view = view_with(used(TaskState.FAILED))
    for actions in (
        decide_clear(view, [KEY], by="ada", now=T0),
        decide_mark(view, [KEY], TaskState.SUCCESS, by="ada", now=T0),
    ):
        assert TouchRun(run_pk=1) in actions


def test_an_instance_that_does_not_exist_is_left_out() -> None:
    view = view_with(used(TaskState.FAILED))
    assert decide_clear(view, [TaskKey(1, "gone"), TaskKey(1, "a", 3)], by="ada", now=T0) == []


@given(graphs(), st.data())
def test_the_related_tasks_are_all_that_edges_lead_to(
    tasks: tuple[TaskDocument, ...], data: st.DataObject
) -> None:
    view = view_of(plan_of(*tasks))
    names = data.draw(st.sets(st.sampled_from([item.task_id for item in tasks])))
    up, down = data.draw(st.booleans()), data.draw(st.booleans())
    above = {item.task_id: set(item.upstream) for item in tasks}
    below = {name: {other for other, ups in above.items() if name in ups} for name in above}
    assert related(view, names, upstream=up, downstream=down) == (
        names
        | (_reached(names, above) if up else set())
        | (_below(names, above, below, up=up) if down else set())
    )


def _reached(names: set[str], edges: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    for name in names:
        found |= {name} | _reached(edges[name], edges)
    return found


def _below(names: set[str], above: dict[str, set[str]], below: dict[str, set[str]], *, up: bool) -> set[str]:
    """Downstream counts from the upstreams too, when both are asked for: a cleared task clears what follows it."""
    return _reached(_reached(names, above) if up else names, below)


def test_marks_and_clears_name_instances_of_mapped_tasks_one_by_one() -> None:
    from tests.core.test_mapping import over
    from windward.document import LiteralLength

    plan = plan_of(task("m", expansion=over(LiteralLength(2))))
    view = view_of(plan, records=[record_of("m", TaskState.FAILED, map_index=n) for n in (0, 1)])
    found = moves(decide_clear(view, [TaskKey(1, "m", 1)], by="ada", now=T0))
    assert [name_of(action.key) for action in found] == ["m[1]"]


def failed_chain(run: RunState) -> RunView:
    plan = plan_of(task("a"), task("b", "a"), task("c", "b"), task("other"))
    found = [TaskState.FAILED, TaskState.UPSTREAM_FAILED, TaskState.UPSTREAM_FAILED, TaskState.FAILED]
    states = dict(zip(("a", "b", "c", "other"), found, strict=True))
    return view_of(plan, states, run=run_of(state=run, recover_at=at(3)))


@pytest.mark.parametrize("state", [TaskState.SUCCESS, TaskState.SKIPPED])
def test_a_mark_may_resume_what_failed_below_and_nothing_else(state: TaskState) -> None:
    view = failed_chain(RunState.FAILED)
    below = failed_below(view, ["a"])
    actions = decide_mark(view, [KEY], state, by="ada", now=at(9), resumes=below)
    assert [(action.key.task_id, action.state) for action in moves(actions)] == [
        ("a", state), ("b", TaskState.NONE), ("c", TaskState.NONE),
    ]  # fmt: skip
    (again,) = (action for action in actions if isinstance(action, MoveRun))
    assert (again.state, again.recover_at, again.is_recovery_stopped) == (RunState.QUEUED, None, False)


def test_a_mark_as_failed_that_resumes_stops_the_recovery_of_the_run() -> None:
    view = failed_chain(RunState.FAILED)
    key = TaskKey(1, "b")
    actions = decide_mark(
        view, [key], TaskState.FAILED, by="ada", now=at(9), resumes=failed_below(view, ["b"])
    )
    (again,) = (action for action in actions if isinstance(action, MoveRun))
    assert again.is_recovery_stopped
    running = decide_mark(
        failed_chain(RunState.RUNNING),
        [key],
        TaskState.FAILED,
        by="ada",
        now=at(9),
        resumes=failed_below(view, ["b"]),
    )
    assert not [action for action in running if isinstance(action, MoveRun)]
    assert [action for action in running if isinstance(action, PlanRecovery)]


def test_a_mark_that_changes_nothing_resumes_nothing() -> None:
    view = failed_chain(RunState.FAILED)
    assert not decide_mark(
        view, [KEY], TaskState.FAILED, by="ada", now=at(9), resumes=failed_below(view, ["a"])
    )


def test_a_run_that_goes_on_gets_back_the_tasks_that_were_deleted() -> None:
    plan = plan_of(task("a", retries=4), task("b", "a"))
    view = RunView(run_of(state=RunState.FAILED), plan, [record_of("b", TaskState.FAILED)])
    for actions in (
        decide_clear(view, [TaskKey(1, "b")], by="ada", now=T0),
        decide_requeue(view, by="ada", now=T0),
    ):
        (added,) = (action for action in actions if isinstance(action, AddTasks))
        assert [(record.task_id, record.max_tries) for record in added.tasks] == [("a", 4)]
    kept = decide_clear(view, [TaskKey(1, "b")], by="ada", now=T0, reopens=False)
    assert not [action for action in kept if isinstance(action, AddTasks | MoveRun)]
