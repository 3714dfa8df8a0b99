"""What the health endpoint says of the components, and when."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import windward
from tests.api.conftest import NOW, Client
from windward.api.health import SILENCE_S_MAX, body_of
from windward.errors import UnavailableError
from windward.model.records import HostRecord
from windward.store.sql.open import SqlStore

Beat = Callable[[str, datetime], None]


def host(name: str, *, lease_left_s: float) -> HostRecord:
    until = NOW + timedelta(seconds=lease_left_s)
    return HostRecord(host_id=name, hostname=name, pid=1, queues=("default",), capacity=4, lease_until=until)


def test_the_body_has_the_shape_of_airflow(client: Client, beat: Beat) -> None:
    beat("scheduler", NOW - timedelta(seconds=3))
    beat("processor", NOW - timedelta(seconds=4))
    answer = client.get("/api/v2/monitor/health")
    assert answer.status == 200
    assert {
        name: answer.json[name] for name in ("metadatabase", "scheduler", "triggerer", "dag_processor")
    } == {
        "metadatabase": {"status": "healthy"},
        "scheduler": {"status": "healthy", "latest_scheduler_heartbeat": "2026-03-01T11:59:57+00:00"},
        "triggerer": {"status": None, "latest_triggerer_heartbeat": None},
        "dag_processor": {"status": "healthy", "latest_dag_processor_heartbeat": "2026-03-01T11:59:56+00:00"},
    }


def test_a_scheduler_that_was_never_started_is_unhealthy(client: Client) -> None:
    assert client.get("/api/v2/monitor/health").json["scheduler"]["status"] == "unhealthy"


@given(ages=st.lists(st.floats(0, 1000), min_size=1, max_size=5))
def test_a_component_is_healthy_while_any_of_its_copies_is_heard(ages: list[float]) -> None:
    components = [
        {"kind": "scheduler", "name": str(number), "last_beat_at": NOW - timedelta(seconds=age)}
        for number, age in enumerate(ages)
    ]
    body = body_of(components, [], host_lease_s=30, now=NOW)
    heard = min(timedelta(seconds=age) for age in ages) <= timedelta(seconds=SILENCE_S_MAX)
    assert body["scheduler"]["status"] == ("healthy" if heard else "unhealthy")


def test_workers_count_while_their_lease_holds(client: Client, store: SqlStore) -> None:
    assert client.get("/api/v2/monitor/health").json["workers"]["status"] is None
    store.hosts.beat_host(host("a", lease_left_s=20))
    store.hosts.beat_host(host("b", lease_left_s=-1))
    workers = client.get("/api/v2/monitor/health").json["workers"]
    assert (workers["status"], workers["hosts"], workers["capacity"]) == ("healthy", 1, 4)
    assert datetime.fromisoformat(workers["latest_worker_heartbeat"]) == NOW - timedelta(seconds=10)
    store.hosts.delete_host("a")
    assert client.get("/api/v2/monitor/health").json["workers"]["status"] == "unhealthy"


def test_a_database_that_is_away_is_an_answer_too(client: Client, store: SqlStore) -> None:
    class FaultyHosts:
        def load_components(self) -> None:
            raise UnavailableError("gone")

    store.hosts = FaultyHosts()  # type: ignore[assignment]
    answer = client.get("/api/v2/monitor/health")
    assert answer.status == 200
    assert answer.json["metadatabase"] == {"status": "unhealthy"}
    assert answer.json["scheduler"] == {"status": "unhealthy", "latest_scheduler_heartbeat": None}


def test_the_version_is_open(client: Client) -> None:
    assert client.get("/api/v2/version").json["version"] == windward.__version__


@pytest.mark.parametrize("path", ["/api/v2/nothing", "/admin", "/docs"])
def test_what_is_not_there_is_404(client: Client, path: str) -> None:
    assert client.get(path).status == 404


def test_times_are_aware(client: Client, beat: Beat) -> None:
    beat("scheduler", NOW)
    text = client.get("/api/v2/monitor/health").json["scheduler"]["latest_scheduler_heartbeat"]
    assert datetime.fromisoformat(text).astimezone(UTC) == NOW
