"""The guards around the tests themselves: the time limit, and what a missing service means."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from tests.services import Service, fresh_mariadb, fresh_postgres, require
from tests.time_limit import TimeLimitExceeded, time_limit

ABSENT = Service(name="absent", port=1, why_unusable=lambda: "connection refused")
PRESENT = Service(name="present", port=1, why_unusable=str)


def test_a_test_that_hangs_is_stopped_even_when_it_catches_every_exception() -> None:
    never = threading.Event()

    def hang_and_swallow() -> None:
        try:
            never.wait()
        except Exception:  # noqa: BLE001 - that it does not get here is the claim
            pytest.fail("the alarm was swallowed")

    with pytest.raises(TimeLimitExceeded, match=r"0\.01 s"), time_limit(0.01):
        hang_and_swallow()


def test_a_stopped_test_shows_where_its_threads_stand() -> None:
    never = threading.Event()
    thread = threading.Thread(target=never.wait, name="the-other-one")
    thread.start()
    try:
        with pytest.raises(TimeLimitExceeded, match="the-other-one"), time_limit(0.01):
            thread.join()
    finally:
        never.set()
        thread.join()


@pytest.mark.parametrize(
    ("environment", "outcome"),
    [({}, pytest.skip.Exception), ({"CI": "true"}, pytest.fail.Exception)],
)
def test_a_missing_service_skips_here_and_fails_in_ci(
    environment: dict[str, str], outcome: type[BaseException]
) -> None:
    with pytest.raises(outcome, match=r"absent does not answer on 127\.0\.0\.1:1: connection refused"):
        require(ABSENT, environment=environment)


def test_a_service_that_answers_is_used() -> None:
    require(PRESENT, environment={"CI": "true"})
    require(PRESENT, environment={})


@pytest.mark.postgres
def test_a_fresh_postgres_database_is_empty_and_gone_afterwards() -> None:
    _check_fresh(fresh_postgres)


@pytest.mark.mariadb
def test_a_fresh_mariadb_database_is_empty_and_gone_afterwards() -> None:
    _check_fresh(fresh_mariadb)


def _check_fresh(fresh: Callable[[], AbstractContextManager[str]]) -> None:
    with fresh() as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        assert sa.inspect(engine).get_table_names() == []
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE one (id INTEGER PRIMARY KEY)"))
    with pytest.raises(sa.exc.OperationalError), engine.connect():
        pass
