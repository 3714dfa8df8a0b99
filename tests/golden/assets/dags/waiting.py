"""Tasks that write assets in every way, and DAGs that wait for them in every way."""

from datetime import datetime

from airflow.exceptions import AirflowSkipException

try:
    from airflow.sdk import (
        DAG,
        Asset,
        AssetAlias,
        AssetOrTimeSchedule,
        CronTriggerTimetable,
        Metadata,
        task,
    )

    or_time = {"assets": [Asset("s3://bucket/a")]}
except ImportError:
    from airflow import DAG
    from airflow.datasets import Dataset as Asset
    from airflow.datasets import DatasetAlias as AssetAlias
    from airflow.datasets.metadata import Metadata
    from airflow.decorators import task
    from airflow.timetables.datasets import DatasetOrTimeSchedule as AssetOrTimeSchedule
    from airflow.timetables.trigger import CronTriggerTimetable

    or_time = {"datasets": [Asset("s3://bucket/a")]}

a, b, c = Asset("s3://bucket/a"), Asset("s3://bucket/b"), Asset("s3://bucket/c")
through, nothing = AssetAlias("through"), AssetAlias("nothing")
FIRST = datetime(2026, 1, 1)
PLAIN = {"start_date": FIRST, "catchup": False, "default_args": {"retries": 0}}

with DAG("writes_a", schedule=None, **PLAIN):

    @task(outlets=[a])
    def write(*, outlet_events):
        outlet_events[a].extra = {"rows": 3}

    write()

with DAG("writes_b", schedule=None, **PLAIN):

    @task(outlets=[b])
    def write_b():
        yield Metadata(b, {"by": "yield"})

    write_b()

with DAG("writes_c", schedule=None, **PLAIN):

    @task(outlets=[c])
    def write_c():
        return "plain"

    write_c()

with DAG("writes_a_and_b", schedule=None, **PLAIN):

    @task(outlets=[a, b])
    def both(*, outlet_events):
        outlet_events[b].extra["only"] = "b"

    both()

with DAG("writes_a_twice", schedule=None, **PLAIN):

    @task(outlets=[a])
    def once():
        return 1

    once.override(task_id="first")() >> once.override(task_id="second")()

with DAG("fails", schedule=None, **PLAIN):

    @task(outlets=[a])
    def fail(*, outlet_events):
        outlet_events[a].extra = {"rows": 0}
        raise RuntimeError("on purpose")

    fail()

with DAG("skips", schedule=None, **PLAIN):

    @task(outlets=[a])
    def skip():
        raise AirflowSkipException("on purpose")

    skip()

with DAG("writes_a_mapped", schedule=None, **PLAIN):

    @task(outlets=[a])
    def each(number, *, outlet_events):
        outlet_events[a].extra = {"number": number}

    each.expand(number=[1, 2, 3])

with DAG("writes_through_alias", schedule=None, **PLAIN):

    @task(outlets=[through])
    def one(*, outlet_events):
        outlet_events[through].add(c, extra={"of": "alias"})

    one()

with DAG("writes_two_through_alias", schedule=None, **PLAIN):

    @task(outlets=[through])
    def two(*, outlet_events):
        outlet_events[through].add(a, extra={"number": 1})
        outlet_events[through].add(b, extra={"number": 2})

    two()

with DAG("writes_by_two_aliases", schedule=None, **PLAIN):

    @task(outlets=[through, AssetAlias("beside")])
    def beside(*, outlet_events):
        outlet_events[through].add(c, extra={"same": True})
        outlet_events[AssetAlias("beside")].add(c, extra={"same": True})

    beside()

with DAG("writes_nothing_through_alias", schedule=None, **PLAIN):

    @task(outlets=[through])
    def none():
        return "nothing"

    none()

with DAG("writes_a_and_through_alias", schedule=None, **PLAIN):

    @task(outlets=[a, through])
    def mixed(*, outlet_events):
        outlet_events[a].extra = {"rows": 1}
        outlet_events[through].add(b)

    mixed()

for name, schedule in {
    "on_a": [a],
    "on_a_and_b": [a, b],
    "on_all": a & b & c,
    "on_any": a | b,
    "on_nested": (a & b) | c,
    "on_either_of_two_pairs": (a | b) & (b | c),
    "on_alias": through,
    "on_alias_list": [through],
    "on_alias_and_a": through & a,
    "on_alias_or_c": through | c,
    "on_other_alias": AssetAlias("beside"),
    "on_alias_that_nobody_writes": nothing,
    "on_a_or_time": AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("0 0 29 2 *", timezone="UTC"), **or_time
    ),
}.items():
    with DAG(name, schedule=schedule, **PLAIN):

        @task
        def read():
            return 1

        read()
