"""Records what real Airflow makes of the DAGs in `dags/`: final states, run states, XComs, run ids and intervals.

Not run by the tests. Run it by the Python of an environment that has Airflow (2.11 or 3.x), never by ours:

    AIRFLOW_HOME=$(mktemp -d) PATH_TO_AIRFLOW/bin/python tests/golden/record.py tests/golden/airflow_2_11.json

Each DAG is run by `dag.test()`, which drives Airflow's own decisions without a scheduler process.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FILES = ("trigger_rules", "branches", "setups", "mapping", "mapped_groups", "retries", "past", "xcoms")
ONLY_3 = ("trigger_rules_of_3_1",)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
RUNS = {"past": 3, "past_downstream": 3}
"""How many daily runs are made of a DAG; one of each of the others."""
SCHEDULES = {
    "daily": "@daily",
    "quarter_past": "15 3 * * *",
    "two_hours": timedelta(hours=2),
    "once": "@once",
}


def main(target: str) -> None:
    """Record everything into `target`."""
    os.environ.update(
        AIRFLOW__CORE__DAGS_FOLDER=str(HERE / "dags"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__UNIT_TEST_MODE="False",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{os.environ['AIRFLOW_HOME']}/airflow.db",
    )
    import airflow
    from airflow.utils.db import initdb

    initdb()
    is_3 = airflow.__version__.startswith("3")
    found: dict[str, Any] = {"airflow": airflow.__version__, "dags": {}, "schedules": {}}
    for dag in _dags(is_3):
        for number in range(RUNS.get(dag.dag_id, 1)):
            found["dags"].setdefault(dag.dag_id, []).append(_run(dag, FIRST + timedelta(days=number), is_3))
        print(dag.dag_id, "recorded", file=sys.stderr)
    for name, schedule in SCHEDULES.items():
        found["schedules"][name] = _slots(schedule, is_3)
    Path(target).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _dags(is_3: bool) -> Iterator[Any]:
    for name in FILES + (ONLY_3 if is_3 else ()):
        if is_3:
            from airflow.dag_processing.dagbag import DagBag
        else:
            from airflow.models import DagBag
        bag = DagBag(str(HERE / "dags" / f"{name}.py"))
        assert not bag.import_errors, bag.import_errors
        yield from (dag for _, dag in sorted(bag.dags.items()))


def _run(dag: Any, date: datetime, is_3: bool) -> dict[str, Any]:
    run = dag.test(logical_date=date, run_after=date) if is_3 else dag.test(execution_date=date)
    from airflow.utils.session import create_session

    with create_session() as session:
        from airflow.models.dagrun import DagRun
        from airflow.models.taskinstance import TaskInstance
        from airflow.models.xcom import XCom

        query = {"dag_id": dag.dag_id, "run_id": run.run_id}
        row = session.query(DagRun).filter_by(**query).one()
        tasks = session.query(TaskInstance).filter_by(**query).all()
        if is_3:
            from airflow.models.xcom import XComModel as XCom
        values = session.query(XCom).filter_by(**query).all()
        return {
            "run_id": row.run_id,
            "state": str(getattr(row.state, "value", row.state)),
            "logical_date": date.isoformat(),
            "data_interval": [row.data_interval_start.isoformat(), row.data_interval_end.isoformat()],
            "tasks": {
                _name(task): str(getattr(task.state, "value", task.state)) if task.state else "none"
                for task in tasks
            },
            "xcoms": {
                f"{_name(value)} {value.key}": _value(value, is_3)
                for value in values
                if not value.key.startswith("skipmixin")
            },
        }


def _name(row: Any) -> str:
    return row.task_id if row.map_index < 0 else f"{row.task_id}[{row.map_index}]"


def _value(row: Any, is_3: bool) -> Any:
    if not is_3 or not isinstance(row.value, str):
        return row.value
    try:
        return json.loads(row.value)
    except ValueError:
        return row.value  # a text that was stored as itself


def _slots(schedule: Any, is_3: bool) -> list[dict[str, Any]]:
    """Return the first three slots of a schedule, caught up from the first of January."""
    from airflow.timetables.base import TimeRestriction

    if is_3:
        from airflow.sdk import DAG
        from airflow.serialization.definitions.dag import SerializedDAG  # noqa: F401
        from airflow.serialization.serialized_objects import DagSerialization

        dag = DAG("slots", schedule=schedule, start_date=FIRST, catchup=True)
        timetable = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag)).timetable
    else:
        from airflow import DAG  # type: ignore[no-redef]

        timetable = DAG("slots", schedule=schedule, start_date=FIRST, catchup=True).timetable
    import pendulum

    from airflow.utils.types import DagRunType

    found, last = [], None
    for _ in range(3):
        info = timetable.next_dagrun_info(
            last_automated_data_interval=last,
            restriction=TimeRestriction(
                earliest=pendulum.instance(FIRST),
                latest=None,
                catchup=True,
            ),
        )
        if info is None:
            break
        last = info.data_interval
        words = {"run_type": DagRunType.SCHEDULED, "data_interval": last}
        words |= {"run_after": info.run_after} if is_3 else {"logical_date": info.logical_date}
        found.append(
            {
                "run_id": timetable.generate_run_id(**words),
                "run_after": info.run_after.isoformat(),
                "logical_date": info.logical_date.isoformat(),
                "data_interval": [last.start.isoformat(), last.end.isoformat()],
            }
        )
    return found


if __name__ == "__main__":
    main(sys.argv[1])
