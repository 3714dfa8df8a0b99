"""Decisions on what waits outside of tasks: answers of people, and deadlines."""

import json
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import T0, at, fold, plan_of, record_of, run_of, task, view_of
from windward.core.actions import MoveTask
from windward.core.attempts import decide_end
from windward.core.deadlines import (
    DeadlineFacts,
    Told,
    decide_asks,
    decide_deadlines,
    decide_miss,
    due_of,
    told_deadline,
)
from windward.core.deferral import resumed_of
from windward.core.human_input import decide_answer, decide_unanswered
from windward.core.waits import AnswerInput
from windward.document import DagDocument, DeadlineDocument
from windward.errors import ConflictError, UserError
from windward.model.records import TaskRecord
from windward.model.states import RunState, TaskState
from windward.model.waits import DeadlineRecord, InputRecord, InputRequest, Person
from windward.protocol.outcomes import AwaitsInput, Ending, ExitFact

ANA = Person(id="ana", name="Ana")
REQUEST = InputRequest(
    subject="Ship?", options=("Yes", "No"), params={"why": {"schema": {"type": "string", "minLength": 2}}}
)


def asked(*, timeout_s: float = 60, **request: Any) -> tuple[TaskRecord, InputRecord]:
    """Return an instance that waits for an answer, and its question."""
    changed = msgspec.structs.replace(REQUEST, **request)
    record = record_of("a", TaskState.RUNNING, try_number=1, fence=1)
    view = view_of(plan_of(task("a")), records=[record])
    outcome = AwaitsInput(
        request=changed, next_method="execute_complete", next_kwargs=b"", timeout_s=timeout_s
    )
    ending = Ending(outcome=outcome, exit=ExitFact(kind="ok"), at=T0)
    moves = decide_end(view, record, ending, fence=1, now=T0, lost_attempts_max=0)
    assert moves is not None
    (moved,) = moves
    assert moved.asks == changed
    fold(view, moves)
    found = view.find("a", -1)
    assert found is not None
    question = InputRecord(
        run_pk=1, task_id="a", map_index=-1, try_number=1, request=changed, asked_at=T0, due_at=found.due_at
    )
    return found, question


def test_a_question_gives_its_slot_back_until_the_time_is_up() -> None:
    record, _ = asked()
    assert (record.state, record.due_at) == (TaskState.AWAITING_INPUT, at(60))


@pytest.mark.parametrize("seconds", [timedelta.max.total_seconds(), 1e12, float("inf")])
def test_a_question_whose_time_is_beyond_the_calendar_waits_for_ever(seconds: float) -> None:
    record, _ = asked(timeout_s=seconds)
    assert (record.state, record.due_at) == (TaskState.AWAITING_INPUT, None)


def test_an_answer_is_stored_with_the_move_that_goes_on_within_the_try() -> None:
    record, question = asked()
    answer, moved, _ = decide_answer(
        record, question, chosen=["Yes"], params_input={"why": "so"}, by=ANA, now=at(5)
    )
    assert isinstance(answer, AnswerInput)
    assert isinstance(moved, MoveTask)
    assert (answer.chosen, answer.by, answer.params_input) == (("Yes",), ANA, {"why": "so"})
    assert (moved.state, moved.due_at, moved.expect_state) == (
        TaskState.SCHEDULED,
        at(5),
        TaskState.AWAITING_INPUT,
    )
    assert isinstance(moved.resumed, bytes)


def test_the_second_of_two_answers_hears_of_the_first() -> None:
    record, question = asked()
    answered = msgspec.structs.replace(question, answered_at=at(1), answered_by=ANA, chosen=("No",))
    with pytest.raises(ConflictError, match="answered by Ana at"):
        decide_answer(record, answered, chosen=["Yes"], params_input={}, by=ANA, now=at(5))


def test_nobody_answers_what_nobody_asks_any_more() -> None:
    record, question = asked()
    over = msgspec.structs.replace(record, state=TaskState.SKIPPED)
    with pytest.raises(ConflictError, match="does not wait"):
        decide_answer(over, question, chosen=["Yes"], params_input={"why": "so"}, by=ANA, now=at(5))


