"""The contract of tests of connections that are done in the background, on every database."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.store.building import T0
from windward.errors import ConflictError
from windward.ports.connection_tests import ConnectionTest, State
from windward.store.sql.open import SqlStore

SHOP = ConnectionTest(connection_id="shop", created_at=T0)
HOUR = timedelta(hours=1)


def begin(store: SqlStore, digest: str, test: ConnectionTest = SHOP) -> None:
    store.connection_tests.insert_test(digest, test, expires_at=test.created_at + HOUR)


def state(store: SqlStore, digest: str) -> tuple[State, str | None]:
    found = store.connection_tests.find_test(digest, now=T0)
    assert found is not None
    return found.state, found.message


def test_a_test_is_found_by_its_digest_until_it_expires(sql_store: SqlStore) -> None:
    begin(sql_store, "one")
    assert sql_store.connection_tests.find_test("one", now=T0) == SHOP
    assert sql_store.connection_tests.find_test("other", now=T0) is None
    assert sql_store.connection_tests.find_test("one", now=T0 + HOUR) is None
    assert sql_store.retention.delete_expired_logins(before=T0 + 2 * HOUR, limit=10) == 1


def test_a_connection_has_one_open_test_and_others_have_their_own(sql_store: SqlStore) -> None:
    begin(sql_store, "one")
    begin(sql_store, "two", ConnectionTest(connection_id="bank", created_at=T0))
    with pytest.raises(ConflictError, match="shop"):
        begin(sql_store, "three")
    sql_store.connection_tests.move_test("one", "running")
    with pytest.raises(ConflictError):
        begin(sql_store, "three")
    assert sql_store.connection_tests.count_open_tests() == 2
    sql_store.connection_tests.move_test("one", "success", "it answers")
    begin(sql_store, "three")
    assert state(sql_store, "one") == ("success", "it answers")
    assert state(sql_store, "three") == ("queued", None)


def test_what_is_said_of_a_test_is_encrypted(sql_store: SqlStore) -> None:
    begin(sql_store, "one")
    sql_store.connection_tests.move_test("one", "failed", "no password like hunter2 \N{SNOWMAN}\0")
    with sql_store.engine.connect() as connection:
        stored = connection.execute(sa.text("SELECT message FROM connection_test")).scalar_one()
    assert "hunter2" not in stored
    assert state(sql_store, "one")[1] == "no password like hunter2 \N{SNOWMAN}\N{SYMBOL FOR NULL}"


def test_a_test_whose_server_is_gone_is_given_up_and_no_other(sql_store: SqlStore) -> None:
    begin(sql_store, "old")
    begin(sql_store, "done", ConnectionTest(connection_id="bank", created_at=T0))
    sql_store.connection_tests.move_test("done", "success", "it answers")
    begin(sql_store, "new", ConnectionTest(connection_id="yard", created_at=T0 + HOUR))
    sql_store.connection_tests.give_up_tests(before=T0 + HOUR, message="gone")
    assert [state(sql_store, digest) for digest in ("old", "done", "new")] == [
        ("failed", "gone"), ("success", "it answers"), ("queued", None),
    ]  # fmt: skip
    begin(sql_store, "again")
