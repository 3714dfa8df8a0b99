"""Mapped tasks: literal, from a result, product, zero length, one failure, one skip, over a skipped upstream."""

from datetime import datetime

from airflow.exceptions import AirflowSkipException

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
    from airflow.operators.empty import EmptyOperator


@task
def give(value):
    return value


@task
def double(x):
    if x == "bad":
        raise RuntimeError("asked to fail")
    if x == "none":
        raise AirflowSkipException("asked to skip")
    return x * 2


@task
def pair(a, b):
    return [a, b]


@task
def total(values):
    return list(values)


@task
def skip():
    raise AirflowSkipException("asked to skip")


def declare(dag_id):
    return DAG(dag_id, start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0})


with declare("map_literal"):
    total(double.expand(x=[1, 2, 3]))

with declare("map_result"):
    total(double.expand(x=give([4, 5])))

with declare("map_product"):
    total(pair.expand(a=[1, 2], b=give(["x", "y", "z"])))

with declare("map_kwargs"):
    total(pair.expand_kwargs(give([{"a": 1, "b": 2}, {"a": 3, "b": 4}])))

with declare("map_nothing"):
    mapped = double.expand(x=give([]))
    total(mapped) >> EmptyOperator(task_id="after")
    mapped >> EmptyOperator(task_id="anyway", trigger_rule="all_done")

with declare("map_one_fails"):
    mapped = double.expand(x=[1, "bad", 3])
    total(mapped)
    mapped >> EmptyOperator(task_id="one_is_enough", trigger_rule="one_success")
    mapped >> EmptyOperator(task_id="all_done", trigger_rule="all_done")

with declare("map_one_skips"):
    mapped = double.expand(x=[1, "none", 3])
    total(mapped)
    mapped >> EmptyOperator(task_id="none_failed", trigger_rule="none_failed")

with declare("map_chain"):
    total(double.expand(x=double.expand(x=give([1, 2]))))

with declare("map_zip"):
    zipped = give.override(task_id="numbers")([1, 2]).zip(give.override(task_id="words")(["a", "b", "c"]))
    total(total.override(task_id="each").expand(values=zipped))

with declare("map_over_skipped"):
    mapped = double.override(trigger_rule="none_failed").expand(x=skip())
    mapped >> EmptyOperator(task_id="after", trigger_rule="all_done")

with declare("map_over_failed"):
    mapped = double.override(trigger_rule="all_done").expand(x=double.override(task_id="gone")("bad"))
    mapped >> EmptyOperator(task_id="after", trigger_rule="all_done")

with declare("map_over_number"):
    mapped = double.expand(x=give(7))
    mapped >> EmptyOperator(task_id="after", trigger_rule="all_done")
