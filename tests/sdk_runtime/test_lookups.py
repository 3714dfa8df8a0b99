"""Variables, connections, hooks and settings: where they come from and how they are written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk_runtime.fakes import FakeBridge
from windward.errors import UserError
from windward.sdk import secrets
from windward.sdk.bridge import use_bridge
from windward.sdk.configuration import Configuration
from windward.sdk.connection import Connection
from windward.sdk.exceptions import (
    AirflowConfigException,
    AirflowException,
    AirflowNotFoundException,
    AirflowRuntimeError,
)
from windward.sdk.hook import BaseHook, register_hook
from windward.sdk.masking import mask_text
from windward.sdk.variable import Variable


def test_a_variable_comes_from_backend_then_environment_then_store(monkeypatch: pytest.MonkeyPatch) -> None:
    class Backend:
        def get_variable(self, key: str) -> str | None:
            return {"a": "backend"}.get(key)

        def get_connection(self, conn_id: str) -> Any:
            return Connection(conn_id, "http", host="backend") if conn_id == "a" else None

    bridge = FakeBridge()
    bridge.variables = {"a": "store", "b": "store", "c": "store"}
    bridge.connections = {"c": {"conn_type": "http", "host": "store"}}
    for name in ("A", "B"):
        monkeypatch.setenv(f"AIRFLOW_VAR_{name}", "environment")
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", "http://environment")
    secrets.set_backends([Backend()])
    try:
        with use_bridge(bridge):
            assert [Variable.get(key) for key in "abc"] == ["backend", "environment", "store"]
            assert [Connection.get(key).host for key in "abc"] == ["backend", "environment", "store"]
            assert len(bridge.calls) == 2
    finally:
        secrets.set_backends([])


def test_a_missing_variable_is_a_key_error_and_a_runtime_error() -> None:
    with use_bridge(FakeBridge()):
        for kind in (KeyError, AirflowRuntimeError):
            with pytest.raises(kind, match="Variable `none` does not exist"):
                Variable.get("none")
        assert Variable.get("none", None) is None
        assert Variable.get("none", default_var=3) == 3
        assert Variable.get("none", default={"a": 1}, deserialize_json=True) == {"a": 1}


def test_variables_are_written_read_and_deleted() -> None:
    with use_bridge(FakeBridge()) as bridge:
        Variable.set("k", {"a": 1}, serialize_json=True)
        assert Variable.get("k", deserialize_json=True) == {"a": 1}
        assert Variable.setdefault("new", "x") == "x"
        Variable.update("new", 7)
        assert (Variable.get("new"), Variable.delete("new"), Variable.delete("new")) == ("7", 1, 0)
        assert isinstance(bridge, FakeBridge)
        assert "new" not in bridge.variables


def test_without_a_task_the_error_names_the_variable() -> None:
    with pytest.raises(UserError, match="variable `k` needs a running task"):
        Variable.get("k")


def test_secrets_of_variables_and_connections_are_masked() -> None:
    bridge = FakeBridge()
    bridge.variables = {"api_key": "key-value", "plain": "seen", "j": '{"token": "tok-value"}'}
    bridge.connections = {
        "c": {"conn_type": "x", "password": "pw-value", "extra": '{"secret_id": "extra-value"}'}
    }
    with use_bridge(bridge):
        (
            Variable.get("api_key"),
            Variable.get("plain"),
            Variable.get("j", deserialize_json=True),
            Connection.get("c"),
        )
    assert mask_text("key-value tok-value pw-value extra-value seen") == "*** *** *** *** seen"
    assert "pw-value" in bridge.masked


def test_a_missing_connection_says_how_to_add_it() -> None:
    with (
        use_bridge(FakeBridge()),
        pytest.raises(AirflowNotFoundException, match=r"(?s)isn't defined.*AIRFLOW_CONN_NONE") as e,
    ):
        BaseHook.get_connection("none")
    assert "windward connections add none" in str(e.value)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@given(
    host=st.from_regex(r"[a-zA-Z][a-zA-Z0-9.-]{0,9}", fullmatch=True),
    login=st.none() | TEXTS,
    password=st.none() | TEXTS,
    schema=st.none() | TEXTS,
    port=st.none() | st.integers(1, 65535),
    extra=st.dictionaries(TEXTS, TEXTS | st.integers() | st.booleans(), max_size=3),
)
def test_a_connections_uri_reads_back_as_the_same(
    host: str,
    login: str | None,
    password: str | None,
    schema: str | None,
    port: int | None,
    extra: dict[str, Any],
) -> None:
    made = Connection(
        "c", "google_cloud_platform", host=host, login=login, password=password, schema=schema, port=port,
        extra=extra or None,
    )  # fmt: skip
    again = Connection.from_uri(made.get_uri(), "c")
    assert (again.conn_type, again.host) == (made.conn_type, host)
    assert (again.login or None, again.password) == (login, password)
    assert (again.schema or None, again.port, again.extra_dejson) == (schema, port, extra)
    assert Connection.from_json(made.as_json(), "c") == made


@pytest.mark.parametrize(
    ("uri", "fields"),
    [
        ("postgresql://u:p%40w@Host:5432/db?sslmode=require", ("postgres", "Host", "u", "p@w", "db", 5432)),
        ("http://https://host:8080/path", ("http", "https://host", None, None, "path", 8080)),
        ("sqlite:////tmp/x.db", ("sqlite", "", None, None, "/tmp/x.db", None)),
        ("aws://", ("aws", "", None, None, "", None)),
        ("my-type://h", ("my_type", "h", None, None, "", None)),
    ],
)
def test_a_uri_is_read_as_airflow_reads_it(uri: str, fields: tuple[Any, ...]) -> None:
    made = Connection.from_uri(uri)
    assert (made.conn_type, made.host, made.login, made.password, made.schema, made.port) == fields


def test_a_connection_of_unknown_fields_is_refused() -> None:
    with pytest.raises(AirflowException, match="unknown fields `pasword`"):
        Connection.from_json('{"conn_type": "x", "pasword": "y"}')


class FakeHook(BaseHook):
    conn_name_attr = "fake_conn_id"

    def __init__(self, fake_conn_id: str, flavour: str = "plain") -> None:
        super().__init__()
        self.arguments = (fake_conn_id, flavour)


def test_the_hook_of_a_connections_type_is_found() -> None:
    register_hook("fake", f"{__name__}.FakeHook")
    hook = Connection("c", "fake").get_hook(hook_params={"flavour": "x", "unknown": 1})
    assert hook.arguments == ("c", "x")
    with pytest.raises(AirflowException, match=r"no installed package.*`nosuch`"):
        Connection("c", "nosuch").get_hook()


def test_conf_reads_the_environment_the_settings_and_the_fallback() -> None:
    conf = Configuration({"AIRFLOW__EMAIL__SUBJECT": "x", "AIRFLOW__A__ON": "True", "HOME": "/nonexistent"})
    assert conf.get("email", "subject") == "x"
    assert conf.getboolean("a", "on") is True
    assert conf.getint("core", "parallelism") == 32
    assert conf.get("nope", "nope", fallback=None) is None
    assert conf.has_option("core", "parallelism")
    with pytest.raises(AirflowConfigException, match="nope/nope"):
        conf.get("nope", "nope")


def test_conf_never_tells_secrets_of_the_control_plane() -> None:
    conf = Configuration({"HOME": "/nonexistent"})
    assert conf.get("database", "sql_alchemy_conn", fallback="hidden") == "hidden"


def test_the_keys_of_variables_are_listed_by_prefix() -> None:
    bridge = FakeBridge()
    bridge.variables = {"etl.b": "1", "etl.a": "2", "other": "3"}
    with use_bridge(bridge):
        assert Variable.keys("etl.") == ["etl.a", "etl.b"]
        assert Variable.keys() == ["etl.a", "etl.b", "other"]
