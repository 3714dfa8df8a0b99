"""A worker host for tests: real processes and sockets, one host for all tests that do not harm it."""

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.runner.fake_scheduler import HostUnderTest, host_under_test
from tests.runner.marking import Bench


class StartHost(Protocol):
    def __call__(self, *arguments: str, lease_s: float = 30.0) -> HostUnderTest: ...


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder with a short path: a socket's path may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="ww") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def shared_host(short_folder: Path) -> Iterator[HostUnderTest]:
    """A host that many tests use; none of them stops it or loses its connection."""
    folder = short_folder / "shared"
    folder.mkdir()
    with host_under_test(folder) as host:
        yield host


@pytest.fixture
def start_host(short_folder: Path) -> Iterator[StartHost]:
    """Start hosts of a test's own."""
    with ExitStack() as stack:

        def start(*arguments: str, lease_s: float = 30.0) -> HostUnderTest:
            folder = Path(tempfile.mkdtemp(dir=short_folder))
            context: AbstractContextManager[HostUnderTest] = host_under_test(
                folder, *arguments, lease_s=lease_s
            )
            return stack.enter_context(context)

        yield start


@pytest.fixture
def bench(start_host: StartHost) -> Bench:
    """A host of the test's own whose tasks leave marks."""
    host = start_host("--kill-grace", "20", "--heartbeat", "0.1", "--spare", "0")
    return Bench(host, host.home / "marks")
