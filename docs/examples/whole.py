"""A DAG that asks to be whole: missed runs are made up for, failed ones run again on their own."""

from datetime import datetime

from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2026, 11, 1), catchup=True, max_active_runs=4)
def daily_sales():
    @task
    def extract(ds=None):
        return f"sales of {ds}"

    @task
    def load(text):
        print(text)

    load(extract())


daily_sales()
