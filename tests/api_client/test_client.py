"""Airflow's official client against a running server: every operation of every class, by the answers' own models."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import copy

import pytest
from airflow_client.client.api.dag_run_api import DagRunApi
from airflow_client.client.models.trigger_dag_run_post_body import TriggerDAGRunPostBody

from tests import services
from tests.acceptance.harness import System
from tests.api_client import dag_exercises, instance_exercises, run_exercises, settings_exercises
from tests.api_client.official import Official, operations
from tests.api_client.world import RUN, SHOP, World, exercises, made

MODULES = (dag_exercises, instance_exercises, run_exercises, settings_exercises)
"""What fills the table when it is imported."""
DATABASES = [
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.postgres),
    pytest.param("mariadb", marks=pytest.mark.mariadb),
]
NOT_OFFERED = {"DagRunApi.clear_dag_run_partitions"}
OTHERWISE = {"DAGApi.delete_dag": 204, "TaskInstanceApi.get_external_log_url": 400}
"""What answers other than the client's methods expect, as Airflow does too: nothing, where a DAG was deleted; and no
log store has pages of its own."""
READY = ("asking", "follower", "naming", "nightly", "passing", SHOP, "waiting")


@pytest.fixture(scope="module", params=DATABASES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as stack:
        fresh = {"postgres": services.fresh_postgres, "mariadb": services.fresh_mariadb}.get(request.param)
        system = System(
            tmp_path_factory.mktemp("home"),
            url=stack.enter_context(fresh()) if fresh is not None else None,
            settings={
                "WINDWARD__API__EXPOSE_CONFIG": "true",
                "WINDWARD__CORE__TEST_CONNECTION": "enabled",
            },
        )
        stack.callback(system.close)
        for path in (Path(__file__).parent / "dags").glob("*.py"):
            copy(path, system.dags)
        system.start()
        for dag_id in READY:
            system.wait_dag(dag_id)
        made_world = World(system)
        runs = made_world.api(DagRunApi)
        runs.trigger_dag_run(SHOP, made(TriggerDAGRunPostBody, {"dag_run_id": RUN}))
        system.wait_run(SHOP, RUN)
        yield made_world


def test_every_operation_of_the_client_is_exercised() -> None:
    assert set(exercises.table) == {one.label for one in operations()}


@pytest.mark.slow
@pytest.mark.parametrize("official", operations(), ids=lambda one: one.label)
def test_the_client_is_answered_as_its_models_say(world: World, official: Official) -> None:
    answered = world.client.answered
    before = len(answered)
    exercises.table[official.label](world)
    mine = [
        one.status for one in answered[before:] if (one.method, one.path) == (official.method, official.path)
    ]
    expected = 501 if official.label in NOT_OFFERED else OTHERWISE.get(official.label, int(official.good[0]))
    assert expected in mine
