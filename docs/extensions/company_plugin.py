"""What the tasks of an installation have beyond Windward's own."""

import os

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import BaseOperatorLink


class Dashboard(BaseOperatorLink):
    name = "Dashboard"

    def get_link(self, operator, *, ti_key):
        return f"https://dashboards.example.com/{ti_key.dag_id}/{operator.task_id}"


class Ledger:
    """Notes how tasks end in a file that `LEDGER` names."""

    @hookimpl
    def on_task_instance_success(self, previous_state, task_instance):
        self.note(task_instance.task_id, "succeeded")

    @hookimpl
    def on_task_instance_failed(self, previous_state, task_instance, error):
        self.note(task_instance.task_id, "failed:", error)

    @hookimpl
    def on_dag_run_success(self, dag_run, msg):
        self.note("run", dag_run.run_id, "succeeded")

    def note(self, *words):
        with open(os.environ.get("LEDGER", os.devnull), "a") as file:
            print(os.environ.get("TEAM", "all"), *words, file=file)


def shout(text):
    return text.upper() + "!"


class CompanyPlugin(AirflowPlugin):
    name = "company"
    macros = [shout]
    listeners = [Ledger()]
    global_operator_extra_links = [Dashboard()]
