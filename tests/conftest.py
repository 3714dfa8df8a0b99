"""What every test gets: a home of its own, a time limit, and the services that its markers name.

Fixtures that only one folder needs live in the `conftest.py` of that folder.
"""

import os
from collections.abc import Iterator

import hypothesis
import pytest

from tests import services, time_limit

# A slow machine is no bug, so there is no deadline. In CI the same examples each time: a red run can be run again.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")


def pytest_configure(config: pytest.Config) -> None:
    """Install the time limit."""
    config.pluginmanager.register(time_limit, "windward-time-limit")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or in CI fail, a test whose marker names a service that does not answer."""
    for name, service in services.SERVICES.items():
        if item.get_closest_marker(name):
            services.require(service)


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide the developer's settings: no test reads them, and none writes to a real home."""
    foreign = {
        name: os.environ.pop(name) for name in list(os.environ) if name.startswith(("WINDWARD", "AIRFLOW"))
    }
    os.environ["WINDWARD_HOME"] = str(tmp_path_factory.mktemp("windward-home"))
    yield
    del os.environ["WINDWARD_HOME"]
    os.environ.update(foreign)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Yield the SQLAlchemy URL of a PostgreSQL database made for this session; `fresh_postgres` makes more."""
    with services.fresh_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """Yield the SQLAlchemy URL of a MariaDB database made for this session; `fresh_mariadb` makes more."""
    with services.fresh_mariadb() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> str:
    """Return the URL of the Redis server; keys are shared, so give them a prefix of your own."""
    services.require(services.REDIS)
    return "redis://127.0.0.1:6379/0"


@pytest.fixture(scope="session")
def rabbitmq_url() -> str:
    """Return the URL of the RabbitMQ server; queues are shared, so give them a prefix of your own."""
    services.require(services.RABBITMQ)
    return "amqp://guest:guest@127.0.0.1:5672//"
