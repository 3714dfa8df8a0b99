"""Wake-ups reach the scheduler at once, never block, and are never missed by much."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from windward.app.wakeup import LocalWakeup, PostgresListener, PostgresWakeup, open_wakeup
from windward.executors.doors import open_doors, wake_socket
from windward.executors.hub import Hub
from windward.ports.executor import Woken
from windward.ports.wakeup import Wakeup
from windward.settings import Settings, load

DEADLINE_S = 60.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({}, home=tmp_path / "home")


@pytest.fixture
def hub(settings: Settings) -> Iterator[Hub]:
    doors = open_doors(settings.run_folder)
    hub = Hub(doors)
    yield hub
    hub.close()
    doors.close()


@pytest.fixture
def wakeup(settings: Settings) -> Iterator[Wakeup]:
    made = open_wakeup(settings)
    yield made
    made.close()


def test_a_wake_up_ends_the_scheduler_s_wait_within_milliseconds(wakeup: Wakeup, hub: Hub) -> None:
    latencies = []
    for _ in range(50):
        began = time.monotonic()
        threading.Thread(target=wakeup.wake).start()
        assert hub.wait(DEADLINE_S) == [Woken()]
        latencies.append(time.monotonic() - began)
    # Of a machine that does much else a quarter tells: who looked now and then only would fail all the same.
    assert sorted(latencies)[len(latencies) // 4] < 0.02


def test_a_wake_up_without_a_scheduler_does_nothing(wakeup: Wakeup) -> None:
    wakeup.wake()


def test_a_scheduler_that_does_not_read_is_not_waited_for(wakeup: Wakeup, hub: Hub) -> None:
    began = time.monotonic()
    for _ in range(5000):
        wakeup.wake()
    assert time.monotonic() - began < DEADLINE_S / 2
    assert hub.wait(0) == [Woken()]


def test_a_wake_up_finds_a_scheduler_that_came_later(settings: Settings, wakeup: Wakeup) -> None:
    wakeup.wake()
    doors = open_doors(settings.run_folder)
    hub = Hub(doors)
    wakeup.wake()
    assert hub.wait(DEADLINE_S) == [Woken()]
    hub.close()
    doors.close()


@pytest.mark.postgres
def test_a_component_of_another_home_wakes_by_the_database(
    settings: Settings, hub: Hub, postgres_url: str, tmp_path: Path
) -> None:
    listener = PostgresListener(postgres_url, hub.wake)
    listener.start()
    assert hub.wait(DEADLINE_S) == [Woken()], "it looks once when it begins to listen"
    elsewhere = PostgresWakeup(LocalWakeup(tmp_path / "nobody"), postgres_url)
    elsewhere.wake()
    assert hub.wait(DEADLINE_S) == [Woken()]
    listener.stop()
    elsewhere.close()


def test_a_database_that_is_away_does_not_keep_a_wake_up_from_this_home(settings: Settings, hub: Hub) -> None:
    local = LocalWakeup(wake_socket(settings.run_folder))
    both = PostgresWakeup(local, "postgresql://nobody@127.0.0.1:1/nothing")
    both.wake()
    assert hub.wait(DEADLINE_S) == [Woken()]
    both.close()


def test_only_postgresql_is_notified(settings: Settings) -> None:
    def of(url: str) -> str:
        database = replace(settings.database, sql_alchemy_conn=url)
        opened = open_wakeup(replace(settings, database=database))
        opened.close()
        return type(opened).__name__

    assert of("postgresql+psycopg://a@b/c") == "PostgresWakeup"
    assert of("mysql://a@b/c") == "LocalWakeup"
    assert of(settings.database.sql_alchemy_conn) == "LocalWakeup"
