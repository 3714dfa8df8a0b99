"""Task instances over HTTP: marked, annotated, run again and deleted."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.api.conftest import NOW, Answer, Client, FakeWakeup
from tests.api.three_runs import (
    CLEAR,
    FRESH,
    INSTANCES,
    RUN,
    SALES,
    TASKS,
    fill,
    named,
    patch,
    run_state,
    states,
)
from tests.store.building import create, put_dags, run_of, step, task_in
from windward.api.services import Services
from windward.core.actions import Action, move_run
from windward.core.people import decide_clear
from windward.core.transitions import RunEvent, TaskEvent
from windward.core.view import RunView
from windward.document import TaskDocument
from windward.engine.people.changes import collecting
from windward.engine.people.tasks import (
    Clearing,
    Mark,
    TaskNote,
    clear_tasks,
    delete_task,
    mark_tasks,
    write_task_note,
)
from windward.model.ids import TaskKey
from windward.model.states import RUN_FINISHED, RunState, TaskState
from windward.store.sql.open import SqlStore


@pytest.fixture
def filled(client: Client, store: SqlStore) -> Client:
    fill(store)
    return client


def test_a_marked_instance_resumes_what_failed_for_it(
    filled: Client, store: SqlStore, wakeup: FakeWakeup
) -> None:
    answer = patch(filled, f"{INSTANCES}/g.b", {"new_state": "success"})
    [shown] = answer.json["task_instances"]
    assert (shown["task_id"], shown["state"]) == ("g.b", "success")
    assert states(store) == {**FRESH, "g.b": "success", "g.c": "none", "d": "none"}
    assert run_state(store) is RunState.QUEUED
    assert wakeup.count
    assert [line[2] for line in store.runs.load_trail(TaskKey(2, "g.b"))][-1] == "marked by user"


def test_an_instance_that_nothing_failed_below_leaves_its_run_as_it_is(
    filled: Client, store: SqlStore
) -> None:
    assert named(patch(filled, f"{INSTANCES}/d", {"new_state": "skipped"})) == ["r2.d"]
    assert (states(store)["d"], run_state(store)) == ("skipped", RunState.FAILED)


def test_a_state_that_is_so_already_is_a_conflict_and_nothing_is_written(
    filled: Client, store: SqlStore
) -> None:
    answer = patch(filled, f"{INSTANCES}/a", {"new_state": "success", "note": "x"})
    assert (answer.status, answer.json["detail"]) == (409, "Task id a is already in success state")
    assert task_in(store, TaskKey(2, "a")).note is None


@pytest.mark.parametrize(("body", "expected"), [
    ({}, ["r2.g.b"]),
    ({"include_upstream": True}, ["r2.a", "r2.g.b"]),
    ({"include_downstream": True}, ["r2.d", "r2.g.b", "r2.g.c"]),
    ({"include_past": True}, ["r1.g.b", "r2.g.b"]),
    ({"include_future": True}, ["r2.g.b", "r3.g.b"]),
    ({"include_past": True, "include_future": True}, ["r1.g.b", "r2.g.b", "r3.g.b"]),
])  # fmt: skip
def test_what_stands_around_an_instance_is_included_and_foreseen(
    filled: Client, store: SqlStore, body: dict[str, Any], expected: list[str]
) -> None:
    sent = {"new_state": "skipped", **body}
    assert named(patch(filled, f"{INSTANCES}/g.b/dry_run", sent)) == expected
    assert named(patch(filled, f"{INSTANCES}/g.b/-1/dry_run", sent)) == expected
    assert states(store) == FRESH
    assert named(patch(filled, f"{INSTANCES}/g.b", sent)) == ["r2.g.b"]
    after = {
        f"r{pk}.{name}" for pk in (1, 2, 3) for name, state in states(store, pk).items() if state == "skipped"
    }
    assert after == set(expected)


def test_all_instances_of_a_mapped_task_are_meant_or_one(filled: Client, store: SqlStore) -> None:
    assert named(patch(filled, f"{INSTANCES}/m/1", {"new_state": "failed"})) == ["r2.m[1]"]
    assert (states(store)["m[0]"], states(store)["m[1]"]) == ("success", "failed")
    assert named(patch(filled, f"{INSTANCES}/m?map_index=0", {"new_state": "failed"})) == ["r2.m[0]"]
    assert named(patch(filled, f"{INSTANCES}/m", {"new_state": "skipped"})) == ["r2.m[0]", "r2.m[1]"]


def test_a_group_is_marked_as_a_whole(filled: Client, store: SqlStore) -> None:
    group = f"{RUN}/taskGroupInstances/g"
    sent = {"new_state": "success"}
    assert named(patch(filled, f"{group}/dry_run", sent)) == ["r2.g.b", "r2.g.c"]
    assert named(patch(filled, f"{group}/dry_run", {"note": "x"})) == ["r2.g.b", "r2.g.c"]
    assert named(patch(filled, group, sent)) == ["r2.g.b", "r2.g.c"]
    assert states(store) == {**FRESH, "g.b": "success", "g.c": "success", "d": "none"}
    assert patch(filled, group, sent).status == 409
    assert patch(filled, f"{RUN}/taskGroupInstances/h", sent).status == 404


def test_a_note_is_written_alone_or_by_a_mask(filled: Client, store: SqlStore) -> None:
    shown = patch(filled, f"{INSTANCES}/a", {"note": "late"}).json["task_instances"][0]
    assert (shown["note"], shown["state"]) == ("late", "success")
    masked = patch(filled, f"{INSTANCES}/a?update_mask=note", {"note": "x", "new_state": "failed"})
    assert masked.json["task_instances"][0]["note"] == "x"
    assert states(store) == FRESH
    patch(filled, f"{INSTANCES}/a", {"note": ""})
    assert task_in(store, TaskKey(2, "a")).note is None


@pytest.mark.parametrize(("path", "body", "status"), [
    ("a", {"new_state": None}, 422),
    ("a", {"new_state": "running"}, 422),
    ("a", {"new_state": "tired"}, 422),
    ("a", {"note": "x" * 1001}, 422),
    ("a", {"state": "success"}, 422),
    ("a?update_mask=state", {"note": "x"}, 422),
    ("nothing", {"note": "x"}, 404),
    ("a/3", {"note": "x"}, 404),
    ("a/3/dry_run", {"note": "x"}, 404),
])  # fmt: skip
def test_what_cannot_be_patched_is_refused(filled: Client, path: str, body: Any, status: int) -> None:
    assert patch(filled, f"{INSTANCES}/{path}", body).status == status


@pytest.mark.parametrize(("body", "expected"), [
    ({}, ["r1.d", "r1.g.b", "r1.g.c", "r2.d", "r2.g.b", "r2.g.c", "r3.d", "r3.g.b", "r3.g.c"]),
    ({"dag_run_id": "r2"}, ["r2.d", "r2.g.b", "r2.g.c"]),
    ({"dag_run_id": "r2", "task_ids": ["g.b"]}, ["r2.g.b"]),
    ({"dag_run_id": "r2", "task_ids": ["g.b"], "include_downstream": True}, ["r2.d", "r2.g.b", "r2.g.c"]),
    ({"dag_run_id": "r2", "task_ids": ["g.b"], "include_upstream": True}, ["r2.g.b"]),
    ({"dag_run_id": "r2", "task_ids": ["g.b"], "include_upstream": True, "only_failed": False}, ["r2.a", "r2.g.b"]),
    ({"dag_run_id": "r2", "task_ids": [["m", 1]], "only_failed": False}, ["r2.m[1]"]),
    ({"dag_run_id": "r2", "task_ids": [["m", 1], "m", "a"], "only_failed": False}, ["r2.a", "r2.m[0]", "r2.m[1]"]),
    ({"dag_run_id": "r2", "task_ids": ["nothing"]}, []),
    ({"dag_run_id": "r2", "only_failed": False, "only_running": True}, []),
    ({"dag_run_id": "r2", "task_ids": ["g.b"], "include_past": True}, ["r1.g.b", "r2.g.b"]),
    ({"dag_run_id": "r2", "task_ids": ["g.b"], "include_future": True}, ["r2.g.b", "r3.g.b"]),
    ({"task_ids": ["g.b"], "start_date": "2026-03-03T12:00:00Z", "end_date": "2026-03-03T12:00:00Z"}, ["r2.g.b"]),
    ({"task_ids": ["g.b"], "start_date": "2026-03-03T13:00:00"}, ["r3.g.b"]),
])  # fmt: skip
def test_what_is_cleared_is_foreseen(
    filled: Client, store: SqlStore, body: dict[str, Any], expected: list[str]
) -> None:
    assert named(filled.ask("POST", CLEAR, body, role="user")) == expected
    assert states(store) == FRESH
    assert named(filled.ask("POST", CLEAR, {**body, "dry_run": False}, role="user")) == expected
    cleared = {
        f"r{pk}.{name}" for pk in (1, 2, 3) for name, state in states(store, pk).items() if state == "none"
    }
    assert cleared == set(expected)
    assert {run_state(store, int(name[1])) for name in expected} <= {RunState.QUEUED}


def test_a_run_may_stay_as_it_is_and_a_note_says_why(filled: Client, store: SqlStore) -> None:
    body = {"dry_run": False, "dag_run_id": "r2", "reset_dag_runs": False, "note": "again"}
    answer = filled.ask("POST", CLEAR, body, role="user")
    assert {one["note"] for one in answer.json["task_instances"]} == {"again"}
    assert (states(store)["g.b"], run_state(store)) == ("none", RunState.FAILED)


def test_a_running_instance_may_be_spared(filled: Client, store: SqlStore) -> None:
    filled.ask("POST", CLEAR, {"dry_run": False, "dag_run_id": "r2", "task_ids": ["g.b"]}, role="user")
    [run] = store.runs.load_runs([2])
    assert store.runs.apply([[move_run(run, RunEvent.START, at=NOW)]]).all
    step(store, TaskKey(2, "g.b"), TaskEvent.QUEUE, try_number=2)
    step(store, TaskKey(2, "g.b"), TaskEvent.START, start_date=NOW)
    body = {"dry_run": False, "only_failed": False, "prevent_running_task": True, "task_ids": ["a", "g.b"]}
    before = [states(store, pk) for pk in (1, 2, 3)]
    assert filled.ask("POST", CLEAR, body, role="user").status == 409
    assert [states(store, pk) for pk in (1, 2, 3)] == before
    assert filled.ask("POST", CLEAR, {**body, "prevent_running_task": False}, role="user").status == 200
    assert states(store)["g.b"] == "restarting"


def test_a_run_may_take_the_newest_version(filled: Client, store: SqlStore) -> None:
    put_dags(
        store, "sales", tasks=(*TASKS, TaskDocument(task_id="new", operator="One")), groups=SALES["groups"]
    )
    body = {"dry_run": False, "dag_run_id": "r2", "run_on_latest_version": True}
    assert filled.ask("POST", CLEAR, body, role="user").status == 200
    assert states(store)["new"] == "none"


@pytest.mark.parametrize(("body", "status"), [
    ({"only_failed": True, "only_running": True}, 422),
    ({"start_date": "2026-03-03T13:00:00Z", "end_date": "2026-03-02T13:00:00"}, 422),
    ({"start_date": "2026-03-03T13:00:00Z", "dag_run_id": "r2"}, 422),
    ({"task_ids": []}, 422),
    ({"task_ids": [["a"]]}, 422),
    ({"nothing": 1}, 422),
    ({"dag_run_id": "nothing"}, 404),
])  # fmt: skip
def test_what_cannot_be_cleared_is_refused(filled: Client, body: Any, status: int) -> None:
    assert filled.ask("POST", CLEAR, body, role="user").status == status


def test_a_run_without_a_date_has_none_before_it(filled: Client, store: SqlStore) -> None:
    assert store.runs.apply([[create(run_of(5, run_id="undated"), "a")]]).all
    body = {"dag_run_id": "undated", "include_past": True}
    assert filled.ask("POST", CLEAR, body, role="user").status == 400


def test_an_instance_of_an_ended_run_is_deleted_and_comes_back_with_it(
    filled: Client, store: SqlStore
) -> None:
    answer = filled.ask("DELETE", f"{INSTANCES}/a", role="user")
    assert (answer.status, answer.body) == (200, b"null")
    assert filled.ask("GET", f"{INSTANCES}/a", role="user").status == 404
    assert filled.ask("DELETE", f"{INSTANCES}/a", role="user").status == 404
    assert filled.ask("DELETE", f"{INSTANCES}/m?map_index=1", role="user").status == 200
    assert states(store) == {name: state for name, state in FRESH.items() if name not in ("a", "m[1]")}
    assert patch(filled, f"{INSTANCES}/g.b", {"new_state": "success"}).status == 200
    assert task_in(store, TaskKey(2, "a")).max_tries == 2
    assert states(store)["a"] == "none"


def test_an_instance_of_a_run_that_goes_on_is_not_deleted(filled: Client, store: SqlStore) -> None:
    filled.ask("POST", CLEAR, {"dry_run": False, "dag_run_id": "r2"}, role="user")
    answer = filled.ask("DELETE", f"{INSTANCES}/a", role="user")
    assert (answer.status, states(store)["a"]) == (409, "success")


def test_a_note_is_written_in_the_transaction_of_the_change(filled: Client, store: SqlStore) -> None:
    clear = {"dry_run": False, "dag_run_id": "r2", "task_ids": ["m"], "only_failed": False, "note": "again"}
    asks: list[tuple[Callable[[], Answer], str]] = [
        (lambda: patch(filled, f"{INSTANCES}/m", {"new_state": "failed", "note": "x"}), "x"),
        (lambda: patch(filled, f"{INSTANCES}/m", {"note": "each"}), "each"),
        (lambda: filled.ask("POST", CLEAR, clear, role="user"), "again"),
    ]
    for ask, note in asks:
        before = store.runs.counters.commits
        assert ask().status == 200
        assert store.runs.counters.commits == before + 1
        assert {one.note for one in store.runs.load_tasks([2]) if one.task_id == "m"} == {note}


def test_the_audit_log_is_told_of_each_instance(filled: Client, store: SqlStore, services: Services) -> None:
    desk, [run] = services.desk, store.runs.load_runs([2])
    with collecting() as changes:
        write_task_note(desk, [TaskKey(2, "a")], "why")
        delete_task(desk, run, TaskKey(2, "m", 1))
        note = TaskNote(keys=(TaskKey(2, "a"),), text="so")
        mark = Mark(state=TaskState.SKIPPED, below=lambda _: ["g.c"], note=note)
        mark_tasks(desk, [run], lambda view: list(view.instances(2)), mark, by="ada")
        clear_tasks(desk, [run], lambda view: list(view.instances(0)), Clearing(), by="ada")
    assert [(one.name, one.run_id) for one in changes.noted] == [
        ("a", "r2"), ("m[1]", "r2"), ("g.c", "r2"), ("d", "r2"), ("a", "r2"), ("a", "r2"),
    ]  # fmt: skip
    assert (changes.noted[2].before, changes.noted[2].after) == (
        {"state": "upstream_failed"}, {"state": "skipped"},
    )  # fmt: skip
    assert (changes.noted[4].before, changes.noted[4].after) == ({"note": "why"}, {"note": "so"})


def test_what_was_decided_upon_an_instance_that_is_deleted_meanwhile_is_decided_again(
    filled: Client, store: SqlStore, services: Services
) -> None:
    seen: list[bool] = []

    def decide(view: RunView, now: datetime) -> list[Action]:
        seen.append(view.find("a", -1) is not None)
        if len(seen) == 1:
            assert store.catalog.delete_task(TaskKey(2, "a"), states=RUN_FINISHED, except_in=())
        return decide_clear(view, [TaskKey(2, "g.b")], by="ada", now=now)

    services.desk.change(store.runs.load_runs([2])[0], decide)

    assert seen == [True, False]
    assert states(store)["a"] == "none"
