"""Callbacks: functions and notifiers that are called when something begins, ends, fails or is tried again."""

from windward import dag, task
from windward.sdk.notifiers.slack import SlackWebhookNotifier


def note(context):
    print(f"{context['ti'].task_id} ended, try {context['ti'].try_number}")


def note_run(context):
    print(f"run {context['run_id']}: {context['reason']}")


@dag(
    schedule=None,
    params={"is_broken": False},
    on_success_callback=note_run,
    on_failure_callback=[
        note_run,
        SlackWebhookNotifier(slack_webhook_conn_id="alerts", text="{{ dag.dag_id }} failed: {{ reason }}"),
    ],
)
def callbacks():
    @task(on_success_callback=note, on_failure_callback=note, retries=0)
    def work(params=None):
        if params["is_broken"]:
            raise ValueError("on purpose")

    work()


callbacks()
