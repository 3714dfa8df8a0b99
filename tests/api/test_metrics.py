"""`/metrics`, and each copy of each component."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.conftest import NOW, Client
from windward.model.records import HostRecord
from windward.store.sql.open import SqlStore
from windward.telemetry import names
from windward.telemetry.registry import Registry


@pytest.fixture
def variables() -> dict[str, str]:
    return {"WINDWARD__METRICS__PROMETHEUS_ON": "true"}


def put(store: SqlStore, name: str, *, age_s: float = 0) -> None:
    registry = Registry()
    registry.count(names.TI_FINISH, 'd"q', "t", "success", by=3)
    registry.gauge(names.DAGBAG_SIZE, 7)
    for seconds in (0.05, 2.0, 9_000.0):
        registry.time(names.RUN_SUCCESS, seconds, "d")
    snapshot = registry.snapshot()
    store.hosts.put_metrics("scheduler", name, snapshot, now=NOW - timedelta(seconds=age_s))


def test_prometheus_reads_what_every_living_copy_measured(client: Client, store: SqlStore) -> None:
    put(store, "one")
    put(store, "two", age_s=30)
    put(store, "dead", age_s=90)
    answer = client.ask("GET", "/metrics", role="viewer")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }
    for host in ("one", "two"):
        assert samples["airflow_ti_finish_total", frozenset(("scheduler", host, 'd"q', "t", "success"))] == 3
        assert samples["airflow_dagbag_size", frozenset(("scheduler", host))] == 7
        place = frozenset(("scheduler", host, "d"))
        assert samples["airflow_dagrun_duration_success_seconds_bucket", place | {"5.0"}] == 2
        assert samples["airflow_dagrun_duration_success_seconds_bucket", place | {"+Inf"}] == 3
        assert samples["airflow_dagrun_duration_success_seconds_sum", place] == 9_002.05
    assert not any("dead" in labels for _, labels in samples)


def test_a_snapshot_that_cannot_be_read_hides_no_other(client: Client, store: SqlStore) -> None:
    put(store, "one")
    store.hosts.put_metrics("processor", "new", b"\x00", now=NOW)
    assert b'host="one"' in client.ask("GET", "/metrics", role="viewer").body


class TestSwitchedOff:
    @pytest.fixture
    def variables(self) -> dict[str, str]:
        return {}

    def test_there_are_no_metrics_unless_a_setting_says_so(self, client: Client) -> None:
        assert client.ask("GET", "/metrics", role="admin").status == 403


def test_each_copy_says_when_it_was_heard_of(
    client: Client, store: SqlStore, beat: Callable[[str, datetime], None]
) -> None:
    beat("scheduler", NOW - timedelta(seconds=50))
    store.hosts.beat_component("scheduler", "there", hostname="there", pid=2, now=NOW - timedelta(seconds=5))
    store.hosts.beat_host(
        HostRecord(
            host_id="w", hostname="far", pid=7, queues=("big",), capacity=4,
            lease_until=NOW + timedelta(seconds=20), kind="worker",
        )
    )  # fmt: skip
    answer = client.ask("GET", "/api/windward/v1/components", role="viewer").json
    assert [(one["name"], one["status"], one["silent_s"]) for one in answer["components"]] == [
        ("here", "unhealthy", 50), ("there", "healthy", 5),
    ]  # fmt: skip
    [host] = answer["hosts"]
    assert (host["host_id"], host["status"], host["queues"], host["latest_heartbeat"]) == (
        "w", "healthy", ["big"], "2026-03-01T11:59:50Z",
    )  # fmt: skip
