"""Records what real Airflow makes of the DAGs in `dags/`: final states, run states, XComs, run ids and intervals.

Not run by the tests. Run it by the Python of an environment that has Airflow (2.11 or 3.x), never by ours:

    AIRFLOW_HOME=$(mktemp -d) PATH_TO_AIRFLOW/bin/python tests/golden/record.py tests/golden/airflow_2_11.json

Each DAG is run by `dag.test()`, which drives Airflow's own decisions without a scheduler process. What `dag.test()`
has no words for, a run of a schedule and a run that was cleared, `_drive` takes through the same decisions.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FILES = (
    "trigger_rules", "branches", "gates", "setups", "scopes", "mapping", "mapped_groups", "retries", "past", "xcoms"
)  # fmt: skip
ONLY_3 = ("trigger_rules_of_3_1",)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
RUNS = {"past": 3, "past_downstream": 3}
"""How many daily runs are made of a DAG; one of each of the others."""
CLEARED = {
    "scope_work_recovers": (
        "work",
        "work down",
        "drop_outer",
        "make_inner",
        "make_inner down",
        "drop_inner up",
    ),
    "scope_setup_recovers": ("make_inner", "make_inner down", "work", "after", "after up"),
    "scope_teardown_recovers": ("drop_inner", "drop_inner down", "make_outer"),
    "scope_two_paths": ("work", "work down", "other", "more", "drop_two"),
    "scope_without_teardown": ("one", "two", "first down"),
    "scope_context": ("one", "three", "one down"),
    "scope_group": ("group.work", "after", "after up"),
    "scope_mapped_work": ("work", "first down"),
    "gate_far": ("one", "two", "shut", "shut down", "one down"),
    "gate_near": ("one", "two", "shut down"),
    "gate_far_in_scope": ("work", "shut down"),
    "branch_to_group": ("left.one", "left.two", "choose down"),
    "branch": ("left up down", "join up", "right"),
    "setup_of_another_branch": ("aside_1", "aside_2", "work", "first", "aside_1 down"),
    "setup_far_above": ("work_2", "work_1"),
    "two_setups": ("one", "two", "work"),
    "skip_crosses": ("second", "first", "second down"),
}
"""By DAG, what is cleared after a run: a task, with all below or above it."""
DUE_BEFORE = 3
"""How many slots before the newest one the old run of `latest.py` is."""
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
    found |= {"cleared": {}, "latest": {}}
    for dag in _dags(is_3):
        for number in range(RUNS.get(dag.dag_id, 1)):
            found["dags"].setdefault(dag.dag_id, []).append(_run(dag, FIRST + timedelta(days=number), is_3))
        print(dag.dag_id, "recorded", file=sys.stderr)
    for dag_id, asked in CLEARED.items():
        dag = next(dag for dag in _dags(is_3) if dag.dag_id == dag_id)
        for number, words in enumerate(asked):
            date = FIRST + timedelta(days=100 + number)
            found["cleared"].setdefault(dag_id, {})[words] = _clear(dag, date, words.split(), is_3)
        print(dag_id, "cleared", file=sys.stderr)
    for dag in _dags(is_3, ["latest"]):
        found["latest"][dag.dag_id] = _latest(dag, is_3)
    for name, schedule in SCHEDULES.items():
        found["schedules"][name] = _slots(schedule, is_3)
    Path(target).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _dags(is_3: bool, files: Collection[str] = ()) -> Iterator[Any]:
    for name in files or FILES + (ONLY_3 if is_3 else ()):
        if is_3:
            from airflow.dag_processing.dagbag import DagBag
        else:
            from airflow.models import DagBag
        bag = DagBag(str(HERE / "dags" / f"{name}.py"))
        assert not bag.import_errors, bag.import_errors
        yield from (dag for _, dag in sorted(bag.dags.items()))


def _run(dag: Any, date: datetime, is_3: bool) -> dict[str, Any]:
    run = _test(dag, date, is_3)
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


def _test(dag: Any, date: datetime, is_3: bool) -> Any:
    return dag.test(logical_date=date, run_after=date) if is_3 else dag.test(execution_date=date)


def _clear(dag: Any, date: datetime, words: list[str], is_3: bool) -> dict[str, Any]:
    """Run a DAG, clear as the command line does, run again; return what was cleared and how it ended."""
    run = _test(dag, date, is_3)
    task_ids, down, up = [words[0]], "down" in words, "up" in words
    view = _scheduler_dag(dag) if is_3 else dag
    part = view.partial_subset(task_ids, include_downstream=down, include_upstream=up)
    cleared = sorted(part.task_dict)
    if is_3:
        view.clear(task_ids=cleared, run_id=run.run_id, dag_run_state="running")
    else:
        part.clear(start_date=date, end_date=date, dag_run_state="running")
    state, tasks = _drive(dag, run.run_id, is_3)
    return {"cleared": cleared, "state": state, "tasks": tasks}


def _scheduler_dag(dag: Any) -> Any:
    from airflow.serialization.serialized_objects import DagSerialization

    return DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))


def _latest(dag: Any, is_3: bool) -> dict[str, Any]:
    """Run an old slot of the schedule, the newest one, an old one by hand and an old one of a backfill."""
    import pendulum

    from airflow.timetables.base import TimeRestriction
    from airflow.utils.types import DagRunType

    view = _scheduler_dag(dag) if is_3 else dag
    if is_3:
        _test(dag, FIRST - timedelta(days=1), is_3)  # so that the database knows the DAG
    now = pendulum.now("UTC")
    restriction = TimeRestriction(earliest=pendulum.instance(FIRST), latest=None, catchup=True)
    slots: list[Any] = []
    while True:
        info = view.timetable.next_dagrun_info(
            last_automated_data_interval=slots[-1].data_interval if slots else None, restriction=restriction
        )
        if info is None or info.run_after > now:
            break
        slots.append(info)
    backfill = DagRunType.BACKFILL_JOB
    made = {"newest": (slots[-1], DagRunType.SCHEDULED)}
    if len(slots) > DUE_BEFORE:
        made["old"] = (slots[-1 - DUE_BEFORE], DagRunType.SCHEDULED)
        made["before"] = (slots[-2], DagRunType.SCHEDULED)
        made["by_hand"] = (slots[-2 - DUE_BEFORE], DagRunType.MANUAL)
        made["backfill"] = (slots[-3 - DUE_BEFORE], backfill)
    found = {}
    for name, (info, run_type) in made.items():
        words: dict[str, Any] = {
            "run_id": name, "run_type": run_type, "state": "running", "data_interval": info.data_interval,
        }  # fmt: skip
        if is_3:
            from airflow.utils.types import DagRunTriggeredByType

            words |= {
                "logical_date": info.logical_date, "run_after": info.run_after,
                "triggered_by": DagRunTriggeredByType.TEST,
            }  # fmt: skip
        else:
            words |= {
                "execution_date": info.logical_date, "external_trigger": run_type == DagRunType.MANUAL,
            }  # fmt: skip
        view.create_dagrun(**words)
        found[name] = _drive(dag, name, is_3)[1]
    return found


def _drive(dag: Any, run_id: str, is_3: bool) -> tuple[str, dict[str, Any]]:
    """Take a run to its end as `dag.test()` does; return its state, and state and try number of each task."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    def rows(session: Any) -> tuple[Any, list[Any]]:
        query = {"dag_id": dag.dag_id, "run_id": run_id}
        run = session.query(DagRun).filter_by(**query).one()
        run.dag = _scheduler_dag(dag) if is_3 else dag
        return run, session.query(TaskInstance).filter_by(**query).all()

    with create_session() as session:
        while True:
            run, _ = rows(session)
            if str(getattr(run.state, "value", run.state)) not in ("running", "queued"):
                break
            ready, _ = run.update_state(session=session)
            for task in ready:
                task.try_number += 1
                task.state = "scheduled"
            session.commit()
            for task in ready:
                _attempt(dag, task, session, is_3)
                session.commit()
            session.expire_all()
        run, tasks = rows(session)
        return str(getattr(run.state, "value", run.state)), {
            _name(task): [str(getattr(task.state, "value", task.state) or "none"), task.try_number]
            for task in tasks
        }


def _attempt(dag: Any, task: Any, session: Any, is_3: bool) -> None:
    if is_3:
        from airflow.sdk.definitions.dag import _run_task

        _run_task(ti=task, task=dag.task_dict[task.task_id], run_triggerer=True)
        return
    from airflow.models.dag import _run_task as run_task

    task.task = dag.task_dict[task.task_id]
    try:
        run_task(ti=task, inline_trigger=True, session=session)
    except Exception as error:  # noqa: BLE001 - what the task raised is in its state
        print(task, error, file=sys.stderr)


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
