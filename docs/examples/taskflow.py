"""Functions as tasks: results as arguments, several outputs, a command as a task, a sensor."""

from datetime import timedelta

from windward import dag, task


@dag(schedule=None)
def taskflow():
    @task(multiple_outputs=True)
    def measure():
        return {"low": 3, "high": 21}

    @task(retries=2, retry_delay=timedelta(seconds=30))
    def spread(low, high):
        return high - low

    @task.bash
    def shout(number):
        return f"echo the spread is {number}"

    @task.sensor(poke_interval=1, timeout=60, mode="reschedule")
    def is_ready(ti=None):
        return ti.run_id is not None

    found = measure()
    said = shout(spread(low=found["low"], high=found["high"]))
    is_ready() >> said


taskflow()
