"""The smallest useful DAG: two tasks, a value that passes between them, a parameter, no schedule.

Run it by `windward dags trigger hello`, or `windward dags trigger hello --conf '{"name": "Ada"}'`.
"""

from windward import Param, dag, task


@dag(schedule=None, params={"name": Param("world", type="string", maxLength=80)}, tags=["first steps"])
def hello():
    @task
    def write(params=None):
        return f"Hello, {params['name']}!"

    @task
    def read(greeting):
        print(greeting)

    read(write())


hello()
