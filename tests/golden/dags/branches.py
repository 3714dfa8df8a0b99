"""Branches, short circuits and skips that cross a graph."""

from datetime import datetime

from airflow.exceptions import AirflowSkipException

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
    from airflow.operators.empty import EmptyOperator


@task.branch
def choose(ids):
    return ids


@task.short_circuit
def only_if(value):
    return value


@task.short_circuit(ignore_downstream_trigger_rules=False)
def only_if_directly(value):
    return value


@task
def skip():
    raise AirflowSkipException("asked to skip")


@task
def fail():
    raise RuntimeError("asked to fail")


def empty(task_id, **kwargs):
    return EmptyOperator(task_id=task_id, **kwargs)


with DAG("branch", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}):
    chosen = choose.override(task_id="choose")("left")
    left, right, below_right = empty("left"), empty("right"), empty("below_right")
    join = empty("join", trigger_rule="none_failed_min_one_success")
    strict = empty("strict_join")
    chosen >> [left, right]
    right >> below_right
    [left, below_right] >> join
    [left, below_right] >> strict

with DAG("branch_to_join", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}):
    chosen = choose.override(task_id="choose")(["join"])
    detour, join = empty("detour"), empty("join", trigger_rule="none_failed")
    chosen >> detour >> join
    chosen >> join

with DAG("branch_to_none", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}):
    chosen = choose.override(task_id="choose")(None)
    chosen >> [empty("left"), empty("right")] >> empty("join", trigger_rule="all_done")

with DAG(
    "branch_to_unknown_task", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}
):
    chosen = choose.override(task_id="choose")("no_such_task")
    chosen >> empty("left") >> empty("after", trigger_rule="all_done")

with DAG("short_circuit", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}):
    for name, value in (("open", True), ("shut", False)):
        gate = only_if.override(task_id=name)(value)
        gate >> empty(f"{name}_1") >> empty(f"{name}_2", trigger_rule="all_done")
        direct = only_if_directly.override(task_id=f"{name}_direct")(value)
        direct >> empty(f"{name}_direct_1") >> empty(f"{name}_direct_2", trigger_rule="all_done")

with DAG("skip_crosses", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}):
    first = skip.override(task_id="first")()
    first >> empty("second") >> empty("third") >> empty("last", trigger_rule="none_failed")

# `all_success` follows whichever of a skip and a failure comes first.
with DAG("skip_before_failure", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}):
    later = fail.override(task_id="later")()
    empty("first") >> later
    [skip.override(task_id="skipped", priority_weight=99)(), later] >> empty("last")

with DAG("failure_before_skip", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}):
    later = skip.override(task_id="later")()
    empty("first") >> later
    [fail.override(task_id="failed", priority_weight=99)(), later] >> empty("last")
