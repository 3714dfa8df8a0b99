"""Times of requests: in any form of ISO 8601, and without a zone in that of the installation."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from tests.api.conftest import Client
from tests.api.filling import fill
from windward.api.app import OPERATIONS
from windward.api.contract.operation import NUMBERS, Nothing, Operation
from windward.api.services import Services
from windward.store.sql.open import SqlStore

FORMS = {
    "2026-03-01": "2026-03-01T00:00:00Z",
    "2026-03-01T06:30": "2026-03-01T06:30:00Z",
    "20260301T063000Z": "2026-03-01T06:30:00Z",
    "2026-03-01T06:30:00": "2026-03-01T06:30:00Z",
    "2026-03-01T06:30+0900": "2026-02-28T21:30:00Z",
}
WITH_ITS_OWN = {"stream_events"}
"""What waits for somebody to listen."""


def times_of_queries() -> Iterator[tuple[Operation, list[str], str]]:
    """Yield each time that a query may hold, with those that the same query must hold."""
    for one in OPERATIONS:
        if one.query is Nothing or one.name in WITH_ITS_OWN:
            continue
        fields = [field for field in msgspec.structs.fields(one.query) if "datetime" in repr(field.type)]
        fields = [field for field in fields if not field.name.startswith("partition")]
        for field in fields:
            needed = [x.encode_name for x in fields if x.required and x is not field]
            yield one, needed, field.encode_name


def path_to(operation: Operation) -> str:
    path = operation.path.replace(":path}", "}")
    given = {"dag_id": "mine_dag", "dag_run_id": "mine_run", "run_id": "mine_run", "task_id": "mine_task"}
    for name in operation.parameters:
        path = path.replace(f"{{{name}}}", "1" if name in NUMBERS else given.get(name, "mine"))
    return path


def test_a_time_in_a_query_needs_no_zone_and_no_hour(
    client: Client, services: Services, store: SqlStore
) -> None:
    fill(services, store, "mine", 1)
    found = list(times_of_queries())
    assert {"get_grid", "get_calendar", "get_event_logs", "get_dag_runs"} <= {one.name for one, _, _ in found}

    for operation, needed, name in found:
        for form in FORMS:
            query = "&".join(f"{field}={quote(form)}" for field in (*needed, name))
            answer = client.ask(operation.method, f"{path_to(operation)}?{query}", role="admin")
            assert answer.status in {200, 404}, (operation.name, name, form, answer.body)


@pytest.mark.parametrize(("form", "meant"), FORMS.items())
def test_a_time_in_a_body_may_have_any_form_of_iso_8601(
    client: Client, services: Services, store: SqlStore, form: str, meant: str
) -> None:
    fill(services, store, "mine", 1)
    body = {"logical_date": form}

    answer = client.ask("POST", "/api/v2/dags/mine_dag/dagRuns", body, role="admin")

    assert (answer.status, answer.json.get("logical_date")) == (200, meant), answer.body


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "2026-03-01T06:30:00+09:00:30", "01.03.2026"])
def test_what_is_no_time_is_refused_with_its_place(client: Client, text: str) -> None:
    told: Any = client.ask("GET", f"/api/v2/dags/~/dagRuns?run_after_gte={quote(text)}", role="admin").json[
        "detail"
    ][0]
    assert told["loc"] == ["query", "run_after_gte"]

    body = {"logical_date": text}
    told = client.ask("POST", "/api/v2/dags/any/dagRuns", body, role="admin").json["detail"][0]
    assert told["loc"] == ["body", "logical_date"]


BEYOND = "0001-01-01T00:00:00+14:00"


@pytest.mark.parametrize(
    ("method", "path", "body", "loc"),
    [
        ("POST", "dags/mine_dag/dagRuns", {"logical_date": BEYOND}, ["logical_date"]),
        (
            "POST",
            "dags/mine_dag/dagRuns",
            {"logical_date": None, "run_after": "9999-12-31T23:00:00-05:00"},
            ["run_after"],
        ),
        ("POST", "backfills", {"dag_id": "mine_dag", "from_date": BEYOND, "to_date": BEYOND}, ["from_date"]),
        (
            "POST",
            "backfills",
            {"dag_id": "mine_dag", "from_date": "2026-03-01", "to_date": BEYOND},
            ["to_date"],
        ),
        ("POST", "dags/~/dagRuns/list", {"end_date_lt": BEYOND}, ["end_date_lt"]),
    ],
)
def test_a_moment_beyond_the_calendar_is_refused_with_its_place(
    client: Client, services: Services, store: SqlStore, method: str, path: str, body: Any, loc: list[str]
) -> None:
    fill(services, store, "mine", 1)
    told = client.ask(method, f"/api/v2/{path}", body, role="admin")
    assert (told.status, told.json["detail"][0]["loc"]) == (422, ["body", *loc])
    query = f"/api/v2/dags/~/dagRuns?start_date_gte={quote(BEYOND)}"
    assert client.ask("GET", query, role="admin").json["detail"][0]["loc"] == ["query", "start_date_gte"]


def test_the_same_moment_is_meant_by_every_form_in_a_query(
    client: Client, services: Services, store: SqlStore
) -> None:
    fill(services, store, "mine", 1)
    runs = "/api/v2/dags/mine_dag/dagRuns?order_by=-run_after"
    newest = client.ask("GET", runs, role="admin").json["dag_runs"][0]["run_after"]
    day = newest[: len("2026-03-01")]
    whole = client.ask("GET", f"{runs}&run_after_gte={day}T00:00:00Z", role="admin").json["total_entries"]
    assert whole

    for form in (day, f"{day}T00:00", f"{day}T00:00:00", f"{day}T0000Z"):
        found = client.ask("GET", f"{runs}&run_after_gte={form}", role="admin").json
        assert found["total_entries"] == whole, form
