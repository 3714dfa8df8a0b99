"""A mapped group: the same few steps for each region, each going its own way."""

from windward import TriggerRule, dag, task, task_group
from windward.sdk.exceptions import AirflowSkipException


@dag(schedule=None)
def mapped_groups():
    @task
    def regions():
        return ["north", "south", "east"]

    @task
    def extract(region):
        if region == "east":
            raise AirflowSkipException("nothing new in the east")
        return [region, f"{region}-2"]

    @task(map_index_template="{{ task.op_kwargs['region'] }}")
    def load(region, rows):
        print(f"{len(rows)} rows of {region}")
        return len(rows)

    @task_group
    def transfer(region):
        return load(region=region, rows=extract(region))

    @task(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
    def report(counts):
        print(f"{sum(counts)} rows of {len(counts)} regions")

    @task
    def announce(name):
        print(name)

    def in_capitals(region):
        if region == "south":
            raise AirflowSkipException("not this one")
        return region.upper()

    names = regions()
    report(transfer.expand(region=names))
    announce.expand(name=names.map(in_capitals))


mapped_groups()
