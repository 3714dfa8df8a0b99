"""Task instances over HTTP: lists, their filters and orders, tries, and who sees them."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.api.conftest import NOW, Client, FakeGate
from tests.store.building import create, document_of, expand, put_dags, run_of, step
from windward.core.transitions import TaskEvent
from windward.document import GroupDocument, TaskDocument
from windward.document.expansion import Expansion
from windward.model.access import Permission, Resource, Verb
from windward.model.ids import TaskKey
from windward.model.records import HostRecord
from windward.protocol.outcomes import ExitFact
from windward.store.sql.open import SqlStore

OVER = Expansion(style="product", arguments=())
TASKS = (
    TaskDocument(task_id="load", operator="PythonOperator", display_name="Load it", priority_weight=3, pool="big"),
    TaskDocument(task_id="g.sum", operator="BashOperator", group_id="g", upstream=("load",), queue="slow"),
    TaskDocument(task_id="each", operator="@task", expansion=OVER, executor="CeleryExecutor"),
    TaskDocument(task_id="none", operator="@task", expansion=OVER),
)  # fmt: skip
GROUPS = (GroupDocument(group_id="g"),)
HASH = document_of("sales", tasks=TASKS, groups=GROUPS)[0]
COSTS = document_of("costs", fileloc="costs.py")[0]
ALL = "/api/v2/dags/~/dagRuns/~/taskInstances"
RUN = "/api/v2/dags/sales/dagRuns/a/taskInstances"


@pytest.fixture
def filled(client: Client, store: SqlStore) -> Client:
    put_dags(store, "sales", tasks=TASKS, groups=GROUPS)
    put_dags(store, "costs", fileloc="costs.py")
    runs = [
        run_of(1, run_id="a", document_hash=HASH, logical_date=NOW),
        run_of(2, run_id="b", document_hash=HASH),
        run_of(3, run_id="c", dag_id="costs", document_hash=COSTS),
    ]
    names = ["load", "g.sum", "each", "none"]
    groups = [[create(runs[0], *names)], [create(runs[1], "load")], [create(runs[2], "load")]]
    assert store.runs.apply(groups).all
    assert store.runs.apply([[expand(1, "each", 2)]]).all
    ran(store, TaskKey(1, "load"), TaskEvent.SUCCEED, seconds=10)
    ran(store, TaskKey(1, "each", 1), TaskEvent.FAIL, seconds=2, map_label="second")
    ran(store, TaskKey(2, "load"), TaskEvent.DEFER, seconds=None, trigger_class="a.b.Trigger")
    return client


def ran(store: SqlStore, key: TaskKey, end: TaskEvent, *, seconds: float | None, **changes: Any) -> None:
    step(store, key, TaskEvent.QUEUE, try_number=1, queued_at=NOW)
    step(store, key, TaskEvent.START, start_date=NOW, owner="box-a-17-0a1b2c3d", rendered='{"x":"1"}')
    ended = NOW + timedelta(seconds=seconds) if seconds is not None else None
    step(store, key, end, end_date=ended, **changes)


def names(client: Client, path: str, *, role: str = "viewer", body: Any = None) -> list[str]:
    answer = client.ask("GET" if body is None else "POST", path, body, role=role)
    assert answer.status == 200, answer.body
    shown = answer.json["task_instances"]
    assert answer.json["total_entries"] >= len(shown)
    return [
        one["dag_run_id"] + "." + one["task_id"] + (f"[{one['map_index']}]" if one["map_index"] >= 0 else "")
        for one in shown
    ]


def test_the_process_of_a_try_is_told_once_it_has_ended(filled: Client, store: SqlStore) -> None:
    first, second = (
        msgspec.json.encode(ExitFact(kind="ok", pid=pid, unixname="ada")).decode() for pid in (41, 42)
    )
    key = TaskKey(2, "load")
    step(store, key, TaskEvent.RESUME)
    step(store, key, TaskEvent.QUEUE)
    step(store, key, TaskEvent.START, owner="box-a-17-0a1b2c3d")
    step(store, key, TaskEvent.RETRY, end_date=NOW, exit_fact=first)
    step(store, key, TaskEvent.QUEUE, try_number=2, exit_fact=None)
    path = "/api/v2/dags/sales/dagRuns/b/taskInstances/load"

    def shown(part: str = "") -> tuple[int | None, str | None]:
        answer = filled.ask("GET", path + part, role="viewer").json
        return answer["pid"], answer["unixname"]

    assert shown() == (None, None)
    assert shown("/tries/1") == (41, "ada")
    step(store, key, TaskEvent.START, owner="box-a-17-0a1b2c3d")
    step(store, key, TaskEvent.SUCCEED, end_date=NOW, exit_fact=second)
    assert shown() == shown("/tries/2") == (42, "ada")


def test_attempts_are_told_with_how_each_ended(filled: Client, store: SqlStore) -> None:
    killed = ExitFact(kind="signal", signal=9, pid=41, cpu_s=1.5, peak_rss_bytes=2**20)
    key = TaskKey(2, "load")
    step(store, key, TaskEvent.RESUME)
    step(store, key, TaskEvent.QUEUE)
    step(store, key, TaskEvent.START, owner="box-a-17-0a1b2c3d", start_date=NOW)
    step(store, key, TaskEvent.RETRY, end_date=NOW, exit_fact=msgspec.json.encode(killed).decode())
    step(store, key, TaskEvent.QUEUE, try_number=2, exit_fact=None)

    answer = filled.ask(
        "GET", "/api/windward/v1/dags/sales/dagRuns/b/taskInstances/load/-1/attempts", role="viewer"
    )

    assert answer.status == 200, answer.body
    first, second = answer.json["attempts"]
    assert (first["try_number"], first["state"], first["hostname"]) == (1, "failed", "box-a")
    assert first["exit"] == {
        "kind": "signal", "signal": 9, "pid": 41, "cpu_s": 1.5, "peak_rss_bytes": 2**20,
    }  # fmt: skip
    assert (second["try_number"], second["state"], second["exit"]) == (2, "queued", None)
    assert answer.json["is_whole"]


def test_an_instance_is_shown_as_airflow_shows_it(filled: Client) -> None:
    answer = filled.ask("GET", f"{RUN}/load", role="viewer")
    shown = answer.json
    version = shown.pop("dag_version")
    assert len(shown.pop("id")) == 36
    assert shown == {
        "task_id": "load", "dag_id": "sales", "dag_run_id": "a", "map_index": -1, "logical_date": "2026-03-01T12:00:00Z",
        "run_after": "2026-03-29T00:30:01.123456Z", "start_date": "2026-03-01T12:00:00Z",
        "end_date": "2026-03-01T12:00:10Z", "duration": 10.0, "state": "success", "try_number": 1, "max_tries": 0,
        "task_display_name": "Load it", "dag_display_name": "sales", "hostname": "box-a", "unixname": None, "pool": "big",
        "pool_slots": 1, "queue": "default", "priority_weight": 4, "operator": "PythonOperator",
        "operator_name": "PythonOperator", "queued_when": "2026-03-01T12:00:00Z",
        "scheduled_when": "2026-03-01T12:00:00Z", "pid": None, "executor": None, "executor_config": "{}", "note": None,
        "rendered_map_index": None, "rendered_fields": {"x": "1"}, "trigger": None, "triggerer_job": None,
    }  # fmt: skip
    assert version["id"].replace("-", "") == HASH


def test_a_deferred_instance_shows_which_triggerer_has_its_trigger(filled: Client, store: SqlStore) -> None:
    def shown() -> Any:
        found = filled.ask("GET", f"{ALL}?state=deferred", role="viewer").json["task_instances"]
        place = "/api/v2/dags/sales/dagRuns/b/taskInstances/load"
        assert found == [filled.ask("GET", place, role="viewer").json]
        return found[0]

    store.hosts.beat_host(
        HostRecord(
            host_id="t1", hostname="far", pid=7, queues=(), capacity=4,
            lease_until=NOW + timedelta(seconds=20), kind="triggerer",
        )
    )  # fmt: skip
    store.hosts.beat_component("triggerer", "t1", hostname="far", pid=7, now=NOW)
    before = shown()
    store.hosts.put_held("t1", [TaskKey(2, "load"), TaskKey(9, "other")])
    during = shown()
    (job,) = filled.ask("GET", "/api/v2/jobs?job_type=TriggererJob", role="viewer").json["jobs"]
    store.hosts.beat_component("triggerer", "t1", hostname="far", pid=7, now=NOW - timedelta(hours=1))
    silent = shown()
    store.hosts.delete_host("t1")

    assert before["triggerer_job"] is before["trigger"]["triggerer_id"] is None
    assert during["triggerer_job"] == job
    assert during["trigger"]["triggerer_id"] == job["id"]
    assert (job["state"], silent["triggerer_job"]["state"]) == ("running", "failed")
    assert shown() == before


def test_a_mapped_instance_has_its_index_in_the_path(filled: Client) -> None:
    shown = filled.ask("GET", f"{RUN}/each/1", role="viewer").json
    assert (shown["map_index"], shown["state"], shown["rendered_map_index"]) == (1, "failed", "second")
    assert filled.ask("GET", f"{RUN}/each/0", role="viewer").json["rendered_map_index"] == "0"
    refused = filled.ask("GET", f"{RUN}/each", role="viewer")
    assert (refused.status, refused.json["detail"]) == (
        404,
        "Task instance is mapped, add the map_index value to the URL",
    )


def test_a_deferred_instance_says_what_it_waits_for_and_nothing_of_its_arguments(filled: Client) -> None:
    [shown] = [
        one
        for one in filled.ask("GET", f"{ALL}?state=deferred", role="viewer").json["task_instances"]
        if one["dag_run_id"] == "b"
    ]
    trigger = shown["trigger"]
    assert (trigger["classpath"], trigger["kwargs"]) == ("a.b.Trigger", "{}")
    assert trigger["created_date"]


@pytest.mark.parametrize(("query", "expected"), [
    ("", ["a.g.sum", "a.load", "a.none", "b.load", "c.load", "a.each[0]", "a.each[1]"]),
    ("?limit=2", ["a.g.sum", "a.load"]),
    ("?limit=2&offset=4", ["c.load", "a.each[0]"]),
    ("?order_by=-id&limit=2", ["c.load", "b.load"]),
    ("?order_by=-duration&limit=2", ["a.load", "a.each[1]"]),
    ("?order_by=operator&state=none", ["a.each[0]", "a.none", "a.g.sum", "c.load"]),
    ("?order_by=-operator&order_by=task_id&dag_id_pattern=sales&map_index=-1",
     ["a.load", "b.load", "a.g.sum", "a.none"]),
    ("?order_by=rendered_map_index&task_id=each", ["a.each[1]", "a.each[0]"]),
    ("?order_by=-run_after&task_id=load", ["c.load", "b.load", "a.load"]),
    ("?state=success&state=failed", ["a.load", "a.each[1]"]),
    ("?state=no_status&task_id=load", ["c.load"]),
    ("?duration_gt=5", ["a.load"]),
    ("?end_date_lte=2026-03-01T12:00:02Z", ["a.each[1]"]),
    ("?start_date_gte=2026-03-01T12:00:00Z", ["a.load", "b.load", "a.each[1]"]),
    ("?updated_at_lte=2026-03-01T12:00:05Z", ["b.load", "a.each[1]"]),
    ("?logical_date_gte=2026-03-01T12:00:00Z&map_index=-1", ["a.g.sum", "a.load", "a.none"]),
    ("?run_after_gt=2026-03-29T00:30:02Z", ["b.load", "c.load"]),
    ("?task_display_name_pattern=it", ["a.load", "b.load"]),
    ("?task_display_name_prefix_pattern=Load", ["a.load", "b.load"]),
    ("?task_group_id=g", ["a.g.sum"]),
    ("?dag_id_prefix_pattern=c", ["c.load"]),
    ("?run_id_pattern=B|C", ["b.load", "c.load"]),
    ("?pool=big", ["a.load", "b.load"]),
    ("?pool=nothing", []),
    ("?pool_name_pattern=BI_", ["a.load", "b.load"]),
    ("?queue=slow", ["a.g.sum"]),
    ("?queue_name_prefix_pattern=def&map_index=0", ["a.each[0]"]),
    ("?executor=CeleryExecutor", ["a.each[0]", "a.each[1]"]),
    ("?version_number=2", []),
    ("?version_number=1&limit=1", ["a.g.sum"]),
    ("?try_number=1", ["a.load", "b.load", "a.each[1]"]),
    ("?operator=@task", ["a.none", "a.each[0]", "a.each[1]"]),
    ("?operator_name_pattern=bash", ["a.g.sum"]),
    ("?map_index=0&map_index=1", ["a.each[0]", "a.each[1]"]),
    ("?rendered_map_index_pattern=SEC", ["a.each[1]"]),
    ("?rendered_map_index_prefix_pattern=0", ["a.each[0]"]),
])  # fmt: skip
def test_lists_are_filtered_ordered_and_cut(filled: Client, query: str, expected: list[str]) -> None:
    assert names(filled, ALL + query) == expected


def test_a_run_and_a_dag_have_their_own_instances(filled: Client) -> None:
    assert names(filled, "/api/v2/dags/sales/dagRuns/b/taskInstances") == ["b.load"]
    assert names(filled, "/api/v2/dags/costs/dagRuns/~/taskInstances") == ["c.load"]


@pytest.mark.parametrize(("path", "status"), [
    ("/api/v2/dags/~/dagRuns/a/taskInstances", 400),
    ("/api/v2/dags/sales/dagRuns/z/taskInstances", 404),
    ("/api/v2/dags/nothing/dagRuns/~/taskInstances", 404),
    (f"{RUN}?task_group_id=h", 404),
    (f"{ALL}?state=tired", 422),
    (f"{ALL}?map_index=x", 422),
    (f"{ALL}?map_index={2**63}", 422),
    (f"{ALL}?try_number={2**31 - 1}", 200),
    (f"{RUN}/each/{2**63}", 422),
    (f"{RUN}/each/{2**31 - 1}", 404),
    (f"{RUN}/load/tries?map_index=-{2**70}", 422),
    (f"{ALL}?order_by=pool", 400),
    (f"{ALL}?cursor=x", 400),
    (f"{RUN}/nothing", 404),
    (f"{RUN}/each/7", 404),
    (f"{RUN}/each/x", 422),
    (f"{RUN}/load/listMapped", 404),
    (f"{RUN}/nothing/listMapped", 404),
    ("/api/v2/dags/sales/dagRuns/z/taskInstances/each/listMapped", 404),
    (f"{RUN}/nothing/tries", 404),
    (f"{RUN}/load/tries/7", 404),
])  # fmt: skip
def test_what_cannot_be_asked_is_refused(filled: Client, path: str, status: int) -> None:
    assert filled.ask("GET", path, role="viewer").status == status


@pytest.mark.parametrize(
    "order", ["map_index", "-start_date", "operator", "-rendered_map_index", "-duration"]
)
def test_pages_by_cursor_hold_each_instance_once(filled: Client, order: str) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = filled.ask("GET", f"{ALL}?limit=2&order_by={order}&cursor={cursor}", role="viewer").json
        assert (answer["total_entries"], answer["total_entries_limit"]) == (7, 10_000)
        seen += [f"{one['dag_run_id']}{one['task_id']}{one['map_index']}" for one in answer["task_instances"]]
        cursor = answer["next_cursor"]
    assert len(seen) == len(set(seen)) == 7


@pytest.mark.parametrize(("body", "expected"), [
    ({}, ["a.g.sum", "a.load", "a.none", "b.load", "c.load", "a.each[0]", "a.each[1]"]),
    ({"dag_ids": ["costs"], "pool": []}, ["c.load"]),
    ({"dag_run_ids": ["b", "c"], "task_ids": ["load"]}, ["b.load", "c.load"]),
    ({"state": ["failed", None], "task_ids": ["each"]}, ["a.each[0]", "a.each[1]"]),
    ({"pool": ["big"], "queue": ["default"], "page_limit": 1, "page_offset": 1}, ["b.load"]),
    ({"executor": ["CeleryExecutor"], "duration_lt": 5, "order_by": "-map_index"}, ["a.each[1]"]),
])  # fmt: skip
def test_instances_are_listed_by_a_body(filled: Client, body: dict[str, Any], expected: list[str]) -> None:
    assert names(filled, f"{ALL}/list", body=body) == expected


def test_a_body_lists_instances_of_all_dags_only(filled: Client) -> None:
    assert filled.ask("POST", f"{RUN}/list", {}, role="viewer").status == 422


def test_the_instances_of_a_mapped_task_are_listed(filled: Client) -> None:
    assert names(filled, f"{RUN}/each/listMapped?order_by=-map_index") == ["a.each[1]", "a.each[0]"]
    assert names(filled, f"{RUN}/each/listMapped?state=failed") == ["a.each[1]"]
    assert names(filled, f"{RUN}/none/listMapped") == []


def test_each_try_of_an_instance_is_shown(filled: Client, store: SqlStore) -> None:
    key = TaskKey(1, "g.sum")
    step(store, key, TaskEvent.QUEUE, try_number=1, queued_at=NOW)
    step(store, key, TaskEvent.START, start_date=NOW, owner="box-1-0a")
    step(store, key, TaskEvent.RETRY, end_date=NOW + timedelta(seconds=1))
    waiting = filled.ask("GET", f"{RUN}/g.sum/tries", role="viewer").json
    assert [(one["try_number"], one["state"]) for one in waiting["task_instances"]] == [(1, "failed")]
    step(store, key, TaskEvent.QUEUE, try_number=2, queued_at=NOW, start_date=None, end_date=None)
    both = filled.ask("GET", f"{RUN}/g.sum/-1/tries", role="viewer").json
    assert [(one["try_number"], one["state"], one["duration"]) for one in both["task_instances"]] == [
        (1, "failed", 1.0), (2, "queued", None),
    ]  # fmt: skip
    assert both["total_entries"] == 2
    first = filled.ask("GET", f"{RUN}/g.sum/tries/1", role="viewer").json
    second = filled.ask("GET", f"{RUN}/g.sum/-1/tries/2", role="viewer").json
    assert (first["state"], first["hostname"], second["state"]) == ("failed", "box", "queued")


def test_instances_of_other_dags_are_not_shown(filled: Client, gate: FakeGate) -> None:
    gate.permissions["costs"] = frozenset(
        {Permission(resource=Resource.TASK_INSTANCE, verb=Verb.READ, dag_id="costs")}
    )
    assert names(filled, ALL, role="costs") == ["c.load"]
    assert names(filled, f"{ALL}?pool=default_pool", role="costs") == ["c.load"]
    assert names(filled, f"{ALL}/list", role="costs", body={"dag_ids": ["sales", "costs"]}) == ["c.load"]
    assert filled.ask("GET", f"{RUN}/load", role="costs").status == 403


def test_a_page_takes_few_queries_however_many_instances_it_has(filled: Client, store: SqlStore) -> None:
    def queries(limit: int) -> int:
        before = store.runs.counters.queries
        names(filled, f"{ALL}?limit={limit}&queue=default&order_by=operator")
        return store.runs.counters.queries - before

    queries(1)  # documents are kept from then on
    assert queries(1) + 1 == queries(6) <= 8, "one more where an instance is deferred: who has its trigger"


def test_what_an_instance_waits_for_is_listed_by_name(filled: Client, store: SqlStore) -> None:
    def waits(path: str) -> dict[str, str]:
        answer = filled.ask("GET", f"{RUN}/{path}", role="viewer")
        assert answer.status == 200, answer.body
        return {one["name"]: one["reason"] for one in answer.json["dependencies"]}

    found = waits("none/dependencies")
    assert list(found) == ["Dagrun Running", "Scheduler", "Worker Hosts"]
    assert found["Dagrun Running"].startswith("the run is queued")
    assert waits("each/0/dependencies") == waits("each/dependencies?map_index=0") == found
    assert waits("load/dependencies") == {}
    assert filled.ask("GET", f"{RUN}/each/dependencies", role="viewer").status == 404
