"""Asking people: an approval, a choice of the way, and a form."""

from datetime import timedelta

from airflow.providers.standard.operators.hitl import (
    ApprovalOperator,
    HITLBranchOperator,
    HITLEntryOperator,
)
from airflow.sdk import DAG, Param, task

with DAG("asking", schedule=None):
    approve = ApprovalOperator(
        task_id="approve",
        subject="Publish the prices of {{ ds }}?",
        body="The report is in the log of the task before.",
        defaults="Approve",
        response_timeout=timedelta(seconds=1),
    )
    way = HITLBranchOperator(
        task_id="way",
        subject="Where to?",
        options=["Everywhere", "Only here"],
        options_mapping={"Everywhere": "publish", "Only here": "keep"},
        defaults="Everywhere",
        response_timeout=timedelta(seconds=1),
    )
    reason = HITLEntryOperator(
        task_id="reason",
        subject="Say why",
        params={"why": Param("routine", type="string", minLength=3)},
        assigned_users=[{"id": "ana", "name": "Ana"}],
        response_timeout=timedelta(seconds=1),
    )

    @task
    def publish():
        print("published")

    @task
    def keep():
        print("kept")

    @task(trigger_rule="none_failed_min_one_success")
    def note(answer):
        print(f"because: {answer['params_input']['why']}")

    approve >> way >> [publish(), keep()] >> note(reason.output)
