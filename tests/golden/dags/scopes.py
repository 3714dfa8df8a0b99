"""Scopes of setups and teardowns: nested, mapped, in groups, without the other half; and tasks that recover."""

from datetime import datetime

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, TaskGroup, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
    from airflow.operators.empty import EmptyOperator
    from airflow.utils.task_group import TaskGroup


@task
def ok():
    pass


@task
def bad():
    raise RuntimeError("asked to fail")


@task
def recovers(ti=None):
    if ti.try_number == 1:
        raise RuntimeError("asked to fail the first time")
    return ti.try_number


@task
def item(x):
    if x == "bad":
        raise RuntimeError("asked to fail")


def declare(dag_id):
    return DAG(dag_id, start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0})


def make(kind, task_id):
    return kind.override(task_id=task_id)()


def empty(task_id, **kwargs):
    return EmptyOperator(task_id=task_id, **kwargs)


def nested(dag_id, outer, inner, work, *, inner_drop=ok, outer_drop=ok, fails_run=False):
    with declare(dag_id):
        make_outer, make_inner = make(outer, "make_outer"), make(inner, "make_inner")
        drop_inner, drop_outer = make(inner_drop, "drop_inner"), make(outer_drop, "drop_outer")
        make_outer >> make_inner >> make(work, "work")
        drop_inner.as_teardown(setups=make_inner, on_failure_fail_dagrun=fails_run)
        drop_outer.as_teardown(setups=make_outer, on_failure_fail_dagrun=fails_run)
        make_inner.operator.dag.get_task("work") >> drop_inner >> drop_outer
        drop_outer >> empty("after")


nested("scope_nested", ok, ok, ok)
nested("scope_outer_fails", bad, ok, ok)
nested("scope_inner_fails", ok, bad, ok)
nested("scope_work_fails", ok, ok, bad)
nested("scope_inner_drop_fails", ok, ok, ok, inner_drop=bad)
nested("scope_inner_drop_fails_run", ok, ok, ok, inner_drop=bad, fails_run=True)
nested("scope_outer_drop_fails_run", ok, ok, ok, outer_drop=bad, fails_run=True)
nested("scope_work_recovers", ok, ok, recovers)
nested("scope_setup_recovers", ok, recovers, ok)
nested("scope_teardown_recovers", ok, ok, ok, inner_drop=recovers, fails_run=True)

with declare("scope_retries"):
    first = recovers.override(task_id="first", retries=1, retry_delay=0)()
    first >> make(ok, "work") >> make(ok, "last").as_teardown(setups=first)

with declare("scope_without_teardown"):
    make(bad, "first").as_setup() >> empty("one") >> empty("two", trigger_rule="all_done")

with declare("scope_without_setup"):
    make(bad, "one") >> make(ok, "last").as_teardown()

with declare("scope_only_teardowns"):
    make(ok, "one").as_teardown() >> make(bad, "two").as_teardown()

with declare("scope_leaf_fails_run"):
    first = make(ok, "first")
    first >> make(ok, "work") >> make(bad, "last").as_teardown(setups=first, on_failure_fail_dagrun=True)

with declare("scope_group"):
    # What follows the group waits for its work, not for its teardown.
    with TaskGroup("group") as group:
        first = make(ok, "first").as_setup()
        first >> make(ok, "work") >> make(bad, "last").as_teardown(setups=first)
    group >> empty("after")

with declare("scope_group_of_work"):
    first = make(ok, "first").as_setup()
    with TaskGroup("group") as group:
        make(bad, "one") >> make(ok, "two")
        make(ok, "three")
    first >> group >> make(ok, "last").as_teardown(setups=first)

with declare("scope_context"):
    first, last = make(ok, "first"), make(ok, "last")
    with last.as_teardown(setups=first):
        make(bad, "one") >> make(ok, "two")
        make(ok, "three")

with declare("scope_mapped_setup"):
    first = item.override(task_id="first").expand(x=["ok", "bad"])
    first.operator.as_setup()
    last = make(ok, "last")
    first >> make(ok, "work") >> last.as_teardown(setups=first.operator)

with declare("scope_mapped_work"):
    first, last = make(ok, "first"), make(ok, "last")
    work = item.override(task_id="work").expand(x=["ok", "bad", "ok"])
    first >> work >> last.as_teardown(setups=first)

with declare("scope_mapped_teardown"):
    first = make(ok, "first").as_setup()
    last = item.override(task_id="last").expand(x=["ok", "bad"])
    last.operator.as_teardown(setups=first.operator)
    first >> make(ok, "work") >> last

with declare("scope_two_paths"):
    one, two = make(ok, "make_one").as_setup(), make(ok, "make_two").as_setup()
    drop_one, drop_two = make(ok, "drop_one"), make(ok, "drop_two")
    work = make(recovers, "work")
    one >> work >> drop_one.as_teardown(setups=one)
    two >> work >> drop_two.as_teardown(setups=two)
    work >> make(ok, "more") >> [drop_one, drop_two]
    two >> make(ok, "other") >> drop_two
