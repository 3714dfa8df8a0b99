"""Assets on the whole real way: tasks that write, DAGs that wait, events from outside."""

import json

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import System, wait_for

THREE = """
from airflow.sdk import DAG, Asset, AssetAlias, Metadata, asset, task

orders = Asset("orders", "s3://b/orders")

with DAG("producer", schedule=None):

    @task(outlets=[orders, AssetAlias("daily")])
    def write(*, outlet_events):
        outlet_events[orders].extra["rows"] = 3
        outlet_events[AssetAlias("daily")].add(Asset("day", "s3://b/day"), extra={"of": "monday"})

    @task(outlets=[Asset("prices")])
    def yields():
        yield Metadata(Asset("prices"), {"currency": "EUR"})

    write() >> yields()

with DAG("consumer", schedule=(orders & Asset("prices")) | Asset("never")):

    @task(inlets=[orders])
    def read(*, triggering_asset_events, inlet_events, dag_run):
        found = {each.name: [event.extra for event in events] for each, events in triggering_asset_events.items()}
        return {
            "found": found,
            "sources": sorted({event.source_dag_id for event in dag_run.consumed_asset_events}),
            "newest": inlet_events[orders][-1].extra,
            "type": str(dag_run.run_type),
        }

    read()

with DAG("by_alias", schedule=AssetAlias("daily")):

    @task
    def name(*, triggering_asset_events):
        return sorted(each.uri for each in triggering_asset_events)

    name()


@asset(schedule=orders)
def totals(self, context, orders):
    return [self.name, orders.uri, context["run_id"][:15]]
"""

TWO = """
from datetime import datetime
from airflow import DAG, Dataset
from airflow.operators.bash import BashOperator

with DAG("old", start_date=datetime(2026, 1, 1), schedule=[Dataset("s3://b/old")]):
    BashOperator(
        task_id="tell",
        bash_command="echo '{% for uri, events in triggering_dataset_events.items() %}{{ uri }}:{{ events | length }}:"
        "{{ (events | first).extra.n }}{% endfor %} {{ ds }}'",
    )
"""


def runs_of(system: System, dag_id: str, count: int = 1) -> list[str]:
    """Wait until so many runs of a DAG have ended; return their ids, oldest first."""

    def look() -> list[str]:
        rows = system.rows("dags", "list-runs", dag_id)
        ended = [row["run_id"] for row in rows if row["state"] in {"success", "failed"}]
        return ended[::-1] if len(ended) == count else []

    return wait_for(look, lambda: f"{dag_id}: {system.rows('dags', 'list-runs', dag_id)}\n{system.said()}")


@pytest.mark.parametrize("database", DATABASES)
def test_what_a_task_writes_makes_the_runs_that_wait_for_it(database: str, make_system: MakeSystem) -> None:
    system = make_system(database=database)
    system.cli("db", "migrate")
    system.write("three.py", THREE)
    system.write("two.py", TWO)
    system.start()
    system.wait_dag("old")

    system.trigger("producer", "r")

    assert system.wait_run("producer", "r") == "success"
    (run_id,) = runs_of(system, "consumer")
    assert system.value("consumer", run_id, "read") == {
        "found": {"orders": [{"rows": 3}], "prices": [{"currency": "EUR"}]},
        "sources": ["producer"],
        "newest": {"rows": 3},
        "type": "asset_triggered",
    }
    (run_id,) = runs_of(system, "by_alias")
    assert system.value("by_alias", run_id, "name") == ["s3://b/day"]
    (run_id,) = runs_of(system, "totals")
    assert system.value("totals", run_id, "totals") == ["totals", "s3://b/orders", "asset_triggered"]

    listed = {row["name"]: row for row in system.rows("assets", "list")}
    assert listed["orders"]["consumers"] == ["consumer", "totals"]
    assert listed["orders"]["producers"] == ["producer.write"]
    assert listed["day"]["is_active"] is False

    system.cli("assets", "emit", "--uri", "s3://b/old", "--extra", '{"n": 7}')
    (run_id,) = runs_of(system, "old")
    assert run_id.startswith("dataset_triggered__")
    assert "s3://b/old:1:7 20" in system.log_of("old", run_id, "tell")

    made = system.rows("assets", "materialize", "--name", "orders")
    assert made[0]["dag_id"] == "producer"
    assert made[0]["run_id"].startswith("asset_materialization__")
    runs_of(system, "consumer", 2)
    details = system.rows("assets", "details", "--name", "orders")[0]
    assert details["events"] == 2


OTHER = """
from airflow.sdk import DAG, Asset

other = DAG("other", schedule=Asset("orders", "s3://elsewhere/orders"))
"""


@pytest.mark.parametrize("database", DATABASES)
def test_an_asset_that_is_called_like_another_is_a_warning_of_both_files(
    database: str, make_system: MakeSystem
) -> None:
    system = make_system(database=database)
    system.cli("db", "migrate")
    system.write("three.py", THREE)
    system.start()
    system.wait_dag("producer")

    system.write("other.py", OTHER)

    def warned(dag_id: str) -> str:
        system.wait_dag(dag_id)
        return " ".join(json.loads(system.cli("dags", "details", dag_id, "-o", "json"))["warnings"])

    assert wait_for(lambda: "declared in `three.py`" in warned("other"), system.said)
    assert wait_for(lambda: "declared in `other.py`" in warned("producer"), system.said)
    listed = {row["uri"]: row for row in system.rows("assets", "list")}
    assert listed["s3://b/orders"]["conflicts"] == ["orders (s3://elsewhere/orders)"]
