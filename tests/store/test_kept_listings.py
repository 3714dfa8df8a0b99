"""Read models of variables and connections, on every database."""

from windward.ports.listings.page import PageRequest, Pattern
from windward.store.sql.open import SqlStore


def test_variables_are_read_decrypted_filtered_and_ordered(sql_store: SqlStore) -> None:
    for key, value in (("b_1", "ä"), ("a", "x"), ("B2", "y")):
        sql_store.secrets.set_variable(key, value, description=key.lower())
    variables = sql_store.listings.variables
    page = variables.list(PageRequest(order_by=("-key",)), key=Pattern(contains="b"))
    assert [(row.key, row.value, row.description) for row in page.rows] == [
        ("b_1", "ä", "b_1"), ("B2", "y", "b2"),
    ]  # fmt: skip
    assert page.total == 2
    assert variables.existing(["a", "A", "B2", "none"]) == {"a", "B2"}
    assert variables.one("none") is None
    one = variables.one("a")
    assert one is not None
    assert (one.value, sql_store.secrets.find_variable("a")) == ("x", ("x", "a"))
    assert sql_store.secrets.find_variable("A") is None


def test_connections_are_read_without_their_passwords(sql_store: SqlStore) -> None:
    secrets = sql_store.secrets
    secrets.set_connection(
        "shop", {"conn_type": "http", "password": "p", "extra": '{"a": 1}', "schema": "s", "port": 7}
    )
    secrets.set_connection("empty", {"conn_type": "ssh", "password": ""})
    listing = sql_store.listings.connections
    page = listing.list(PageRequest(order_by=("conn_type",)), conn_id=Pattern(contains="S%|e"))
    assert [(row.conn_id, row.has_password) for row in page.rows] == [("shop", True), ("empty", False)]
    row = listing.one("shop")
    assert row is not None
    assert (row.extra, row.schema, row.port) == ('{"a": 1}', "s", 7)
    assert not hasattr(row, "password")
    assert listing.existing(["shop", "other"]) == {"shop"}
