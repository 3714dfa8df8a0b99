"""Runs of a DAG, counted by time and state."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.conftest import Client
from tests.store.building import create, put_dags, run_of
from windward.store.sql.open import SqlStore

ADDRESS = "/api/windward/v1/dags/sales/calendar"
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
DUE_MIN = (0, 14, 15, 59, 60, 24 * 60)


@pytest.fixture
def filled(client: Client, store: SqlStore) -> Client:
    put_dags(store, "sales", "costs")
    runs = [
        run_of(pk, dag_id="sales", run_id=f"r{pk}", run_after=BEGIN + timedelta(minutes=minutes))
        for pk, minutes in enumerate(DUE_MIN, 1)
    ]
    other = run_of(99, dag_id="costs", run_id="other", run_after=BEGIN)
    assert store.runs.apply([[create(run, "load")] for run in [*runs, other]]).all
    return client


def counts(client: Client, begin: datetime, end: datetime, more: str = "") -> dict[str, int]:
    query = f"run_after_gte={begin:%Y-%m-%dT%H:%M:%SZ}&run_after_lt={end:%Y-%m-%dT%H:%M:%SZ}{more}"
    answer = client.ask("GET", f"{ADDRESS}?{query}", role="viewer")
    assert answer.status == 200, answer.body
    assert {one["state"] for one in answer.json["counts"]} <= {"queued"}
    return {one["at"]: one["count"] for one in answer.json["counts"]}


def test_runs_are_counted_by_quarters_of_an_hour(filled: Client) -> None:
    assert counts(filled, BEGIN, BEGIN + timedelta(days=1)) == {
        "2026-03-01T00:00:00Z": 2,
        "2026-03-01T00:15:00Z": 1,
        "2026-03-01T00:45:00Z": 1,
        "2026-03-01T01:00:00Z": 1,
    }


def test_runs_are_counted_by_hours(filled: Client) -> None:
    found = counts(filled, BEGIN, BEGIN + timedelta(days=2), "&step_s=3600")
    assert found == {"2026-03-01T00:00:00Z": 4, "2026-03-01T01:00:00Z": 1, "2026-03-02T00:00:00Z": 1}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "run_after_gte=2026-01-01T00:00:00Z",
        "run_after_gte=2025-01-01T00:00:00Z&run_after_lt=2026-03-01T00:00:00Z",
        "run_after_gte=2026-01-01T00:00:00Z&run_after_lt=2026-03-01T00:00:00Z&step_s=60",
    ],
    ids=["no span", "no end", "more than a year", "too small steps"],
)
def test_what_is_too_much_or_too_little_is_refused(filled: Client, query: str) -> None:
    assert filled.ask("GET", f"{ADDRESS}?{query}", role="viewer").status == 422


def test_a_dag_that_does_not_exist_is_not_found(filled: Client) -> None:
    query = "run_after_gte=2026-01-01T00:00:00Z&run_after_lt=2026-03-01T00:00:00Z"
    assert filled.ask("GET", f"/api/windward/v1/dags/nowhere/calendar?{query}", role="admin").status == 404
