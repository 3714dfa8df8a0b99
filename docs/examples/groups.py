"""Task groups: a prefix of ids, one thing to draw arrows to, defaults of their own."""

from windward import TaskGroup, cross_downstream, dag, task, task_group


@dag(schedule=None)
def groups():
    @task
    def step(name):
        return name

    @task_group(default_args={"retries": 1})
    def cleaned(source):
        return step.override(task_id="trim")(step.override(task_id="read")(source))

    with TaskGroup("publish") as publish:
        step.override(task_id="page")("page")
        step.override(task_id="mail")("mail")

    orders, customers = cleaned("orders"), cleaned.override(group_id="customers")("customers")
    [orders, customers] >> publish
    cross_downstream([step("a"), step("b")], [step("c"), step("d")])


groups()
