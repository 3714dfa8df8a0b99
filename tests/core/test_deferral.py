"""Deferred instances: stored with all that is needed to go on, resumed once, and never too late."""

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import T0, at, plan_of, record_of, task, view_of
from windward.core.actions import MoveTask, move
from windward.core.attempts import decide_end, decide_queue, decide_start
from windward.core.deferral import (
    decide_fired,
    decide_overdue,
    decide_start_in_trigger,
    resumed_of,
    starts_in_trigger,
)
from windward.core.transitions import WITHIN_TRY, TaskEvent, is_legal
from windward.core.view import RunView
from windward.document import StartTrigger
from windward.model.records import TaskRecord, TriggerRecord
from windward.model.states import Semantics, TaskState
from windward.protocol.fired import Broken, EndTask, Event, Fired, Overdue
from windward.protocol.outcomes import Deferred, Ending, ExitFact, XComPut, XComValue

PAYLOAD = XComValue(encoding="json", data=b"7", length=None)
FIRED: list[Fired] = [
    Event(payload=PAYLOAD),
    Broken(error="ValueError: no"),
    EndTask(state="success", xcoms=(XComPut(key="return_value", value=PAYLOAD),)),
    EndTask(state="failed"),
    EndTask(state="skipped"),
]
CALLED = {"success": "task_success", "failed": "task_failure", "skipped": "task_skipped"}
START = StartTrigger(
    class_path="mine.Wait", next_method="go_on", kwargs=b"k", next_kwargs=b"n", timeout_s=60.0
)


def view(record: TaskRecord, *, semantics: Semantics = Semantics.AIRFLOW3, **fields: Any) -> RunView:
    return view_of(plan_of(task("a", **fields), semantics=semantics), records=[record])


def running(**fields: Any) -> TaskRecord:
    values = {
        "fence": 5,
        "try_number": 2,
        "max_tries": 2,
        "owner": "h",
        "start_date": T0,
        "first_start_date": T0,
    }
    return record_of("a", TaskState.RUNNING, **{**values, **fields})


def deferred(state: TaskState = TaskState.DEFERRED, **fields: Any) -> TaskRecord:
    return record_of("a", state, **{
        "fence": 5, "try_number": 2, "max_tries": 2, "start_date": T0, "first_start_date": T0,
        "trigger_class": "mine.Wait", **fields,
    })  # fmt: skip


def defer(record: TaskRecord, of: RunView, *, timeout_s: float | None, now: datetime) -> MoveTask:
    outcome = Deferred(
        trigger_class="mine.Wait",
        trigger_kwargs=b"k",
        next_method="go_on",
        next_kwargs=b"n",
        timeout_s=timeout_s,
    )
    ending = Ending(outcome=outcome, exit=ExitFact(kind="ok"), at=now)
    moves = decide_end(of, record, ending, fence=record.fence, now=now, lost_attempts_max=3)
    assert moves is not None
    (found,) = moves
    return found


def after(of: RunView, action: MoveTask) -> TaskRecord:
    folded = of.fold(action)
    assert folded is not None
    return folded[1]


# -- deferred ----------------------------------------------------------------------------


def test_a_deferral_keeps_all_that_is_needed_to_go_on_and_gives_the_slot_back() -> None:
    of = view(running())
    action = defer(running(), of, timeout_s=30, now=at(10))

    assert (action.state, action.owner, action.due_at) == (TaskState.DEFERRED, None, at(40))
    assert action.deferral == TriggerRecord(
        run_pk=1, task_id="a", map_index=-1, fence=5, class_path="mine.Wait", kwargs=b"k", next_method="go_on",
        next_kwargs=b"n",
    )  # fmt: skip
    after(of, action)
    assert of.in_flight == 0


@pytest.mark.parametrize(
    ("semantics", "timeout_s", "due"),
    [
        (Semantics.AIRFLOW2, None, at(50)),
        (Semantics.AIRFLOW2, 90, at(50)),
        (Semantics.AIRFLOW2, 5, at(15)),
        (Semantics.AIRFLOW3, None, None),
        (Semantics.AIRFLOW3, 90, at(100)),
    ],
)
def test_only_airflow_2_counts_the_wait_towards_the_execution_timeout(
    semantics: Semantics, timeout_s: float | None, due: datetime | None
) -> None:
    of = view(running(), semantics=semantics, execution_timeout_s=50.0)
    assert defer(running(), of, timeout_s=timeout_s, now=at(10)).due_at == due


@pytest.mark.parametrize("seconds", [timedelta.max.total_seconds(), 1e12, float("inf")])
@pytest.mark.parametrize("semantics", list(Semantics))
def test_a_timeout_beyond_the_calendar_never_comes(seconds: float, semantics: Semantics) -> None:
    of = view(running(), semantics=semantics, execution_timeout_s=seconds)
    assert defer(running(), of, timeout_s=seconds, now=at(10)).due_at is None
    start = msgspec.structs.replace(START, timeout_s=seconds)
    assert decide_start_in_trigger(record_of("a"), start, now=at(10)).due_at is None


@pytest.mark.parametrize(("wait_s", "limit_s"), [(60.0, 1e12), (1e12, 70.0)])
def test_of_two_limits_one_of_which_never_comes_the_other_holds(wait_s: float, limit_s: float) -> None:
    of = view(running(), semantics=Semantics.AIRFLOW2, execution_timeout_s=limit_s)
    assert defer(running(), of, timeout_s=wait_s, now=at(10)).due_at == at(70)


# -- resumed -----------------------------------------------------------------------------


