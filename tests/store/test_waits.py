"""The contract of questions, deadlines and small values, over every store."""

from datetime import timedelta

import pytest

from tests.store.building import T0, AnyStore, at, create, run_of, step, task_in
from windward.core.actions import MoveCallback, MoveTask, dropping_states, move, move_run
from windward.core.transitions import RunEvent, TaskEvent
from windward.core.waits import AnswerInput, AskDeadlines, DeadlineAsk, MissDeadline, SetDeadlines
from windward.errors import ConflictError
from windward.model.ids import TaskKey
from windward.model.records import CallbackRecord
from windward.model.states import RunState, TaskState
from windward.model.waits import DeadlineRecord, InputRequest, Person

LOAD = TaskKey(1, "load")
REQUEST = InputRequest(
    subject="Ship it? \N{SNOWMAN}",
    options=("Yes", "No"),
    defaults=("No",),
    params={"why": {"value": None, "schema": {"type": "string"}}},
    assigned_users=(Person(id="ana", name="Ana"),),
)
ANSWER = AnswerInput(
    key=LOAD,
    try_number=1,
    at=at(5),
    by=Person(id="ana", name="Ana"),
    chosen=("Yes",),
    params_input={"why": "because"},
)


def ask(store: AnyStore) -> MoveTask:
    store.runs.apply([[create(run_of(), "load")]])
    step(store, LOAD, TaskEvent.QUEUE, try_number=1)
    step(store, LOAD, TaskEvent.START, owner="h")
    return step(store, LOAD, TaskEvent.AWAIT_INPUT, asks=REQUEST, asks_try=1, due_at=at(60))


def test_a_question_is_stored_with_its_move(store: AnyStore) -> None:
    ask(store)
    (asked,) = store.waits.list_inputs(open_only=True, limit=9)
    assert asked == store.waits.load_input(LOAD, try_number=1)
    assert (asked.request, asked.asked_at, asked.due_at) == (REQUEST, T0, at(60))
    assert (asked.answered_at, asked.chosen, asked.is_timeout) == (None, None, False)
    assert task_in(store, LOAD).state is TaskState.AWAITING_INPUT


def test_the_first_answer_counts_and_the_second_is_refused_whole(store: AnyStore) -> None:
    ask(store)
    resume = move(task_in(store, LOAD), TaskEvent.RESUME, at=at(5), due_at=at(5))
    late = AnswerInput(key=LOAD, try_number=1, at=at(6), by=None, chosen=("No",), is_timeout=True)

    assert store.runs.apply([[ANSWER, resume]]).all
    assert not store.runs.apply([[late, resume]]).all

    answered = store.waits.load_input(LOAD, try_number=1)
    assert answered is not None
    assert (answered.answered_at, answered.answered_by) == (at(5), ANSWER.by)
    assert (answered.chosen, answered.params_input, answered.is_timeout) == (
        ("Yes",),
        {"why": "because"},
        False,
    )
    assert store.waits.list_inputs(open_only=True, limit=9) == []
    assert store.waits.list_inputs(run_pk=1, open_only=False, limit=9) == [answered]


