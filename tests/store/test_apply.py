"""The contract of `RunStore.apply`, over every store."""

import pytest
from sqlalchemy import exc

from tests.store.building import (
    T0,
    AnyStore,
    at,
    create,
    expand,
    put,
    put_dags,
    run_of,
    step,
    task_in,
    tasks_of,
    xcom,
)
from windward.core.actions import Action, AddTasks, move, move_run
from windward.core.transitions import RunEvent, TaskEvent
from windward.errors import ConflictError
from windward.model.ids import TaskKey
from windward.model.records import TaskRecord
from windward.model.states import RunState, TaskState
from windward.ports.store import Note
from windward.store.history import fold

LOAD = TaskKey(1, "load")


def test_a_move_writes_what_is_set_and_nothing_else(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load", "sum")]])

    step(store, LOAD, TaskEvent.QUEUE, try_number=1, queued_at=at(1), reason="rule holds")
    step(store, LOAD, TaskEvent.START, owner="host-1", start_date=at(2), first_start_date=at(2))
    step(
        store,
        LOAD,
        TaskEvent.SUCCEED,
        end_date=at(3),
        return_length=2**40,
        map_label="Zürich",
        exit_fact='{"kind":"ok"}',
    )

    assert task_in(store, LOAD) == TaskRecord(
        run_pk=1, task_id="load", state=TaskState.SUCCESS, fence=1, try_number=1, owner="host-1",
        queued_at=at(1), start_date=at(2), first_start_date=at(2), end_date=at(3), return_length=2**40,
        map_label="Zürich", exit_fact='{"kind":"ok"}',
    )  # fmt: skip
    assert task_in(store, TaskKey(1, "sum")) == TaskRecord(run_pk=1, task_id="sum")


def test_the_trail_tells_every_move_and_folds_to_the_state(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load")]])

    step(store, LOAD, TaskEvent.QUEUE, try_number=1, reason='said "go"\n\\ \u2028 ✓')
    step(store, LOAD, TaskEvent.START)

    assert store.runs.load_trail(LOAD) == [(T0, "queue", 'said "go"\n\\ \u2028 ✓'), (T0, "start", "")]
    assert fold(store.runs.load_trail(LOAD)) is task_in(store, LOAD).state is TaskState.RUNNING


@pytest.mark.parametrize(
    ("state", "fence"), [(TaskState.SCHEDULED, 0), (TaskState.NONE, 1), (TaskState.UP_FOR_RETRY, 0)]
)
def test_a_move_upon_another_state_or_fence_is_refused(store: AnyStore, state: TaskState, fence: int) -> None:
    store.runs.apply([[create(run_of(), "load")]])
    stale = TaskRecord(run_pk=1, task_id="load", state=state, fence=fence)
    nobody = TaskRecord(run_pk=1, task_id="other")

    groups = [[move(task, TaskEvent.QUEUE, at=T0)] for task in (stale, nobody)]

    assert store.runs.apply(groups).results == (False, False)
    assert task_in(store, LOAD) == TaskRecord(run_pk=1, task_id="load")
    assert store.runs.load_trail(LOAD) == []


def test_a_refused_group_leaves_no_trace_and_the_others_are_applied(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply(
        [[create(run_of(1), "load")], [create(run_of(2), "load", "sum")], [create(run_of(3), "load")]]
    )
    stale = TaskRecord(run_pk=2, task_id="sum", fence=9)
    start = [move_run(run, RunEvent.START, at=T0) for run in store.runs.load_runs([1, 2, 3])]
    queue = [move(task, TaskEvent.QUEUE, at=T0, xcoms=(put("k", "v"),)) for task in tasks_of(2, "load")]
    fail = move_run(run_of(2, state=RunState.RUNNING), RunEvent.FAIL, at=T0, callback="failure")

    applied = store.runs.apply(
        [
            [start[0]],
            [
                start[1],
                *queue,
                expand(2, "sum", 2),
                fail,
                create(run_of(9), "x"),
                move(stale, TaskEvent.QUEUE, at=T0),
            ],
            [start[2]],
        ]
    )

    assert applied.results == (True, False, True)
    assert not applied.all
    states = [run.state for run in store.runs.load_runs([1, 2, 3, 9])]
    assert states == [RunState.RUNNING, RunState.QUEUED, RunState.RUNNING]
    assert store.runs.load_tasks([2]) == list(tasks_of(2, "load", "sum"))
    assert store.runs.load_callbacks(limit=9) == []
    assert store.xcoms.get_xcom("sales", "manual__2", "k", task_id="load", map_index=-1) is None
    dag = store.catalog.load_dag("sales")
    assert dag is not None
    assert dag.failed_in_a_row == 0


def test_an_action_sees_what_earlier_ones_of_its_group_did(store: AnyStore) -> None:
    task = TaskRecord(run_pk=1, task_id="load")
    queued = TaskRecord(run_pk=1, task_id="load", state=TaskState.QUEUED, fence=1, try_number=1)
    mapped = TaskRecord(run_pk=1, task_id="each", map_index=1)
    run = run_of()

    group: list[Action] = [
        create(run, "load", "each"),
        move_run(run, RunEvent.START, at=T0),
        move(task, TaskEvent.QUEUE, at=T0, try_number=1),
        move(queued, TaskEvent.START, at=T0),
        expand(1, "each", 2),
        move(mapped, TaskEvent.QUEUE, at=T0),
    ]

    assert store.runs.apply([group]).all
    states = {(task.task_id, task.map_index): task.state for task in store.runs.load_tasks([1])}
    assert states == {
        ("load", -1): TaskState.RUNNING,
        ("each", 0): TaskState.NONE,
        ("each", 1): TaskState.QUEUED,
    }
    assert store.runs.load_runs([1])[0].state is RunState.RUNNING


def test_order_within_a_group_matters(store: AnyStore) -> None:
    task = TaskRecord(run_pk=1, task_id="each", map_index=1)
    store.runs.apply([[create(run_of(), "each")]])

    applied = store.runs.apply([[move(task, TaskEvent.QUEUE, at=T0), expand(1, "each", 2)]])

    assert applied.results == (False,)


def test_an_expansion_takes_the_place_of_its_placeholder(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "each")]])

    assert store.runs.apply([[expand(1, "each", 2)]]).all

    assert [task.map_index for task in store.runs.load_tasks([1])] == [0, 1]
    assert store.runs.load_trail(TaskKey(1, "each", 1)) == [(T0, "add", "2 items")]
    assert store.runs.load_trail(TaskKey(1, "each")) == []


