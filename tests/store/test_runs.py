"""The contract of runs: made, moved, found, with their callbacks and the DAG's place in its schedule."""

from tests.store.building import (
    T0,
    AnyStore,
    at,
    create,
    put_dags,
    run_of,
    step,
    task_in,
    tasks_of,
)
from windward.core.actions import MoveCallback, PauseDag, SkipSlot, move_run
from windward.core.transitions import RunEvent, TaskEvent
from windward.model.ids import TaskKey
from windward.model.states import RunState, TaskState
from windward.store.history import fold_run

LOAD = TaskKey(1, "load")


def test_a_run_comes_back_as_it_was_created(store: AnyStore) -> None:
    run = run_of(
        logical_date=T0, data_interval_start=T0, data_interval_end=at(60), conf={"a": [1, "é"]}, note="n"
    )

    assert store.runs.apply([[create(run, "load", "sum")]]).all

    assert store.runs.load_runs([1, 7]) == [run]
    assert store.runs.load_open_runs() == [run]
    assert store.runs.load_tasks([1]) == list(tasks_of(1, "load", "sum"))
    assert store.runs.load_trail(LOAD) == []


def test_a_run_of_a_taken_id_or_date_is_refused(store: AnyStore) -> None:
    first = run_of(1, logical_date=T0)
    same_id = run_of(2, run_id=first.run_id)
    same_date = run_of(3, logical_date=T0)
    other_dag = run_of(4, dag_id="costs", run_id=first.run_id, logical_date=T0)
    undated = [run_of(5), run_of(6)]

    groups = [[create(run, "load")] for run in (first, same_id, same_date, other_dag, *undated)]

    assert store.runs.apply(groups).results == (True, False, False, True, True, True)
    assert [run.run_pk for run in store.runs.load_open_runs()] == [1, 4, 5, 6]
    assert store.runs.load_tasks([2, 3]) == []


def test_the_schedule_advances_with_the_run_and_only_from_where_it_was_expected(store: AnyStore) -> None:
    put_dags(store, "sales")
    first = run_of(1, run_after=at(60), data_interval_start=T0, data_interval_end=at(60))
    second = run_of(2, run_after=at(120))
    late = run_of(3, run_after=at(180))

    applied = store.runs.apply(
        [
            [create(first, "load", advance_schedule=True, expect_last_run_after=None)],
            [create(second, "load", advance_schedule=True, expect_last_run_after=at(60))],
            [create(late, "load", advance_schedule=True, expect_last_run_after=at(60))],
        ]
    )

    assert applied.results == (True, True, False)
    dag = store.catalog.load_dag("sales")
    assert dag is not None
    assert (dag.last_run_after, dag.last_interval_start, dag.last_interval_end) == (at(120), None, None)


def test_slots_are_skipped_and_runs_created_in_one_group(store: AnyStore) -> None:
    put_dags(store, "sales")
    places = [None, at(60), at(120), at(180), at(240)]
    skips = [
        SkipSlot(
            dag_id="sales", run_after=at(60 * n), interval_start=at(60 * n - 60), interval_end=at(60 * n),
            expect_last_run_after=places[n - 1],
        )
        for n in (1, 2, 4)
    ]  # fmt: skip
    run = run_of(1, run_after=at(180))
    creation = create(run, "load", advance_schedule=True, expect_last_run_after=at(120))

    assert store.runs.apply([[skips[0], skips[1], creation, skips[2]]]).all

    dag = store.catalog.load_dag("sales")
    assert dag is not None
    assert dag.last_run_after == at(240)


def test_a_run_moves_upon_its_state_and_keeps_its_history(store: AnyStore) -> None:
    run = run_of()
    store.runs.apply([[create(run)]])

    start = move_run(run, RunEvent.START, at=at(1), start_date=at(1), reason="due")

    assert store.runs.apply([[start], [start]]).results == (True, False)
    (moved,) = store.runs.load_runs([1])
    assert (moved.state, moved.start_date, moved.reason) == (RunState.RUNNING, at(1), "due")
    assert store.reads.run_trail(1) == [(at(1), "start", "due")]
    assert fold_run(store.reads.run_trail(1)) is moved.state


