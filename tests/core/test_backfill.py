"""Backfills: which dates they have, what becomes of a date, and when they are over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import fold, plan_of, run_of, task, view_of
from windward.core.actions import CreateRun, MoveRun, MoveSlot, MoveTask, PlanRecovery, TouchRun
from windward.core.backfill import (
    DATES_MAX,
    BackfillRequest,
    decide_backfill,
    decide_backfill_change,
    decide_backfill_end,
    decide_backfill_run,
    decide_cancelled_run,
    decide_reprocess,
    decide_slot,
)
from windward.core.transitions import BACKFILL_TRANSITIONS, BackfillEvent
from windward.document import DagDocument
from windward.errors import UserError
from windward.model.records import BackfillRecord, BackfillSlot
from windward.model.states import (
    BACKFILL_OPEN,
    FINISHED,
    RUN_FINISHED,
    BackfillState,
    Reprocess,
    RunState,
    RunType,
    SlotState,
    TaskState,
)
from windward.timetable import CronSchedule, DeltaSchedule, NullSchedule, ScheduleKind

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAILY = CronSchedule("0 0 * * *", "UTC", ScheduleKind.TRIGGER)


def day(number: int) -> datetime:
    return datetime(2026, 3, number, tzinfo=UTC)


def document(**fields: Any) -> DagDocument:
    return plan_of(*fields.pop("of", (task("a"),)), **{"schedule": DAILY, **fields}).document


def backfill(**fields: Any) -> BackfillRecord:
    values: dict[str, Any] = {"backfill_pk": 7, "dag_id": "sales", "from_date": day(1), "to_date": day(3)}
    return BackfillRecord(**{**values, "created_at": NOW, **fields})


def ask(document: DagDocument, first: int = 1, last: int = 5, **request: Any) -> list[BackfillSlot]:
    asked = BackfillRequest(day(first), day(last), **request)
    made = decide_backfill(document, asked, backfill_pk=7, now=NOW, by="ada")
    return list(made.slots)


def test_both_ends_of_the_range_are_part_of_it() -> None:
    assert [slot.logical_date for slot in ask(document(), 1, 5)] == [day(n) for n in range(1, 6)]


def test_backwards_is_the_same_the_other_way_round() -> None:
    forwards = [slot.logical_date for slot in ask(document())]
    backwards = ask(document(), run_backwards=True)
    assert [slot.logical_date for slot in backwards] == forwards[::-1]
    assert [slot.ordinal for slot in backwards] == [1, 2, 3, 4, 5]


def test_an_interval_that_is_not_over_is_left_to_the_schedule() -> None:
    intervals = document(schedule=CronSchedule("0 0 * * *", "UTC", ScheduleKind.DATA_INTERVAL))
    assert [slot.logical_date.day for slot in ask(intervals, 8, 10)] == [8, 9]


@pytest.mark.parametrize(
    ("fields", "request_", "part"),
    [
        ({"schedule": NullSchedule()}, {}, "no dates to fill"),
        ({}, {"first": 5, "last": 4}, "ends before it begins"),
        ({}, {"last": 11}, "into the future"),
        ({}, {"max_active_runs": 0}, "never end"),
        ({"allowed_run_types": ("scheduled",)}, {}, "does not allow"),
        ({"of": (task("a", depends_on_past=True),)}, {"run_backwards": True}, "depends on the run before"),
        ({"of": (task("a", wait_for_downstream=True),)}, {"run_backwards": True}, "cannot be run backwards"),
        ({"schedule": CronSchedule("0 0 1 * *", "UTC", ScheduleKind.TRIGGER)}, {"first": 2}, "no due date"),
        ({"schedule": DeltaSchedule(1.0, ScheduleKind.TRIGGER)}, {}, f"at most {DATES_MAX} dates"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    fields: dict[str, Any], request_: dict[str, Any], part: str
) -> None:
    with pytest.raises(UserError, match=part):
        ask(document(**fields), **request_)


def test_depends_on_past_goes_forwards() -> None:
    assert len(ask(document(of=(task("a", depends_on_past=True),)))) == 5


@given(st.sampled_from(list(Reprocess)), st.sampled_from(list(RunState)))
def test_a_run_is_run_again_only_when_it_has_ended_and_was_asked_for(
    reprocess: Reprocess, state: RunState
) -> None:
    outcome = decide_slot(backfill(reprocess=reprocess), run_of(state=state))
    is_asked = reprocess is Reprocess.COMPLETED or (
        reprocess is Reprocess.FAILED and state is RunState.FAILED
    )
    assert (outcome.state is SlotState.CLEARED) == (is_asked and state in RUN_FINISHED)
    assert outcome.state is not SlotState.MADE
    assert str(state) in outcome.reason


def test_a_date_without_a_run_gets_one_that_says_why_it_exists() -> None:
    (slot, *_) = ask(document())
    asked = backfill(conf={"size": 3}, created_by="ada", is_idle_class=True)
    create, note = decide_backfill_run(document(), asked, slot, document_hash="h", run_pk=9, now=NOW)
    assert isinstance(create, CreateRun)
    run = create.run
    assert (run.run_type, run.run_id) == (RunType.BACKFILL, "backfill__2026-03-01T00:00:00+00:00")
    assert (run.conf, run.is_idle_class, run.backfill_pk) == ({"size": 3}, True, 7)
    assert run.reason == "backfill 7 of ada"
    assert not create.advance_schedule
    assert note == MoveSlot(backfill_pk=7, ordinal=1, state=SlotState.MADE, run_pk=9)


@given(st.lists(st.sampled_from(sorted(FINISHED)), min_size=3, max_size=3))
def test_a_run_that_is_run_again_begins_from_nothing(states: list[TaskState]) -> None:
    plan = plan_of(task("a"), task("b", "a"), task("c", "b"))
    view = view_of(plan, dict(zip("abc", states, strict=True)), run=run_of(state=RunState.FAILED))
    (slot, *_) = ask(document())
    note, *actions = decide_reprocess(view, backfill(), slot, reason="it was failed", now=NOW)
    assert isinstance(note, MoveSlot)
    if set(states) == {TaskState.REMOVED}:
        assert (note.state, actions) == (SlotState.SKIPPED, [])
        return
    (moved,) = (action for action in actions if isinstance(action, MoveRun))
    assert (moved.state, moved.backfill_pk, moved.run_type) == (RunState.QUEUED, 7, RunType.BACKFILL)
    fold(view, [action for action in actions if isinstance(action, MoveTask)])
    assert {record.state for record in view.all_instances()} <= {TaskState.NONE, TaskState.REMOVED}


@given(st.integers(0, 2), st.integers(0, 2), st.sampled_from(list(BackfillState)))
def test_a_backfill_is_complete_when_it_goes_on_and_nothing_of_it_is_left(
    waiting: int, open_runs: int, state: BackfillState
) -> None:
    end = decide_backfill_end(backfill(state=state), waiting=waiting, open_runs=open_runs, now=NOW)
    assert (end is not None) == (not waiting and not open_runs and state is BackfillState.RUNNING)


@given(
    st.sampled_from(list(BackfillState)),
    st.sampled_from([BackfillEvent.PAUSE, BackfillEvent.UNPAUSE, BackfillEvent.CANCEL]),
)
def test_people_change_what_is_open_and_nothing_else(state: BackfillState, event: BackfillEvent) -> None:
    if state not in BACKFILL_OPEN:
        with pytest.raises(UserError, match=f"is {state} and cannot be"):
            decide_backfill_change(backfill(state=state), event, by="ada", now=NOW)
        return
    action = decide_backfill_change(backfill(state=state), event, by="ada", now=NOW)
    target = BACKFILL_TRANSITIONS[event][1]
    assert (action is None) == (state is target)
    assert action is None or (action.state, "by ada" in action.reason) == (target, True)


@given(
    st.lists(st.sampled_from([TaskState.NONE, TaskState.SUCCESS, TaskState.FAILED]), min_size=2, max_size=2)
)
def test_a_cancelled_run_that_never_began_leaves_nothing_open(states: list[TaskState]) -> None:
    view = view_of(
        plan_of(task("a"), task("b", "a")),
        dict(zip("ab", states, strict=True)),
        run=run_of(state=RunState.QUEUED),
    )
    actions = decide_cancelled_run(view, backfill(reason="cancelled by ada"), now=NOW)
    fold(view, actions)
    assert not view.unfinished
    assert (view.run.state, view.run.recover_at) == (RunState.FAILED, None)
    assert not any(isinstance(action, PlanRecovery | TouchRun) for action in actions)


def test_the_length_of_a_range_bounds_its_dates() -> None:
    hourly = document(schedule=CronSchedule("0 * * * *", "UTC", ScheduleKind.TRIGGER))
    asked = BackfillRequest(day(1), day(1) + timedelta(hours=5))
    made = decide_backfill(hourly, asked, backfill_pk=1, now=NOW, by=None)
    assert len(made.slots) == 6
    assert made.backfill.reason == "asked for"
