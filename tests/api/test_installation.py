"""What the API tells of the installation: settings, processes, packages."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.api.conftest import NOW, SECRET_KEY, Client
from windward.model.records import HostRecord
from windward.store.sql.open import SqlStore

SECRET_URL = "sqlite:////srv/tell-nobody.db"


@pytest.fixture
def variables() -> dict[str, str]:
    return {
        "WINDWARD__API__EXPOSE_CONFIG": "non-sensitive-only",
        "WINDWARD__DATABASE__SQL_ALCHEMY_CONN": SECRET_URL,
        "WINDWARD__CORE__PARALLELISM": "7",
    }


def values(body: Any) -> dict[str, dict[str, str]]:
    return {
        one["name"]: {option["key"]: option["value"] for option in one["options"]} for one in body["sections"]
    }


def test_the_settings_are_shown_without_secrets(client: Client) -> None:
    answer = client.ask("GET", "/api/v2/config", role="op")
    found = values(answer.json)
    assert found["core"]["parallelism"] == "7"
    assert found["database"]["sql_alchemy_conn"] == found["api"]["secret_key"] == "< hidden >"
    assert b"tell-nobody" not in answer.body
    assert SECRET_KEY.encode() not in answer.body
    assert list(values(client.ask("GET", "/api/v2/config?section=core", role="op").json)) == ["core"]
    assert client.ask("GET", "/api/v2/config?section=colour", role="op").status == 404


def test_the_settings_say_where_each_came_from(client: Client) -> None:
    answer = client.ask("GET", "/api/windward/v1/settings", role="op")
    found = {(one["section"], one["key"]): one for one in answer.json["settings"]}
    parallelism, url = found["core", "parallelism"], found["database", "sql_alchemy_conn"]
    assert (parallelism["value"], parallelism["default"]) == ("7", "32")
    assert "WINDWARD__CORE__PARALLELISM" in parallelism["origin"]
    assert found["core", "semantics"]["origin"] == "default"
    assert parallelism["description"]
    assert (url["is_hidden"], url["value"], url["default"]) == (True, "< hidden >", "")
    assert b"tell-nobody" not in answer.body
    assert SECRET_KEY.encode() not in answer.body


def test_the_settings_are_text_for_whoever_wants_text(client: Client) -> None:
    answer = client.ask("GET", "/api/v2/config?section=core", role="op", headers={"accept": "text/plain"})
    assert answer.headers["content-type"].startswith("text/plain")
    assert b"[core]\n" in answer.body
    assert b"\nparallelism = 7\n" in answer.body
    answer = client.ask("GET", "/api/v2/config", role="op", headers={"accept": "image/png"})
    assert answer.status == 406


@pytest.mark.parametrize(("section", "option", "value"), [
    ("core", "parallelism", "7"), ("database", "sql_alchemy_conn", "< hidden >"),
    ("core", "sql_alchemy_conn", "< hidden >"),
])  # fmt: skip
def test_one_setting_goes_by_its_name_or_by_airflows(
    client: Client, section: str, option: str, value: str
) -> None:
    answer = client.ask("GET", f"/api/v2/config/section/{section}/option/{option}", role="op")
    assert values(answer.json) == {section: {option: value}}
    assert client.ask("GET", "/api/v2/config/section/core/option/colour", role="op").status == 404


class TestSwitchedOff:
    @pytest.fixture
    def variables(self) -> dict[str, str]:
        return {}

    @pytest.mark.parametrize("path", ["", "/section/core/option/parallelism"])
    def test_the_settings_are_shown_to_nobody_unless_one_of_them_says_so(
        self, client: Client, path: str
    ) -> None:
        assert client.ask("GET", f"/api/v2/config{path}", role="admin").status == 403
        assert client.ask("GET", "/api/windward/v1/settings", role="admin").status == 403


@pytest.fixture
def lively(client: Client, store: SqlStore, beat: Callable[[str, datetime], None]) -> Client:
    beat("scheduler", NOW - timedelta(seconds=5))
    beat("triggerer", NOW - timedelta(seconds=500))
    store.hosts.beat_host(
        HostRecord(
            host_id="w1", hostname="far", pid=7, queues=("default",), capacity=4,
            lease_until=NOW + timedelta(seconds=20), kind="worker",
        )
    )  # fmt: skip
    return client


def jobs(client: Client, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.ask("GET", f"/api/v2/jobs{query}", role="viewer").json["jobs"]
    return found


def test_a_triggerer_is_one_job_that_tells_all_that_is_known(client: Client, store: SqlStore) -> None:
    store.hosts.beat_host(
        HostRecord(
            host_id="t1", hostname="far", pid=7, queues=(), capacity=4,
            lease_until=NOW + timedelta(seconds=20), kind="triggerer",
        )
    )  # fmt: skip
    store.hosts.beat_component("triggerer", "t1", hostname="far", pid=7, now=NOW)
    (job,) = jobs(client)
    assert (job["job_type"], job["state"], job["hostname"]) == ("TriggererJob", "running", "far")
    assert job["start_date"] is not None


def test_an_operator_drains_a_worker_host_and_no_triggerer(lively: Client) -> None:
    def steer(host_id: str, *, is_draining: bool, role: str = "op") -> Any:
        body = {"is_draining": is_draining}
        return lively.ask("PATCH", f"/api/windward/v1/hosts/{host_id}", body, role=role)

    for wanted in (True, False):
        assert steer("w1", is_draining=wanted).json["is_draining"] is wanted
        shown = lively.ask("GET", "/api/windward/v1/components", role="viewer").json["hosts"]
        assert {host["host_id"]: host["is_draining"] for host in shown}["w1"] is wanted
    assert steer("w1", is_draining=True, role="user").status == 403
    assert steer("nobody", is_draining=True).status == 404


def test_components_and_hosts_are_jobs(lively: Client) -> None:
    found = {job["job_type"]: job for job in jobs(lively)}
    assert {kind: job["state"] for kind, job in found.items()} == {
        "SchedulerJob": "running", "TriggererJob": "failed", "WorkerJob": "running",
    }  # fmt: skip
    assert found["SchedulerJob"]["executor_class"] == "LocalExecutor"
    assert (found["WorkerJob"]["hostname"], found["SchedulerJob"]["hostname"]) == ("far", "here")
    assert found["TriggererJob"]["end_date"] == found["TriggererJob"]["latest_heartbeat"]
    assert len({job["id"] for job in found.values()}) == 3
    assert jobs(lively) == jobs(lively)


@pytest.mark.parametrize(("query", "expected"), [
    ("?is_alive=false", ["TriggererJob"]),
    ("?job_type=SchedulerJob", ["SchedulerJob"]),
    ("?hostname=far", ["WorkerJob"]),
    ("?job_state=running&order_by=job_type", ["SchedulerJob", "WorkerJob"]),
    ("?order_by=-job_type&limit=2", ["WorkerJob", "TriggererJob"]),
    ("?order_by=start_date&limit=1", ["TriggererJob"]),
    ("?start_date_gte=2026-03-01T11:59:00Z", ["SchedulerJob"]),
    ("?end_date_lt=2026-03-01T12:00:00", ["TriggererJob"]),
    ("?executor_class=LocalExecutor", ["SchedulerJob"]),
])  # fmt: skip
def test_jobs_are_filtered_ordered_and_cut(lively: Client, query: str, expected: list[str]) -> None:
    assert [job["job_type"] for job in jobs(lively, query)] == expected


def test_jobs_have_orders_and_refuse_others(lively: Client) -> None:
    assert lively.ask("GET", "/api/v2/jobs?order_by=colour", role="viewer").status == 400


def test_types_of_connections_are_told_with_their_fields(client: Client) -> None:
    answer = client.ask("GET", "/api/windward/v1/connection-types", role="op")
    assert answer.json == {
        "connection_types": [{
            "connection_type": "shop", "name": "Shop", "package_name": "",
            "fields": [{"name": "host", "label": "Shop", "placeholder": "shop.example", "hint": "", "kind": "text",
                        "is_secret": False, "choices": []}],
            "extras": [{"name": "key", "label": "Key", "placeholder": "", "hint": "", "kind": "text",
                        "is_secret": True, "choices": []}],
        }],
        "total_entries": 1,
    }  # fmt: skip
    assert client.ask("GET", "/api/windward/v1/connection-types").status == 401


def test_packages_are_told_as_they_are_declared(client: Client) -> None:
    answer = client.ask("GET", "/api/v2/providers?limit=1", role="viewer")
    assert answer.json == {
        "providers": [{
            "package_name": "apache-airflow-providers-http", "description": "HTTP http things",
            "version": "5.0", "documentation_url": "https://docs.example/http",
        }],
        "total_entries": 2,
    }  # fmt: skip
    [plugin] = client.ask("GET", "/api/v2/plugins", role="viewer").json["plugins"]
    assert (plugin["name"], plugin["source"]) == ("shop", "shop==1.0: shop.plugin:Shop")
    assert (plugin["timetables"], plugin["external_views"]) == (["shop.plugin.Hours"], [])
    broken = client.ask("GET", "/api/v2/plugins/importErrors", role="viewer").json
    assert broken == {
        "import_errors": [{"source": "old.py", "error": "ImportError: no"}],
        "total_entries": 1,
    }
