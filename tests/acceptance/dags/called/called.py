"""Callbacks of what died, questions to people, deadlines, and what tasks keep over their tries."""

import asyncio
import json
import os
import signal
import time
from datetime import datetime, timedelta
from pathlib import Path

from airflow.exceptions import AirflowException
from airflow.providers.standard.operators.hitl import (
    ApprovalOperator,
    HITLBranchOperator,
    HITLEntryOperator,
    HITLOperator,
)
from airflow.sdk import (
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    SyncCallback,
    dag,
    task,
)

START = datetime(2026, 1, 1)
TOLD = Path(os.environ["WINDWARD_HOME"]) / "told"


def tell(**facts):
    with TOLD.open("a") as file:
        file.write(json.dumps(facts) + "\n")


def told(kind):
    def callback(context):
        ti = context["ti"]
        tell(
            kind=kind,
            dag=ti.dag_id,
            task=ti.task_id,
            try_number=ti.try_number,
            state=str(ti.state),
            error=type(context["exception"]).__name__,
            text=str(context["exception"]),
        )

    return callback


def broken(context):
    raise ValueError("a callback that fails")


@dag(schedule=None, start_date=START)
def dead():
    @task(
        retries=1,
        retry_delay=0.1,
        on_retry_callback=[broken, told("retry")],
        on_failure_callback=[broken, told("failure")],
    )
    def kills_itself():
        os.kill(os.getpid(), signal.SIGKILL)

    kills_itself()


@dag(schedule=None, start_date=START)
def lost():
    @task(retries=0, on_retry_callback=told("retry"), on_failure_callback=told("failure"))
    def waits(ti=None):
        tell(kind="started", dag="lost", pid=os.getpid(), host=os.getppid())
        if ti.try_number == 1:
            time.sleep(600)

    waits()


@dag(schedule=None, start_date=START, fail_fast=True)
def fast():
    @task(retries=0)
    def fails():
        while not (TOLD.parent / "lasts.begun").exists():
            time.sleep(0.05)
        raise AirflowException("on purpose")

    @task(retries=0, on_failure_callback=told("failure"))
    def lasts():
        (TOLD.parent / "lasts.begun").touch()
        time.sleep(600)

    @task
    def after(_):
        return 1

    after(fails())
    after.override(task_id="later")(lasts())


@dag(schedule=None, start_date=START, max_consecutive_failed_dag_runs=2)
def pauses():
    @task(retries=0)
    def fails():
        raise AirflowException("on purpose")

    fails()


def late(context, name):
    tell(kind="late", dag=context["dag_run"].dag_id, name=name, alert=context["deadline"]["alert_name"])


async def late_async(context, name):
    await asyncio.sleep(0)
    late(context, name)


@dag(
    schedule=None,
    start_date=START,
    deadline=[
        DeadlineAlert(
            DeadlineReference.DAGRUN_QUEUED_AT,
            timedelta(seconds=1),
            SyncCallback(late, {"name": "s"}),
            name="soon",
        ),
        DeadlineAlert(
            DeadlineReference.DAGRUN_QUEUED_AT, timedelta(seconds=1), AsyncCallback(late_async, {"name": "a"})
        ),
        DeadlineAlert(
            DeadlineReference.DAGRUN_QUEUED_AT, timedelta(hours=1), SyncCallback(late, {"name": "never"})
        ),
    ],
)
def slow():
    @task
    def sleeps():
        while not (TOLD.parent / "slow.go").exists():
            time.sleep(0.05)

    sleeps()


@dag(schedule=None, start_date=START)
def asks():
    approve = ApprovalOperator(task_id="approve", subject="Ship {{ dag.dag_id }}?")
    choose = HITLBranchOperator(
        task_id="choose", subject="Which?", options=["Left", "right"], options_mapping={"Left": "left"}
    )
    form = HITLEntryOperator(
        task_id="form",
        subject="Why?",
        params={"why": Param(type="string", minLength=3)},
        assigned_users=["ana"],
    )
    default = HITLOperator(
        task_id="default",
        subject="Quick",
        options=["A", "B"],
        defaults="B",
        response_timeout=timedelta(seconds=0.2),
    )
    hopeless = HITLOperator(
        task_id="hopeless", subject="Quick", options=["A"], response_timeout=timedelta(seconds=0.2)
    )

    @task
    def left():
        return 1

    @task
    def right():
        return 1

    @task
    def shipped():
        return 1

    approve >> shipped()
    choose >> [left(), right()]
    [form, default, hopeless]


class FlakyError(Exception):
    pass


@dag(schedule=None, start_date=START)
def keeps():
    @task(
        retries=5,
        retry_policy=ExceptionRetryPolicy(
            [
                RetryRule(FlakyError, RetryAction.RETRY, timedelta(seconds=0.1), "flaky"),
                RetryRule("builtins.KeyError", RetryAction.FAIL, reason="hopeless"),
            ]
        ),
    )
    def counts(task_state_store=None):
        count = task_state_store.get("count", 0) + 1
        task_state_store.set("count", count)
        if count < 3:
            raise FlakyError(count)
        raise KeyError("no more")

    counts()


dead()
lost()
fast()
pauses()
slow()
asks()
keeps()
