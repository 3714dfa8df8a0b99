"""Runs over HTTP: made, ended, repeated, deleted, one by one and many at a time."""

from typing import Any

import pytest

from tests.api.conftest import NOW, Client, FakeGate, FakeWakeup
from tests.store.building import create, put_dags, run_of, step
from windward.api.services import Services
from windward.core.actions import move_run
from windward.core.transitions import RunEvent, TaskEvent
from windward.document import ParamDocument, TaskDocument
from windward.engine.people.changes import collecting
from windward.engine.people.dags import pause_dags
from windward.engine.people.runs import (
    RunChange,
    RunRequest,
    change_run,
    delete_run,
    trigger_run,
)
from windward.model.access import Permission, Resource, Verb
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.records import RunRecord
from windward.model.states import RunState
from windward.store.sql.open import SqlStore
from windward.timetable import CronSchedule, ScheduleKind

TASKS = tuple(TaskDocument(task_id=name, operator="PythonOperator") for name in ("load", "sum"))
DAILY = CronSchedule(expression="@daily", timezone="UTC", kind=ScheduleKind.DATA_INTERVAL)
PARAMS = {"n": ParamDocument(has_default=True, default=1, schema={"type": "integer"})}
URL = "/api/v2/dags/sales/dagRuns"


@pytest.fixture
def dags(client: Client, store: SqlStore) -> Client:
    put_dags(store, "sales", tasks=TASKS, schedule=DAILY, params=PARAMS)
    put_dags(store, "costs", fileloc="costs.py", tasks=TASKS)
    return client


def trigger(client: Client, role: str = "user", **body: Any) -> Any:
    return client.ask("POST", URL, {"logical_date": None, **body}, role=role)


def ended(store: SqlStore, run_pk: int = 1, *, dag_id: str = "sales", run_id: str = "done") -> RunRecord:
    """Store a run that failed: its task `load` succeeded, `sum` did not."""
    [dag] = [dag for dag in store.catalog.load_dags() if dag.dag_id == dag_id]
    run = run_of(run_pk, dag_id=dag_id, run_id=run_id, document_hash=dag.document_hash)
    assert store.runs.apply([[create(run, "load", "sum")]]).all
    assert store.runs.apply([[move_run(run, RunEvent.START, at=NOW, start_date=NOW)]]).all
    for task_id, end in (("load", TaskEvent.SUCCEED), ("sum", TaskEvent.FAIL)):
        key = TaskKey(run_pk, task_id)
        for event in (TaskEvent.QUEUE, TaskEvent.START, end):
            step(store, key, event, **({"try_number": 1} if event is TaskEvent.QUEUE else {}))
    [running] = store.runs.load_runs([run_pk])
    assert store.runs.apply([[move_run(running, RunEvent.FAIL, at=NOW, end_date=NOW)]]).all
    return store.runs.load_runs([run_pk])[0]


def states(store: SqlStore, run_pk: int) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in store.runs.load_tasks([run_pk])}


def test_a_run_is_made_without_a_date_and_the_scheduler_told_at_once(
    dags: Client, store: SqlStore, wakeup: FakeWakeup
) -> None:
    answer = trigger(dags, conf={"n": 2, "other": "x"}, note="why")

    assert answer.status == 200, answer.body
    shown = answer.json
    assert (shown["state"], shown["run_type"], shown["triggered_by"]) == ("queued", "manual", "rest_api")
    assert (shown["logical_date"], shown["data_interval_start"]) == (None, None)
    assert (shown["triggering_user_name"], shown["note"]) == ("user", "why")
    assert shown["conf"] == {"n": 2, "other": "x"}
    assert shown == dags.ask("GET", f"{URL}/{shown['dag_run_id']}", role="viewer").json
    assert wakeup.count == 1
    [run] = store.runs.load_open_runs()
    assert [task.task_id for task in store.runs.load_tasks([run.run_pk])] == ["load", "sum"]
    assert [(note.kind, note.subject) for note in store.runs.load_notes(after=0, limit=99)][-1] == (
        "run",
        str(run.run_pk),
    )


