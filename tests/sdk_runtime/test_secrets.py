"""Where variables and connections are looked up, in which order, and what happens when a place fails."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sdk_runtime.fakes import FakeBridge
from windward.errors import UserError
from windward.sdk import secrets
from windward.sdk.bridge import use_bridge
from windward.sdk.connection import Connection
from windward.sdk.connection import read as read_connection
from windward.sdk.exceptions import (
    AirflowConfigException,
    AirflowNotFoundException,
    AirflowSecretsBackendAccessDenied,
    ConnectionNotUnique,
    VariableNotUnique,
)
from windward.sdk.masking import mask_text
from windward.sdk.secrets_backend import (
    BaseSecretsBackend,
    EnvironmentVariablesBackend,
    LocalFilesystemBackend,
    MetastoreBackend,
)
from windward.sdk.secrets_files import connections_in, variables_in
from windward.sdk.setting_up import set_up
from windward.sdk.variable import Variable, VariableNotFoundError
from windward.settings import load


@pytest.fixture(autouse=True)
def _no_backends() -> Iterator[None]:
    yield
    secrets.set_backends(())
    secrets.remember_in(None)


@pytest.fixture
def bridge() -> Iterator[FakeBridge]:
    with use_bridge(FakeBridge()) as found:
        assert isinstance(found, FakeBridge)
        yield found


class Vault(BaseSecretsBackend):
    """A backend as providers write them."""

    asked: list[str] = []  # noqa: RUF012 - what a test looks at

    def __init__(
        self, variables: dict[str, str] | None = None, connections: dict[str, str] | None = None
    ) -> None:
        self.variables = variables or {}
        self.connections = connections or {}

    def get_conn_value(self, conn_id: str, team_name: str | None = None) -> str | None:
        self.asked.append(conn_id)
        return self.connections.get(conn_id)

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        self.asked.append(key)
        return self.variables.get(key)


def test_a_backend_comes_before_the_environment_and_that_before_the_store(
    bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge.variables = {"shop": "store", "desk": "store", "till": "store"}
    monkeypatch.setenv("AIRFLOW_VAR_SHOP", "environment")
    monkeypatch.setenv("AIRFLOW_VAR_DESK", "environment")
    secrets.set_backends([Vault({"shop": "vault"})])
    assert [Variable.get(key) for key in ("shop", "desk", "till")] == ["vault", "environment", "store"]


def test_connections_have_the_same_order_and_both_forms(
    bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge.connections = {name: {"conn_type": "http", "host": "store"} for name in ("a", "b", "c", "d")}
    monkeypatch.setenv("AIRFLOW_CONN_B", "http://environment")
    monkeypatch.setenv("AIRFLOW_CONN_C", json.dumps({"conn_type": "http", "host": "json"}))
    secrets.set_backends([Vault(connections={"a": "http://vault", "b": "http://vault"})])
    assert [read_connection(name).host for name in "abcd"] == ["vault", "vault", "json", "store"]


def test_a_backend_that_fails_is_passed_over_with_a_warning(
    bridge: FakeBridge, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Vault):
        def get_variable(self, key: str, team_name: str | None = None) -> str | None:
            raise ConnectionError("vault is sealed")

    bridge.variables["shop"] = "store"
    secrets.set_backends([Broken()])
    assert Variable.get("shop") == "store"
    assert caplog.messages == [
        "secrets backend failed for `shop` and is passed over: ConnectionError: vault is sealed"
    ]


def test_a_denial_is_an_answer(bridge: FakeBridge) -> None:
    class Denying(Vault):
        def get_variable(self, key: str, team_name: str | None = None) -> str | None:
            raise AirflowSecretsBackendAccessDenied("not yours")

    bridge.variables["shop"] = "store"
    secrets.set_backends([Denying()])
    with pytest.raises(AirflowSecretsBackendAccessDenied):
        Variable.get("shop")


def test_a_backend_is_made_of_its_settings_when_it_is_first_asked(bridge: FakeBridge) -> None:
    kwargs = json.dumps({"variables": {"shop": "vault"}})
    secrets.configure(secrets.BackendOptions(path=f"{__name__}.Vault", kwargs=kwargs))
    assert Variable.get("shop") == "vault"


@pytest.mark.parametrize(
    ("path", "kwargs", "message"),
    [
        ("no.such.Backend", "", "`no.such.Backend` cannot be imported"),
        (f"{__name__}.Nothing", "", "cannot be imported"),
        (f"{__name__}.Vault", "{", "are not JSON"),
        (f"{__name__}.Vault", "[1]", "are a list"),
        (f"{__name__}.Vault", '{"where": 1}', "cannot be made: TypeError"),
    ],
)
def test_a_backend_that_cannot_be_made_is_an_error_and_no_silent_gap(
    bridge: FakeBridge, path: str, kwargs: str, message: str
) -> None:
    bridge.variables["shop"] = "store"
    secrets.configure(secrets.BackendOptions(path=path, kwargs=kwargs))
    with pytest.raises(AirflowConfigException, match=message):
        Variable.get("shop")


def test_workers_have_a_backend_of_their_own_else_the_common_one(bridge: FakeBridge, tmp_path: Path) -> None:
    def kwargs(name: str) -> str:
        return json.dumps({"variables": {"shop": name}})

    environ = {
        "AIRFLOW__SECRETS__BACKEND": f"{__name__}.Vault", "AIRFLOW__SECRETS__BACKEND_KWARGS": kwargs("common"),
    }  # fmt: skip
    own = {
        "AIRFLOW__WORKERS__SECRETS_BACKEND": f"{__name__}.Vault",
        "AIRFLOW__WORKERS__SECRETS_BACKEND_KWARGS": kwargs("workers"),
    }
    found = []
    for values, is_worker in (
        (environ, False),
        (environ, True),
        (environ | own, False),
        (environ | own, True),
    ):
        set_up(load(values, home=tmp_path), is_worker=is_worker)
        found.append(Variable.get("shop"))
    assert found == ["common", "common", "common", "workers"]


def test_names_and_lengths_of_the_deployment_are_masked(bridge: FakeBridge, tmp_path: Path) -> None:
    environ = {
        "AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES": "pin,code",
        "AIRFLOW__LOGGING__MIN_LENGTH_MASKED_SECRET": "3",
    }
    set_up(load(environ, home=tmp_path), is_worker=True)
    bridge.variables = {"shop_pin": "4711", "shop": "north"}
    Variable.get("shop_pin")
    Variable.get("shop")
    assert mask_text("4711 in north") == "*** in north"
    set_up(load({}, home=tmp_path), is_worker=True)


def test_what_a_backend_says_is_masked_like_what_the_store_says(bridge: FakeBridge) -> None:
    secrets.set_backends([Vault({"api_token": "abc-def-ghi"}, {"db": "postgres://me:s3cret-word@host/db"})])
    Variable.get("api_token")
    read_connection("db")
    assert mask_text("abc-def-ghi s3cret-word") == "*** ***"


class Memory:
    """A cache in a dict."""

    def __init__(self) -> None:
        self.known: dict[str, str | None] = {}

    def get(self, name: str) -> tuple[bool, str | None]:
        return name in self.known, self.known.get(name)

    def put(self, name: str, text: str | None) -> None:
        self.known[name] = text


def test_a_cache_spares_the_backend_also_for_what_it_does_not_have(bridge: FakeBridge) -> None:
    bridge.variables["desk"] = "store"
    backend = Vault({"shop": "vault"}, {"db": "postgres://me:word-word@host/db?x=1"})
    backend.asked = []
    secrets.set_backends([backend])
    secrets.remember_in(Memory())
    for _ in range(2):
        assert (Variable.get("shop"), Variable.get("desk")) == ("vault", "store")
        assert read_connection("db").extra_dejson == {"x": "1"}
    assert backend.asked == ["shop", "desk", "db"]


def test_without_a_backend_a_cache_is_not_asked(bridge: FakeBridge) -> None:
    bridge.variables["desk"] = "store"
    cache = Memory()
    secrets.remember_in(cache)
    assert Variable.get("desk") == "store"
    assert cache.known == {}


def test_backends_of_airflow_answer_for_their_places(
    bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_SHOP", "north")
    monkeypatch.setenv("AIRFLOW_CONN_DB", "sqlite://file")
    bridge.variables["desk"] = "3"
    bridge.connections["web"] = {"conn_type": "http"}
    environment, store = EnvironmentVariablesBackend(), MetastoreBackend()
    assert (environment.get_variable("shop"), environment.get_variable("no")) == ("north", None)
    assert environment.get_connection("db") == Connection("db", uri="sqlite://file")
    assert environment.get_connection("no") is None
    assert (store.get_variable("desk"), store.get_variable("no")) == ("3", None)
    assert (store.get_connection("web"), store.get_connection("no")) == (
        Connection("web", conn_type="http"),
        None,
    )
    assert BaseSecretsBackend.build_path("a/b", "c") == "a/b/c"


FORMS = {
    "v.json": '{"shop": "north", "goods": {"tea": 2}, "one": ["x"]}',
    "v.yaml": "shop: north\ngoods:\n  tea: 2\none: [x]\n",
    "v.env": '# comment\nshop=north\n\ngoods={"tea": 2}\none=x\n',
}


@pytest.mark.parametrize("name", FORMS)
def test_variables_are_read_from_files(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FORMS[name])
    backend = LocalFilesystemBackend(variables_file_path=str(tmp_path / name))
    assert json.loads(backend.get_variable("goods") or "") == {"tea": 2}
    assert [backend.get_variable(key) for key in ("shop", "one", "none")] == ["north", "x", None]


CONNECTIONS = {
    "c.json": '{"a": "http://h:80", "b": {"conn_type": "http", "extra": {"k": 1}}, "c": ["http://h"]}',
    "c.yml": "a: http://h:80\nb:\n  conn_type: http\n  extra_dejson: {k: 1}\nc:\n  - http://h\n",
    "c.env": 'a=http://h:80\nb={"conn_type": "http", "extra": {"k": 1}}\nc=http://h\n',
}


@pytest.mark.parametrize("name", CONNECTIONS)
def test_connections_are_read_from_files(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(CONNECTIONS[name])
    backend = LocalFilesystemBackend(connections_file_path=str(tmp_path / name))
    a, b, c = (backend.get_connection(conn_id) for conn_id in "abc")
    assert a is not None
    assert b is not None
    assert (a.port, b.extra_dejson, c) == (80, {"k": 1}, Connection("c", uri="http://h"))
    assert backend.get_connection("d") is None


def test_twice_the_same_name_is_refused(tmp_path: Path) -> None:
    twice = tmp_path / "twice.env"
    twice.write_text("a=http://x\na=http://y\n")
    with pytest.raises(ConnectionNotUnique):
        connections_in(str(twice))
    with pytest.raises(VariableNotUnique):
        variables_in(str(twice))


@pytest.mark.parametrize(
    ("name", "text"),
    [("x.json", "{"), ("x.json", "[1]"), ("x.yaml", "a: [1"), ("x.env", "words"), ("y.json", None)],
)
def test_a_file_that_cannot_be_read_is_a_users_error(tmp_path: Path, name: str, text: str | None) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=name):
        variables_in(str(tmp_path / name))


def test_what_is_nowhere_is_named(bridge: FakeBridge) -> None:
    with pytest.raises(VariableNotFoundError, match="Variable `shop` does not exist"):
        Variable.get("shop")
    with pytest.raises(AirflowNotFoundException, match="The conn_id `db` isn't defined"):
        read_connection("db")


def test_types_are_kept_in_what_is_read(bridge: FakeBridge) -> None:
    read: Any = Vault({"n": "5"}).get_variable("n")
    assert read == "5"
