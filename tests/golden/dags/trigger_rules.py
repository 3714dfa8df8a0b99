"""Every trigger rule of Airflow 2 over every pair of upstream states (s success, f failed, k skipped, u upstream failed)."""

from datetime import datetime
from itertools import combinations_with_replacement

from airflow.exceptions import AirflowSkipException

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
    from airflow.operators.empty import EmptyOperator

RULES = (
    "all_success", "all_failed", "all_done", "all_done_setup_success", "one_success", "one_failed", "one_done",
    "none_failed", "none_failed_min_one_success", "none_skipped", "all_skipped", "always",
)  # fmt: skip


@task(priority_weight=9, weight_rule="absolute")
def succeed():
    pass


@task(priority_weight=8, weight_rule="absolute")
def fail():
    raise RuntimeError("asked to fail")


@task(priority_weight=7, weight_rule="absolute")
def skip():
    raise AirflowSkipException("asked to skip")


with DAG("trigger_rules", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}):
    upstreams = {
        "s": [succeed.override(task_id=f"s{n}")() for n in (1, 2)],
        "f": [fail.override(task_id=f"f{n}")() for n in (1, 2)],
        "k": [skip.override(task_id=f"k{n}")() for n in (1, 2)],
        "u": [EmptyOperator(task_id=f"u{n}") for n in (1, 2)],
    }
    for failed, below in zip(upstreams["f"], upstreams["u"], strict=True):
        failed >> below
    for rule in RULES:
        for one, other in combinations_with_replacement("sfku", 2):
            EmptyOperator(task_id=f"{rule}__{one}{other}", trigger_rule=rule) << [
                upstreams[one][0],
                upstreams[other][1],
            ]
