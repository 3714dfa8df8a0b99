"""Mapped tasks: how many instances they get, when, and what becomes of those that are too many."""

from typing import Any

import pytest

from tests.core.building import T0, advance_once, fold, name_of, plan_of, record_of, state_of, task, view_of
from windward.core.actions import AddTasks, MoveTask
from windward.core.advance import advance
from windward.core.expansion import expansion_length
from windward.core.people import decide_clear
from windward.core.previous import PreviousRun
from windward.core.view import RunView
from windward.document import ConcatLength, Expansion, Length, LiteralLength, XComLength, ZipLength
from windward.model.states import TaskState, TriggerRule

S, F, K, U, R = (
    TaskState.SUCCESS,
    TaskState.FAILED,
    TaskState.SKIPPED,
    TaskState.UPSTREAM_FAILED,
    TaskState.REMOVED,
)


def over(*lengths: Length) -> Expansion:
    return Expansion(style="product", arguments=tuple((f"x{n}", length) for n, length in enumerate(lengths)))


def mapped(length: Length, *, up: TaskState = S, returned: int | None = None, **fields: Any) -> RunView:
    plan = plan_of(task("up"), task("m", "up", expansion=over(length), **fields), task("end", "m"))
    return view_of(plan, records=[record_of("up", up, return_length=returned)])


def instances(view: RunView, task_id: str = "m") -> dict[int, TaskState]:
    return {record.map_index: record.state for record in view.instances(view.plan.number_of[task_id])}


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([LiteralLength(3)], 3),
        ([XComLength("a")], 4),
        ([LiteralLength(3), XComLength("a")], 12),
        ([LiteralLength(0), XComLength("a")], 0),
        ([ZipLength((LiteralLength(3), XComLength("a")))], 3),
        ([ZipLength((LiteralLength(3), XComLength("a")), fill=True)], 4),
        ([ZipLength(())], 0),
        ([ConcatLength((LiteralLength(3), XComLength("a"), LiteralLength(0)))], 7),
        ([ConcatLength((ZipLength((LiteralLength(1), XComLength("a"))), LiteralLength(2)))], 3),
        ([XComLength("many")], 2),
        ([XComLength("skipped")], 0),
    ],
)
def test_a_length_is_made_of_its_parts(lengths: list[Length], expected: int) -> None:
    plan = plan_of(task("a"), task("many", expansion=over(LiteralLength(3))), task("skipped"))
    records = [record_of("a", S, return_length=4), record_of("skipped", K)]
    records += [record_of("many", state, map_index=n, return_length=-1) for n, state in enumerate([S, F, S])]
    assert expansion_length(view_of(plan, records=records), over(*lengths), length_max=100) == (
        expected,
        None,
    )


def test_a_length_that_is_not_known_says_which_argument_and_task() -> None:
    view = view_of(plan_of(task("a")), records=[record_of("a", S)])
    length, problem = expansion_length(view, over(LiteralLength(1), XComLength("a")), length_max=100)
    assert length is None
    assert problem is not None
    assert "`x1`" in problem
    assert "`a`" in problem


def test_instances_take_the_place_of_the_mapped_task_and_all_are_ready() -> None:
    view = mapped(XComLength("up"), returned=3)
    ended, ready = advance_once(view)
    assert (ended, ready) == ({}, {"m[0]", "m[1]", "m[2]"})
    assert instances(view) == {0: TaskState.NONE, 1: TaskState.NONE, 2: TaskState.NONE}
    assert view.tally(view.plan.number_of["end"]).total == 3


def test_a_mapped_task_is_expanded_only_when_its_rule_holds() -> None:
    view = mapped(XComLength("up"), up=TaskState.RUNNING)
    assert advance_once(view) == ({}, set())
    assert instances(view) == {-1: TaskState.NONE}


def test_an_expansion_of_nothing_is_skipped_and_the_skip_goes_on() -> None:
    assert advance_once(mapped(XComLength("up"), returned=0)) == ({"m": K, "end": K}, set())


@pytest.mark.parametrize("returned", [101, None])
def test_a_mapped_task_that_cannot_be_expanded_fails_and_says_why(returned: int | None) -> None:
    view = mapped(XComLength("up"), returned=returned)
    actions = advance(view, now=T0, map_length_max=100).actions
    assert {name_of(action.key): action.state for action in actions} == {"m": F, "end": U}  # type: ignore[union-attr]
    assert ("max_map_length 100" if returned else "`up` returned nothing") in actions[0].reason  # type: ignore[union-attr]


@pytest.mark.parametrize("up", [F, U])
def test_what_expands_over_a_failed_task_is_upstream_failed_whatever_its_rule(up: TaskState) -> None:
    view = mapped(XComLength("up"), up=up, trigger_rule=TriggerRule.ALL_DONE)
    (action, _) = advance(view, now=T0, map_length_max=100).actions
    assert isinstance(action, MoveTask)
    assert (action.state, action.reason) == (
        U,
        f"task `up` is {up}: there is nothing to expand over",
    )