def test_a_callback_is_put_with_the_move_and_fenced_like_an_attempt(store: AnyStore) -> None:
    run = run_of(state=RunState.RUNNING)
    store.runs.apply([[create(run, "load")]])
    store.runs.apply(
        [[move_run(run, RunEvent.FAIL, at=T0, reason="load", callback="failure", callback_task=LOAD)]]
    )

    (queued,) = store.runs.load_callbacks(limit=9)
    assert (queued.run_pk, queued.dag_id, queued.kind, queued.reason) == (1, "sales", "failure", "load")
    assert (queued.fence, queued.tries, queued.state, queued.task) == (0, 0, "queued", LOAD)

    submit = MoveCallback(
        callback_pk=queued.callback_pk, expect_fence=0, expect_state="queued", fence=1, state="submitted",
        at=T0, owner="host-1", tries=1,
    )  # fmt: skip
    assert store.runs.apply([[submit], [submit]]).results == (True, False)
    assert store.runs.load_callbacks(limit=9) == []
    (submitted,) = store.runs.load_open_callbacks(limit=9)
    assert (submitted.state, submitted.owner, submitted.fence, submitted.tries) == (
        "submitted",
        "host-1",
        1,
        1,
    )


def test_failures_in_a_row_are_counted_until_a_success_or_an_unpause(store: AnyStore) -> None:
    put_dags(store, "sales")
    runs = [run_of(pk, state=RunState.RUNNING) for pk in range(1, 7)]
    store.runs.apply([[create(run)] for run in runs])

    def failures() -> int:
        dag = store.catalog.load_dag("sales")
        assert dag is not None
        return dag.failed_in_a_row

    fail, succeed = RunEvent.FAIL, RunEvent.SUCCEED
    store.runs.apply([[move_run(runs[0], fail, at=T0)], [move_run(runs[1], fail, at=T0)]])
    assert failures() == 2
    store.runs.apply(
        [[move_run(runs[2], fail, at=T0), move_run(runs[3], succeed, at=T0), move_run(runs[4], fail, at=T0)]]
    )
    assert failures() == 1
    pause = PauseDag(dag_id="sales", is_paused=True, at=T0, reason="too many failures")
    unpause = PauseDag(dag_id="sales", is_paused=False, at=T0)
    store.runs.apply([[move_run(runs[5], fail, at=T0), pause]])
    assert failures() == 2
    assert store.runs.apply([[pause], [unpause], [unpause]]).results == (False, True, False)
    assert failures() == 0


def test_loads_find_runs_by_what_people_know_of_them(store: AnyStore) -> None:
    runs = [run_of(pk, logical_date=at(100 * pk), run_after=at(1000 - pk)) for pk in (1, 2, 3)]
    store.runs.apply(
        [[create(run)] for run in [*runs, run_of(4, run_after=at(0)), run_of(5, dag_id="costs")]]
    )

    assert store.runs.load_previous_run("sales", at(300), exclude_pk=2) == runs[0]
    assert store.runs.load_previous_run("sales", at(100), exclude_pk=9) is None
    assert store.runs.find_run("sales", run_id="manual__2") == runs[1]
    assert store.runs.find_run("sales", logical_date=at(300)) == runs[2]
    assert store.runs.find_run("sales") == runs[0]
    assert store.runs.find_run("sales", run_id="manual__5") is None


def test_ids_differ_by_case_and_sort_by_code_point(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(), "a", "A", "_", "Z", "b", "ä")]])

    assert [task.task_id for task in store.runs.load_tasks([1])] == ["A", "Z", "_", "a", "b", "ä"]
    step(store, TaskKey(1, "A"), TaskEvent.QUEUE)
    assert task_in(store, TaskKey(1, "a")).state is TaskState.NONE


def test_instances_of_running_runs_are_found_by_their_states(store: AnyStore) -> None:
    store.runs.apply([[create(run_of(pk, state=state), "a", "b")] for pk, state in (
        (2, RunState.RUNNING), (1, RunState.RUNNING), (3, RunState.QUEUED),
    )])  # fmt: skip
    for pk, name in ((2, "b"), (1, "a"), (3, "a"), (1, "b")):
        step(store, TaskKey(pk, name), TaskEvent.QUEUE, try_number=1)
    step(store, TaskKey(1, "b"), TaskEvent.SKIP)
    found = store.reads.tasks_in([TaskState.QUEUED, TaskState.RUNNING])
    assert [task.key for task in found] == [TaskKey(1, "a"), TaskKey(2, "b")]
