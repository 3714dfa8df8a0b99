"""Connections are tried out in a process that has nothing but the connection."""

import os
import textwrap
from pathlib import Path

import pytest

from windward.app.connection_test import ChildTester, without_secrets

SECRET = "tell-nobody-1"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Return a folder with a provider for connections of type `shop`, as if it were installed."""
    (tmp_path / "shop.py").write_text(
        textwrap.dedent(
            """
            import os, time
            from windward.sdk.hook import BaseHook

            def info():
                return {"connection-types": [{"connection-type": "shop", "hook-class-name": "shop.ShopHook"}]}

            class ShopHook(BaseHook):
                conn_name_attr = "shop_conn_id"

                def __init__(self, shop_conn_id):
                    self.shop_conn_id = shop_conn_id

                def test_connection(self):
                    connection = self.get_connection(self.shop_conn_id)
                    print("this is no answer")
                    match connection.host:
                        case "slow":
                            time.sleep(600)
                        case "dies":
                            os._exit(7)
                        case "environment":
                            return True, " ".join(os.environ)
                        case "fails":
                            raise RuntimeError(f"refused {connection.password}")
                    return connection.password == "tell-nobody-1", f"signed in by {connection.password}"
            """
        )
    )
    metadata = tmp_path / "shop-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[apache_airflow_provider]\nprovider_info=shop:info\n")
    return tmp_path


def asked_of(packages: Path, host: str, *, timeout_s: float = 60.0, **environ: str) -> tuple[bool, str]:
    tester = ChildTester({**os.environ, "PYTHONPATH": str(packages), **environ}, timeout_s=timeout_s)
    return tester.test("My-shop", {"conn_type": "shop", "host": host, "password": SECRET})


def test_the_hook_answers_and_its_words_hold_no_secret(packages: Path) -> None:
    assert asked_of(packages, "open") == (True, "signed in by ***")
    assert asked_of(packages, "fails") == (False, "refused ***")


def test_a_type_without_a_hook_is_told(packages: Path) -> None:
    is_well, message = ChildTester(os.environ).test("x", {"conn_type": "nothing_of_this_kind"})
    assert not is_well
    assert "no installed package" in message


def test_a_hook_that_dies_or_does_not_end_is_told(packages: Path) -> None:
    assert asked_of(packages, "dies") == (False, "the process that asked has died (exit code 7)")
    assert asked_of(packages, "slow", timeout_s=0.05) == (False, "no answer within 0.05 s")


def test_the_hook_sees_no_secret_of_the_installation(packages: Path) -> None:
    _, names = asked_of(
        packages,
        "environment",
        WINDWARD__CORE__FERNET_KEY=SECRET,
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=SECRET,
        AIRFLOW_CONN_OTHER=SECRET,
        WINDWARD_TOKEN=SECRET,
        HARMLESS="x",
    )
    assert {name for name in names.split() if name.startswith(("WINDWARD__", "AIRFLOW"))} == {
        "AIRFLOW_CONN_MY-SHOP"
    }
    assert "HARMLESS" in names.split()
    assert "WINDWARD_TOKEN" not in names.split()


def test_commands_that_print_a_secret_are_secret_themselves() -> None:
    given = {"WINDWARD__API__SECRET_KEY_CMD": "x", "WINDWARD__API__PORT": "1"}
    assert without_secrets(given) == {"WINDWARD__API__PORT": "1"}