def test_an_expansion_of_exactly_the_limit_is_allowed() -> None:
    assert len(advance_once(mapped(LiteralLength(100)))[1]) == 100


def test_one_failed_instance_decides_for_the_tasks_behind_at_once() -> None:
    view = mapped(LiteralLength(3))
    advance_once(view)
    records = [record_of("up", S), record_of("m", F, map_index=0)]
    records += [record_of("m", TaskState.RUNNING, map_index=index) for index in (1, 2)]
    assert advance_once(view_of(view.plan, records=records))[0] == {"end": U}


def test_an_upstream_failure_ends_the_mapped_task_unexpanded() -> None:
    assert advance_once(mapped(LiteralLength(3), up=F))[0] == {"m": U, "end": U}


def _cleared_whole(view: RunView, returned: int) -> RunView:
    """Clear the task and its upstream, which then returns another length."""
    keys = [record.key for record in view.all_instances()]
    fold(view, decide_clear(view, keys, by="ada", now=T0)[:-1])
    records = [record for record in view.all_instances() if record.task_id != "up"]
    return view_of(view.plan, records=[*records, record_of("up", S, return_length=returned)])


@pytest.mark.parametrize(
    ("returned", "ready", "ended"),
    [
        (3, {"m[0]", "m[1]", "m[2]"}, {}),
        (1, {"m[0]"}, {"m[1]": R}),
        (2, {"m[0]", "m[1]"}, {}),
    ],
)
def test_a_cleared_task_is_expanded_anew(returned: int, ready: set[str], ended: dict[str, TaskState]) -> None:
    records = [record_of("up", S, return_length=2), *(record_of("m", S, map_index=n) for n in (0, 1))]
    plan = plan_of(task("up"), task("m", "up", expansion=over(XComLength("up"))))
    view = _cleared_whole(view_of(plan, records=records), returned)
    assert advance_once(view) == (ended, ready)
    assert set(instances(view)) >= {int(name[2:-1]) for name in ready}


def test_a_cleared_task_that_expands_over_nothing_now_is_skipped() -> None:
    records = [record_of("up", S, return_length=1), record_of("m", S, map_index=0)]
    plan = plan_of(task("up"), task("m", "up", expansion=over(XComLength("up"))))
    assert advance_once(_cleared_whole(view_of(plan, records=records), 0))[0] == {"m[0]": K}


def test_one_cleared_instance_is_ready_alone() -> None:
    records = [record_of("up", S, return_length=5)]
    records += [record_of("m", TaskState.NONE if n == 1 else S, map_index=n) for n in range(3)]
    plan = plan_of(task("up"), task("m", "up", expansion=over(XComLength("up"))))
    assert advance_once(view_of(plan, records=records)) == ({}, {"m[1]"})


def test_a_placeholder_is_replaced_under_the_fence_it_was_seen_with() -> None:
    plan = plan_of(task("m", expansion=over(LiteralLength(2))))
    view = view_of(plan, records=[record_of("m", fence=7, map_index=-1)])
    (action,) = advance(view, now=T0, map_length_max=10).actions
    assert isinstance(action, AddTasks)
    assert (action.replaces_fence, [record.fence for record in action.tasks]) == (7, [7, 7])


def test_instances_wait_for_the_past_after_their_expansion() -> None:
    plan = plan_of(task("m", expansion=over(LiteralLength(2)), depends_on_past=True))
    view = view_of(plan)
    view.is_first = False
    view.previous = PreviousRun({"m": ()})
    view.previous.changed("m", -1, before=None, after=F)
    assert advance_once(view) == ({}, set())
    assert set(instances(view)) == {0, 1}
    assert view.previous.changed("m", 1, before=None, after=S) == [("m", 1)]
    view.touch(0, 1)
    assert advance_once(view)[1] == {"m[1]"}


def test_a_queued_instance_leaves_nothing_of_its_task_to_decide() -> None:
    """Else each slot given to one of 10,000 instances would look at the 9,999 others."""
    from windward.core.attempts import decide_queue

    view = mapped(LiteralLength(3))
    advance_once(view)
    record = view.find("m", 1)
    assert record is not None
    view.fold(decide_queue(record, now=T0))
    assert view.dirty == set()


def test_a_mapped_task_over_a_skipped_upstream_expands_over_nothing() -> None:
    view = mapped(XComLength("up"), up=K, trigger_rule=TriggerRule.NONE_FAILED)
    assert advance_once(view)[0] == {"m": K, "end": K}
    assert state_of(view, "end") is K


def test_a_task_that_was_mapped_once_goes_on_beside_its_removed_instances() -> None:
    plan = plan_of(task("t"))
    removed = record_of("t", TaskState.REMOVED, map_index=0)
    for records in ([record_of("t"), removed], [removed, record_of("t")]):
        view = view_of(plan, records=records)

        assert advance_once(view) == ({}, {"t"})
        assert view.find("t", -1) == record_of("t")