def test_a_date_gives_the_interval_of_the_schedule_unless_the_body_has_one(dags: Client) -> None:
    first = trigger(dags, logical_date="2026-02-03T04:00:00+01:00", dag_run_id="a").json
    assert (first["dag_run_id"], first["logical_date"]) == ("a", "2026-02-03T03:00:00Z")
    assert (first["data_interval_start"], first["data_interval_end"]) == (
        "2026-02-02T00:00:00Z",
        "2026-02-03T00:00:00Z",
    )
    own = {"data_interval_start": "2026-01-01T00:00:00Z", "data_interval_end": "2026-01-02T00:00:00Z"}
    second = trigger(dags, logical_date="2026-02-04T00:00:00Z", run_after="2026-06-01T00:00:00Z", **own).json
    assert {name: second[name] for name in own} == own
    assert second["run_after"] == "2026-06-01T00:00:00Z"


def test_a_run_that_exists_is_a_conflict(dags: Client) -> None:
    assert trigger(dags, dag_run_id="a", logical_date="2026-02-03T00:00:00Z").status == 200
    assert trigger(dags, dag_run_id="a").status == 409
    assert trigger(dags, dag_run_id="b", logical_date="2026-02-03T00:00:00Z").status == 409
    assert trigger(dags).status == trigger(dags).status == 200


@pytest.mark.parametrize(("body", "status"), [
    ({"conf": {"n": "two"}}, 400), ({"dag_run_id": "a/b"}, 400), ({"partition_key": "x"}, 400),
    ({"data_interval_start": "2026-01-01T00:00:00Z"}, 422), ({"colour": "red"}, 422), ({"conf": []}, 422),
    ({"logical_date": "2026-01-03T00:00:00Z", "data_interval_start": "2026-01-02T00:00:00Z",
      "data_interval_end": "2026-01-01T00:00:00Z"}, 422),
])  # fmt: skip
def test_a_run_that_cannot_be_is_refused(dags: Client, store: SqlStore, body: Any, status: int) -> None:
    assert trigger(dags, **body).status == status
    assert (
        dags.ask("POST", URL, {}, role="user").status == 422
    )  # a date must be said, also that there is none
    assert store.runs.load_open_runs() == []


def test_a_dag_that_is_gone_or_broken_or_does_not_allow_it_is_not_triggered(
    dags: Client, store: SqlStore
) -> None:
    put_dags(store, "strict", fileloc="strict.py", allowed_run_types=("scheduled",))
    put_dags(store, "gone", fileloc="gone.py")
    store.catalog.delete_file("gone.py", now=NOW)
    broken = FileRecord(fileloc="costs.py", content_hash="x", dag_ids=("costs",), error="SyntaxError")
    store.catalog.put_file(broken, [], paused_at_creation=False, now=NOW)
    for dag_id, status in (("strict", 400), ("gone", 404), ("costs", 400), ("nothing", 404)):
        answer = dags.ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None}, role="user")
        assert answer.status == status, dag_id


def test_a_browser_triggers_as_the_web_interface(dags: Client) -> None:
    answer = dags.ask("POST", URL, {"logical_date": None}, role="user", headers={"referer": "http://x/"})
    assert answer.json["triggered_by"] == "ui"


def test_a_run_is_ended_by_hand_and_queued_again(dags: Client, store: SqlStore) -> None:
    run_id = trigger(dags).json["dag_run_id"]
    [run] = store.runs.load_open_runs()

    answer = dags.ask("PATCH", f"{URL}/{run_id}", {"state": "success", "note": "by hand"}, role="user")
    assert (answer.status, answer.json["state"], answer.json["note"]) == (200, "success", "by hand")
    assert states(store, run.run_pk) == {"load": "success", "sum": "success"}
    answer = dags.ask("PATCH", f"{URL}/{run_id}", {"state": "queued", "note": ""}, role="user")
    assert (answer.json["state"], answer.json["note"], answer.json["end_date"]) == ("queued", None, None)
    assert states(store, run.run_pk) == {"load": "success", "sum": "success"}
    [again] = store.runs.load_open_runs()
    assert store.runs.apply([[move_run(again, RunEvent.START, at=NOW)]]).all
    assert dags.ask("PATCH", f"{URL}/{run_id}", {"state": "queued"}, role="user").status == 400
    assert dags.ask("PATCH", f"{URL}/{run_id}", {"state": "failed"}, role="user").json["state"] == "failed"


