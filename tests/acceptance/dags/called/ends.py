"""What is called at an end and for a late run, references of one's own, and what is kept over tries and runs."""

import json
import os
import signal
import time
from datetime import datetime
from pathlib import Path

from airflow.exceptions import AirflowSkipException
from airflow.models.deadline import ReferenceModels
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import (
    Asset,
    BaseNotifier,
    BaseOperator,
    DeadlineAlert,
    DeadlineReference,
    ResumableJobMixin,
    SyncCallback,
    Variable,
    dag,
    deadline_reference,
    task,
)
from airflow.sdk.definitions.deadline import VariableInterval
from airflow.triggers.base import BaseTrigger, TaskSuccessEvent

START = datetime(2026, 1, 1)
HOME = Path(os.environ["WINDWARD_HOME"])


def tell(**facts):
    with (HOME / "told").open("a") as file:
        file.write(json.dumps(facts) + "\n")


def told(kind):
    def callback(context):
        tell(kind=kind, task=context["ti"].task_id, state=str(context["ti"].state))

    return callback


def broken(context):
    raise ValueError("a callback that fails")


class Notes(BaseNotifier):
    template_fields = ("text",)

    def __init__(self, text):
        super().__init__()
        self.text = text

    def notify(self, context):
        tell(kind="note", task=context["ti"].task_id, text=self.text)


ENDS = {
    "retries": 0,
    "on_execute_callback": [broken, told("execute")],
    "on_success_callback": [broken, told("success")],
    "on_failure_callback": [
        broken,
        Notes("{{ nothing.at_all }}"),
        Notes("{{ ti.task_id }} of {{ run_id }}"),
        told("failure"),
    ],
    "on_retry_callback": [broken, told("retry")],
    "on_skipped_callback": [broken, told("skipped")],
}


class Over(BaseTrigger):
    """Ends its task at once, without a worker."""

    def serialize(self):
        return "ends.Over", {}

    async def run(self):
        yield TaskSuccessEvent()


class Deferred(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Over(), method_name="never")


@dag(schedule=None, start_date=START, default_args=ENDS)
def ends():
    @task
    def succeeds():
        return 1

    @task
    def skips():
        raise AirflowSkipException("on purpose")

    @task(retries=1, retry_delay=0.1)
    def fails():
        raise ValueError("on purpose")

    succeeds(), skips(), fails()
    Deferred(task_id="deferred")
    BashOperator(task_id="untemplated", bash_command="echo {{ nothing.at_all }}")


def forever(context):
    tell(kind="endless", pid=os.getpid())
    time.sleep(600)


@dag(schedule=None, start_date=START, on_success_callback=forever)
def endless():
    @task(on_success_callback=forever)
    def succeeds():
        return 1

    succeeds()


@dag(schedule=None, start_date=START)
def poolless():
    @task(pool="nowhere")
    def waits():
        return 1

    waits()


@deadline_reference(DeadlineReference.TYPES.DAGRUN_QUEUED)
class OpeningTime(ReferenceModels.BaseDeadlineReference):
    required_kwargs = frozenset({"dag_id", "run_id"})

    def _evaluate_with(self, *, session, dag_id, run_id):
        tell(kind="asked", dag=dag_id, run=run_id, pid=os.getpid())
        return datetime.fromisoformat(Variable.get("opening_time"))


@deadline_reference
class Broken(ReferenceModels.BaseDeadlineReference):
    def _evaluate_with(self, *, session, **kwargs):
        return session.query(1)


@deadline_reference()
class Never(ReferenceModels.BaseDeadlineReference):
    def _evaluate_with(self, *, session, **kwargs):
        return None


def late(context):
    tell(
        kind="late",
        name=context["deadline"]["alert_name"],
        at=context["deadline"]["deadline_time"].isoformat(),
    )


def alert(reference, name):
    return DeadlineAlert(reference, VariableInterval("opening_limit"), SyncCallback(late), name=name)


@dag(
    schedule=None,
    start_date=START,
    deadline=[
        alert(DeadlineReference.OpeningTime, "opening"),
        alert(Broken(), "broken"),
        alert(Never(), "never"),
    ],
)
def dated():
    @task
    def waits():
        while not (HOME / "dated.go").exists():
            time.sleep(0.05)

    waits()


MARKS = Asset("marks", uri="file://marks")


class Job(ResumableJobMixin, BaseOperator):
    """A job of another system; the first try is killed while it waits."""

    def execute(self, context):
        return self.execute_resumable(context)

    def submit_job(self, context):
        tell(kind="submitted", run=context["run_id"])
        return f"job of {context['run_id']}"

    def get_job_status(self, external_id, context):
        return "RUNNING"

    def is_job_active(self, status):
        return status == "RUNNING"

    def is_job_succeeded(self, status):
        return status == "DONE"

    def poll_until_complete(self, external_id, context):
        if context["ti"].try_number == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def get_job_result(self, external_id, context):
        return external_id


@dag(schedule=None, start_date=START, default_args={"retries": 1, "retry_delay": 0.1})
def kept():
    @task(outlets=[MARKS])
    def writes(asset_state_store=None, task_state_store=None):
        mark = asset_state_store[MARKS].get("mark", 0) + 1
        asset_state_store[MARKS].set("mark", mark)
        task_state_store.set("long", "x" * 70_000)
        return mark

    @task(inlets=[MARKS], retries=0)
    def reads(mark, asset_state_store=None, task_state_store=None):
        task_state_store.set("seen", asset_state_store.get("mark"))
        raise ValueError(f"seen {asset_state_store.get('mark')}")

    @task(retries=0)
    def strange(asset_state_store=None):
        return asset_state_store[MARKS].get("mark")

    Job(task_id="job")
    reads(writes())
    strange()


ends()
endless()
poolless()
dated()
kept()
