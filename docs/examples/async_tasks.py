"""Tasks that do many things at a time in one process: an async function, and an operator of one's own."""

import asyncio
from datetime import datetime, timedelta

from airflow.sdk import DAG, BaseAsyncOperator, task


class Probe(BaseAsyncOperator):
    """Asks all hosts at once; the slowest decides how long it takes."""

    template_fields = ("hosts",)

    def __init__(self, *, hosts, **kwargs):
        super().__init__(**kwargs)
        self.hosts = hosts

    async def aexecute(self, context):
        async with asyncio.TaskGroup() as group:
            answers = [group.create_task(self.ask(host)) for host in self.hosts]
        return {host: answer.result() for host, answer in zip(self.hosts, answers, strict=True)}

    async def ask(self, host):
        await asyncio.sleep(0.05)
        self.log.info("%s answers", host)
        return len(host)


with DAG("async_tasks", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False):

    @task(execution_timeout=timedelta(minutes=5))
    async def total(found):
        await asyncio.sleep(0)
        return sum(found.values())

    total(Probe(task_id="probe", hosts=["a-{{ ds }}", "b-{{ ds }}"]).output)
