"""Questions that running tasks ask about runs, over every store."""

from typing import Any

import msgspec

from tests.store.building import AnyStore, at, create, expand, put_dags, run_of, step
from windward.core.actions import ExpectRun, LinkRun, SkipSlot, TouchRun
from windward.core.transitions import TaskEvent
from windward.model.ids import TaskKey
from windward.model.records import RunParent


def _three_days(store: AnyStore) -> None:
    put_dags(store, "sales", "costs")
    for day in (1, 2, 3):
        store.runs.apply([[create(run_of(day, logical_date=at(day)), "load", "group.check")]])
    store.runs.apply([[create(run_of(9, dag_id="costs", logical_date=at(1)), "load")]])


def test_the_previous_run_is_the_one_before_by_logical_date(store: AnyStore) -> None:
    _three_days(store)
    runs = {run.run_pk: run for run in store.runs.load_runs([1, 2, 3])}
    assert store.runs.find_previous("sales", runs[3].run_id) == runs[2]
    assert store.runs.find_previous("sales", runs[1].run_id) is None
    assert store.runs.find_previous("sales", runs[3].run_id, state="success") is None
    assert store.runs.find_previous("sales", runs[3].run_id, state="queued") == runs[2]


def test_runs_are_counted_by_date_id_and_state(store: AnyStore) -> None:
    _three_days(store)
    nothing: dict[str, Any] = {"logical_dates": None, "run_ids": None, "states": None}
    assert store.runs.count_runs("sales", **nothing) == 3
    assert store.runs.count_runs("sales", **{**nothing, "logical_dates": [at(1), at(3), at(7)]}) == 2
    assert store.runs.count_runs("sales", **{**nothing, "states": ["success"]}) == 0
    assert store.runs.count_runs("sales", **{**nothing, "run_ids": []}) == 0


def test_task_states_are_found_by_task_and_date(store: AnyStore) -> None:
    _three_days(store)
    step(store, TaskKey(2, "load"), TaskEvent.QUEUE, try_number=1)
    asked: dict[str, Any] = {
        "task_ids": None,
        "run_ids": None,
        "logical_dates": [at(2)],
        "states": None,
    }
    found = store.runs.find_task_states("sales", **asked)
    assert [item[1:] for item in found] == [("group.check", -1, "none"), ("load", -1, "queued")]
    named = store.runs.find_task_states("sales", **{**asked, "task_ids": ["group.check"]})
    assert [item[1] for item in named] == ["group.check"]
    assert store.runs.find_task_states("sales", **{**asked, "states": ["success"]}) == []


def test_instances_are_tallied_by_run_task_and_state(store: AnyStore) -> None:
    _three_days(store)
    store.runs.apply([[create(run_of(4, logical_date=at(4)), "each"), expand(4, "each", 3)]])
    step(store, TaskKey(4, "each", 1), TaskEvent.QUEUE, try_number=1)
    asked: dict[str, Any] = {"task_ids": None, "run_ids": None, "logical_dates": None}
    assert store.runs.tally_tasks("sales", **{**asked, "logical_dates": [at(4)]}) == [
        ("manual__4", at(4), "each", "none", 2),
        ("manual__4", at(4), "each", "queued", 1),
    ]
    loads = store.runs.tally_tasks("sales", **{**asked, "task_ids": ["load"]})
    assert [(item[0], item[2], item[4]) for item in loads] == [
        ("manual__1", "load", 1), ("manual__2", "load", 1), ("manual__3", "load", 1),
    ]  # fmt: skip
    assert store.runs.tally_tasks("sales", **{**asked, "run_ids": []}) == []


