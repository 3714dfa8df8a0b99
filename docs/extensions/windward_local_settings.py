"""Rules for all DAGs of an installation."""

from airflow.exceptions import AirflowClusterPolicySkipDag, AirflowClusterPolicyViolation


def dag_policy(dag):
    """Every DAG says whose it is; drafts are not shown."""
    if "draft" in dag.tags:
        raise AirflowClusterPolicySkipDag
    if not dag.tags:
        raise AirflowClusterPolicyViolation(f"DAG {dag.dag_id} has no tag of a team")


def task_policy(task):
    """No task runs for ever."""
    if task.execution_timeout is None:
        from datetime import timedelta

        task.execution_timeout = timedelta(hours=8)


def task_instance_mutation_hook(task_instance):
    """Heavy tasks go to machines of their own."""
    if task_instance.task_id.startswith("heavy_"):
        task_instance.queue = "large"


def get_airflow_context_vars(context):
    """What every task finds in its environment."""
    return {"TEAM": min(context["dag"].tags)}


def get_dagbag_import_timeout(dag_file_path):
    """Generated files may take a minute to import."""
    return 60 if "generated" in dag_file_path else 30
