"""What follows from a change in a run: readiness, skips and failures that cross, windows, the past, the run's end."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import (
    T0,
    advance_once,
    at,
    graphs,
    plan_of,
    record_of,
    run_of,
    state_of,
    task,
    view_of,
)
from tests.simulation.rules import may_start
from windward.core.actions import MoveTask
from windward.core.advance import advance, decide_run_end, decide_run_timeout
from windward.core.past import previous_of
from windward.core.previous import PreviousRun
from windward.core.view import RunView
from windward.document import TaskDocument
from windward.model.states import FINISHED, RunState, RunType, TaskState, TriggerRule

S, F, K, U, R = (
    TaskState.SUCCESS,
    TaskState.FAILED,
    TaskState.SKIPPED,
    TaskState.UPSTREAM_FAILED,
    TaskState.REMOVED,
)


def _ruled(draw: st.DrawFn, task_id: str, *upstream: str) -> TaskDocument:
    return task(task_id, *upstream, trigger_rule=draw(st.sampled_from(sorted(TriggerRule))))


def chain(length: int, **first: object) -> list[TaskDocument]:
    return [task("t0", **first), *(task(f"t{n}", f"t{n - 1}") for n in range(1, length))]


def test_a_new_run_is_ready_at_its_roots() -> None:
    view = view_of(plan_of(task("a"), task("b"), task("c", "a", "b")))
    assert advance_once(view) == ({}, {"a", "b"})


@pytest.mark.parametrize(("state", "becomes"), [(F, U), (U, U), (K, K)])
def test_a_skip_or_failure_crosses_the_graph_in_one_decision(state: TaskState, becomes: TaskState) -> None:
    view = view_of(plan_of(*chain(300)), {"t0": state})
    ended, ready = advance_once(view)
    assert set(ended.values()) == {becomes}
    assert (len(ended), ready, view.unfinished) == (299, set(), 0)


def test_what_crosses_stops_where_a_rule_lets_the_task_run() -> None:
    tasks = [*chain(3), task("join", "t2", "other", trigger_rule=TriggerRule.NONE_FAILED), task("other")]
    plan = plan_of(*tasks[:3], tasks[4], tasks[3], task("end", "join"))
    assert advance_once(view_of(plan, {"t0": K, "other": S})) == ({"t1": K, "t2": K}, {"join"})


def test_a_decision_looks_only_at_what_changed() -> None:
    """The same work for a run of 10 and of 2,000 waiting tasks: the changed one and its successor."""
    for count in (10, 2_000):
        side = [task(f"w{n}", "blocker") for n in range(count)]
        view = view_of(plan_of(task("blocker"), *side, task("a"), task("b", "a")))
        advance_once(view)
        assert view.dirty == set()
        view.fold(_ended(view, "a", S))
        assert {view.plan.tasks[number].task_id for number in view.dirty} == {"b"}
        assert advance_once(view) == ({}, {"b"})


@given(graphs(_ruled), st.data())
def test_every_run_comes_to_its_end_and_nothing_starts_before_its_rule_holds(
    tasks: tuple[TaskDocument, ...], data: st.DataObject
) -> None:
    view = view_of(plan_of(*tasks))
    waiting: set[str] = set()
    rules = {item.task_id: item.trigger_rule for item in tasks}
    for _ in range(4 * len(tasks)):
        _, ready = advance_once(view)
        for name in ready:
            item = view.plan.tasks[view.plan.number_of[name]]
            states = [state_of(view, up) for up in item.upstream]
            assert not states or may_start(rules[name], states, [])
        waiting = {name for name in waiting | ready if state_of(view, name) is TaskState.NONE}
        if not waiting:
            break
        name = data.draw(st.sampled_from(sorted(waiting)))
        view.fold(_ended(view, name, data.draw(st.sampled_from([S, F, K]))))
    assert view.unfinished == 0
    assert decide_run_end(view, now=T0) is not None


@given(graphs(_ruled), st.data())
def test_the_counts_of_a_view_are_those_of_a_view_made_anew(
    tasks: tuple[TaskDocument, ...], data: st.DataObject
) -> None:
    view = view_of(plan_of(*tasks))
    for _ in range(len(tasks)):
        advance_once(view)
        open_names = [item.task_id for item in tasks if state_of(view, item.task_id) not in FINISHED]
        if not open_names:
            break
        view.fold(_ended(view, data.draw(st.sampled_from(open_names)), data.draw(st.sampled_from([S, F, K]))))
    fresh = RunView(view.run, view.plan, list(view.all_instances()))
    assert (fresh.tallies, fresh.unfinished, fresh.in_flight) == (
        view.tallies,
        view.unfinished,
        view.in_flight,
    )


def test_an_inline_task_is_finished_by_the_scheduler_and_its_successor_follows_at_once() -> None:
    plan = plan_of(task("a", is_inline=True), task("b", "a", is_inline=True), task("c", "b"))
    assert advance_once(view_of(plan)) == ({"a": S, "b": S}, {"c"})


# -- setups and teardowns ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("setup", "work", "far", "last"),
    [(F, U, U, U), (K, K, K, K), (S, None, None, None)],
)
def test_how_a_setup_ends_decides_its_scope(
    setup: TaskState, work: TaskState | None, far: TaskState | None, last: TaskState | None
) -> None:
    plan = plan_of(
        task("setup", is_setup=True),
        task("work", "setup"),
        task("far", "work", trigger_rule=TriggerRule.ALL_DONE),
        task("last", "far", "setup", is_teardown=True, trigger_rule=TriggerRule.ALL_DONE_SETUP_SUCCESS),
    )
    ended, _ = advance_once(view_of(plan, {"setup": setup}))
    assert (ended.get("work"), ended.get("far"), ended.get("last")) == (work, far, last)


def test_a_teardown_runs_when_the_work_failed_and_its_setup_did_not() -> None:
    plan = plan_of(
        task("setup", is_setup=True),
        task("work", "setup"),
        task("last", "work", "setup", is_teardown=True, trigger_rule=TriggerRule.ALL_DONE_SETUP_SUCCESS),
    )
    assert advance_once(view_of(plan, {"setup": S, "work": F})) == ({}, {"last"})


def test_a_task_waits_for_a_setup_far_above_whatever_its_rule() -> None:
    plan = plan_of(
        task("setup", is_setup=True),
        task("work", "setup"),
        task("far", "work", trigger_rule=TriggerRule.ALWAYS),
    )
    view = view_of(plan)
    assert advance_once(view)[1] == {"setup"}
    view.fold(_ended(view, "setup", S))
    assert advance_once(view)[1] == {"work", "far"}


# -- the task's own dates ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "is_in"),
    [(-1, 1, True), (0, 0, True), (1, None, False), (None, -1, False), (None, None, True)],
)
def test_a_task_is_part_of_runs_within_its_own_dates(
    first: int | None, last: int | None, is_in: bool
) -> None:
    dates = {
        "start_date": None if first is None else T0 + timedelta(days=first),
        "end_date": None if last is None else T0 + timedelta(days=last),
    }
    ended, ready = advance_once(view_of(plan_of(task("a", **dates), task("b", "a"))))
    assert (ended, ready) == (({}, {"a"}) if is_in else ({"a": R}, {"b"}))


def test_a_backfill_asks_only_for_the_dates_of_the_run() -> None:
    plan = plan_of(task("a", start_date=T0 + timedelta(days=1)))
    assert advance_once(view_of(plan, run=run_of(run_type=RunType.BACKFILL)))[1] == {"a"}


def test_a_run_without_a_date_takes_every_task() -> None:
    plan = plan_of(task("a", end_date=T0 - timedelta(days=1)))
    assert advance_once(view_of(plan, run=run_of(logical_date=None)))[1] == {"a"}


# -- the past ----------------------------------------------------------------------------


def _with_past(view: RunView, *, below: TaskState = S, **past: TaskState) -> RunView:
    """Give a view a past of these states, with a task `below` after each."""
    view.is_first = False
    view.previous = PreviousRun(dict.fromkeys(past, ("below",)))
    for name, state in {**past, "below": below}.items():
        view.previous.changed(name, -1, before=None, after=state)
    return view


@pytest.mark.parametrize("state", sorted(TaskState))
def test_depends_on_past_waits_until_the_task_succeeded_or_was_skipped_before(state: TaskState) -> None:
    plan = plan_of(task("a", depends_on_past=True))
    view = _with_past(view_of(plan), a=state, below=F)
    assert advance_once(view)[1] == ({"a"} if state in {S, K} else set())


@pytest.mark.parametrize("done", [True, False])
def test_wait_for_downstream_asks_also_for_what_follows_the_task(done: bool) -> None:
    plan = plan_of(task("a", wait_for_downstream=True))
    view = _with_past(view_of(plan), a=S, below=S if done else F)
    assert advance_once(view)[1] == ({"a"} if done else set())


def test_the_first_run_and_the_first_run_of_a_new_task_need_no_past() -> None:
    plan = plan_of(task("a", depends_on_past=True))
    assert advance_once(view_of(plan))[1] == {"a"}
    assert advance_once(_with_past(view_of(plan)))[1] == {"a"}


def test_a_new_task_that_does_not_ignore_its_first_run_waits() -> None:
    plan = plan_of(task("a", depends_on_past=True, ignore_first_depends_on_past=False))
    assert advance_once(_with_past(view_of(plan)))[1] == set()


def test_an_inline_task_waits_for_the_past_as_others_do() -> None:
    plan = plan_of(task("a", is_inline=True, depends_on_past=True), task("b", "a"))
    view = _with_past(view_of(plan), a=F)
    assert advance_once(view) == ({}, set())


@pytest.mark.parametrize("waits", [True, False])
def test_a_skip_may_wait_for_the_past(waits: bool) -> None:
    plan = plan_of(
        task("up"), task("a", "up", depends_on_past=True, wait_for_past_depends_before_skipping=waits)
    )
    view = _with_past(view_of(plan, {"up": K}), a=F)
    assert advance_once(view)[0] == ({} if waits else {"a": K})


def test_each_mapped_instance_asks_for_its_own_past() -> None:
    plan = plan_of(task("a"), task("b", "a"))
    mapped = view_of(
        plan, records=[record_of("a", S), record_of("b", S, map_index=0), record_of("b", F, map_index=1)]
    )
    later = plan_of(task("a", wait_for_downstream=True), task("b", "a", depends_on_past=True))
    previous = previous_of(mapped, later)
    assert [previous.state_of("b", index) for index in (0, 1, 2)] == [S, F, None]
    assert not previous.is_downstream_done("a")
    assert previous.changed("b", 1, before=F, after=S) == [("b", 1), ("a", -1)]
    assert previous.is_downstream_done("a")


# -- the end of a run --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "event"),
    [(S, S, RunState.SUCCESS), (F, S, RunState.SUCCESS), (S, K, RunState.SUCCESS), (F, U, RunState.FAILED)],
)
def test_the_leaves_decide_how_a_run_ends(a: TaskState, b: TaskState, event: RunState) -> None:
    end = decide_run_end(view_of(plan_of(task("a"), task("b", "a")), {"a": a, "b": b}), now=T0)
    assert end is not None
    assert (end.state, end.end_date) == (event, T0)


@pytest.mark.parametrize("state", sorted(set(TaskState) - FINISHED))
def test_a_run_does_not_end_while_a_task_may_go_on(state: TaskState) -> None:
    view = view_of(plan_of(task("a"), task("b")), {"a": F, "b": state})
    assert decide_run_end(view, now=T0) is None


@pytest.mark.parametrize(("state", "kind"), [(S, "success"), (F, "failure")])
def test_only_a_callback_that_the_dag_has_is_asked_for(state: TaskState, kind: str) -> None:
    def callback(*declared: str) -> str | None:
        end = decide_run_end(view_of(plan_of(task("a"), callbacks=declared), {"a": state}), now=T0)
        assert end is not None
        return end.callback

    assert (callback(), callback("success", "failure")) == (None, kind)


def test_the_failed_task_that_decided_is_named_for_the_callback() -> None:
    end = decide_run_end(view_of(plan_of(task("a"), task("b")), {"a": S, "b": F}), now=T0)
    assert end is not None
    assert end.callback_task is not None
    assert (end.callback_task.task_id, end.reason) == ("b", "task `b` is failed")


def test_a_run_past_its_time_limit_fails_and_skips_what_is_unfinished() -> None:
    plan = plan_of(task("a"), task("b"), task("c"), dagrun_timeout_s=60.0, callbacks=("failure",))
    view = view_of(plan, {"a": S, "b": TaskState.RUNNING})
    assert decide_run_timeout(view, now=at(59.9)) is None
    decided = decide_run_timeout(view, now=at(60))
    assert decided is not None
    moves, end = decided
    assert {action.key.task_id: (action.state, action.fence) for action in moves} == {
        "b": (K, 1),
        "c": (K, 1),
    }
    assert (end.state, end.callback) == (RunState.FAILED, "failure")


def test_advance_leaves_the_view_as_it_is() -> None:
    view = view_of(plan_of(*chain(5)), {"t0": F})
    before = (list(view.all_instances()), [list(tally) for tally in view.tallies], set(view.dirty))
    advance(view, now=T0, map_length_max=10)
    assert before == (list(view.all_instances()), view.tallies, view.dirty)


def _ended(view: RunView, name: str, state: TaskState) -> MoveTask:
    """Return a move as the store would apply it."""
    from windward.core.transitions import TaskEvent

    record = view.find(name, -1)
    assert record is not None
    event = {S: TaskEvent.SUCCEED, F: TaskEvent.FAIL, K: TaskEvent.SKIP}[state]
    return MoveTask(
        key=record.key, event=event, expect_state=record.state, expect_fence=0, state=state, at=T0
    )