@pytest.mark.parametrize(
    ("request_changes", "chosen", "params", "problem"),
    [
        ({}, ["Maybe"], {"why": "so"}, "`Maybe` is not an option"),
        ({}, [], {"why": "so"}, "chooses nothing"),
        ({}, ["Yes", "No"], {"why": "so"}, "takes one option"),
        ({}, ["Yes"], {"why": "x"}, "cannot be `'x'`"),
        ({}, ["Yes"], {}, "field `why`"),
        ({}, ["Yes"], {"why": "so", "who": 1}, "asks for no field `who`"),
        ({"assigned_users": (Person(id="bob", name="Bob"),)}, ["Yes"], {"why": "so"}, "may not answer"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(
    request_changes: dict[str, Any], chosen: list[str], params: dict[str, object], problem: str
) -> None:
    record, question = asked(**request_changes)
    with pytest.raises(UserError, match=problem):
        decide_answer(record, question, chosen=chosen, params_input=params, by=ANA, now=at(5))


def test_what_a_field_accepts_is_shown_where_the_question_is() -> None:
    record, question = asked()
    with pytest.raises(UserError) as refused:
        decide_answer(record, question, chosen=["Yes"], params_input={"why": "x"}, by=ANA, now=at(5))
    assert "`windward hitl show`" in refused.value.hint


@pytest.mark.parametrize("defaults", [None, ("No",)])
def test_when_the_time_is_up_the_defaults_are_chosen_or_the_task_hears_of_it(
    defaults: tuple[str, ...] | None,
) -> None:
    record, question = asked(defaults=defaults)
    assert decide_unanswered(record, question, now=at(59)) == []
    answer, moved = decide_unanswered(record, question, now=at(60))
    assert isinstance(answer, AnswerInput)
    assert isinstance(moved, MoveTask)
    assert (answer.chosen, answer.is_timeout, answer.by) == (defaults, True, None)
    assert isinstance(moved.resumed, bytes)
    event = json.loads(resumed_of(moved.resumed).payload.data)  # type: ignore[union-attr,arg-type]
    assert event.get("chosen_options") == (None if defaults is None else ["No"])
    assert event.get("error_type") == ("timeout" if defaults is None else None)


def test_a_question_without_an_end_waits_for_ever() -> None:
    record, question = asked()
    endless = msgspec.structs.replace(record, due_at=None)
    assert decide_unanswered(endless, question, now=at(10**8)) == []


# -- deadlines ---------------------------------------------------------------------------


def alert(reference: str, **fields: object) -> DeadlineDocument:
    return DeadlineDocument(reference=reference, **{"interval_s": 60.0, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "facts", "due"),
    [
        (alert("logical_date"), DeadlineFacts(), at(60)),
        (alert("queued_at"), DeadlineFacts(), at(1060)),
        (alert("fixed", at=at(7)), DeadlineFacts(), at(67)),
        (alert("fixed", at=at(7), interval_s=-5.0), DeadlineFacts(), at(2)),
        (
            alert("average_runtime", runs_max=2, runs_min=2),
            DeadlineFacts(durations_s=(10, 30, 999)),
            at(1080),
        ),
        (alert("average_runtime", runs_max=3, runs_min=3), DeadlineFacts(durations_s=(10, 30)), None),
    ],
)
def test_a_deadline_is_its_reference_and_its_interval(
    found: DeadlineDocument, facts: DeadlineFacts, due: datetime | None
) -> None:
    assert due_of(found, run_of(queued_at=at(1000)), facts) == due


HELD = alert("queued_at", interval_variable="v")


@pytest.mark.parametrize(("seconds", "due"), [(5.0, at(1005)), (None, None), (float("nan"), None)])
def test_an_interval_that_a_variable_holds_is_asked_for(seconds: float | None, due: datetime | None) -> None:
    dag, run = document(HELD), run_of(queued_at=at(1000))
    assert decide_deadlines(dag, run, (), DeadlineFacts()) == ()
    assert decide_asks(dag, run, ()) == ((0, 0),)
    said = told_deadline(
        HELD, run, None, DeadlineFacts(), number=0, asked_round=0, told=Told(interval_s=seconds)
    )
    assert (said and said.due_at) == due


def test_an_interval_that_counts_from_the_queue_is_asked_for_again_when_the_run_is_cleared() -> None:
    cleared = run_of(queued_at=at(1000), clear_number=2)
    had = [DeadlineRecord(run_pk=1, number=0, name=None, due_at=T0)]
    assert decide_asks(document(HELD), cleared, had) == ((0, 2),)
    told = Told(interval_s=5.0)
    assert told_deadline(HELD, cleared, None, DeadlineFacts(), number=0, asked_round=0, told=told) is None


def test_a_run_without_a_logical_date_has_no_deadline_from_it() -> None:
    assert due_of(alert("logical_date"), run_of(logical_date=None), DeadlineFacts()) is None


def document(*alerts: DeadlineDocument) -> DagDocument:
    return DagDocument(dag_id="sales", fileloc="sales.py", deadlines=alerts)


def test_deadlines_that_a_run_has_stay_as_they_are() -> None:
    dag = document(alert("queued_at"), alert("logical_date"))
    run = run_of(queued_at=at(0))
    first = decide_deadlines(dag, run, (), DeadlineFacts())
    assert [deadline.number for deadline in first] == [0, 1]
    assert decide_deadlines(dag, run, first, DeadlineFacts()) == ()


def test_a_cleared_run_counts_from_its_new_queue_again() -> None:
    dag = document(alert("queued_at"), alert("logical_date"))
    before = decide_deadlines(dag, run_of(queued_at=at(0)), (), DeadlineFacts())
    missed = tuple(msgspec.structs.replace(deadline, missed_at=at(90)) for deadline in before)
    again = decide_deadlines(dag, run_of(queued_at=at(500), clear_number=1), missed, DeadlineFacts())
    assert [(one.number, one.due_at, one.missed_at) for one in again] == [(0, at(560), None)]


def test_an_authors_reference_is_asked_once_and_that_of_the_queue_again_for_each_clear() -> None:
    dag = document(alert("custom"), alert("queued_at"), alert("custom", is_asked_when_queued=True))
    run = run_of(queued_at=at(0))
    assert [one.number for one in decide_deadlines(dag, run, (), DeadlineFacts())] == [1]
    assert decide_asks(dag, run, ()) == ((0, 0), (2, 0))
    had = [DeadlineRecord(run_pk=1, number=number, name=None, due_at=T0) for number in (0, 2)]
    assert decide_asks(dag, run, had) == ()
    assert decide_asks(dag, run_of(clear_number=3), had) == ((2, 3),)


def test_what_a_reference_says_counts_once_and_waits_for_whoever_clears_a_run_that_is_over() -> None:
    custom, run = alert("custom", name="opening"), run_of()
    first = told_deadline(custom, run, None, DeadlineFacts(), number=4, asked_round=0, told=Told(at(100)))
    assert first == DeadlineRecord(run_pk=1, number=4, name="opening", due_at=at(160))
    missed = msgspec.structs.replace(first, missed_at=at(170))
    assert (
        told_deadline(custom, run, missed, DeadlineFacts(), number=4, asked_round=0, told=Told(at(100)))
        is None
    )
    later = told_deadline(custom, run, missed, DeadlineFacts(), number=4, asked_round=0, told=Told(at(200)))
    assert later is not None
    assert (later.due_at, later.missed_at) == (at(260), None)
    over = run_of(state=RunState.FAILED)
    assert (
        told_deadline(custom, over, None, DeadlineFacts(), number=4, asked_round=0, told=Told(at(100)))
        == first
    )
    assert (
        told_deadline(
            alert("queued_at"), run, None, DeadlineFacts(), number=4, asked_round=0, told=Told(at(100))
        )
        is None
    )


def test_an_old_answer_does_not_take_the_place_of_a_new_one() -> None:
    again, run = alert("custom", is_asked_when_queued=True), run_of(clear_number=2)
    late = told_deadline(again, run, None, DeadlineFacts(), number=0, asked_round=1, told=Told(at(100)))
    assert late is None
    new = told_deadline(again, run, None, DeadlineFacts(), number=0, asked_round=2, told=Told(at(100)))
    assert new is not None
    once = told_deadline(
        alert("custom"), run, None, DeadlineFacts(), number=0, asked_round=0, told=Told(at(100))
    )
    assert once is not None


@given(state=st.sampled_from(sorted(RunState)), late_s=st.floats(-1e6, 1e6), was_missed=st.booleans())
def test_a_deadline_is_missed_exactly_when_an_unfinished_run_reaches_it(
    state: RunState, late_s: float, was_missed: bool
) -> None:
    deadline = DeadlineRecord(run_pk=1, number=0, name=None, due_at=T0, missed_at=T0 if was_missed else None)
    now = T0 + timedelta(seconds=late_s)
    missed = decide_miss(run_of(state=state), deadline, now=now)
    expected = state in {RunState.QUEUED, RunState.RUNNING} and now >= T0 and not was_missed
    assert (missed is not None) == expected
