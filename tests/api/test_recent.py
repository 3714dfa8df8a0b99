"""The newest runs of several DAGs at once."""

from datetime import timedelta

import pytest

from tests.api.conftest import NOW, Client
from tests.store.building import create, put_dags, run_of
from windward.store.sql.open import SqlStore

ADDRESS = "/api/windward/v1/recent"


@pytest.fixture
def filled(client: Client, store: SqlStore) -> Client:
    put_dags(store, "sales", "costs", "idle")
    runs = [
        run_of(pk, dag_id=dag_id, run_id=f"{dag_id}{hour}", run_after=NOW + timedelta(hours=hour))
        for pk, (dag_id, hour) in enumerate([("sales", 1), ("costs", 5), ("sales", 3), ("sales", 2)], 1)
    ]
    assert store.runs.apply([[create(run, "load")] for run in runs]).all
    return client


def newest(client: Client, query: str) -> dict[str, list[str]]:
    answer = client.ask("GET", f"{ADDRESS}?{query}", role="viewer")
    assert answer.status == 200, answer.body
    return {one["dag_id"]: [run["dag_run_id"] for run in one["runs"]] for one in answer.json["dags"]}


def test_each_dag_has_its_newest_runs_first(filled: Client) -> None:
    found = newest(filled, "limit=2&dag_id=sales&dag_id=costs")
    assert found == {"sales": ["sales3", "sales2"], "costs": ["costs5"]}


def test_a_dag_without_runs_has_none(filled: Client) -> None:
    found = newest(filled, "dag_id=idle&dag_id=nowhere")
    assert found.get("idle", []) == []
    assert found.get("nowhere", []) == []


@pytest.mark.parametrize(
    "query",
    ["", "dag_id=sales&limit=51", "&".join(f"dag_id=d{number}" for number in range(201))],
    ids=["no DAG", "too many runs", "too many DAGs"],
)
def test_what_is_too_much_is_refused(filled: Client, query: str) -> None:
    assert filled.ask("GET", f"{ADDRESS}?{query}", role="viewer").status == 422
