"""Mapped groups: lengths known, unknown, zero, failed and skipped; failures, skips, branches and setups inside."""

from datetime import datetime

from airflow.exceptions import AirflowSkipException

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, task, task_group
except ImportError:
    from airflow import DAG
    from airflow.decorators import task, task_group
    from airflow.operators.empty import EmptyOperator


@task
def give(value):
    return value


@task
def step(x):
    if x == "bad":
        raise RuntimeError("asked to fail")
    if x == "none":
        raise AirflowSkipException("asked to skip")
    return x


@task
def total(values):
    return list(values)


@task
def count(x, n=None):
    return [x, n]


def declare(dag_id):
    return DAG(dag_id, start_date=datetime(2026, 1, 1), schedule=None, default_args={"retries": 0})


def after(group, *rules):
    for rule in rules:
        group >> EmptyOperator(task_id=f"after_{rule}", trigger_rule=rule)


@task_group
def chain(x):
    return step.override(task_id="third")(step.override(task_id="second")(step.override(task_id="first")(x)))


with declare("group_literal"):
    total(chain.expand(x=["a", "b", "c"]))

with declare("group_result"):
    total(chain.expand(x=give(["a", "b"])))

with declare("group_one_fails"):

    @task_group
    def mixed(x):
        one = step.override(task_id="one")(x)
        two = step.override(task_id="two")(one)
        one >> EmptyOperator(task_id="if_failed", trigger_rule="one_failed")
        two >> EmptyOperator(task_id="if_done", trigger_rule="all_done")

    after(mixed.expand(x=give(["a", "bad", "none"])), "all_success", "none_failed", "all_done", "one_success")

with declare("group_nothing"):
    after(chain.expand(x=give([])), "all_success", "all_done", "none_failed")

with declare("group_nothing_ruled"):

    @task_group
    def ruled(x):
        one = step.override(task_id="one")(x)
        one >> EmptyOperator(task_id="done", trigger_rule="all_done")
        one >> EmptyOperator(task_id="failed", trigger_rule="one_failed")

    after(ruled.expand(x=give([])), "all_done")

with declare("group_over_failed"):

    @task_group
    def behind_failed(x):
        one = step.override(task_id="one", trigger_rule="all_done")(x)
        one >> EmptyOperator(task_id="done", trigger_rule="all_done")

    after(behind_failed.expand(x=step("bad")), "all_success", "all_done")

with declare("group_over_skipped"):

    @task_group
    def behind_skipped(x):
        one = step.override(task_id="one", trigger_rule="none_failed")(x)
        one >> EmptyOperator(task_id="done", trigger_rule="all_done")

    after(behind_skipped.expand(x=step("none")), "all_success", "all_done")

with declare("group_outer_skipped"):

    @task_group
    def with_outer(x):
        one = step.override(task_id="one")(x)
        two = step.override(task_id="two")(x)
        one >> two
        out >> two
        two >> EmptyOperator(task_id="three", trigger_rule="none_failed")

    out = step.override(task_id="out")("none")
    after(with_outer.expand(x=["a", "b"]), "all_done")

with declare("group_outer_failed"):

    @task_group
    def with_failed(x):
        one = step.override(task_id="one")(x)
        two = step.override(task_id="two")(x)
        one >> two
        out2 >> two
        two >> EmptyOperator(task_id="three", trigger_rule="all_done")

    out2 = step.override(task_id="out")("bad")
    after(with_failed.expand(x=["a", "b"]), "all_done")

with declare("group_branches"):

    @task.branch
    def choose(x):
        return "branched.left" if x == "a" else "branched.right"

    @task_group
    def branched(x):
        left = EmptyOperator(task_id="left")
        right = EmptyOperator(task_id="right")
        join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")
        choose(x) >> [left, right] >> join

    after(branched.expand(x=["a", "b"]), "all_done")

with declare("group_short_circuits"):

    @task.short_circuit
    def only_a(x):
        return x == "a"

    @task_group
    def short(x):
        only_a(x) >> EmptyOperator(task_id="one") >> EmptyOperator(task_id="two", trigger_rule="all_done")

    after(short.expand(x=["a", "b"]), "all_success", "all_done")

with declare("group_branch_to_outside"):

    @task.branch
    def outwards(x):
        return "left" if x == "a" else "right"

    @task_group
    def leaving(x):
        outwards(x)

    leaving.expand(x=["a", "b"]) >> [EmptyOperator(task_id="left"), EmptyOperator(task_id="right")]

with declare("mapped_branch"):
    choose_out = outwards.expand(x=["a", "a"])
    choose_out >> [EmptyOperator(task_id="left"), EmptyOperator(task_id="right")]

with declare("group_setups"):

    @task_group
    def with_setup(x):
        setup = step.override(task_id="setup")(x)
        work = EmptyOperator(task_id="work")
        more = EmptyOperator(task_id="more", trigger_rule="all_done")
        setup >> work >> more >> EmptyOperator(task_id="teardown").as_teardown(setups=setup.operator)

    after(with_setup.expand(x=["a", "bad", "none"]), "all_success", "all_done")

with declare("group_kwargs"):

    @task_group
    def keyed(x, n):
        count(x, n)

    keyed.expand_kwargs(give([{"x": 1, "n": 2}, {"x": 3, "n": 4}]))

with declare("group_product"):

    @task_group
    def crossed(x, n):
        return count(x, n)

    total(crossed.expand(x=[1, 2], n=give(["a", "b"])))

with declare("map_skips_in_map"):

    def keep(value):
        if value == 2:
            raise AirflowSkipException("not this one")
        return value * 10

    total.override(trigger_rule="none_failed")(step.expand(x=give([1, 2, 3]).map(keep)))

with declare("map_all_skipped"):
    total.override(trigger_rule="all_done")(step.expand(x=["none", "none"]))

with declare("map_over_none_values"):
    mapped_none = give.expand(value=[1, None, 3])
    total(step.expand(x=mapped_none))

with declare("map_concat"):
    both = give.override(task_id="one")([1, 2]).concat(give.override(task_id="two")([3]))
    total(step.expand(x=both))

with declare("map_zip_filled"):
    filled = give.override(task_id="one")([1, 2]).zip(give.override(task_id="two")([3]), fillvalue="-")
    total(total.override(task_id="each").expand(values=filled))

with declare("map_dict"):
    total(total.override(task_id="each").expand(values=give({"a": 1, "b": 2})))

with declare("group_values_outside"):

    @task(trigger_rule="all_done")
    def kinds(values):
        return [isinstance(values, list), list(values)]

    @task_group
    def some(x):
        return step(x)

    kinds(some.expand(x=["a", "none", "c"]))