@pytest.mark.parametrize(("body", "query", "status"), [
    ({"state": "running"}, "", 422), ({"note": "x" * 1001}, "", 422), ({"note": "x"}, "?update_mask=conf", 422),
])  # fmt: skip
def test_what_cannot_be_changed_is_refused(
    dags: Client, store: SqlStore, body: Any, query: str, status: int
) -> None:
    run = ended(store)
    assert dags.ask("PATCH", f"{URL}/done{query}", body, role="user").status == status
    assert store.runs.load_runs([1]) == [run]


def test_a_mask_leaves_out_what_it_does_not_name(dags: Client, store: SqlStore) -> None:
    ended(store)
    body = {"state": "success", "note": "only this"}
    answer = dags.ask("PATCH", f"{URL}/done?update_mask=note", body, role="user").json
    assert (answer["state"], answer["note"]) == ("failed", "only this")


def test_a_run_is_deleted_unless_it_is_running(dags: Client, store: SqlStore, wakeup: FakeWakeup) -> None:
    run_id = trigger(dags).json["dag_run_id"]
    [run] = store.runs.load_open_runs()
    store.runs.apply([[move_run(run, RunEvent.START, at=NOW)]])
    assert dags.ask("DELETE", f"{URL}/{run_id}", role="user").status == 409
    dags.ask("PATCH", f"{URL}/{run_id}", {"state": "failed"}, role="user")
    woken = wakeup.count
    assert dags.ask("DELETE", f"{URL}/{run_id}", role="user").status == 204
    assert wakeup.count == woken + 1
    assert dags.ask("DELETE", f"{URL}/{run_id}", role="user").status == 404
    assert store.runs.load_tasks([run.run_pk]) == []


def test_a_run_is_cleared_only_when_it_is_meant(dags: Client, store: SqlStore) -> None:
    run = ended(store)

    answer = dags.ask("POST", f"{URL}/done/clear", {}, role="user")
    assert answer.status == 200, answer.body
    assert [(one["task_id"], one["state"]) for one in answer.json["task_instances"]] == [
        ("load", "success"),
        ("sum", "failed"),
    ]
    assert answer.json["total_entries"] == 2
    assert store.runs.load_runs([1]) == [run]
    answer = dags.ask("POST", f"{URL}/done/clear", {"only_failed": True}, role="user")
    assert [one["task_id"] for one in answer.json["task_instances"]] == ["sum"]

    body = {"dry_run": False, "only_failed": True, "note": "again"}
    answer = dags.ask("POST", f"{URL}/done/clear", body, role="user")
    assert (answer.json["state"], answer.json["note"]) == ("queued", "again")
    assert states(store, 1) == {"load": "success", "sum": "none"}


def test_new_tasks_of_the_newest_version_are_added(dags: Client, store: SqlStore) -> None:
    ended(store)
    put_dags(store, "sales", tasks=(*TASKS, TaskDocument(task_id="new", operator="X", display_name="New")))

    answer = dags.ask("POST", f"{URL}/done/clear", {"only_new": True}, role="user")
    assert answer.json["task_instances"] == [{"task_id": "new", "task_display_name": "New"}]
    answer = dags.ask("POST", f"{URL}/done/clear", {"only_new": True, "dry_run": False}, role="user")
    assert (answer.json["state"], answer.json["dag_versions"][0]["version_number"]) == ("queued", 2)
    assert states(store, 1) == {"load": "success", "sum": "failed", "new": "none"}
    # It has not ended now, and keeps its version until it has.
    put_dags(store, "sales", tasks=TASKS[:1])
    body = {"dry_run": False, "run_on_latest_version": True}
    assert dags.ask("POST", f"{URL}/done/clear", body, role="user").status == 400
    body = {"only_new": True, "only_failed": True}
    assert dags.ask("POST", f"{URL}/done/clear", body, role="user").status == 422


def test_several_runs_are_cleared_together(dags: Client, store: SqlStore, gate: FakeGate) -> None:
    ended(store)
    ended(store, 2, dag_id="costs", run_id="old")
    gate.permissions["sales"] = frozenset(
        Permission(resource=Resource.RUN, verb=verb, dag_id="sales") for verb in Verb
    )
    both = [{"dag_run_id": "done", "dag_id": "sales"}, {"dag_run_id": "old", "dag_id": "costs"}]
    url = "/api/v2/dags/~/clearDagRuns"
    assert dags.ask("POST", url, {"dag_runs": both}, role="user").json["total_entries"] == 4
    assert dags.ask("POST", url, {"dag_runs": both, "dry_run": False}, role="sales").status == 403
    answer = dags.ask("POST", url, {"dag_runs": both, "dry_run": False}, role="user").json
    assert [(one["dag_run_id"], one["state"]) for one in answer["dag_runs"]] == [
        ("done", "queued"),
        ("old", "queued"),
    ]
    for body, status in (
        ({"dag_runs": [{"dag_run_id": "done"}]}, 400),
        ({"dag_runs": [{"dag_run_id": "x", "dag_id": "sales"}]}, 404),
        ({"partition_key": "x"}, 400),
        ({}, 400),
    ):
        assert dags.ask("POST", url, body, role="user").status == status, body
    body = {"dag_runs": both}
    assert dags.ask("POST", "/api/v2/dags/sales/clearDagRuns", body, role="user").status == 400


