"""Several API servers over one database know the same: what one was told, the others count and tell."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from tests.api.conftest import Client, FakeGate, FakeLedger, FakeTester, FixedClock
from tests.api.signing_in import basic
from windward.api.access.entrance import Entrance, EntranceGate
from windward.api.access.pages import LoginPages
from windward.api.app import make_app
from windward.api.connection_tests import GIVEN_UP_AFTER, WAITING_MAX, ConnectionTests
from windward.api.page import Page
from windward.api.services import Services
from windward.store.sql.open import SqlStore

TEST = "/api/v2/connections/enqueue-test"
ME = "/api/windward/v1/me"


class PatientTester(FakeTester):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = Event()

    def test(self, conn_id: str, fields: Any) -> tuple[bool, str]:
        assert self.may_answer.wait(30)
        return super().test(conn_id, fields)


@pytest.fixture
def tester() -> PatientTester:
    return PatientTester()


@pytest.fixture
def other(client: Client, services: Services, store: SqlStore, tester: PatientTester) -> Iterator[Client]:
    """A second API server, with a memory of its own."""
    mine = services.entrance
    second = replace(
        services,
        entrance=Entrance(services.settings, mine.desk, type(mine.manager)(mine.desk, services.settings)),  # type: ignore[call-arg]  # the account manager
        connection_tests=ConnectionTests(tester, store.connection_tests, is_enabled=True),
    )
    gate = FakeGate(real=EntranceGate(second.entrance))
    app = make_app(
        second,
        gate=gate,
        ledger=FakeLedger(),
        page=Page(second, gate=gate, title="second"),
        login=LoginPages(second.entrance, store.audit, title="second"),
    )
    yield Client(app, client.password)
    tester.may_answer.set()
    services.connection_tests.wait()
    second.connection_tests.wait()


@pytest.fixture
def variables() -> dict[str, str]:
    return {"WINDWARD__CORE__TEST_CONNECTION": "enabled"}


def begin(client: Client, conn_id: str = "shop") -> Any:
    return client.ask("POST", TEST, {"connection_id": conn_id, "conn_type": "http"}, role="admin")


def test_wrong_passwords_are_counted_by_all_servers_together(
    client: Client, other: Client, clock: FixedClock
) -> None:
    for number in range(10):
        server = (client, other)[number % 2]
        assert server.ask("GET", ME, headers=basic("admin", "wrong")).status == 401
    for server in (client, other):
        assert server.ask("GET", ME, headers=basic("admin", client.password)).status == 429
    clock.at += timedelta(seconds=30)
    assert other.ask("GET", ME, headers=basic("admin", client.password)).status == 200


def test_a_test_that_one_server_does_is_told_by_the_other(
    client: Client, other: Client, services: Services, tester: PatientTester
) -> None:
    token = begin(client).json["token"]

    def told() -> tuple[str, str | None]:
        headers = {"Airflow-Connection-Test-Token": token}
        found = other.ask("GET", TEST, role="admin", headers=headers).json
        return found["state"], found["result_message"]

    assert told()[0] in {"queued", "running"}
    assert begin(other).status == 409
    tester.may_answer.set()
    services.connection_tests.wait()
    assert told() == ("success", "asked")
    assert begin(other).status == 202


def test_as_many_tests_wait_as_may_on_all_servers_together(
    client: Client, other: Client, services: Services, tester: PatientTester
) -> None:
    for number in range(WAITING_MAX):
        assert begin((client, other)[number % 2], f"shop{number}").status == 202
    for server in (client, other):
        assert begin(server, "one_more").status == 400


def test_a_test_of_a_server_that_is_gone_hinders_nobody_for_long(
    client: Client, other: Client, clock: FixedClock, tester: PatientTester
) -> None:
    assert begin(client).status == 202  # and nobody ever answers
    clock.at += GIVEN_UP_AFTER
    assert begin(other).status == 409
    clock.at += timedelta(seconds=1)
    assert begin(other).status == 202
