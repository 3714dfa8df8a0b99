"""Sensors: a command, a function, a file and a while that are waited for; a branch by the day."""

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import gettempdir

from windward import (
    DAG,
    BashSensor,
    BranchDayOfWeekOperator,
    EmptyOperator,
    FileSensor,
    PokeReturnValue,
    PythonSensor,
    WaitSensor,
)

HERE = Path(__file__).resolve()


def count_files() -> PokeReturnValue:
    found = len(list(HERE.parent.glob("*.py")))
    return PokeReturnValue(is_done=found > 0, xcom_value=found)


with DAG("sensors", schedule="@daily", start_date=datetime(2026, 1, 1), default_args={"timeout": 3600}):
    lock_is_gone = BashSensor(
        task_id="lock_is_gone", bash_command=f"test ! -e {gettempdir()}/import.lock", mode="reschedule"
    )
    files = PythonSensor(task_id="files", python_callable=count_files, poke_interval=10)
    export = FileSensor(task_id="export", filepath=HERE, deferrable=True, poke_interval=5)
    pause = WaitSensor(task_id="pause", time_to_wait=timedelta(milliseconds=50), deferrable=True)
    branch = BranchDayOfWeekOperator(
        task_id="branch",
        week_day={"Saturday", "Sunday"},
        use_task_logical_date=True,
        follow_task_ids_if_true="short",
        follow_task_ids_if_false="full",
    )
    [lock_is_gone, files, export, pause] >> branch
    branch >> [EmptyOperator(task_id="short"), EmptyOperator(task_id="full")]