def test_all_tasks_of_a_mapped_group_are_expanded_around_what_ended_and_what_was_removed(
    store: AnyStore,
) -> None:
    store.runs.apply([[create(run_of(), "a", "b", "c")]])
    assert store.runs.apply([[expand(1, "c", 2)]]).all
    step(store, TaskKey(1, "c", 1), TaskEvent.REMOVE)
    first = TaskRecord(run_pk=1, task_id="a", map_index=0)
    removed = task_in(store, TaskKey(1, "c", 1))
    third = AddTasks(run_pk=1, tasks=(TaskRecord(run_pk=1, task_id="c", map_index=2),), at=T0)

    group: list[Action] = [
        expand(1, "a", 3),
        expand(1, "b", 3),
        move(removed, TaskEvent.RESTORE, at=T0, reason="the list is 3 long again"),
        third,
        move(first, TaskEvent.SKIP, at=T0, end_date=T0),
    ]
    assert store.runs.apply([group]).all

    states = {(task.task_id, task.map_index): task.state for task in store.runs.load_tasks([1])}
    assert states.pop(("a", 0)) is TaskState.SKIPPED
    assert set(states) == {(name, index) for name in "abc" for index in range(3)} - {("a", 0)}
    assert set(states.values()) == {TaskState.NONE}


@pytest.mark.parametrize("case", ["placeholder moved", "placeholder missing", "instance exists", "no run"])
def test_an_expansion_is_refused_whole(store: AnyStore, case: str) -> None:
    store.runs.apply([[create(run_of(), "each", "other")]])
    action = expand(1, "each", 2)
    if case == "placeholder moved":
        step(store, TaskKey(1, "each"), TaskEvent.SKIP)
    if case == "placeholder missing":
        action = expand(1, "none", 2)
    if case == "instance exists":
        store.runs.apply(
            [[AddTasks(run_pk=1, tasks=(TaskRecord(run_pk=1, task_id="each", map_index=1),), at=T0)]]
        )
    if case == "no run":
        action = AddTasks(run_pk=5, tasks=tasks_of(5, "each"), at=T0)
    before = store.runs.load_tasks([1])

    assert store.runs.apply([[action]]).results == (False,)

    assert store.runs.load_tasks([1]) == before


