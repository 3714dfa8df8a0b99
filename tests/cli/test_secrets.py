"""What people do with variables, connections and keys: look-ups through backends, tests, rotation."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from cryptography.fernet import Fernet

from tests.cli.conftest import Installation, StandingClock
from windward.app.session import Session
from windward.cli.main import main
from windward.sdk import secrets
from windward.sdk.connection import Connection
from windward.sdk.hook import BaseHook, register_hook
from windward.sdk.secrets_backend import BaseSecretsBackend


@pytest.fixture(autouse=True)
def _no_backends() -> Iterator[None]:
    yield
    secrets.set_backends(())


class Vault(BaseSecretsBackend):
    """A backend with one value of each kind."""

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        return "of the vault" if key == "shop" else None

    def get_conn_value(self, conn_id: str, team_name: str | None = None) -> str | None:
        return "http://vault.example" if conn_id == "web" else None


BACKEND = {"AIRFLOW__SECRETS__BACKEND": f"{__name__}.Vault"}


def test_get_asks_backend_environment_and_store_in_this_order(installation: Installation) -> None:
    for key in ("shop", "desk", "till"):
        installation.run("variables", "set", key, "of the store")
    environ = {**BACKEND, "AIRFLOW_VAR_SHOP": "of the environment", "AIRFLOW_VAR_DESK": "of the environment"}
    found = [installation.run("variables", "get", key, **environ).out for key in ("shop", "desk", "till")]
    assert found == ["of the vault\n", "of the environment\n", "of the store\n"]


def test_a_connection_is_got_from_a_backend_or_the_environment(installation: Installation) -> None:
    def host(conn_id: str, **environ: str) -> str:
        said = installation.run("connections", "get", conn_id, "-o", "json", **environ)
        return str(json.loads(said.out)["host"])

    installation.run("connections", "add", "web", "--conn-uri", "http://store.example")
    assert host("web") == "store.example"
    assert host("web", AIRFLOW_CONN_WEB="http://environment.example") == "environment.example"
    assert host("web", **BACKEND) == "vault.example"


class ShopHook(BaseHook):
    """A hook whose service answers, or not."""

    answers: ClassVar[tuple[bool, str]] = (True, "")

    def __init__(self, shop_conn_id: str = "shop_default") -> None:
        super().__init__()
        self.shop_conn_id = shop_conn_id

    conn_name_attr = "shop_conn_id"

    def test_connection(self) -> tuple[bool, str]:
        connection: Connection = self.get_connection(self.shop_conn_id)
        return connection.host == "open", f"asked {connection.host} by {connection.password}"


def test_a_connection_is_tested_by_its_hook(installation: Installation) -> None:
    register_hook("shop", f"{__name__}.ShopHook")
    for name in ("open", "closed"):
        installation.run("connections", "add", name, "--conn-uri", f"shop://me:pass-word@{name}")
    good = installation.run("connections", "test", "open")
    assert (good.code, "asked open by ***" in good.err) == (0, True)
    assert installation.run("connections", "test", "closed").code == 1
    unknown = installation.run("connections", "test", "opne")
    assert (unknown.code, "Did you mean `open`?" in unknown.err) == (1, True)


def test_default_connections_are_added_once_and_replace_nothing(installation: Installation) -> None:
    installation.run("connections", "add", "http_default", "--conn-uri", "http://mine")
    assert installation.run("connections", "create-default-connections").code == 0
    assert "added 0" in installation.run("connections", "create-default-connections").err
    mine = installation.run("connections", "get", "http_default", "-o", "json").out
    assert json.loads(mine)["host"] == "mine"
    assert installation.run("connections", "get", "sqlite_default").code == 0


def test_after_a_rotation_the_old_key_is_not_needed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))

    def windward(*words: str, keys: str) -> int:
        environ = {
            "WINDWARD_HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "WINDWARD__CORE__FERNET_KEY": keys,
        }
        return main(words, environ=environ, make_session=lambda given: Session(given, clock=StandingClock()))

    assert windward("db", "migrate", keys=old) == 0
    windward("variables", "set", "shop", "north", keys=old)
    windward("connections", "add", "web", "--conn-uri", "http://me:pass-word@h/?token=abcdef", keys=old)
    assert windward("variables", "get", "shop", keys=new) == 1
    assert "another key" in capsys.readouterr().err

    assert windward("rotate-fernet-key", keys=f"{new},{old}") == 0

    assert "encrypted 3 values again" in capsys.readouterr().err
    assert windward("variables", "get", "shop", keys=new) == 0
    assert capsys.readouterr().out == "north\n"
    assert windward("variables", "get", "shop", keys=old) == 1
