"""Systems for the acceptance tests: each test its own, on SQLite and where it says so on PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import services
from tests.acceptance.harness import System

LIMIT_S = 600.0
"""Time for a test, also for one that is not slow on a machine that does nothing else."""
MakeSystem = Callable[..., System]
DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder more time than others, unless they name their own."""
    for item in items:
        if Path(__file__).parent in item.path.parents and not item.get_closest_marker("time_limit"):
            item.add_marker(pytest.mark.time_limit(LIMIT_S))


@pytest.fixture
def make_system(tmp_path: Path) -> Iterator[MakeSystem]:
    """Return a function that makes a system; it is closed after the test."""
    with ExitStack() as stack:
        made: list[System] = []

        def make(*, database: str = "sqlite", settings: dict[str, str] | None = None, **more: Any) -> System:
            url = stack.enter_context(services.fresh_postgres()) if database == "postgres" else None
            home = tmp_path / f"home{len(made)}"
            system = System(home, url=more.pop("url", url), settings=settings)
            made.append(system)
            stack.callback(system.close)
            return system

        yield make
