"""Setup and teardown: a resource for a while, given back however the work ends."""

from windward import dag, setup, task, teardown


@dag(schedule=None)
def setups():
    @setup
    def start_cluster():
        return "cluster-1"

    @teardown
    def stop_cluster(name):
        print(f"stop {name}")

    @task
    def query(number):
        return number * 2

    name = start_cluster()
    with stop_cluster(name).as_teardown(setups=name):
        query(1) >> query(2)


setups()