def test_an_attempt_that_ends_while_the_instance_goes_on_is_archived_once(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load")]])
    step(store, LOAD, TaskEvent.QUEUE, try_number=1, queued_at=at(1))
    step(store, LOAD, TaskEvent.START, owner="host-1", start_date=at(2))
    step(
        store,
        LOAD,
        TaskEvent.RETRY,
        end_date=at(3),
        exit_fact="{}",
        rendered='{"sql": 1}',
        due_at=at(9),
        reason="no",
    )
    step(store, LOAD, TaskEvent.CLEAR, reason="by ada")
    step(store, LOAD, TaskEvent.QUEUE, try_number=2)
    step(store, LOAD, TaskEvent.START, owner="host-2")
    step(store, LOAD, TaskEvent.SUCCEED, end_date=at(5))
    step(store, LOAD, TaskEvent.CLEAR, end_date=None, exit_fact=None)

    first, second = store.reads.attempts(LOAD)
    assert (first.try_number, first.state, first.event, first.fence) == (1, TaskState.RUNNING, "retry", 1)
    assert (first.owner, first.queued_at, first.start_date, first.end_date) == ("host-1", at(1), at(2), at(3))
    assert (first.exit_fact, first.rendered, first.reason) == ("{}", '{"sql": 1}', "no")
    assert (second.try_number, second.state, second.event) == (2, TaskState.SUCCESS, "clear")
    assert (second.owner, second.end_date) == ("host-2", at(5))
    assert task_in(store, LOAD).end_date is None


def test_the_archived_attempt_has_what_the_ending_move_says_over_what_was_there(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load")]])
    step(
        store,
        LOAD,
        TaskEvent.QUEUE,
        try_number=1,
        map_label="old",
        rendered="old",
        exit_fact="old",
        end_date=at(1),
    )
    step(store, LOAD, TaskEvent.START)
    step(store, LOAD, TaskEvent.RETRY, map_label="new", rendered="new", exit_fact="new", end_date=at(2))
    step(store, LOAD, TaskEvent.QUEUE, try_number=2)
    step(store, LOAD, TaskEvent.START)
    step(store, LOAD, TaskEvent.RETRY, map_label=None, rendered=None, exit_fact=None, end_date=None)

    first, second = store.reads.attempts(LOAD)
    assert (first.map_label, first.rendered, first.exit_fact, first.end_date) == ("new", "new", "new", at(2))
    assert (second.map_label, second.rendered, second.exit_fact, second.end_date) == (
        "new",
        "new",
        "new",
        at(2),
    )


def test_xcoms_come_and_go_with_the_move(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load")]])
    step(
        store,
        LOAD,
        TaskEvent.QUEUE,
        xcoms=(put("a", "1"), put("b", "2", location="file:///b"), put("a", "3")),
    )

    assert store.xcoms.get_xcom("sales", "manual__1", "a", task_id="load", map_index=-1) == xcom("3")

    step(store, LOAD, TaskEvent.START, drop_xcoms=True, xcoms=(put("c", "4"),))

    assert store.xcoms.get_xcom("sales", "manual__1", "a", task_id="load", map_index=-1) is None
    assert store.xcoms.get_xcom("sales", "manual__1", "c", task_id="load", map_index=-1) == xcom("4")
    assert store.xcoms.load_dead_objects(limit=9) == ["file:///b"]


def test_a_guard_whose_lease_was_taken_refuses_everything(store: AnyStore) -> None:
    guard = store.leases.take_lease("scheduler", "a", now=at(0), until=at(10))
    assert guard is not None
    assert store.runs.apply([[create(run_of(1))]], guard=guard).all
    store.leases.take_lease("scheduler", "b", now=at(11), until=at(20))

    with pytest.raises(ConflictError, match="scheduler"):
        store.runs.apply([[create(run_of(2))]], guard=guard, notes=[Note(kind="run", subject="2")])

    assert store.runs.load_runs([2]) == []
    assert store.runs.load_notes(after=0, limit=9) == []


def test_notes_are_written_whatever_was_refused(store: AnyStore) -> None:
    refused = move(TaskRecord(run_pk=5, task_id="x"), TaskEvent.QUEUE, at=T0)

    store.runs.apply([[refused]], notes=[Note(kind="run", subject="5"), Note(kind="dag", subject="sales")])
    store.runs.apply([], notes=[Note(kind="pool", subject="p")])

    notes = store.runs.load_notes(after=0, limit=9)
    assert [(note.kind, note.subject) for note in notes] == [("run", "5"), ("dag", "sales"), ("pool", "p")]
    assert store.runs.load_notes(after=notes[0].note_pk, limit=1) == [notes[1]]
    store.runs.delete_notes(up_to=notes[1].note_pk)
    assert store.runs.load_notes(after=0, limit=9) == [notes[2]]


def test_an_illegal_move_is_our_bug_and_writes_nothing(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "load")]])
    good = move(TaskRecord(run_pk=1, task_id="load"), TaskEvent.QUEUE, at=T0)
    wrong = type(good)(
        key=LOAD,
        event=TaskEvent.START,
        expect_state=TaskState.NONE,
        expect_fence=0,
        state=TaskState.RUNNING,
        at=T0,
    )

    with pytest.raises(AssertionError, match="start"):
        store.runs.apply([[good], [wrong]])

    assert task_in(store, LOAD).state is TaskState.NONE


