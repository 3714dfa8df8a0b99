"""A file in the style of Airflow 3: `airflow.sdk`, the provider `standard`, mapping, a timetable."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    Context,
    Param,
    TriggerRule,
    Variable,
    chain,
    dag,
    get_current_context,
    task,
    task_group,
)
from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException
from airflow.timetables.trigger import CronTriggerTimetable


class PaintOperator(BaseOperator):
    template_fields = ("colour",)

    def __init__(self, *, colour: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.colour = colour

    def execute(self, context: Context) -> str:
        return f"{self.colour} on {context['logical_date']}"


@dag(
    schedule=CronTriggerTimetable("30 6 * * MON-FRI", timezone="Asia/Seoul", interval=timedelta(days=1)),
    start_date=datetime(2025, 1, 1),
    params={"colour": Param("white", enum=["white", "blue"])},
    tags=["house"],
)
def house_3():
    @task
    def walls() -> list[int]:
        if Variable.get("closed", default=None):
            raise AirflowSkipException("closed")
        return [1, 2, 3]

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def paint(wall: int, coats: int) -> str:
        return f"{get_current_context()['ds']} {wall} {coats}"

    @task.branch
    def choose() -> str:
        return "rest.wait"

    @task_group
    def rest():
        EmptyOperator(task_id="wait")
        BashOperator(task_id="air", bash_command="echo {{ params.colour }}")

    painted = paint.partial(coats=2).expand(wall=walls())
    chain(painted, PaintOperator(task_id="last", colour="{{ params.colour }}"), choose(), rest())


house_3()