def test_several_runs_are_cleared_in_one_transaction(dags: Client, store: SqlStore) -> None:
    def commits(*run_ids: str) -> int:
        before = store.runs.counters.commits
        body = {
            "dag_runs": [{"dag_run_id": run_id, "dag_id": "sales"} for run_id in run_ids],
            "dry_run": False,
        }
        answer = dags.ask("POST", "/api/v2/dags/~/clearDagRuns", body, role="user").json
        assert [one["state"] for one in answer["dag_runs"]] == ["queued"] * len(run_ids)
        return store.runs.counters.commits - before

    for number in range(10, 16):
        ended(store, number, run_id=f"r{number}")
    assert commits("r10") == commits(*(f"r{number}" for number in range(11, 16)))


def test_partitions_are_not_offered(dags: Client) -> None:
    answer = dags.ask("POST", "/api/v2/dags/sales/clearPartitions", {"run_id": "x"}, role="user")
    assert answer.status == 501
    assert "partitions" in answer.json["detail"]


def test_runs_are_changed_and_deleted_in_bulk(dags: Client, store: SqlStore, gate: FakeGate) -> None:
    ended(store)
    ended(store, 2, dag_id="costs", run_id="old.1")
    gate.permissions["sales"] = frozenset(
        Permission(resource=Resource.RUN, verb=verb, dag_id="sales") for verb in Verb
    )
    entities = [
        {"dag_run_id": "done", "dag_id": "sales", "state": "success", "note": "n"},
        {"dag_run_id": "old.1", "dag_id": "costs", "state": "success"},
    ]
    actions: list[dict[str, Any]] = [
        {"action": "create", "entities": entities},
        {"action": "update", "entities": entities},
        {"action": "delete", "entities": ["done"]},
        {"action": "delete", "entities": [entities[0], {"dag_run_id": "x", "dag_id": "sales"}]},
    ]
    answer = dags.ask("PATCH", "/api/v2/dags/~/dagRuns", {"actions": actions}, role="sales").json
    assert answer["create"]["errors"][0]["status_code"] == 405
    assert answer["update"]["success"] == ["sales.done"]
    assert [(one["status_code"], one["name"]) for one in answer["update"]["errors"]] == [(403, "costs.old.1")]
    assert answer["delete"]["success"] == []
    assert [one["status_code"] for one in answer["delete"]["errors"]] == [400, 404]
    run, other = store.runs.load_runs([1, 2])
    assert (run.state, run.note, other.state) == (RunState.SUCCESS, "n", RunState.FAILED)

    delete = {"action": "delete", "entities": ["old.1", "x"], "action_on_non_existence": "skip"}
    answer = dags.ask("PATCH", "/api/v2/dags/costs/dagRuns", {"actions": [delete]}, role="user").json
    assert answer["delete"] == {"success": ["costs.old.1"], "errors": []}
    assert store.runs.load_runs([2]) == []


def test_a_mask_in_bulk_leaves_out_what_it_does_not_name_and_names_what_there_is(
    dags: Client, store: SqlStore
) -> None:
    ended(store)
    entities = [{"dag_run_id": "done", "state": "success", "note": "changed"}]

    def asked(*mask: str) -> Any:
        action = {"action": "update", "entities": entities, "update_mask": list(mask)}
        return dags.ask("PATCH", URL, {"actions": [action]}, role="user").json["update"]

    wrong = asked("bogus", "note")
    assert wrong["success"] == []
    [error] = wrong["errors"]
    assert (error["status_code"], error["name"]) == (422, "sales.done")
    assert "update_mask: names no field of the body" in error["error"]
    assert store.runs.load_runs([1])[0].note is None

    assert asked("note") == {"success": ["sales.done"], "errors": []}
    [run] = store.runs.load_runs([1])
    assert (run.state, run.note) == (RunState.FAILED, "changed")


