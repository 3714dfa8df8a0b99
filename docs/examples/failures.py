"""What happens when something fails: policies, limits, deadlines, and values that outlive a try."""

from datetime import timedelta

from airflow.sdk import (
    DAG,
    BaseDeadlineReference,
    DeadlineAlert,
    DeadlineReference,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    SyncCallback,
    deadline_reference,
    task,
)


def tell(context, channel):
    print(
        f"#{channel}: run {context['run_id']} is late, it was due at {context['deadline']['deadline_time']}"
    )


@deadline_reference
class EndOfShift(BaseDeadlineReference):
    required_kwargs = frozenset({"dag_run"})

    def _evaluate_with(self, *, session, dag_run):
        return dag_run.run_after.replace(hour=17, minute=0, second=0, microsecond=0)


with DAG(
    "failures",
    schedule=None,
    fail_fast=True,
    max_consecutive_failed_dag_runs=3,
    dagrun_timeout=timedelta(hours=2),
    deadline=[
        DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=timedelta(hours=1),
            callback=SyncCallback(tell, kwargs={"channel": "data"}),
            name="an hour",
        ),
        DeadlineAlert(
            reference=DeadlineReference.EndOfShift,
            interval=timedelta(days=1),
            callback=SyncCallback(tell, kwargs={"channel": "shift"}),
            name="next shift",
        ),
    ],
):

    @task(
        retries=5,
        retry_policy=ExceptionRetryPolicy(
            rules=[
                RetryRule(ConnectionError, RetryAction.RETRY, timedelta(seconds=20), "the shop is slow"),
                RetryRule([ValueError, "decimal.InvalidOperation"], RetryAction.FAIL, reason="bad data"),
            ]
        ),
    )
    def read_pages(task_state_store=None):
        first = task_state_store.get("next_page", 1)
        for page in range(first, 4):
            print(f"page {page}")
            task_state_store.set("next_page", page + 1)
        return first

    read_pages()
