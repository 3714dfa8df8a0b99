"""What tasks use outside of their process: other interpreters, other users, secrets backends, object stores."""

import os
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import wait_for
from tests.clouds import Cloud, s3

FILE = """
import os
from datetime import datetime
from airflow.models import Variable
from airflow.sdk import DAG, ObjectStoragePath, task
from airflow.sdk.log import mask_secret

AT_IMPORT = Variable.get("at_import")

with DAG("outside", schedule=None, start_date=datetime(2026, 1, 1), default_args={"retries": 0}, tags=[AT_IMPORT]):
    @task.virtualenv(venv_cache_path=os.environ["WINDWARD_HOME"] + "/venvs", system_site_packages=False)
    def elsewhere(ds, number):
        import sys
        print("hello from " + sys.prefix)
        return {"number": number, "prefix": sys.prefix, "ds": ds}

    @task.external_python(python=PYTHON)
    def outer():
        return NOT_THERE

    @task
    def secrets():
        from airflow.sdk import BaseHook
        made = "made-at-" + "run-time"
        mask_secret({"inner_token": [made]})
        print("variable", Variable.get("of_backend"), "token", Variable.get("shop_token"))
        print("password", BaseHook.get_connection("of_backend").password, "and", made, flush=True)
        os.system("echo raw made-at-run-time")
        raise ValueError("it was " + made)

    @task
    def store(numbers):
        path = ObjectStoragePath(os.environ["BUCKET"].replace("://", "://cloud@")) / "sums" / "sum.txt"
        path.write_text(str(sum(numbers)))
        return path

    @task
    def read(path):
        return path.read_text()

    @task
    def numbers():
        return list(range(50_000))

    @task(run_as_user="nobody")
    def other_user():
        return os.getuid()

    [elsewhere.override(task_id=f"elsewhere_{n}")(number=n) for n in (1, 2)]
    outer(), secrets(), other_user()
    read(store(numbers()))
"""
CONNECTIONS = "of_backend=http://me:word-of-vault@host\n"
VARIABLES = '{"of_backend": "from the file", "shop_token": "token-of-file", "at_import": "imported"}'


def settings_of(cloud: Cloud, tmp_path: Path) -> dict[str, str]:
    """Write the files of the secrets backend, and return the settings."""
    (tmp_path / "connections.env").write_text(CONNECTIONS)
    (tmp_path / "variables.json").write_text(VARIABLES)
    kwargs = f'{{"variables_file_path": "{tmp_path}/variables.json", "connections_file_path": "{tmp_path}/connections.env"}}'
    return {
        **cloud.environ,
        "BUCKET": cloud.url,
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": kwargs,
        "AIRFLOW__SECRETS__USE_CACHE": "true",
        "WINDWARD__LOGGING__REMOTE_LOGGING": "true",
        "WINDWARD__LOGGING__REMOTE_BASE_LOG_FOLDER": f"{cloud.url}/logs",
        "WINDWARD__LOGGING__DELETE_LOCAL_LOGS": "true",
        "WINDWARD__XCOM__OBJECT_STORE_URL": f"{cloud.url}/xcom",
    }


@pytest.mark.parametrize("database", DATABASES)
def test_tasks_reach_other_interpreters_users_backends_and_stores(
    make_system: MakeSystem, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = s3()
    for name, value in cloud.environ.items():  # what the commands below sign in by
        monkeypatch.setenv(name, value)
    settings = settings_of(cloud, tmp_path)
    system = make_system(database=database, settings=settings)
    system.cli("db", "migrate")
    uri = f"aws://{cloud.login}:{cloud.password}@/?endpoint_url={cloud.environ['AWS_ENDPOINT_URL']}&region_name=us-east-1"
    system.cli("connections", "add", "cloud", "--conn-uri", uri)
    system.write("outside.py", FILE.replace("PYTHON", repr(sys.executable)))
    system.start()
    system.wait_dag("outside")
    system.trigger("outside", "r", "--logical-date", "2026-02-03T00:00:00+00:00")

    assert system.wait_run("outside", "r") == "failed"

    nobody = "success" if os.geteuid() == 0 else "failed"
    assert system.states("outside", "r") == {
        "elsewhere_1": "success", "elsewhere_2": "success", "outer": "failed", "secrets": "failed",
        "other_user": nobody, "numbers": "success", "store": "success", "read": "success",
    }  # fmt: skip
    values: dict[str, Any] = {
        name: system.value("outside", "r", name) for name in ("elsewhere_1", "elsewhere_2", "read")
    }
    assert values["read"] == str(sum(range(50_000)))
    assert values["elsewhere_1"]["prefix"] == values["elsewhere_2"]["prefix"]
    assert values["elsewhere_1"]["prefix"].startswith(f"{system.home}/venvs/venv-")
    assert values["elsewhere_1"]["ds"] == "2026-02-03"
    logs = {name: system.log_of("outside", "r", name) for name in ("outer", "elsewhere_1")}
    logs["secrets"] = system.wait_log("outside", "r", "secrets", "raw ", "attempt ended")
    assert "hello from" in logs["elsewhere_1"]
    assert "`outer` uses `NOT_THERE`, which stands outside" in logs["outer"]
    assert "variable from the file token ***" in logs["secrets"]
    for secret in ("word-of-vault", "made-at-run-time", "token-of-file"):
        assert secret not in logs["secrets"]
    assert "raw ***" in logs["secrets"]
    exit_fact = system.task("outside", "r", "secrets").exit_fact
    assert "it was ***" in str(exit_fact)
    listing = (
        urllib.request.urlopen(f"{cloud.environ['AWS_ENDPOINT_URL']}/{cloud.url[5:]}?list-type=2")
        .read()
        .decode()
    )
    assert "<Key>sums/sum.txt</Key>" in listing
    assert "<Key>xcom/outside/r/numbers" in listing
    here = system.home / "logs"
    wait_for(lambda: not list(here.rglob("attempt=*.log")), "the logs were not copied and deleted here")
    assert "hello from" in system.log_of("outside", "r", "elsewhere_1")
