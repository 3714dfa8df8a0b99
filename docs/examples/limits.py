"""Limits and order: runs and tasks at once, a pool, priorities, and runs that wait for the one before."""

from datetime import datetime

from windward import DAG, EmptyOperator, PythonOperator

with DAG(
    dag_id="limits",
    schedule="@hourly",
    start_date=datetime(2026, 1, 1),
    max_active_runs=2,
    max_active_tasks=4,
    default_args={"depends_on_past": True, "pool": "default_pool"},
):
    urgent = PythonOperator(
        task_id="urgent", python_callable=print, priority_weight=10, weight_rule="absolute", pool_slots=2
    )
    alone = PythonOperator(task_id="alone", python_callable=print, max_active_tis_per_dag=1)
    EmptyOperator(task_id="begin") >> [urgent, alone]
