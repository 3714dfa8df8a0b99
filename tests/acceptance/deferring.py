"""DAG files of deferrable tasks, and the module with their triggers."""

TRIGGERS = '''
import asyncio
import os
import time
from datetime import datetime, timezone

from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent


class UntilFile(BaseTrigger):
    """Fires when a file is there."""

    def __init__(self, path, word):
        super().__init__()
        self.path, self.word = path, word

    def serialize(self):
        return "my_triggers.UntilFile", {"path": self.path, "word": self.word}

    async def run(self):
        while not os.path.exists(self.path):
            await asyncio.sleep(0.05)
        self.log.info("saw %s", self.path)
        print("printed", end=" ")
        print("by the trigger")
        yield TriggerEvent({"word": self.word, "pid": os.getpid()})


class Raises(BaseTrigger):
    def serialize(self):
        return "my_triggers.Raises", {}

    async def run(self):
        raise ValueError("no such luck")
        yield


class Ends(BaseTrigger):
    def serialize(self):
        return "my_triggers.Ends", {}

    async def run(self):
        yield TaskSuccessEvent(xcoms={"return_value": 42})


class Blocks(BaseTrigger):
    def serialize(self):
        return "my_triggers.Blocks", {}

    async def run(self):
        time.sleep(1000)
        yield TriggerEvent(None)


class Stays(BaseTrigger):
    """Waits for ever, and writes down when it is told to kill."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def serialize(self):
        return "my_triggers.Stays", {"path": self.path}

    async def run(self):
        await asyncio.sleep(1000)
        yield TriggerEvent(None)

    async def on_kill(self):
        open(self.path, "w").close()
'''

MANY = """
import os
from datetime import datetime, timedelta

from airflow.sdk import DAG, BaseOperator
from my_triggers import UntilFile


class Wait(BaseOperator):
    def __init__(self, *, word, **kwargs):
        super().__init__(**kwargs)
        self.word = word

    def execute(self, context):
        self.defer(trigger=UntilFile(os.environ["WINDWARD_HOME"] + "/go", self.word), method_name="resume",
                   kwargs={"passed_on": self.word})

    def resume(self, context, passed_on, event):
        assert event["word"] == passed_on
        with open(os.environ["EFFECTS"], "a") as out:
            out.write(f"wait,{context['ti'].try_number},{event['pid']}\\n")
        return passed_on


with DAG("many", schedule=None, start_date=datetime(2026, 1, 1), max_active_tasks=64):
    Wait.partial(task_id="wait").expand(word=[f"w{n}" for n in range(COUNT)])
"""

KINDS = """
import asyncio
import os
from datetime import datetime, timedelta

from airflow.sdk import DAG, BaseOperator, task
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.triggers.base import StartTriggerArgs
from my_triggers import Blocks, Ends, Raises, Stays, UntilFile

HOME = os.environ["WINDWARD_HOME"]


class Defers(BaseOperator):
    def __init__(self, *, trigger, wait_s=None, **kwargs):
        super().__init__(**kwargs)
        self.trigger, self.wait_s = trigger, wait_s

    def execute(self, context):
        context["ti"].xcom_push(key="before", value="kept")
        self.defer(trigger=self.trigger, method_name="resume", timeout=self.wait_s)

    def resume(self, context, event):
        return str(event)


class Starts(Defers):
    start_from_trigger = True

    def execute(self, context):
        raise AssertionError("a task that starts in a trigger does not execute")


class Templated(BaseOperator):
    # Begins in a trigger whose arguments are templates.

    template_fields = ("word",)
    start_from_trigger = True

    def __init__(self, *, word, **kwargs):
        super().__init__(**kwargs)
        self.word = word
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls="my_triggers.UntilFile", trigger_kwargs={"path": HOME, "word": word}, next_method="resume"
        )

    def execute(self, context):
        raise AssertionError("a task that starts in a trigger does not execute")

    def resume(self, context, event):
        return event["word"]


with DAG("awaits", schedule=None, start_date=datetime(2026, 1, 1), default_args={"retries": 0}):

    @task
    async def both():
        return await asyncio.gather(asyncio.sleep(0, "a"), asyncio.sleep(0, "b"))

    @task(execution_timeout=timedelta(seconds=2))
    async def too_slow():
        try:
            await asyncio.sleep(600)
        finally:
            open(HOME + "/cancelled", "w").close()

    both()
    too_slow()

with DAG("templated", schedule=None, start_date=datetime(2026, 1, 1), default_args={"retries": 0},
         params={"colour": "red"}):
    Templated(task_id="plain", word="{{ run_id }} {{ params.colour }} {{ ti.task_id }} {{ var.value.place }}")
    Templated.partial(task_id="mapped").expand(word=["{{ run_id }} 0", "{{ run_id }} 1"])

with DAG("own_macros", schedule=None, start_date=datetime(2026, 1, 1), default_args={"retries": 0},
         user_defined_macros={"shout": str.upper}):
    Templated(task_id="macro", word="{{ shout(run_id) }}")

with DAG("kinds", schedule=None, start_date=datetime(2026, 1, 1), default_args={"retries": 0}):
    Defers(task_id="time", trigger=TimeDeltaTrigger(timedelta(seconds=0.2)))
    Defers(task_id="raises", trigger=Raises())
    Defers(task_id="ends", trigger=Ends())
    Defers(task_id="late", trigger=Stays(HOME + "/nobody"), wait_s=0.3)
    starts = Starts(task_id="starts", trigger=None)
    starts.start_trigger_args = StartTriggerArgs(
        trigger_cls="my_triggers.UntilFile", trigger_kwargs={"path": HOME, "word": "begun"}, next_method="resume"
    )

with DAG("blocking", schedule=None, start_date=datetime(2026, 1, 1), default_args={"retries": 0}):
    Defers(task_id="blocks", trigger=Blocks())

with DAG("staying", schedule=None, start_date=datetime(2026, 1, 1), default_args={"retries": 0}):
    Defers(task_id="stays", trigger=Stays(HOME + "/killed"))
    Defers(task_id="waits", trigger=UntilFile(HOME + "/go", "on"))
"""
