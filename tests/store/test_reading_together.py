"""Reads of one thread in one transaction: fewer of them, and nothing else is seen than by one after another."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from windward.errors import NotFoundError, UnavailableError
from windward.store.sql.database import Database
from windward.store.sql.engines import make_engine
from windward.store.sql.open import SqlStore, open_store
from windward.store.sql.tables import CUSTOM_ROLE
from windward.store.sql.transaction import Transaction

NAMES = "SELECT name FROM custom_role ORDER BY name"


@pytest.fixture
def database(sql_store: SqlStore) -> Database:
    return Database(sql_store.engine)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """Give a list that grows by one with each transaction that begins."""
    begun: list[str] = []

    def note(*_: object) -> None:
        begun.append(database.engine.name)

    sa.event.listen(database.engine, "checkout", note)  # each takes a connection, and gives it back
    try:
        yield begun
    finally:
        sa.event.remove(database.engine, "checkout", note)


def names(database: Database) -> list[str]:
    with database.reading() as transaction:
        return [name for (name,) in transaction.select(NAMES)]


def put(database: Database, name: str) -> None:
    def work(transaction: Transaction) -> None:
        transaction.one(database.dialect.sql("INSERT INTO custom_role (name) VALUES (?)"), (name,))

    database.write(work)


def test_what_is_read_together_is_one_transaction_and_counts_each_statement(database: Database) -> None:
    before = database.counters.queries
    with counted(database) as begun:
        with database.together():
            assert begun == []
            with database.reading() as outer:
                assert names(database) == [] == outer.select(NAMES)
            assert names(database) == []
        assert len(begun) == 1
        assert names(database) == []
        assert len(begun) == 2
    assert database.counters.queries - before == 4


def test_who_writes_reads_what_it_wrote(database: Database) -> None:
    with database.together():
        assert names(database) == []
        put(database, "a")
        assert names(database) == ["a"]
        with database.reading() as transaction:
            put(database, "b")
            transaction.select(NAMES)  # goes on with what it has
        assert names(database) == ["a", "b"]


def test_a_read_that_fails_leaves_nothing_to_the_next(database: Database) -> None:
    def of_what_is_not_there() -> None:
        with database.reading() as transaction:
            transaction.select("SELECT name FROM nowhere")

    def of_what_is_refused() -> None:
        with database.reading():
            raise NotFoundError("there is none")

    with database.together():
        for read, errors in (
            (of_what_is_not_there, (sa.exc.DBAPIError, UnavailableError)),  # as drivers tell it
            (of_what_is_refused, (NotFoundError,)),
        ):
            with pytest.raises(errors):
                read()
            assert names(database) == []
    pool = database.engine.pool
    assert isinstance(pool, sa.QueuePool)
    assert pool.checkedout() == 0


def read_and_fail(database: Database) -> None:
    with database.together():
        names(database)
        raise NotFoundError("there is none")


def test_threads_share_nothing_and_nothing_is_left_behind(database: Database) -> None:
    with counted(database) as begun, database.together():
        names(database)
        other = threading.Thread(target=names, args=[database])
        other.start()
        other.join()
        assert len(begun) == 2
    with pytest.raises(NotFoundError):
        read_and_fail(database)
    pool = database.engine.pool
    assert isinstance(pool, sa.QueuePool)
    assert pool.checkedout() == 0
    asyncio.run(asyncio.to_thread(put, database, "c"))
    assert names(database) == ["c"]


def test_what_sqlalchemy_reads_is_of_the_same_snapshot(sql_store: SqlStore) -> None:
    database, query = Database(sql_store.engine), sa.select(CUSTOM_ROLE.c.name)
    with database.together():
        assert names(database) == []
        put_elsewhere(database, "a")
        with database.reading() as transaction:
            read = [name for (name,) in transaction.run(query)]
            assert transaction.select(NAMES) == [(name,) for name in read]
            assert read == ([] if database.dialect.is_sqlite else ["a"])
        with (
            pytest.raises((sa.exc.DBAPIError, UnavailableError)),  # as drivers tell it
            database.reading() as transaction,
        ):
            transaction.run(sa.text("SELECT name FROM nowhere"))
        assert names(database) == ["a"]
    pool = database.engine.pool
    assert isinstance(pool, sa.QueuePool)
    assert pool.checkedout() == 0


def put_elsewhere(database: Database, name: str) -> None:
    """Write in another thread, as another process would."""
    other = threading.Thread(target=put, args=[database, name])
    other.start()
    other.join()


def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    database = Database(make_engine(f"sqlite:///{folder}/windward.db"))
    folder.rmdir()
    with pytest.raises(UnavailableError), database.reading():
        pass
    with pytest.raises(UnavailableError), database.together():
        names(database)


def test_a_thread_that_reads_briefly_keeps_its_connection(tmp_path: Path) -> None:
    store = open_store(
        f"sqlite:///{tmp_path}/one.db", fernet_keys=[Fernet.generate_key().decode()], create=True
    )
    database = Database(store.engine)
    with counted(database) as begun:
        for number in range(3):
            with database.briefly():
                assert len(names(database)) == number
            put(database, str(number))
        writes = 3
        assert len(begun) == 1 + writes
        with pytest.raises(UnavailableError), database.briefly(), database.reading() as transaction:
            transaction.select("SELECT nothing FROM nowhere")
        with database.briefly():
            assert names(database) == ["0", "1", "2"]
        assert len(begun) == 2 + writes, "what failed is not kept"
    pool = store.engine.pool
    assert isinstance(pool, sa.QueuePool)
    assert pool.checkedout() == 1
    database.close()
    assert pool.checkedout() == 0
    with database.briefly():
        assert names(database) == ["0", "1", "2"], "and it can be taken again"
    database.close()
    store.close()


def test_what_is_read_briefly_does_not_hold_the_log_of_the_database(tmp_path: Path) -> None:
    store = open_store(
        f"sqlite:///{tmp_path}/one.db", fernet_keys=[Fernet.generate_key().decode()], create=True
    )
    database = Database(store.engine)
    with database.briefly():
        assert names(database) == []
    put(database, "a")
    with store.engine.connect() as connection:
        (is_busy, _, _) = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    assert not is_busy
    database.close()
    store.close()
