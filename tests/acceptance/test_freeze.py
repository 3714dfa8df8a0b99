"""SIGSTOP: who is silent beyond a lease loses what it held, and on waking does no harm."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import services
from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import System, wait_for
from tests.acceptance.processes import cpu_s_of
from tests.acceptance.test_kill import TASKS, assert_whole, begin, go_on_from_the_middle

pytestmark = pytest.mark.slow
SHORT_LEASES = {
    "WINDWARD__SCHEDULER__LEASE_S": "1.5",
    "WINDWARD__SCHEDULER__HOST_LEASE_S": "1.5",
    "WINDWARD__SCHEDULER__POLL_INTERVAL_S": "0.5",
    "WINDWARD__WORKERS__HEARTBEAT_S": "0.3",
}
LONG = """
import os, time
from datetime import datetime
from airflow.sdk import DAG, task

with DAG("long", schedule=None, start_date=datetime(2026, 1, 1)):
    @task
    def waits(ti):
        with open(os.environ["EFFECTS"], "a") as effects:
            effects.write(f"{ti.task_id},{ti.try_number},{os.getpid()}\\n")
        while not os.path.exists(os.environ["EFFECTS"] + ".go"):
            time.sleep(0.01)

    waits()

with DAG("quick", schedule=None, start_date=datetime(2026, 1, 1)):
    @task
    def nothing():
        pass

    nothing()
"""


@pytest.fixture
def url() -> Iterator[str]:
    with services.fresh_postgres() as one:
        yield one


def lost_attempts(system: System) -> list[str]:
    return [record.task_id for record in system.tasks("grid", "r") if record.try_number > 1]


def second_machine(
    make_system: MakeSystem, first: System, url: str, *, settings: dict[str, str] = SHORT_LEASES
) -> System:
    """Start a scheduler and a worker that share the database, the DAG folder, its snapshots and the secrets of `first`."""
    shared = {"EFFECTS": str(first.effects_file), "WINDWARD__CORE__DAGS_FOLDER": str(first.dags)}
    second = make_system(url=url, settings=settings | shared)
    secrets = second.home / "secrets.toml"
    secrets.write_bytes((first.home / "secrets.toml").read_bytes())
    secrets.chmod(0o600)
    (second.home / "code").symlink_to(first.home / "code")
    second.launch("scheduler")
    second.launch("worker", "host")
    wait_for((second.home / "run" / "scheduler.sock").exists, "there is no second scheduler")
    return second


@pytest.mark.parametrize("database", DATABASES)
def test_a_worker_that_was_frozen_beyond_its_lease_does_no_harm(
    make_system: MakeSystem, database: str
) -> None:
    system = begin(make_system(database=database, settings=SHORT_LEASES))
    worker = system.component("worker")
    system.kill(worker, signal.SIGSTOP)
    wait_for(lambda: lost_attempts(system), "the frozen worker's attempts were never given up")
    go_on_from_the_middle(system)
    system.kill(worker, signal.SIGCONT)
    assert_whole(system)
    assert system.component("worker") == worker


@pytest.mark.parametrize("database", DATABASES)
def test_a_scheduler_that_was_frozen_takes_nothing_from_workers_that_were_not(
    make_system: MakeSystem, database: str
) -> None:
    system = make_system(database=database, settings=SHORT_LEASES)
    system.write("long.py", LONG)
    system.start()
    system.trigger("long", "r")
    system.wait_effects(1)
    scheduler = system.component("scheduler")
    system.kill(scheduler, signal.SIGSTOP)
    time.sleep(2 * float(SHORT_LEASES["WINDWARD__SCHEDULER__HOST_LEASE_S"]))
    system.kill(scheduler, signal.SIGCONT)
    system.trigger("quick", "r")
    assert system.wait_run("quick", "r") == "success"
    Path(f"{system.effects_file}.go").touch()
    assert system.wait_run("long", "r") == "success"
    assert [effect.try_number for effect in system.effects()] == [1]


@pytest.mark.postgres
def test_a_second_scheduler_takes_over_from_a_frozen_one(make_system: MakeSystem, url: str) -> None:
    first = begin(make_system(url=url, settings=SHORT_LEASES))
    second = second_machine(make_system, first, url)
    frozen = first.component("scheduler")
    first.kill(frozen, signal.SIGSTOP)
    second.wait_until_said("scheduler leads")
    go_on_from_the_middle(first)
    assert_whole(first)

    first.kill(frozen, signal.SIGCONT)
    first.trigger("grid", "after")
    assert first.wait_run("grid", "after") == "success"
    assert len(first.effects()) >= 2 * TASKS


@pytest.mark.postgres
def test_a_scheduler_that_stands_by_costs_next_to_nothing(make_system: MakeSystem, url: str) -> None:
    """Its worker's hello waits with it: that once made it ask for the lease again and again without a pause."""
    # Long enough that the first never loses it, on a busy machine too; it is renewed every two seconds.
    settings = SHORT_LEASES | {"WINDWARD__SCHEDULER__LEASE_S": "6"}
    first = make_system(url=url, settings=settings).start()
    second = second_machine(make_system, first, url, settings=settings)
    engine = sa.create_engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        ends = sa.text("SELECT * FROM lease WHERE name = 'scheduler'")

        def wait_for_renewals(count: int) -> None:
            for _ in range(count):
                before = connection.execute(ends).all()
                wait_for(lambda: connection.execute(ends).all() != before, "nobody renews the lease")  # noqa: B023

        def is_quiet() -> bool:
            before_s = cpu_s_of(second.process.pid)
            wait_for_renewals(2)
            return cpu_s_of(second.process.pid) - before_s <= 0.2

        # Its start may not be over yet; who asks without a pause is never quiet.
        wait_for(is_quiet, "it is busy with standing by")
    engine.dispose()
    assert "scheduler leads" not in second.said()
