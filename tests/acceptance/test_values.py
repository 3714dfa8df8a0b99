"""Values between tasks on the whole real way: through a backend of one's own, and into an object store of a cloud."""

from pathlib import Path

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import wait_for
from tests.clouds import CLOUDS
from windward.store.objects import open_object_store

BACKEND = """
import os, pathlib
from airflow.models.xcom import BaseXCom

class Backend(BaseXCom):
    @staticmethod
    def serialize_value(value, *, key, task_id, dag_id, run_id, map_index):
        if not isinstance(value, list):
            return BaseXCom.serialize_value(value)
        path = pathlib.Path(os.environ["KEPT"], f"{dag_id}.{task_id}.{map_index}.{key}")
        path.write_text(",".join(map(str, value)))
        return BaseXCom.serialize_value(f"kept:{path}")

    @staticmethod
    def deserialize_value(result):
        value = BaseXCom.deserialize_value(result)
        if isinstance(value, str) and value.startswith("kept:"):
            return [int(number) for number in pathlib.Path(value[5:]).read_text().split(",")]
        return value

    @staticmethod
    def purge(xcom, *args):
        if isinstance(xcom.value, str) and xcom.value.startswith("kept:"):
            pathlib.Path(xcom.value[5:]).unlink()
"""
FILE = """
from datetime import datetime, timedelta
from airflow.decorators import dag, task
from airflow.sensors.date_time import DateTimeSensorAsync

@dag("values", schedule=None, start_date=datetime(2026, 1, 1), default_args={"retries": 0})
def values():
    @task
    def numbers():
        return [1, 2, 3]

    @task
    def double(number, ti=None):
        ti.xcom_push("both", [number, number])
        return number * 2

    @task
    def total(doubled, ti=None):
        both = ti.xcom_pull(task_ids="double", key="both")
        assert list(both) == [[1, 1], [2, 2], [3, 3]], list(both)
        return {"total": sum(doubled), "large": ["x" * 10] * 20_000}

    @task
    def use(totals):
        return [totals["total"], len(totals["large"])]

    use(total(double.expand(number=numbers())))

values()
"""


@pytest.mark.parametrize("database", DATABASES)
def test_values_pass_through_the_deployments_backend(
    make_system: MakeSystem, tmp_path: Path, database: str
) -> None:
    settings = {"AIRFLOW__CORE__XCOM_BACKEND": "backend_of_a_test.Backend", "KEPT": str(tmp_path)}
    system = make_system(database=database, settings=settings)
    (system.home / "plugins").mkdir()
    (system.home / "plugins" / "backend_of_a_test.py").write_text(BACKEND)
    system.write("values.py", FILE)
    system.start()
    system.wait_dag("values")
    system.trigger("values", "r")

    assert system.wait_run("values", "r") == "success", system.said()
    assert (tmp_path / "values.numbers.-1.return_value").read_text() == "1,2,3"
    assert (tmp_path / "values.double.2.both").read_text() == "3,3"
    assert (tmp_path / "values.use.-1.return_value").read_text() == "12,20000"

    (large,) = system.home.glob("xcom/values/r/total/-1/return_value/r*")
    assert large.stat().st_size > 200_000

    system.cli("tasks", "clear", "values", "-r", "r", "-y")
    assert system.wait_run("values", "r") == "success", system.said()
    assert (tmp_path / "values.double.2.both").read_text() == "3,3", (
        "a try purges before it writes, not after"
    )

    system.cli("dags", "delete", "values", "-y")
    wait_for(
        lambda: not list(tmp_path.glob("values.*")),
        lambda: f"what the backend kept is still there: {system.said()}",
    )


FRAMES = """
from airflow.sdk import dag, task
import numpy, pandas, polars

@dag(schedule=None, default_args={"retries": 0})
def frames():
    @task(multiple_outputs=True)
    def make():
        numbers = numpy.arange(100_000, dtype="int32").reshape(-1, 4)
        table = pandas.DataFrame({"n": range(20_000), "s": ["tea"] * 20_000})
        return {"array": numbers, "pandas": table, "polars": polars.DataFrame({"n": range(50_000)})}

    @task
    def use(array, table, other, ti=None):
        assert array.shape == (25_000, 4) and array.dtype == "int32" and int(array[-1, -1]) == 99_999
        assert list(table.columns) == ["n", "s"] and int(table["n"].sum()) == sum(range(20_000))
        assert isinstance(other, polars.DataFrame) and other["n"].sum() == sum(range(50_000))
        whole = ti.xcom_pull(task_ids="make")
        assert whole["pandas"].equals(table)
        return "seen"

    made = make()
    use(made["array"], made["pandas"], made["polars"])

frames()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("database", "kind"), [("sqlite", "gcs"), pytest.param("postgres", "s3", marks=pytest.mark.postgres)]
)
def test_data_frames_pass_between_tasks_by_way_of_a_bucket(
    make_system: MakeSystem, database: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = CLOUDS[kind]()
    for name, value in cloud.environ.items():  # what this process and the commands below sign in by
        monkeypatch.setenv(name, value)
    where = {
        "WINDWARD__XCOM__OBJECT_STORE_URL": f"{cloud.url}/xcom",
        "WINDWARD__LOGGING__REMOTE_LOGGING": "true",
        "WINDWARD__LOGGING__REMOTE_BASE_LOG_FOLDER": f"{cloud.url}/logs",
        "WINDWARD__LOGGING__DELETE_LOCAL_LOGS": "true",
    }
    system = make_system(database=database, settings={**cloud.environ, **where})
    system.write("frames.py", FRAMES)
    system.start()
    system.wait_dag("frames")
    system.trigger("frames", "r")

    assert system.wait_run("frames", "r") == "success", system.log_of("frames", "r", "use")
    assert system.value("frames", "r", "use") == "seen"
    names = [one.location for page in open_object_store(f"{cloud.url}/xcom").pages(100) for one in page]
    keys = {name.split("/make/-1/")[1].split("/")[0] for name in names}
    assert keys == {"array", "pandas", "polars", "return_value"}
    wait_for(lambda: not list((system.home / "logs").rglob("attempt=*.log")), "logs were not copied")
    assert "attempt ended" in system.log_of("frames", "r", "make")