def test_runs_are_changed_in_bulk_in_one_transaction(dags: Client, store: SqlStore) -> None:
    def commits(*run_ids: str) -> int:
        before = store.runs.counters.commits
        entities = [{"dag_run_id": run_id, "state": "success", "note": run_id} for run_id in run_ids]
        body = {"actions": [{"action": "update", "entities": entities}]}
        answer = dags.ask("PATCH", URL, body, role="user").json["update"]
        assert answer == {"success": [f"sales.{run_id}" for run_id in run_ids], "errors": []}
        return store.runs.counters.commits - before

    for number in range(10, 16):
        ended(store, number, run_id=f"r{number}")
    assert commits("r10") == commits(*(f"r{number}" for number in range(11, 16)))
    assert [(run.state, run.note) for run in store.runs.load_runs(range(10, 16))] == [
        (RunState.SUCCESS, f"r{number}") for number in range(10, 16)
    ]


def test_what_is_refused_in_bulk_keeps_nobody_else_from_it(dags: Client, store: SqlStore) -> None:
    ended(store)
    document_hash = ended(store, 2, run_id="other").document_hash
    running = run_of(3, run_id="running", document_hash=document_hash)
    assert store.runs.apply([[create(running, "load", "sum")]]).all
    assert store.runs.apply([[move_run(running, RunEvent.START, at=NOW)]]).all
    entities = [{"dag_run_id": name, "state": "queued", "note": "n"} for name in ("done", "running", "other")]
    body = {"actions": [{"action": "update", "entities": entities}]}
    answer = dags.ask("PATCH", URL, body, role="user").json["update"]
    assert answer["success"] == ["sales.done", "sales.other"]
    assert [(one["status_code"], one["name"]) for one in answer["errors"]] == [(400, "sales.running")]
    found = [(run.state, run.note) for run in store.runs.load_runs([1, 2, 3])]
    assert found == [(RunState.QUEUED, "n"), (RunState.QUEUED, "n"), (RunState.RUNNING, None)]


def test_a_note_is_written_in_the_transaction_of_the_change(dags: Client, store: SqlStore) -> None:
    ended(store)

    def commits(body: dict[str, Any], path: str = "", method: str = "PATCH") -> int:
        before = store.runs.counters.commits
        assert dags.ask(method, f"{URL}/done{path}", body, role="user").status == 200
        return store.runs.counters.commits - before

    assert commits({"state": "success", "note": "by hand"}) == commits({"state": "failed"})
    clear = {"dry_run": False, "note": "again"}
    first = commits(clear, "/clear", "POST")
    dags.ask("PATCH", f"{URL}/done", {"state": "failed"}, role="user")
    assert first == commits({"dry_run": False}, "/clear", "POST")
    assert store.runs.load_runs([1])[0].note == "again"


def test_what_was_before_and_after_is_noted_for_the_audit_log(dags: Client, services: Services) -> None:
    desk = services.desk
    with collecting() as changes:
        run = trigger_run(desk, desk.dag("sales"), RunRequest(run_id="a"), by="ada")
        for change in (
            RunChange(state=RunState.FAILED),
            RunChange(state=RunState.FAILED),  # it is so already
            RunChange(note="n"),
            RunChange(state=RunState.FAILED, note="m"),
            RunChange(state=RunState.QUEUED, note=" "),
        ):
            change_run(desk, desk.run("sales", "a"), change, by="ada")
        delete_run(desk, desk.run("sales", "a"))
        pause_dags(desk, ["sales"], is_paused=True, by="ada")

    noted = [(one.kind, one.name, one.before, one.after) for one in changes.noted]
    assert noted[0] == ("run", "a", None, run)
    assert noted[1:5] == [
        ("run", "a", {"state": "queued"}, {"state": "failed"}),
        ("run", "a", {"note": None}, {"note": "n"}),
        ("run", "a", {"note": "n"}, {"note": "m"}),
        ("run", "a", {"state": "failed", "note": "m"}, {"state": "queued", "note": None}),
    ]
    assert [one[3] for one in noted[5:]] == [None, {"is_paused": True}]
    assert {one.dag_id for one in changes.noted} == {"sales"}