def test_rows_written_are_counted_as_they_are(store: AnyStore) -> None:
    counters = store.runs.counters
    before = counters.rows_written
    store.runs.apply([[create(run_of(), "a", "b", "c")]])
    assert counters.rows_written - before == 4

    before = counters.rows_written
    refused = move(TaskRecord(run_pk=1, task_id="b", fence=9), TaskEvent.QUEUE, at=T0)
    groups = [[move(task, TaskEvent.QUEUE, at=T0)] for task in tasks_of(1, "a", "c")]
    store.runs.apply([groups[0], [refused], groups[1]])
    assert counters.rows_written - before == 2

    before, commits = counters.rows_written, counters.commits
    for event in (TaskEvent.START, TaskEvent.SUCCEED):
        step(store, TaskKey(1, "a"), event)
    assert counters.rows_written - before == 2
    assert counters.commits - commits == 2


TOO_LARGE = 2**70


@pytest.mark.parametrize("is_last", [False, True])
def test_a_group_that_the_database_does_not_take_is_refused_and_keeps_no_other_from_being_written(
    sql_store: AnyStore, is_last: bool
) -> None:
    sql_store.runs.apply([[create(run_of(pk), "load")] for pk in (1, 2, 3)])
    guard = sql_store.leases.take_lease("scheduler", "one", now=T0, until=at(60))
    sound = [[move(TaskRecord(run_pk=pk, task_id="load"), TaskEvent.QUEUE, at=T0)] for pk in (1, 2)]
    broken = [move(TaskRecord(run_pk=3, task_id="load"), TaskEvent.QUEUE, at=T0, return_length=TOO_LARGE)]

    applied = sql_store.runs.apply(
        [*sound, broken] if is_last else sound[:1], after=[] if is_last else [broken, sound[1]], guard=guard
    )

    place = 2 if is_last else 1
    assert [written for number, written in enumerate(applied.results) if number != place] == [True, True]
    assert list(applied.unwritable) == [place]
    assert applied.unwritable[place] != ""
    assert [task_in(sql_store, TaskKey(pk, "load")).state for pk in (1, 2, 3)] == ["queued", "queued", "none"]


def test_what_the_database_does_not_take_is_the_error_of_who_has_no_lease(sql_store: AnyStore) -> None:
    sql_store.runs.apply([[create(run_of(), "load")]])
    record = TaskRecord(run_pk=1, task_id="load")
    stale = move(TaskRecord(run_pk=9, task_id="load"), TaskEvent.QUEUE, at=T0)

    with pytest.raises((OverflowError, exc.DataError)):
        sql_store.runs.apply(
            [[stale], [move(record, TaskEvent.QUEUE, at=T0, return_length=TOO_LARGE)]],
            notes=[Note(kind="run", subject="1")],
        )
    assert task_in(sql_store, LOAD) == record
    assert sql_store.runs.load_notes(after=0, limit=10) == []
