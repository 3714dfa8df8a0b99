"""The stores under test: the memory store, and one fresh store on each database."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests import databases
from tests.store.building import AnyStore
from windward.store.memory import MemoryStore
from windward.store.sql.open import SqlStore, open_store

FERNET_KEY = Fernet.generate_key().decode()

SQL_PARAMS = [
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.postgres),
    pytest.param("mariadb", marks=pytest.mark.mariadb),
]


@pytest.fixture
def url_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Return a function from the name of a database to the URL of one."""

    def url(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/windward.db"
        # The driver reads the machine's certificates for each connection, which takes longer than most tests here.
        given = "?ssl_disabled=true" if kind == "mariadb" else ""
        return f"{request.getfixturevalue(f'{kind}_url')}{given}"

    return url


@pytest.fixture
def open_sql(url_of: Callable[[str], str], tmp_path: Path) -> Iterator[Callable[[str], SqlStore]]:
    """Return a function that opens a new, empty SQL store; two of one kind in a test share a database."""
    opened: list[SqlStore] = []
    fresh: set[str] = set()

    def open_one(kind: str) -> SqlStore:
        url = databases.with_tables(tmp_path / "windward.db") if kind == "sqlite" else url_of(kind)
        store = open_store(url, fernet_keys=[FERNET_KEY], create=True)
        opened.append(store)
        if kind not in {"sqlite", *fresh}:
            databases.empty(store)
            fresh.add(kind)
        return store

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture(params=SQL_PARAMS)
def sql_store(request: pytest.FixtureRequest, open_sql: Callable[[str], SqlStore]) -> SqlStore:
    """Return an empty SQL store."""
    return open_sql(request.param)


@pytest.fixture(params=["memory", *SQL_PARAMS])
def store(request: pytest.FixtureRequest, open_sql: Callable[[str], SqlStore]) -> AnyStore:
    """Return an empty store."""
    return MemoryStore() if request.param == "memory" else open_sql(request.param)