def test_an_answer_without_a_question_is_refused(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load")]])
    assert not store.runs.apply([[ANSWER]]).all


# -- deadlines ---------------------------------------------------------------------------


def deadlines(*numbers: int, run_pk: int = 1) -> SetDeadlines:
    found = tuple(
        DeadlineRecord(run_pk=run_pk, number=number, name=f"n{number}", due_at=at(number))
        for number in numbers
    )
    return SetDeadlines(run_pk=run_pk, dag_id="sales", deadlines=found)


def miss(number: int, *, seconds: float | None = None) -> MissDeadline:
    due_at = at(number if seconds is None else seconds)
    return MissDeadline(
        run_pk=1, dag_id="sales", number=number, due_at=due_at, at=at(100 + number), reason="late"
    )


def test_a_deadline_is_missed_once_and_puts_one_callback(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load")]])
    assert store.runs.apply([[deadlines(0, 1)]]).all
    assert store.runs.apply([[miss(1)]]).all
    assert not store.runs.apply([[miss(1)]]).all

    zero, one = store.waits.load_deadlines([1])
    assert (zero.missed_at, one.missed_at, one.name) == (None, at(101), "n1")
    (callback,) = store.runs.load_callbacks(limit=9)
    assert (callback.kind, callback.deadline_number, callback.task) == ("deadline", 1, None)
    assert store.waits.list_deadlines(missed_only=True, limit=9) == [one]
    assert store.waits.list_deadlines(dag_id="sales", missed_only=False, limit=9) == [one, zero]
    assert store.waits.list_deadlines(dag_id="other", missed_only=False, limit=9) == []


@pytest.mark.parametrize("action", [miss(2), miss(0, seconds=7)])
def test_a_deadline_that_is_not_there_is_not_missed(store: AnyStore, action: MissDeadline) -> None:
    store.runs.apply([[create(run_of(), "load")]])
    store.runs.apply([[deadlines(0)]])
    assert not store.runs.apply([[action]]).all
    assert store.runs.load_callbacks(limit=9) == []


def test_a_run_that_is_over_misses_nothing_but_keeps_what_was_said_of_deadlines(store: AnyStore) -> None:
    run = run_of()
    store.runs.apply([[create(run, "load")]])
    store.runs.apply([[deadlines(0)]])
    end = move_run(run, RunEvent.FAIL, at=T0)
    assert store.runs.apply([[end]]).all
    assert end.state is RunState.FAILED
    assert not store.runs.apply([[miss(0)]]).all
    assert store.runs.apply([[deadlines(3)]]).all
    assert not store.runs.apply([[miss(3)]]).all
    assert not store.runs.apply([[deadlines(0, run_pk=2)]]).all


def test_an_open_or_answered_question_about_a_deadline_is_not_put_again(store: AnyStore) -> None:
    run = run_of()
    store.runs.apply([[create(run, "load")]])

    def ask_for(*asks: tuple[int, int]) -> None:
        found = tuple(DeadlineAsk(*one) for one in asks)
        assert store.runs.apply([[AskDeadlines(run_pk=1, dag_id="sales", asks=found, at=T0)]]).all

    def put() -> list[tuple[int | None, int]]:
        return [(one.deadline_number, one.try_number) for one in store.runs.load_callbacks(limit=9)]

    ask_for((0, 0), (2, 0))
    assert put() == [(0, 0), (2, 0)]
    first, second = store.runs.load_callbacks(limit=9)
    assert {first.kind, second.kind} == {"deadline_reference"}
    finish(store, first, "done")
    finish(store, second, "failed")
    ask_for((0, 0), (2, 0))
    ask_for((0, 1), (2, 0))
    assert put() == [(2, 0), (0, 1)]
    assert store.runs.apply([[move_run(run, RunEvent.FAIL, at=T0)]]).all
    ask_for((7, 0))
    assert put() == [(2, 0), (0, 1)]


def finish(store: AnyStore, callback: CallbackRecord, state: str) -> None:
    end = MoveCallback(
        callback_pk=callback.callback_pk,
        expect_fence=0,
        expect_state="queued",
        fence=0,
        state=state,
        at=T0,
        owner=None,
        tries=1,
    )
    assert store.runs.apply([[end]]).all


def test_a_move_may_forget_what_its_instance_keeps_and_no_other(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load", "save")]])
    for name in ("load", "save"):
        key = TaskKey(1, name)
        step(store, key, TaskEvent.QUEUE, try_number=1)
        step(store, key, TaskEvent.START, owner="h")
        store.states.set_task_state(key, "job", "1", fence=task_in(store, key).fence, now=T0, expires_at=None)
    refused = move(task_in(store, LOAD), TaskEvent.SUCCEED, at=T0)
    assert not store.runs.apply([[dropping_states(refused), dropping_states(refused)]]).all
    assert len(store.states.list_task_state(1, now=T0)) == 2
    assert store.runs.apply([[dropping_states(refused)]]).all
    assert [key.task_id for key, *_ in store.states.list_task_state(1, now=T0)] == ["save"]


def test_what_belongs_to_a_run_goes_with_it(store: AnyStore) -> None:
    ask(store)
    store.runs.apply([[deadlines(0)]])
    store.states.set_task_state(LOAD, "job", "1", fence=task_in(store, LOAD).fence, now=T0, expires_at=None)
    store.catalog.delete_dag("sales")
    assert store.waits.list_inputs(open_only=False, limit=9) == []
    assert store.waits.load_deadlines([1]) == []
    assert store.states.list_task_state(1, now=T0) == []


# -- small values ------------------------------------------------------------------------


def test_a_value_of_a_task_is_kept_over_tries_until_it_expires(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load", "sum")]])
    fence = task_in(store, LOAD).fence
    store.states.set_task_state(LOAD, "job", '"a"', fence=fence, now=T0, expires_at=None)
    store.states.set_task_state(LOAD, "job", '"b"', fence=fence, now=T0, expires_at=at(10))
    store.states.set_task_state(LOAD, "page", "3", fence=fence, now=T0, expires_at=None)

    assert store.states.get_task_state(LOAD, "job", now=at(9)) == '"b"'
    assert store.states.get_task_state(LOAD, "job", now=at(10)) is None
    assert store.states.get_task_state(TaskKey(1, "sum"), "job", now=T0) is None
    assert store.states.list_task_state(1, now=at(10)) == [(LOAD, "page", "3", T0)]
    assert store.states.delete_expired_states(before=at(11), limit=9) == 1
    assert store.states.delete_task_state(LOAD, "job") == 0
    assert store.states.delete_task_state(LOAD, None) == 1


def test_a_superseded_attempt_writes_no_value(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load")]])
    fence = task_in(store, LOAD).fence
    step(store, LOAD, TaskEvent.QUEUE, try_number=1)
    with pytest.raises(ConflictError):
        store.states.set_task_state(LOAD, "job", "1", fence=fence, now=T0, expires_at=None)


def test_a_value_of_an_asset_is_kept_for_all_runs(store: AnyStore) -> None:
    store.states.set_asset_state("orders", "watermark", "1", by="sales.load", now=T0)
    store.states.set_asset_state("orders", "watermark", "2", by="sales.sum", now=T0 + timedelta(seconds=1))
    store.states.set_asset_state("clicks", "watermark", "9", by="sales.sum", now=T0)
    assert store.states.get_asset_state("orders", "watermark") == "2"
    assert store.states.list_asset_state("orders") == [("orders", "watermark", "2", "sales.sum", at(1))]
    assert [row[0] for row in store.states.list_asset_state()] == ["clicks", "orders"]
    assert store.states.delete_asset_state("orders", None) == 1
    assert store.states.get_asset_state("orders", "watermark") is None
