"""DAGs over HTTP, with what their files say: lists, details, tasks, sources, warnings and errors."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.api.conftest import NOW, Client, FakeGate, FakeWakeup
from tests.store.building import create, put_dags, run_of
from windward.api.services import Services
from windward.document import (
    AliasDocument,
    AssetDocument,
    Expansion,
    LiteralLength,
    ParamDocument,
    TaskDocument,
)
from windward.model.access import Permission, Resource, Verb
from windward.model.files import FileRecord
from windward.model.states import RunState
from windward.store.sql.open import SqlStore
from windward.timetable import (
    AliasLeaf,
    AnyOf,
    AssetLeaf,
    AssetSchedule,
    CronSchedule,
    CustomSchedule,
    ScheduleKind,
)

ORDERS = AssetDocument(name="orders", uri="s3://bucket/orders")
SCHEDULE = AssetSchedule(
    condition=AnyOf(parts=(AssetLeaf(name=ORDERS.name, uri=ORDERS.uri), AliasLeaf(name="any")))
)
ALL_OF_SALES = {
    Permission(resource=resource, verb=verb, dag_id="sales") for resource in Resource for verb in Verb
}


def daily(expression: str = "@daily", kind: ScheduleKind = ScheduleKind.DATA_INTERVAL) -> CronSchedule:
    return CronSchedule(expression=expression, timezone="UTC", kind=kind)


@pytest.fixture
def dags(client: Client, store: SqlStore, gate: FakeGate) -> Client:
    gate.permissions["sales"] = frozenset(ALL_OF_SALES)
    later = {"start_date": datetime(2026, 6, 1, tzinfo=UTC)}
    put_dags(store, "sales", "costs", schedule=daily(), tags=("money", "b"), now=NOW)
    put_dags(
        store,
        "late",
        fileloc="late.py",
        schedule=daily(kind=ScheduleKind.TRIGGER),
        tags=("b",),
        now=NOW,
        **later,
    )
    put_dags(store, "eager", fileloc="eager.py", schedule=SCHEDULE, assets=(ORDERS,),
             aliases=(AliasDocument(name="any", group="g"),), display_name="Ä 50%", now=NOW)  # fmt: skip
    put_dags(store, "own", fileloc="own.py", schedule=CustomSchedule(timetable="mine.Own"), now=NOW)
    put_dags(store, "gone", fileloc="gone.py", now=NOW)
    store.catalog.delete_file("gone.py", now=NOW)
    runs = [
        run_of(1, dag_id="sales", state=RunState.SUCCESS, start_date=NOW),
        run_of(2, dag_id="sales", state=RunState.FAILED, start_date=NOW + timedelta(days=1)),
        run_of(3, dag_id="late", state=RunState.SUCCESS, start_date=NOW - timedelta(days=1)),
        run_of(4, dag_id="sales", state=RunState.RUNNING, run_after=NOW - timedelta(days=9)),
    ]
    assert store.runs.apply([[create(run, "load")] for run in runs]).all
    return client


def ids(client: Client, query: str = "", role: str = "viewer") -> list[str]:
    answer = client.ask("GET", f"/api/v2/dags{query}", role=role)
    assert answer.status == 200, answer.body
    return [dag["dag_id"] for dag in answer.json["dags"]]


def test_a_dag_is_shown_as_airflow_shows_it(dags: Client, services: Services) -> None:
    shown = dags.ask("GET", "/api/v2/dags/sales", role="viewer").json
    token = shown.pop("file_token")
    assert shown == {
        "dag_id": "sales", "dag_display_name": "sales", "is_paused": False, "is_stale": False,
        "last_parsed_time": None, "last_parse_duration": 0.0, "last_expired": None, "bundle_name": "dags-folder",
        "bundle_version": None, "relative_fileloc": "sales.py",
        "fileloc": str(services.settings.core.dags_folder / "sales.py"), "description": None,
        "timetable_summary": "0 0 * * *", "timetable_description": "every day at 00:00 (UTC)",
        "timetable_partitioned": False, "timetable_periodic": True,
        "tags": [{"name": name, "dag_id": "sales", "dag_display_name": "sales"} for name in ("b", "money")],
        "max_active_tasks": 16, "max_active_runs": 16, "max_consecutive_failed_dag_runs": 0,
        "has_task_concurrency_limits": False, "has_import_errors": False,
        "next_dagrun_logical_date": "2026-02-28T00:00:00Z",
        "next_dagrun_data_interval_start": "2026-02-28T00:00:00Z",
        "next_dagrun_data_interval_end": "2026-03-01T00:00:00Z", "next_dagrun_run_after": "2026-03-01T00:00:00Z",
        "allowed_run_types": None, "owners": ["ada"], "is_backfillable": True,
    }  # fmt: skip
    assert token == dags.ask("GET", "/api/v2/dags/costs", role="viewer").json["file_token"]
    assert dags.ask("GET", "/api/v2/dags/gone", role="viewer").json["is_stale"] is True
    assert dags.ask("GET", "/api/v2/dags/nothing", role="viewer").status == 404


@pytest.mark.parametrize(("query", "expected"), [
    ("", ["costs", "eager", "late", "own", "sales"]),
    ("?exclude_stale=false&dag_id_pattern=g", ["eager", "gone"]),
    ("?limit=2&offset=1", ["eager", "late"]),
    ("?order_by=-dag_id&limit=2", ["sales", "own"]),
    ("?order_by=dag_display_name&limit=1", ["costs"]),
    ("?tags=money", ["costs", "sales"]),
    ("?tags=money&tags=b", ["costs", "late", "sales"]),
    ("?tags=money&tags=b&tags_match_mode=all", ["costs", "sales"]),
    ("?tags=mon", []),
    ("?owners=AD", ["costs", "eager", "late", "own", "sales"]),
    ("?owners=%", []),
    ("?dag_id_prefix_pattern=s|l", ["late", "sales"]),
    ("?dag_display_name_pattern=50", ["eager"]),
    ("?paused=true", []),
    ("?paused=false&dag_id_pattern=sal%s", ["sales"]),
    ("?has_import_errors=true", []),
    ("?last_dag_run_state=failed", ["sales"]),
    ("?last_dag_run_state=success", ["late"]),
    ("?last_dag_run_state=success&dag_run_state=failed", []),
    ("?dag_run_state=failed&dag_run_state=success", ["late", "sales"]),
    ("?dag_run_start_date_lt=2026-03-01T00:00:00Z", ["late"]),
    ("?order_by=-last_run_start_date&limit=3", ["sales", "late", "costs"]),
    ("?order_by=last_run_state&limit=2", ["sales", "late"]),
    ("?bundle_name=dags-folder&limit=1", ["costs"]),
    ("?bundle_name=other", []),
    ("?has_asset_schedule=true", ["eager"]),
    ("?has_asset_schedule=false&limit=1", ["costs"]),
    ("?asset_dependency=BUCKET", ["eager"]),
    ("?asset_dependency=b%25", []),
    ("?timetable_type=airflow.timetables.trigger.CronTriggerTimetable&timetable_type=mine.Own", ["late", "own"]),
    ("?order_by=next_dagrun", ["costs", "sales", "late", "eager", "own"]),
    ("?order_by=-next_dagrun&limit=2", ["late", "costs"]),
    ("?is_favorite=true", []),
    ("?is_favorite=false&tags=money", ["costs", "sales"]),
])  # fmt: skip
def test_lists_are_filtered_ordered_and_cut(dags: Client, query: str, expected: list[str]) -> None:
    assert ids(dags, query) == expected


def test_dags_beyond_the_callers_reach_are_not_listed(dags: Client) -> None:
    assert ids(dags, role="sales") == ["sales"]
    assert dags.ask("GET", "/api/v2/dagTags", role="sales").json["tags"] == ["b", "money"]
    stats = dags.ask("GET", "/api/v2/dagStats", role="sales").json
    assert [dag["dag_id"] for dag in stats["dags"]] == ["sales"]
    answer = dags.ask("PATCH", "/api/v2/dags?dag_id_pattern=~", {"is_paused": True}, role="sales")
    assert [dag["dag_id"] for dag in answer.json["dags"]] == ["sales"]
    assert ids(dags, "?paused=true", role="viewer") == ["sales"]


def test_details_say_everything_of_a_dag(dags: Client, store: SqlStore) -> None:
    put_dags(
        store, "full", fileloc="full.py", doc_md="  # Title\n  text", dagrun_timeout_s=90.0, catchup=True,
        params={"n": ParamDocument(has_default=True, default=3, schema={"type": "integer"}, description="d")},
        owner_links={"ada": "https://x"}, timezone="Asia/Seoul", template_searchpath=("/sql",),
        default_args={"retries": 2, "op_kwargs": {"api_key": "hush"}},
    )  # fmt: skip
    shown = dags.ask("GET", "/api/v2/dags/full/details", role="viewer").json
    expected = {
        "doc_md": "# Title\ntext", "dag_run_timeout": "PT90S", "catchup": True, "timezone": "Asia/Seoul",
        "params": {"n": {"value": 3, "schema": {"type": "integer"}, "description": "d", "source": None}},
        "owner_links": {"ada": "https://x"}, "is_favorite": False, "active_runs_count": 0, "concurrency": 16,
        "asset_expression": None, "timetable_summary": None, "template_search_path": ["/sql"],
        "default_args": {"retries": 2, "op_kwargs": {"api_key": "***"}},
    }  # fmt: skip
    assert {name: shown[name] for name in expected} == expected
    assert shown["latest_dag_version"]["version_number"] == 1
    assert dags.ask("GET", "/api/v2/dags/sales/details", role="viewer").json["active_runs_count"] == 1
    eager = dags.ask("GET", "/api/v2/dags/eager/details", role="viewer").json
    assert eager["asset_expression"] == {
        "any": [
            {"asset": {"name": "orders", "uri": "s3://bucket/orders", "group": "asset"}},
            {"alias": {"name": "any", "group": "g"}},
        ]
    }


def test_params_stand_in_the_order_of_their_author(dags: Client, store: SqlStore) -> None:
    params = {name: ParamDocument(place=place) for place, name in enumerate(["when", "amount", "kind"])}
    put_dags(store, "full", fileloc="full.py", params=params)
    shown = dags.ask("GET", "/api/v2/dags/full/details", role="viewer").json
    assert list(shown["params"]) == ["when", "amount", "kind"]


def test_a_dag_is_paused_and_the_scheduler_told(dags: Client, store: SqlStore, wakeup: FakeWakeup) -> None:
    answer = dags.ask("PATCH", "/api/v2/dags/sales", {"is_paused": True}, role="user")
    assert (answer.status, answer.json["is_paused"], wakeup.count) == (200, True, 1)
    details = store.reads.dag_details("sales")
    assert details is not None
    assert details.paused_reason == "asked for by user"
    assert (
        dags.ask("PATCH", "/api/v2/dags/sales?update_mask=tags", {"is_paused": True}, role="user").status
        == 400
    )
    assert dags.ask("PATCH", "/api/v2/dags/sales", {}, role="user").status == 422


def test_many_dags_are_paused_only_when_a_pattern_says_which(dags: Client) -> None:
    nothing = dags.ask("PATCH", "/api/v2/dags?tags=money", {"is_paused": True}, role="user")
    assert nothing.json == {"dags": [], "total_entries": 0}
    answer = dags.ask(
        "PATCH", "/api/v2/dags?dag_id_pattern=~&tags=money&limit=1", {"is_paused": True}, role="user"
    )
    assert (len(answer.json["dags"]), answer.json["total_entries"]) == (1, 2)
    assert answer.json["dags"][0]["is_paused"] is True
    assert ids(dags, "?paused=true") == ["costs", "sales"]


def test_favourites_are_a_users_own(dags: Client) -> None:
    url = "/api/v2/dags/sales"
    assert dags.ask("POST", f"{url}/favorite", role="viewer").status == 204
    assert dags.ask("POST", f"{url}/favorite", role="viewer").status == 204
    assert ids(dags, "?is_favorite=true") == ["sales"]
    assert ids(dags, "?is_favorite=true", role="user") == []
    assert dags.ask("GET", f"{url}/details", role="viewer").json["is_favorite"] is True
    assert dags.ask("POST", f"{url}/unfavorite", role="user").status == 409
    assert dags.ask("POST", f"{url}/unfavorite", role="viewer").status == 204
    assert ids(dags, "?is_favorite=true") == []


def test_a_dag_is_deleted_with_its_runs(dags: Client, store: SqlStore) -> None:
    assert dags.ask("DELETE", "/api/v2/dags/sales", role="user").status == 204
    assert dags.ask("DELETE", "/api/v2/dags/sales", role="user").status == 404
    assert [run.run_pk for run in store.runs.load_runs([1, 2, 3, 4])] == [3]


@pytest.mark.parametrize(("query", "expected"), [
    ("", ["b", "money"]), ("?order_by=-name&limit=1", ["money"]), ("?tag_name_pattern=M_N", ["money"]),
    ("?tag_name_pattern=o%25y", ["money"]), ("?tag_name_prefix_pattern=b", ["b"]), ("?offset=2", []),
])  # fmt: skip
def test_tags_are_listed_once(dags: Client, query: str, expected: list[str]) -> None:
    assert dags.ask("GET", f"/api/v2/dagTags{query}", role="viewer").json["tags"] == expected


def test_runs_are_counted_by_state(dags: Client) -> None:
    answer = dags.ask("GET", "/api/v2/dagStats?dag_ids=sales&dag_ids=costs", role="viewer").json
    [sales] = answer["dags"]
    assert {one["state"]: one["count"] for one in sales["stats"]} == {
        "queued": 0, "running": 1, "success": 1, "failed": 1,
    }  # fmt: skip
    assert answer["total_entries"] == 1


def test_a_task_lies_within_the_dates_of_its_dag(dags: Client, store: SqlStore) -> None:
    day = [datetime(2026, 3, number, tzinfo=UTC) for number in range(1, 5)]
    tasks = tuple(
        TaskDocument(task_id=name, operator="Op", start_date=start, end_date=end)
        for name, start, end in (("dags", None, None), ("within", day[2], day[2]), ("beyond", day[0], day[3]))
    )

    def shown(**dates: datetime) -> dict[str, list[str | None]]:
        put_dags(store, "two", fileloc="two.py", tasks=tasks, **dates)
        answer = dags.ask("GET", "/api/v2/dags/two/tasks", role="viewer").json
        return {
            task["task_id"]: [text and text[8:10] for text in (task["start_date"], task["end_date"])]
            for task in answer["tasks"]
        }

    assert shown() == {"dags": [None, None], "within": ["03", "03"], "beyond": ["01", "04"]}
    assert shown(start_date=day[1], end_date=day[3]) == {
        "dags": ["02", "04"], "within": ["03", "03"], "beyond": ["02", "04"],
    }  # fmt: skip


def test_tasks_are_shown_with_what_follows_them(dags: Client, store: SqlStore) -> None:
    first = TaskDocument(task_id="a", operator="BashOperator", operator_module="x.y", retries=2, owner="zoe",
                         execution_timeout_s=90_061.5, template_fields={"cmd": "echo"})  # fmt: skip
    second = TaskDocument(
        task_id="b", operator="Op", upstream=("a",), display_name="B!",
        expansion=Expansion(style="kwargs", arguments=(("x", LiteralLength(length=2)),)),
    )  # fmt: skip
    put_dags(store, "two", fileloc="two.py", tasks=(first, second))
    shown = dags.ask("GET", "/api/v2/dags/two/tasks/a", role="viewer").json
    assert shown["execution_timeout"] == {
        "__type": "TimeDelta",
        "days": 1,
        "seconds": 3661,
        "microseconds": 500_000,
    }
    assert (shown["downstream_task_ids"], shown["template_fields"], shown["is_mapped"]) == (
        ["b"],
        ["cmd"],
        False,
    )
    assert shown["class_ref"] == {"module_path": "x.y", "class_name": "BashOperator"}

    def listed(query: str) -> list[str]:
        answer = dags.ask("GET", f"/api/v2/dags/two/tasks{query}", role="viewer")
        return [task["task_id"] for task in answer.json["tasks"]]

    assert (listed(""), listed("?order_by=-task_id")) == (["a", "b"], ["b", "a"])
    assert (listed("?order_by=execution_timeout"), listed("?order_by=owner")) == (["a", "b"], ["b", "a"])
    assert dags.ask("GET", "/api/v2/dags/two/tasks?order_by=params", role="viewer").status == 400
    assert dags.ask("GET", "/api/v2/dags/two/tasks/c", role="viewer").status == 404


def test_the_source_is_that_of_the_version(
    dags: Client, store: SqlStore, services: Services, tmp_path: Path
) -> None:
    code = services.execution.code
    for number, text in enumerate((b"# first", b"# second"), 1):
        code_hash = code.save(tmp_path, {"src.py": text})
        put_dags(store, "src", "other", fileloc="src.py", code_hash=code_hash, description=str(number))
    answer = dags.ask("GET", "/api/v2/dagSources/src", role="viewer").json
    assert answer == {"content": "# second", "dag_id": "src", "version_number": 2, "dag_display_name": "src"}
    old = dags.ask(
        "GET", "/api/v2/dagSources/src?version_number=1", role="viewer", headers={"accept": "text/plain"}
    )
    assert (old.body, old.headers["content-type"]) == (b"# first", "text/plain; charset=utf-8")
    assert dags.ask("GET", "/api/v2/dagSources/src?version_number=9", role="viewer").status == 404
    assert (
        dags.ask("GET", "/api/v2/dagSources/src", role="viewer", headers={"accept": "image/png"}).status
        == 406
    )
    assert dags.ask("GET", "/api/v2/dagSources/sales", role="viewer").status == 404  # no snapshot was kept


def test_the_source_is_not_shown_to_whom_a_dag_of_the_file_is_closed(
    dags: Client, gate: FakeGate, store: SqlStore, services: Services, tmp_path: Path
) -> None:
    code_hash = services.execution.code.save(tmp_path, {"src.py": b"secret"})
    put_dags(store, "src", "other", fileloc="src.py", code_hash=code_hash)
    gate.permissions["src"] = frozenset({Permission(resource=Resource.CODE, verb=Verb.READ, dag_id="src")})
    assert dags.ask("GET", "/api/v2/dagSources/src", role="src").json["content"].startswith("REDACTED")


def broken(store: SqlStore, fileloc: str, *dag_ids: str) -> None:
    file = FileRecord(
        fileloc=fileloc, content_hash="x", dag_ids=dag_ids, error=f"error in {fileloc}", parsed_at=NOW
    )
    store.catalog.put_file(file, [], paused_at_creation=False, now=NOW)


def test_import_errors_are_shown_to_whom_the_files_dags_are_open(dags: Client, store: SqlStore) -> None:
    broken(store, "sales.py", "sales", "costs")
    broken(store, "late.py", "late")
    broken(store, "new.py")
    url = "/api/v2/importErrors"
    shown = dags.ask("GET", url, role="viewer").json
    assert [one["filename"] for one in shown["import_errors"]] == ["late.py", "new.py", "sales.py"]
    assert shown["import_errors"][0]["stack_trace"] == "error in late.py"
    first = shown["import_errors"][0]
    assert dags.ask("GET", f"{url}/{first['import_error_id']}", role="viewer").json == first
    assert dags.ask("GET", f"{url}/1", role="viewer").status == 404
    for query, expected in (("filename=new.py", 1), ("filename_pattern=AL", 1), ("bundle_name=x", 0)):
        assert dags.ask("GET", f"{url}?{query}", role="viewer").json["total_entries"] == expected

    mine = dags.ask("GET", url, role="sales").json
    assert [
        (one["filename"], one["stack_trace"].startswith("REDACTED")) for one in mine["import_errors"]
    ] == [("sales.py", True)]
    assert dags.ask("GET", f"{url}/{first['import_error_id']}", role="sales").status == 404
    assert dags.ask("GET", "/api/v2/dags/sales", role="viewer").json["has_import_errors"] is True
    assert ids(dags, "?has_import_errors=true") == ["costs", "late", "sales"]


def test_warnings_have_airflows_kinds(dags: Client, store: SqlStore) -> None:
    texts = (
        "pool `x` does not exist, `a` will wait for it",
        "two assets …: they are different assets; …",
        "advice",
    )
    put_dags(store, "warned", fileloc="warned.py", warnings=texts)
    answer = dags.ask("GET", "/api/v2/dagWarnings?order_by=-warning_type", role="viewer").json
    assert [one["warning_type"] for one in answer["dag_warnings"]] == ["non-existent pool", "asset conflict"]
    one = dags.ask("GET", "/api/v2/dagWarnings?warning_type=asset conflict&dag_id=warned", role="viewer").json
    assert one["total_entries"] == 1
    assert dags.ask("GET", "/api/v2/dagWarnings", role="sales").json["total_entries"] == 0
    assert dags.ask("GET", "/api/v2/dagWarnings?order_by=x", role="viewer").status == 400


def test_a_file_is_read_again_for_whom_it_may_be(dags: Client, store: SqlStore) -> None:
    late = dags.ask("GET", "/api/v2/dags/late", role="viewer").json["file_token"]
    both = dags.ask("GET", "/api/v2/dags/sales", role="viewer").json["file_token"]
    url = "/api/v2/parseDagFile"
    assert dags.ask("PUT", f"{url}/{late}", role="user").status == 201
    assert store.catalog.take_parse_requests() == ["late.py"]
    assert (
        dags.ask("PUT", f"{url}/{both}", role="sales").status == 403
    )  # another DAG of the file is not theirs
    forged = late[:-1] + ("A" if late[-1] != "A" else "B")
    for token in (forged, "x", "é", "A" * 900):
        assert dags.ask("PUT", f"{url}/{token}", role="user").status == 404, token
    assert store.catalog.take_parse_requests() == []


def test_a_list_of_dags_takes_few_queries(dags: Client, store: SqlStore) -> None:
    for number in range(60):
        put_dags(store, f"d{number}", fileloc=f"d{number}.py", schedule=daily(), now=NOW)
    before = store.runs.counters.queries
    assert len(ids(dags, "?limit=100")) == 65
    assert store.runs.counters.queries - before <= 5


@pytest.mark.parametrize("query", ["?order_by=fileloc", "?limit=x", "?tags_match_mode=some", "?paused=maybe"])
def test_what_cannot_be_asked_is_refused(dags: Client, query: str) -> None:
    assert dags.ask("GET", f"/api/v2/dags{query}", role="viewer").status in {400, 422}
