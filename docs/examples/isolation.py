"""How a task's process is made, how often it is tried, and how long it may take."""

from datetime import timedelta

from windward import dag, task


@dag(schedule=None, dagrun_timeout=timedelta(hours=2))
def isolation():
    @task(isolation="warm")
    def many_small(number):
        return number

    @task(
        retries=3,
        retry_delay=timedelta(seconds=30),
        retry_exponential_backoff=2.0,
        max_retry_delay=timedelta(minutes=10),
        execution_timeout=timedelta(minutes=5),
    )
    def one_that_may_fail(numbers):
        return sum(numbers)

    one_that_may_fail(many_small.expand(number=[1, 2, 3]))


isolation()
