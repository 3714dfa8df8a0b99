"""Worse than one death: many in one run, a database that drops everyone, and a stop and start in the middle."""

import random

import pytest
import sqlalchemy as sa

from tests import services
from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import System, wait_for
from tests.acceptance.test_kill import MIDDLE, TASKS, assert_whole, begin, go_on_from_the_middle

pytestmark = pytest.mark.slow
DEATHS = 8
BETWEEN = 25
"""So many attempts begin between two deaths."""


def victims(system: System, name: str) -> list[int]:
    """Return processes to kill; there may be none at this moment."""
    if name == "template":
        return system.templates()
    if name == "task":
        return [effect.pid for effect in system.effects()[-8:] if effect.pid in system.pids()]
    return [system.component(name)]


@pytest.mark.parametrize("database", DATABASES)
def test_many_deaths_in_one_run_cost_no_task_and_double_none(make_system: MakeSystem, database: str) -> None:
    system = begin(make_system(database=database))
    dice = random.Random(2)
    order = dice.sample(
        ["scheduler", "worker", "template", "task", "processor", "task", "worker", "scheduler"], k=DEATHS
    )
    killed = 0
    for number, name in enumerate(order):
        system.wait_effects(MIDDLE + number * BETWEEN)
        for pid in victims(system, name):
            killed += system.kill_if_there(pid)
    assert killed >= DEATHS - 2
    go_on_from_the_middle(system)
    assert_whole(system)


@pytest.mark.postgres
def test_a_database_that_drops_every_connection_costs_no_task_and_doubles_none(
    make_system: MakeSystem,
) -> None:
    with services.fresh_postgres() as url:
        system = begin(make_system(url=url))
        server = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        drop_all = sa.text(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'windward%'"
        )
        before = {name: system.component(name) for name in ("scheduler", "worker", "processor", "api-server")}
        system.session.close()
        for number in range(3):
            system.wait_effects(MIDDLE + number * BETWEEN)
            system.session.close()
            with server.connect() as connection:
                assert connection.execute(drop_all).scalar_one() >= 1
        go_on_from_the_middle(system)
        tries = assert_whole(system)
        assert tries == {1: TASKS}, "no task had to suffer"
        assert {name: system.component(name) for name in before} == before
        wait_for(system.is_healthy, "it did not recover")
        system.close()


@pytest.mark.parametrize("database", DATABASES)
def test_a_stop_and_a_start_in_the_middle_cost_no_task_and_double_none(
    make_system: MakeSystem, database: str
) -> None:
    system = begin(make_system(database=database))
    assert system.stop() == 0
    wait_for(lambda: not system.pids(), lambda: f"processes are left: {system.pids()}")
    go_on_from_the_middle(system)
    system.start()
    assert_whole(system)
