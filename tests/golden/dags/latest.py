"""Only the newest run of a schedule goes on; `record.py` and the tests make an old run, the newest and others."""

from datetime import datetime, timedelta

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
    from airflow.sdk import DAG
    from airflow.timetables.interval import CronDataIntervalTimetable
    from airflow.timetables.trigger import CronTriggerTimetable
except ImportError:
    from airflow import DAG
    from airflow.operators.empty import EmptyOperator
    from airflow.operators.latest_only import LatestOnlyOperator
    from airflow.timetables.interval import CronDataIntervalTimetable
    from airflow.timetables.trigger import CronTriggerTimetable

SCHEDULES = {
    "latest_daily": "@daily",
    "latest_weekly": "15 3 * * MON",
    "latest_delta": timedelta(days=2),
    "latest_interval": CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    "latest_trigger": CronTriggerTimetable("0 0 * * *", timezone="UTC"),
    "latest_once": "@once",
}

for dag_id, schedule in SCHEDULES.items():
    with DAG(dag_id, start_date=datetime(2026, 1, 1), schedule=schedule, catchup=True) as dag:
        LatestOnlyOperator(task_id="latest") >> EmptyOperator(task_id="one") >> EmptyOperator(task_id="two")
        dag.get_task("one") >> EmptyOperator(task_id="anyway", trigger_rule="all_done")
    globals()[dag_id] = dag
