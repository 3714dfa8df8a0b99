"""A job that others overtake the more, the more often it has failed."""

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from airflow.task.priority_strategy import PriorityWeightStrategy


class Patience(PriorityWeightStrategy):
    """Begins as urgent, and steps back with each try."""

    def get_weight(self, ti):
        return max(10 - 3 * ti.try_number, 1)


with DAG(dag_id="patience", schedule="@daily", start_date=datetime(2026, 1, 1)):
    BashOperator(task_id="fetch", bash_command="true", retries=3, weight_rule=Patience())