@pytest.mark.parametrize("fired", FIRED, ids=lambda fired: type(fired).__name__)
def test_what_a_trigger_says_counts_once_and_only_under_its_own_fence(fired: Fired) -> None:
    record = deferred()
    of = view(record)
    stale = decide_fired(of, record, fired, fence=4, at=at(1), now=at(1))
    action = decide_fired(of, record, fired, fence=5, at=at(1), now=at(1))

    assert stale is None
    assert action is not None
    assert decide_fired(of, after(of, action), fired, fence=5, at=at(2), now=at(2)) is None


@pytest.mark.parametrize("state", sorted(set(TaskState) - {TaskState.DEFERRED}))
def test_a_trigger_has_nothing_to_say_of_an_instance_that_does_not_wait_for_it(state: TaskState) -> None:
    record = deferred(state)
    assert decide_fired(view(record), record, FIRED[0], fence=5, at=T0, now=T0) is None
    assert decide_overdue(record, now=at(1e6)) is None


def test_a_resumed_instance_goes_on_in_its_try_with_its_start_and_its_xcoms() -> None:
    record = deferred()
    of = view(record)
    resume = decide_fired(of, record, FIRED[0], fence=5, at=at(60), now=at(60))
    assert resume is not None
    assert isinstance(resume.resumed, bytes)
    ready = after(of, resume)
    queued = after(of, decide_queue(ready, now=at(61)))
    start = decide_start(queued, fence=queued.fence, host_id="h", now=at(62))

    assert resumed_of(resume.resumed) == FIRED[0]
    assert (ready.state, ready.due_at) == (TaskState.SCHEDULED, at(60))
    assert (queued.try_number, queued.fence, queued.trigger_class) == (2, 7, "mine.Wait")
    assert isinstance(start, MoveTask)
    assert (start.start_date, start.drop_xcoms) == (T0, False)


@pytest.mark.parametrize(
    ("fired", "state"),
    [(FIRED[2], TaskState.SUCCESS), (FIRED[3], TaskState.FAILED), (FIRED[4], TaskState.SKIPPED)],
)
def test_a_trigger_may_end_the_task_without_a_worker(fired: Fired, state: TaskState) -> None:
    record = deferred()
    action = decide_fired(view(record), record, fired, fence=5, at=at(7), now=at(8))

    assert action is not None
    assert (action.state, action.end_date, action.deferral) == (state, at(7), None)
    assert bool(action.xcoms) == (state is TaskState.SUCCESS)


@pytest.mark.parametrize("key", ["", "k" * 501, "a\0b"])
def test_a_trigger_that_ends_its_task_with_a_key_that_no_database_holds_has_failed(key: str) -> None:
    record = deferred()
    fired = EndTask(state="success", xcoms=(XComPut(key=key, value=PAYLOAD),))
    resume = decide_fired(view(record), record, fired, fence=5, at=at(60), now=at(60))
    assert resume is not None
    assert (resume.state, resume.xcoms) == (TaskState.SCHEDULED, ())
    assert isinstance(resume.resumed, bytes)
    told = resumed_of(resume.resumed)
    assert isinstance(told, Broken)
    assert "XCom" in told.error


@given(due_s=st.integers(0, 100), now_s=st.integers(0, 100))
def test_a_wait_is_over_when_its_time_is_up_and_not_before(due_s: int, now_s: int) -> None:
    record = deferred(due_at=at(due_s))
    action = decide_overdue(record, now=at(now_s))

    assert (action is not None) == (now_s >= due_s)
    if action is not None:
        assert isinstance(action.resumed, bytes)
        assert resumed_of(action.resumed) == Overdue()


def test_a_wait_without_a_timeout_is_never_too_late() -> None:
    assert decide_overdue(deferred(), now=T0 + timedelta(days=999)) is None


# -- forgotten ---------------------------------------------------------------------------


@pytest.mark.parametrize("event", sorted(set(TaskEvent) - WITHIN_TRY))
@pytest.mark.parametrize("state", sorted(TaskState))
def test_whatever_ends_a_try_forgets_its_deferral(event: TaskEvent, state: TaskState) -> None:
    if is_legal(event, state):
        action = move(deferred(state), event, at=T0)
        assert (action.trigger_class, action.deferral) == (None, None)


# -- begun in a trigger ------------------------------------------------------------------


def test_a_try_may_begin_in_a_trigger_and_its_retries_as_well() -> None:
    first = record_of("a", fence=3)
    of = view(first, start_trigger=START)
    assert starts_in_trigger(of, first) == START
    action = decide_start_in_trigger(first, START, now=at(5))
    begun = after(of, action)

    assert (begun.state, begun.try_number, begun.fence, begun.due_at) == (TaskState.DEFERRED, 1, 4, at(65))
    assert isinstance(action.deferral, TriggerRecord)
    assert action.deferral.fence == 4
    again = record_of("a", TaskState.UP_FOR_RETRY, fence=4, try_number=1, first_start_date=T0)
    assert starts_in_trigger(of, again) == START
    assert decide_start_in_trigger(again, START, now=at(9)).drop_xcoms


@pytest.mark.parametrize("state", [TaskState.SCHEDULED, TaskState.UP_FOR_RESCHEDULE])
def test_a_try_that_goes_on_does_not_begin_in_its_trigger_again(state: TaskState) -> None:
    record = deferred(state)
    assert starts_in_trigger(view(record, start_trigger=START), record) is None


@pytest.mark.parametrize("state", sorted(CALLED))
def test_a_trigger_that_ends_its_task_leaves_the_callback_of_that_end_to_the_outbox(
    state: Literal["success", "failed", "skipped"],
) -> None:
    record = deferred()
    for names in ((), ("success", "failure", "skipped")):
        moved = decide_fired(
            view(record, callbacks=names), record, EndTask(state=state), fence=5, at=T0, now=T0
        )
        assert moved is not None
        assert moved.callback == (CALLED[state] if names else None)
