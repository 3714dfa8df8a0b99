"""Records which runs real Airflow makes of what tasks write to assets: of which DAG, of which events.

Not run by the tests. Run it by the Python of an environment that has Airflow (2.11 or 3.x), never by ours:

    AIRFLOW_HOME=$(mktemp -d) PATH_TO_AIRFLOW/bin/python tests/golden/assets/record.py tests/golden/assets/airflow_2_11.json

Tasks run by `dag.test()`; runs are made by the part of Airflow's scheduler that makes them, called between steps.
"""

from __future__ import annotations

import json
import os
import runpy
import sqlite3
import sys
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_EMPTIED = ("asset", "dataset", "dag", "serialized_dag", "task_instance", "task_outlet", "task_inlet", "xcom")
"""How the names of the tables begin that a scene fills."""


def main(target: str) -> None:
    """Record everything into `target`."""
    os.environ.update(
        AIRFLOW__CORE__DAGS_FOLDER=str(HERE / "dags"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__UNIT_TEST_MODE="False",
        AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION="False",
        AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL="0",
        AIRFLOW__CORE__MIN_SERIALIZED_DAG_FETCH_INTERVAL="0",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{os.environ['AIRFLOW_HOME']}/airflow.db",
    )
    import airflow
    from airflow.utils.db import initdb

    initdb()
    is_3 = airflow.__version__.startswith("3")
    runner = _scheduler()
    found: dict[str, Any] = {"airflow": airflow.__version__, "scenes": {}}
    scenes = runpy.run_path(str(HERE / "scenes.py"))["SCENES"]
    for name, steps in scenes.items():
        _forget()
        found["scenes"][name] = _scene(runner, steps, is_3)
        print(name, "recorded", file=sys.stderr)
    Path(target).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _synced(is_3: bool) -> Any:
    """Parse the DAGs and write what they say."""
    if is_3:
        from airflow.dag_processing.bundles.manager import DagBundlesManager
        from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

        bag = DagBag(str(HERE / "dags"))
        DagBundlesManager().sync_bundles_to_db()
        sync_bag_to_db(bag, "dags-folder", None)
    else:
        from airflow.models import DagBag

        bag = DagBag(str(HERE / "dags"))
        bag.sync_to_db()
    assert not bag.import_errors, bag.import_errors
    return bag


def _scheduler() -> Any:
    from airflow.jobs.job import Job
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

    return SchedulerJobRunner(job=Job(job_type="SchedulerJob"))


def _forget() -> None:
    """Empty what runs and events leave behind, so that each scene begins anew."""
    with closing(sqlite3.connect(f"{os.environ['AIRFLOW_HOME']}/airflow.db")) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in sorted(names):
            if name.startswith(_EMPTIED):
                database.execute(f"DELETE FROM {name}")
        database.commit()


def _scene(runner: Any, steps: list[list[str]], is_3: bool) -> list[list[dict[str, Any]]]:
    made: list[list[dict[str, Any]]] = []
    known: set[int] = set()
    number = 0
    bag = _synced(is_3)
    for step in steps:
        for word in step:
            verb, _, dag_id = word.rpartition(" ")
            if verb:
                _set_paused(dag_id, is_paused=verb == "pause")
                continue
            date = FIRST + timedelta(days=number)
            number += 1
            with suppress(Exception):  # a run that fails is part of some scenes
                dag = bag.dags[dag_id]
                dag.test(logical_date=date, run_after=date) if is_3 else dag.test(execution_date=date)
        bag = _synced(
            is_3
        )  # 2.11 asks for this itself: it learns what an alias stands for when files are parsed.
        made.append(_make_runs(runner, known, is_3))
    return made


def _set_paused(dag_id: str, *, is_paused: bool) -> None:
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.query(DagModel).filter_by(dag_id=dag_id).update({"is_paused": is_paused})


def _make_runs(runner: Any, known: set[int], is_3: bool) -> list[dict[str, Any]]:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.sqlalchemy import prohibit_commit

    with create_session() as session:
        session.commit()
        with prohibit_commit(session) as guard:
            runner._create_dagruns_for_dags(guard, session)
            guard.commit()
    with create_session() as session:
        runs = [
            run
            for run in session.query(DagRun).order_by(DagRun.dag_id, DagRun.id).all()
            if run.id not in known and run.run_type not in ("manual", "scheduled")
        ]
        known |= {run.id for run in runs}
        return sorted((_run(run, is_3) for run in runs), key=lambda one: one["dag_id"])


def _run(run: Any, is_3: bool) -> dict[str, Any]:
    events = run.consumed_asset_events if is_3 else run.consumed_dataset_events
    interval = None
    if run.data_interval_start is not None:
        interval = [run.data_interval_start.isoformat(), run.data_interval_end.isoformat()]
    date = run.logical_date if is_3 else run.execution_date
    latest = max((event.timestamp for event in events), default=None)
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id.partition("__")[0],
        "has_logical_date": date is not None,
        "is_after_its_events": latest is None or run.run_after >= latest if is_3 else date >= latest,
        "data_interval": interval,
        "events": sorted(
            (
                {
                    "uri": (event.asset if is_3 else event.dataset).uri,
                    "extra": {key: value for key, value in event.extra.items() if key != "from_rest_api"},
                    "dag_id": event.source_dag_id,
                    "task_id": event.source_task_id,
                    "map_index": event.source_map_index,
                }
                for event in events
            ),
            key=lambda event: json.dumps(event, sort_keys=True),
        ),
    }


if __name__ == "__main__":
    main(sys.argv[1])
