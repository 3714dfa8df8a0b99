"""Tasks that wait in a trigger: the first begins and ends there, the second hands its wait over and goes on."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from airflow.sdk import DAG, BaseOperator
from airflow.triggers.base import BaseTrigger, StartTriggerArgs, TaskSuccessEvent, TriggerEvent


class Arrives(BaseTrigger):
    """Fires when a file is there."""

    def __init__(self, path, ends_task=False):
        super().__init__()
        self.path = path
        self.ends_task = ends_task

    def serialize(self):
        return "deferring.Arrives", {"path": self.path, "ends_task": self.ends_task}

    async def run(self):
        while not Path(self.path).exists():
            await asyncio.sleep(0.1)
        size = Path(self.path).stat().st_size
        self.log.info("%s has %s bytes", self.path, size)
        if self.ends_task:
            yield TaskSuccessEvent(xcoms={"return_value": size})
        else:
            yield TriggerEvent(size)


class ReadWhenThere(BaseOperator):
    template_fields = ("path",)

    def __init__(self, *, path, **kwargs):
        super().__init__(**kwargs)
        self.path = path

    def execute(self, context):
        self.defer(
            trigger=Arrives(self.path),
            method_name="read",
            kwargs={"asked_at": context["ts"]},
            timeout=timedelta(hours=1),
        )

    def read(self, context, event, asked_at):
        print(f"{event} bytes are there, asked for at {asked_at}")
        return event


class Wait(BaseOperator):
    """Begins in its trigger and ends with it: no worker ever has it."""

    template_fields = ("path",)
    start_from_trigger = True

    def __init__(self, *, path, **kwargs):
        super().__init__(**kwargs)
        self.path = path
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls="deferring.Arrives",
            trigger_kwargs={"path": path, "ends_task": True},
            next_method="never_called",
            timeout=timedelta(hours=1),
        )


with DAG(
    "deferring",
    schedule="@daily",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    params={"path": __file__},
):
    Wait(task_id="wait", path="{{ params.path }}") >> ReadWhenThere(task_id="read", path=__file__)
