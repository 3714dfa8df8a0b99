"""A DAG that its installation's policies and plugin have a say in."""

from windward import BashOperator, dag, task


@dag(schedule=None, tags=["sales"])
def extensions():
    @task
    def heavy_load():
        return "loaded"

    heavy_load() >> BashOperator(task_id="greet", bash_command="echo hello of ${TEAM:-nobody}")


extensions()
