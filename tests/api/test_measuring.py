"""What is told of requests, and that nobody can make it more than there are operations."""

import asyncio
from pathlib import Path

import pytest

from tests.api.conftest import Client, FakeGate, FakeLedger
from windward.api.access.pages import LoginPages
from windward.api.app import OPERATIONS, make_app
from windward.api.measuring import Requests
from windward.api.page import Page
from windward.api.services import Services
from windward.telemetry import names
from windward.telemetry.names import Metric
from windward.telemetry.registry import SERIES_MAX, Registry, read_snapshot

VERSION = next(one for one in OPERATIONS if one.path == "/api/v2/version")


class Measured:
    """A registry, and the clock and requests that feed it."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.registry = Registry()
        self.requests = Requests(self.registry, monotonic=lambda: self.now_s)

    def values(self, metric: Metric) -> dict[tuple[str, ...], float]:
        self.requests.tell()
        return {one.labels: one.value for one in read_snapshot(self.registry.snapshot()).get(metric, [])}


@pytest.fixture
def measured() -> Measured:
    return Measured()


@pytest.fixture
def client(
    services: Services, gate: FakeGate, ledger: FakeLedger, tmp_path: Path, measured: Measured
) -> Client:
    app = make_app(
        services,
        gate=gate,
        ledger=ledger,
        page=Page(services, gate=gate, title="T"),
        login=LoginPages(services.entrance, services.store.audit, title="T"),
        requests=measured.requests,
    )
    return Client(app, "")


def test_each_request_counts_by_its_operation_and_the_class_of_its_status(
    client: Client, measured: Measured
) -> None:
    assert client.get("/api/v2/version").status == 200
    assert client.get("/api/v2/version").status == 200
    assert client.get("/api/v2/pools").status == 401
    assert client.ask("GET", "/api/v2/pools/none", role="admin").status == 404
    assert client.ask("POST", "/api/v2/pools", {"name": "p", "slots": 1}, role="admin").status == 201
    assert measured.values(names.API_REQUESTS) == {
        ("get_version", "GET", "2xx"): 2,
        ("get_pools", "GET", "4xx"): 1,
        ("get_pool", "GET", "4xx"): 1,
        ("post_pool", "POST", "2xx"): 1,
    }


def test_no_id_and_no_unknown_path_becomes_a_label(client: Client, measured: Measured) -> None:
    for number in range(20):
        client.ask("GET", f"/api/v2/dags/d{number}", role="admin")
        client.ask("GET", f"/nothing/{number}", role="admin")
        client.ask("TRACE", "/api/v2/version", role="admin")
    (labels,) = measured.values(names.API_REQUESTS)
    assert labels == ("get_dag", "GET", "4xx")


def test_a_request_is_in_flight_until_its_answer_is_sent(client: Client, measured: Measured) -> None:
    seen = []
    client.ask(
        "GET", "/api/v2/version", on_part=lambda _part: seen.append(measured.values(names.API_IN_FLIGHT))
    )
    assert seen
    assert all(one == {(): 1} for one in seen)
    assert measured.values(names.API_IN_FLIGHT) == {(): 0}


def test_the_duration_goes_to_the_last_byte(client: Client, measured: Measured) -> None:
    parts: list[object] = []

    def later(part: object) -> None:
        parts.append(part)
        measured.now_s += 2

    client.ask("GET", "/api/v2/version", on_part=later)
    assert len(parts) > 1
    assert measured.values(names.API_DURATION) == {("get_version", "GET"): 2.0 * len(parts)}


@pytest.mark.parametrize("error", [asyncio.CancelledError(), OSError("gone")])
def test_a_client_that_left_before_the_answer_has_no_status(measured: Measured, error: BaseException) -> None:
    async def app(_scope: object, _receive: object, _send: object) -> None:
        raise error

    async def ask() -> None:
        async def nothing(*_: object) -> dict[str, object]:
            return {}

        middleware = measured.requests.middleware(VERSION)
        await middleware.cls(app, *middleware.args, **middleware.kwargs)({}, nothing, nothing)  # type: ignore[arg-type]

    with pytest.raises(type(error)):
        asyncio.run(ask())
    assert measured.values(names.API_REQUESTS) == {("get_version", "GET", "none"): 1}
    assert measured.values(names.API_IN_FLIGHT) == {(): 0}


def test_every_series_of_every_operation_fits() -> None:
    statuses = {"none", "2xx", "3xx", "4xx", "5xx"}
    series = len(OPERATIONS) * (len(statuses) + 1)
    assert series < SERIES_MAX / 2
