"""Setups and teardowns: whom they bind, and what they do to the run."""

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
def succeed():
    pass


@task
def fail():
    raise RuntimeError("asked to fail")


@task
def skip():
    raise AirflowSkipException("asked to skip")


KINDS = {"ok": succeed, "bad": fail, "none": skip}


def make(kind, task_id):
    return KINDS[kind].override(task_id=task_id)()


def declare(dag_id, *, setup="ok", work="ok", teardown="ok", fails_run=False):
    with DAG(dag_id, start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}):
        first = make(setup, "first").as_setup()
        work_1, work_2 = make(work, "work_1"), make("ok", "work_2")
        last = make(teardown, "last").as_teardown(setups=first, on_failure_fail_dagrun=fails_run)
        first >> work_1 >> work_2 >> last
        after = make("ok", "after")
        last >> after


declare("setup_all_well")
declare("setup_work_fails", work="bad")
declare("setup_fails", setup="bad")
declare("setup_skips", setup="none")
declare("teardown_fails", teardown="bad")
declare("teardown_fails_run", teardown="bad", fails_run=True)

with DAG("teardown_is_leaf", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}):
    first = make("ok", "first").as_setup()
    first >> make("ok", "work") >> make("bad", "last").as_teardown(setups=first)

with DAG(
    "teardown_hides_nothing", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}
):
    first = make("ok", "first").as_setup()
    first >> make("bad", "work") >> make("ok", "last").as_teardown(setups=first)

with DAG("setup_far_above", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}):
    # The rule of `work_2` would let it run; the failed setup in whose scope it is does not.
    first = make("bad", "first").as_setup()
    (
        first
        >> make("ok", "work_1")
        >> EmptyOperator(task_id="work_2", trigger_rule="all_done")
        >> make("ok", "last").as_teardown(setups=first)
    )

with DAG(
    "setup_of_another_branch", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}
):
    # `aside_2` is below the setup, but its teardown does not wait for it: it is out of scope.
    first = make("bad", "first").as_setup()
    first >> make("ok", "work") >> make("ok", "last").as_teardown(setups=first)
    first >> make("ok", "aside_1") >> EmptyOperator(task_id="aside_2", trigger_rule="all_done")

with DAG("setup_after_teardown", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}):
    first = make("bad", "first").as_setup()
    (
        first
        >> make("ok", "work")
        >> make("ok", "last").as_teardown(setups=first)
        >> EmptyOperator(task_id="after", trigger_rule="all_done")
    )

with DAG("two_setups", start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0}):
    one, two = make("ok", "one").as_setup(), make("bad", "two").as_setup()
    [one, two] >> make("ok", "work") >> make("ok", "last").as_teardown(setups=[one, two])
