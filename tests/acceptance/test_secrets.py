"""Variables, connections and their places: read by files and tasks, hidden in logs, under keys that change."""

import base64
import os
from pathlib import Path

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import System, wait_for
from windward.app.session import Session

VAULT = """
import os
from airflow.secrets import BaseSecretsBackend

class Vault(BaseSecretsBackend):
    def __init__(self, marks):
        self.marks = marks

    def get_variable(self, key):
        with open(self.marks, "a") as file:
            file.write(key + "\\n")
        if key == "fails":
            raise RuntimeError("the vault is sealed")
        return {"everywhere": "vault", "at_import": "from-the-vault", "vault_token": "token-of-vault"}.get(key)

    def get_conn_value(self, conn_id):
        return {"shop": "http://me:word-of-vault@shop"}.get(conn_id)
"""
FILE = """
import os
from datetime import datetime
from airflow.models import Variable
from airflow.sdk import DAG, BaseHook, BaseOperator, task
from airflow.sdk.log import mask_secret
from airflow.providers.standard.operators.bash import BashOperator

AT_IMPORT = [Variable.get("at_import"), Variable.get("stored"), Variable.get("stored_password"), os.getpid()]
ABSENT = Variable.get("no_such_variable", "the default")

class Makes(BaseOperator):
    template_fields = ("text",)

    def __init__(self, text, **kwargs):
        super().__init__(**kwargs)
        self.text = text

    def execute(self, context):
        mask_secret("made-" + "at-run-time")
        print("it was", self.text)
        return self.text

with DAG("NAME", schedule=None, start_date=datetime(2026, 1, 1), default_args={"retries": 0}, tags=[AT_IMPORT[0]]):
    @task
    def reads():
        names = ("everywhere", "twice", "fails", "stored")
        shop, base = BaseHook.get_connection("shop"), BaseHook.get_connection("base")
        os.system("echo raw word-of-vault password-of-import")
        print("shop", shop.get_uri(), "base", base.password, Variable.get("vault_token"), AT_IMPORT)
        return [[Variable.get(name) for name in names], AT_IMPORT[:2], ABSENT, shop.host, base.host, os.getpid() == AT_IMPORT[3]]

    Makes(task_id="makes", text="{{ 'made-at' ~ '-run-time' }}")
    BashOperator(task_id="renders", bash_command="echo {{ 'rendered-' ~ conn.base.password }}", env={"PASSWORD": "seen-by-name"})
    reads()
"""


def key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def settings_of(tmp_path: Path, fernet_key: str) -> dict[str, str]:
    return {
        "PYTHONPATH": str(tmp_path),
        "AIRFLOW__SECRETS__BACKEND": "vault.Vault",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": f'{{"marks": "{tmp_path}/marks"}}',
        "AIRFLOW__SECRETS__USE_CACHE": "true",
        "AIRFLOW_VAR_EVERYWHERE": "environment",
        "AIRFLOW_VAR_TWICE": "environment",
        "WINDWARD__CORE__FERNET_KEY": fernet_key,
    }


def under(system: System, keys: str) -> None:
    """Have everything from now on use these keys."""
    system.session.close()
    system.environ["WINDWARD__CORE__FERNET_KEY"] = keys
    system.session = Session(system.environ)


@pytest.mark.parametrize("database", DATABASES)
def test_files_and_tasks_read_every_place_in_order_and_logs_hide_it(
    make_system: MakeSystem, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vault.py").write_text(VAULT)
    monkeypatch.syspath_prepend(tmp_path)  # for the commands below, which run in this process
    marks, old, new = tmp_path / "marks", key(), key()
    system = make_system(database=database, settings=settings_of(tmp_path, old))
    system.cli("db", "migrate")
    for name in ("everywhere", "twice", "fails", "stored"):
        system.cli("variables", "set", name, "database")
    system.cli("variables", "set", "stored_password", "password-of-import")
    system.cli("connections", "add", "base", "--conn-uri", "postgres://me:word-of-base@base/x")
    system.start()
    for name in ("one", "two", "three"):
        system.write(f"{name}.py", FILE.replace("NAME", name))
        system.wait_dag(name)
    assert marks.read_text().split().count("at_import") == 1, "the answer for one file is kept for the next"

    system.trigger("one", "r")
    assert system.wait_run("one", "r") == "success"
    expected = [
        ["vault", "environment", "database", "database"],
        ["from-the-vault", "database"],
        "the default",
    ]
    assert system.value("one", "r", "reads") == [*expected, "shop", "base", True]
    texts_of = {"reads": ["raw ", "the vault is sealed"], "makes": ["it was"], "renders": []}
    logs = "".join(
        system.wait_log("one", "r", name, *texts, "attempt ended") for name, texts in texts_of.items()
    )
    for secret in ("word-of", "token-of-vault", "password-of-import", "made-at-run-time"):
        assert secret not in logs, secret
    assert "raw *** ***" in logs
    rendered = system.cli("tasks", "render", "one", "renders", "r")
    assert "rendered-***" in rendered
    assert "seen-by-name" not in rendered
    assert "***" in system.cli("tasks", "render", "one", "makes", "r"), (
        "it became a secret after it was rendered"
    )

    system.cli("variables", "set", "stored", "another")
    system.trigger("one", "again")
    assert system.wait_run("one", "again") == "success"
    assert system.value("one", "again", "reads")[1] == ["from-the-vault", "another"], (
        "read anew by each attempt"
    )

    # The key is changed: both for a while, then only the new one.
    system.stop()
    under(system, f"{new},{old}")
    system.cli("rotate-fernet-key")
    under(system, new)
    system.start()
    wait_for(system.is_healthy, "it is not healthy")
    system.cli("dags", "trigger", "two", "--run-id", "r")
    assert system.wait_run("two", "r") == "success"
    assert system.value("two", "r", "reads")[0] == ["vault", "environment", "database", "another"]
    under(system, key())
    said = system.cli("variables", "get", "stored", code=1)
    assert "fernet_key" in said
