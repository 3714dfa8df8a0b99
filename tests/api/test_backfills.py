"""Backfills over HTTP."""

from typing import Any

import pytest

from tests.api.conftest import Client, FakeGate, FakeWakeup
from tests.store.building import create, put_dags, run_of
from windward.core.actions import MoveSlot, move_backfill
from windward.core.transitions import BackfillEvent
from windward.document import TaskDocument
from windward.model.access import Permission, Resource, Verb
from windward.model.states import SlotState
from windward.store.sql.open import SqlStore
from windward.timetable import CronSchedule, ScheduleKind

DAILY = CronSchedule(expression="@daily", timezone="UTC", kind=ScheduleKind.DATA_INTERVAL)
URL = "/api/v2/backfills"
BODY = {"dag_id": "sales", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-03T00:00:00"}


@pytest.fixture
def dags(client: Client, store: SqlStore, gate: FakeGate) -> Client:
    gate.permissions["sales"] = frozenset(
        Permission(resource=resource, verb=verb, dag_id="sales") for resource in Resource for verb in Verb
    )
    put_dags(store, "sales", "costs", schedule=DAILY)
    put_dags(store, "never", fileloc="never.py")
    put_dags(store, "strict", fileloc="strict.py", schedule=DAILY, allowed_run_types=("manual",))
    past = TaskDocument(task_id="a", operator="X", depends_on_past=True)
    put_dags(store, "past", fileloc="past.py", schedule=DAILY, tasks=(past,))
    return client


def post(client: Client, role: str = "user", url: str = URL, **body: Any) -> Any:
    return client.ask("POST", url, {**BODY, **body}, role=role)


def test_a_backfill_is_made_shown_and_listed(dags: Client, store: SqlStore, wakeup: FakeWakeup) -> None:
    answer = post(dags, dag_run_conf={"k": 1}, reprocess_behavior="failed", max_active_runs=2)

    assert answer.status == 200, answer.body
    assert answer.json == {
        "id": 1, "dag_id": "sales", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-03T00:00:00Z",
        "dag_run_conf": {"k": 1}, "is_paused": False, "reprocess_behavior": "failed", "max_active_runs": 2,
        "created_at": "2026-03-01T12:00:00Z", "completed_at": None, "updated_at": "2026-03-01T12:00:00Z",
        "dag_display_name": "sales",
    }  # fmt: skip
    assert wakeup.count == 1
    assert dags.ask("GET", f"{URL}/1", role="viewer").json == answer.json
    assert dags.ask("GET", f"{URL}?dag_id=sales", role="viewer").json == {
        "backfills": [answer.json],
        "total_entries": 1,
    }
    [record] = store.backfills.load_backfills([1])
    assert (record.created_by, record.is_latest_version, record.is_idle_class) == ("user", True, True)
    assert len(store.backfills.list_slots(1)) == 3


def test_dates_say_what_became_of_them_and_how_their_runs_stand(dags: Client, store: SqlStore) -> None:
    post(dags)
    run = run_of(7, dag_id="sales", run_id="first")
    store.runs.apply([[create(run, "load")]])
    first = store.backfills.list_slots(1)[0]
    made = MoveSlot(backfill_pk=1, ordinal=first.ordinal, state=SlotState.MADE, run_pk=7)
    assert store.runs.apply([[made]]).all

    found = dags.ask("GET", "/api/windward/v1/backfills/1/dates", role="viewer").json

    assert [(one["logical_date"][:10], one["state"], one["dag_run_id"]) for one in found["dates"]] == [
        ("2026-01-01", "made", "first"),
        ("2026-01-02", "waiting", None),
        ("2026-01-03", "waiting", None),
    ]
    assert found["dates"][0]["run_state"] == "queued"
    assert (found["total_entries"], found["is_whole"]) == (3, True)
    assert dags.ask("GET", "/api/windward/v1/backfills/2/dates", role="viewer").status == 404


@pytest.mark.parametrize(("body", "status"), [
    ({"dag_id": "nothing"}, 404), ({"dag_id": "strict"}, 400), ({"dag_id": "never"}, 422),
    ({"to_date": "2025-01-01T00:00:00Z"}, 422), ({"to_date": "2027-01-01T00:00:00Z"}, 422),
    ({"dag_id": "past", "run_backwards": True}, 422), ({"max_active_runs": 0}, 422), ({"colour": "red"}, 422),
    ({"reprocess_behavior": "some"}, 422),
])  # fmt: skip
def test_what_cannot_be_is_refused_also_when_only_asked(dags: Client, body: Any, status: int) -> None:
    assert post(dags, **body).status == status
    assert post(dags, url=f"{URL}/dry_run", **body).status == status


def test_a_dag_has_one_open_backfill_at_a_time(dags: Client) -> None:
    assert post(dags).status == 200
    assert post(dags).status == 409
    assert post(dags, dag_id="costs").status == 200


def test_a_dry_run_says_which_dates_would_run(dags: Client, store: SqlStore) -> None:
    answer = post(dags, url=f"{URL}/dry_run", run_backwards=True).json
    dates = [one["logical_date"] for one in answer["backfills"]]
    assert dates == ["2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"]
    slots = [one.logical_date for one in store.backfills.list_slots(1)]
    assert (slots, store.backfills.list_backfills()) == ([], [])

    post(dags)
    done = store.backfills.list_slots(1)[0].logical_date
    store.runs.apply([[create(run_of(9, logical_date=done), "load")]])
    answer = post(dags, url=f"{URL}/dry_run").json
    assert answer["total_entries"] == 2


def test_a_backfill_is_paused_goes_on_and_is_cancelled(dags: Client, store: SqlStore) -> None:
    post(dags)

    def change(verb: str) -> Any:
        return dags.ask("PUT", f"{URL}/1/{verb}", role="user")

    assert change("pause").json["is_paused"] is True
    assert change("pause").json["is_paused"] is True
    assert change("unpause").json["is_paused"] is False
    cancelled = change("cancel").json
    assert cancelled["completed_at"] == cancelled["updated_at"] == "2026-03-01T12:00:00Z"
    for verb in ("pause", "unpause", "cancel"):
        assert change(verb).status == 409
    assert dags.ask("PUT", f"{URL}/7/pause", role="user").status == 404


def test_backfills_of_other_dags_are_neither_seen_nor_touched(dags: Client, gate: FakeGate) -> None:
    post(dags, dag_id="costs")
    assert dags.ask("GET", f"{URL}/1", role="sales").status == 404
    assert dags.ask("PUT", f"{URL}/1/cancel", role="sales").status == 404
    assert dags.ask("GET", f"{URL}?dag_id=costs", role="sales").status == 403
    assert post(dags, role="sales", dag_id="costs").status == 403
    assert post(dags, role="sales").status == 200
    # Who makes a backfill makes runs.
    gate.permissions["half"] = frozenset({Permission(resource=Resource.BACKFILL, verb=Verb.CREATE)})
    assert post(dags, role="half", url=f"{URL}/dry_run").status == 403
    assert dags.ask("GET", URL, role="viewer").status == 422


def test_one_that_is_over_is_told_from_one_that_is_paused(dags: Client, store: SqlStore) -> None:
    post(dags)
    [record] = store.backfills.load_backfills([1])
    end = move_backfill(record, BackfillEvent.COMPLETE, at=record.created_at, reason="done")
    assert store.runs.apply([[end]]).all
    shown = dags.ask("GET", f"{URL}/1", role="viewer").json
    assert (shown["is_paused"], shown["completed_at"]) == (False, "2026-03-01T12:00:00Z")
