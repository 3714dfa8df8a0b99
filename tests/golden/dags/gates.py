"""Gates: short circuits, branches by date and weekday, conditions of a task, the newest run only."""

from datetime import datetime, time

from airflow.exceptions import AirflowSkipException

try:
    from airflow.providers.standard.operators.datetime import BranchDateTimeOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
    from airflow.providers.standard.operators.python import ShortCircuitOperator
    from airflow.providers.standard.operators.weekday import BranchDayOfWeekOperator
    from airflow.sdk import DAG, TaskGroup, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
    from airflow.operators.datetime import BranchDateTimeOperator
    from airflow.operators.empty import EmptyOperator
    from airflow.operators.latest_only import LatestOnlyOperator
    from airflow.operators.python import ShortCircuitOperator
    from airflow.operators.weekday import BranchDayOfWeekOperator
    from airflow.utils.task_group import TaskGroup


def declare(dag_id):
    return DAG(dag_id, start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0})


def empty(task_id, **kwargs):
    return EmptyOperator(task_id=task_id, **kwargs)


def gate(task_id, value, **kwargs):
    return ShortCircuitOperator(task_id=task_id, python_callable=lambda: value, **kwargs)


@task
def work():
    pass


@task
def fail():
    raise RuntimeError("asked to fail")


@task.branch
def choose(ids):
    return ids


with declare("gate_values"):
    for name, value in {
        "nothing": None, "zero": 0, "empty": "", "list": [], "dict": {}, "no": False,
        "text": "x", "one": 1, "full": [0], "yes": True,
    }.items():  # fmt: skip
        gate(name, value) >> empty(f"after_{name}")

with declare("gate_far"):
    shut = gate("shut", False)
    shut >> empty("one") >> empty("two", trigger_rule="all_done") >> empty("three", trigger_rule="all_done")
    shut >> empty("four", trigger_rule="none_failed") >> empty("five", trigger_rule="all_skipped")

with declare("gate_near"):
    shut = gate("shut", False, ignore_downstream_trigger_rules=False)
    shut >> empty("one") >> empty("two", trigger_rule="all_done") >> empty("three")
    shut >> empty("four", trigger_rule="none_failed") >> empty("five", trigger_rule="all_skipped")
    shut >> empty("six", trigger_rule="all_done")

with declare("gate_joins"):
    far, near = gate("far", False), gate("near", False, ignore_downstream_trigger_rules=False)
    gate("open", True) >> [empty("a"), empty("b")]
    [far, empty("c")] >> empty("behind_far", trigger_rule="none_failed_min_one_success")
    [near, empty("d")] >> empty("behind_near", trigger_rule="none_failed_min_one_success")
    near >> empty("e") >> empty("later", trigger_rule="one_success")
    empty("f") >> [empty("g"), empty("h")]

with declare("gate_is_last"):
    empty("first") >> gate("shut", False)

with declare("gate_skips_itself"):

    @task.short_circuit
    def skips():
        raise AirflowSkipException("asked to skip")

    skips() >> empty("after") >> empty("anyway", trigger_rule="all_done")

with declare("gate_fails"):

    @task.short_circuit
    def fails():
        raise RuntimeError("asked to fail")

    fails() >> empty("after") >> empty("anyway", trigger_rule="all_done")

with declare("gate_before_group"):
    with TaskGroup("group") as group:
        empty("one") >> empty("two", trigger_rule="all_done")
    gate("shut", False, ignore_downstream_trigger_rules=False) >> group >> empty("after")

with declare("gate_in_group"):
    with TaskGroup("group") as group:
        gate("shut", False) >> empty("one")
        empty("two")
    group >> empty("after", trigger_rule="all_done")

for name, ignores in (("far", True), ("near", False)):
    with declare(f"gate_{name}_in_scope"):
        first, last = work.override(task_id="first")(), work.override(task_id="last")()
        shut = gate("shut", False, ignore_downstream_trigger_rules=ignores)
        first >> shut >> empty("work") >> last.as_teardown(setups=first) >> empty("after")

    with declare(f"gate_{name}_beside_teardown"):
        first, last = work.override(task_id="first")(), work.override(task_id="last")()
        shut = gate("shut", False, ignore_downstream_trigger_rules=ignores)
        first >> shut >> last.as_teardown(setups=first)

    with declare(f"gate_{name}_above_scope"):
        first, last = work.override(task_id="first")(), work.override(task_id="last")()
        shut = gate("shut", False, ignore_downstream_trigger_rules=ignores)
        shut >> first.as_setup() >> empty("work") >> last.as_teardown(setups=first)

with declare("branch_in_scope"):
    first, last = work.override(task_id="first")(), work.override(task_id="last")()
    chosen = choose.override(task_id="choose")("left")
    first >> chosen >> [empty("left"), empty("right")] >> last.as_teardown(setups=first)

with declare("branch_beside_teardown"):
    first, last = work.override(task_id="first")(), work.override(task_id="last")()
    chosen = choose.override(task_id="choose")("left")
    first >> chosen >> empty("left") >> last.as_teardown(setups=first)
    chosen >> last

with declare("branch_to_group"):
    chosen = choose.override(task_id="choose")("taken")
    for name in ("taken", "left"):
        with TaskGroup(name) as group:
            empty("one") >> empty("two")
            empty("three")
        chosen >> group >> empty(f"after_{name}")

with declare("branch_to_both"):
    chosen = choose.override(task_id="choose")(["group", "alone"])
    with TaskGroup("group") as group:
        empty("one")
    chosen >> [group, empty("alone"), empty("other")]

with declare("branch_by_date"):
    for name, lower, upper in (
        ("inside", datetime(2025, 12, 1), datetime(2026, 2, 1)),
        ("before", datetime(2026, 2, 1), datetime(2026, 3, 1)),
        ("open_end", datetime(2025, 12, 1), None),
        ("of_day", time(23, 0), time(1, 0)),
    ):
        branch = BranchDateTimeOperator(
            task_id=name,
            follow_task_ids_if_true=[f"{name}_yes"],
            follow_task_ids_if_false=[f"{name}_no"],
            target_lower=lower,
            target_upper=upper,
            use_task_logical_date=True,
        )
        branch >> [empty(f"{name}_yes"), empty(f"{name}_no")]

with declare("branch_by_weekday"):
    # The first of January of 2026 is a Thursday.
    for name, days in (("one", "Thursday"), ("other", "Monday"), ("several", {"Monday", "Thursday"})):
        branch = BranchDayOfWeekOperator(
            task_id=name,
            follow_task_ids_if_true=f"{name}_yes",
            follow_task_ids_if_false=f"{name}_no",
            week_day=days,
            use_task_logical_date=True,
        )
        branch >> [empty(f"{name}_yes"), empty(f"{name}_no")]

with declare("conditions"):

    def is_right(context):
        return context["ti"].task_id.endswith("right")

    def is_right_because(context):
        return is_right(context), "it is not right"

    @task.run_if(is_right)
    @task
    def run_right():
        return "ran"

    @task.run_if(is_right_because)
    @task
    def run_wrong():
        return "ran"

    @task.skip_if(is_right, "told")
    @task
    def skip_right():
        return "ran"

    @task.skip_if(is_right)
    @task
    def skip_wrong():
        return "ran"

    for item in (run_right, run_wrong, skip_right, skip_wrong):
        done = item()
        done >> empty(f"after_{done.operator.task_id}")

with declare("latest_without_schedule"):
    LatestOnlyOperator(task_id="latest") >> empty("one") >> empty("two")
