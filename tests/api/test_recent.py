"""The newest runs of several DAGs at once."""

from tests.api.conftest import Client
from tests.api.filling import Filled


def test_each_dag_has_its_newest_runs_first(filled: Filled, client: Client) -> None:
    runs = client.get("/api/v2/dags/~/dagRuns?limit=1000").json["dag_runs"]
    dags = sorted({run["dag_id"] for run in runs})
    asked = "&".join(f"dag_id={dag_id}" for dag_id in [*dags, "nowhere"])
    found = client.get(f"/api/windward/v1/recent?limit=2&{asked}").json["dags"]
    assert [one["dag_id"] for one in found] == dags
    for one in found:
        own = sorted((run["run_after"] for run in runs if run["dag_id"] == one["dag_id"]), reverse=True)
        assert [run["run_after"] for run in one["runs"]] == own[:2]


def test_a_dag_without_runs_has_an_empty_list(client: Client, filled: Filled) -> None:
    del filled
    assert client.get("/api/windward/v1/recent").status == 422
    assert client.get("/api/windward/v1/recent?dag_id=x&limit=51").status == 422
    many = "&".join(f"dag_id=d{number}" for number in range(201))
    assert client.get(f"/api/windward/v1/recent?{many}").status == 422