def test_runs_are_found_by_date_those_without_one_last(store: AnyStore) -> None:
    _three_days(store)
    store.runs.apply([[create(run_of(5))]])
    nothing: dict[str, Any] = {
        "run_ids": None, "logical_dates": None, "states": None, "run_types": None, "date_from": None,
        "date_to": None, "limit": 99,
    }  # fmt: skip

    def found(*dag_ids: str, **changes: Any) -> list[int]:
        return [run.run_pk for run in store.runs.find_runs(dag_ids, **{**nothing, **changes})]

    assert found("sales") == [1, 2, 3, 5]
    assert found("sales", "costs") == [1, 9, 2, 3, 5]
    assert found("sales", limit=2) == [1, 2]
    assert found("sales", date_from=at(2), date_to=at(2)) == [2]
    assert found("sales", date_to=at(1)) == [1]
    assert found("sales", run_ids=["manual__3"], states=["queued"], run_types=["manual"]) == [3]
    assert found("sales", states=["success"]) == []


def test_a_triggered_run_is_found_by_the_wish_that_made_it(store: AnyStore) -> None:
    _three_days(store)
    mother = RunParent(
        run_pk=1, dag_id="sales", run_id="manual__1", task_id="load", map_index=-1, since=at(1)
    )
    child = run_of(7, dag_id="costs")
    assert store.runs.apply([[create(child), LinkRun(run_pk=7, parent=mother)]]).all
    assert store.runs.find_triggered("costs", mother) == child
    assert store.reads.run_parent(7) == mother
    for other in ({"run_pk": 2}, {"task_id": "x"}, {"map_index": 0}, {"since": at(2)}, {"place": 1}):
        assert store.runs.find_triggered("costs", msgspec.structs.replace(mother, **other)) is None
    assert store.runs.find_triggered("sales", mother) is None


def test_a_link_may_be_replaced_but_needs_its_run(store: AnyStore) -> None:
    _three_days(store)
    mother = RunParent(
        run_pk=1, dag_id="sales", run_id="manual__1", task_id="load", map_index=-1, since=at(1)
    )
    later = msgspec.structs.replace(mother, since=at(2))
    assert store.runs.apply([[LinkRun(run_pk=9, parent=mother)], [LinkRun(run_pk=9, parent=later)]]).all
    assert store.reads.run_parent(9) == later
    assert store.runs.apply([[LinkRun(run_pk=77, parent=mother)]]).results == (False,)
    store.catalog.delete_dag("costs")
    assert store.reads.run_parent(9) is None


def test_what_was_decided_on_an_older_revision_is_refused(store: AnyStore) -> None:
    _three_days(store)
    assert store.runs.apply([[ExpectRun(run_pk=1, revision=0)]]).results == (True,)
    assert store.runs.apply([[TouchRun(run_pk=1)]]).results == (True,)
    groups = [[ExpectRun(run_pk=1, revision=0)], [ExpectRun(run_pk=1, revision=1)]]
    assert store.runs.apply(groups).results == (False, True)
    assert store.runs.apply([[ExpectRun(run_pk=77, revision=0)]]).results == (False,)


def test_groups_that_count_on_others_are_refused_with_any_of_them(store: AnyStore) -> None:
    _three_days(store)
    good, bad = [TouchRun(run_pk=1)], [ExpectRun(run_pk=2, revision=5)]
    assert store.runs.apply([good, bad], after=[[TouchRun(run_pk=3)]]).results == (True, False, False)
    assert store.runs.load_runs([3])[0].revision == 0
    assert store.runs.apply([good], after=[[TouchRun(run_pk=3)], bad]).results == (True, True, False)
    assert store.runs.load_runs([3])[0].revision == 1


def test_a_slot_is_skipped_only_from_where_the_schedule_stands(store: AnyStore) -> None:
    _three_days(store)
    skip = SkipSlot(
        dag_id="sales", run_after=at(2), interval_start=at(1), interval_end=at(2), expect_last_run_after=None
    )
    assert store.runs.apply([[skip]]).results == (True,)
    dag = store.catalog.load_dag("sales")
    assert dag is not None
    assert (dag.last_run_after, dag.last_interval_start) == (at(2), at(1))
    assert store.runs.apply([[skip]]).results == (False,)
